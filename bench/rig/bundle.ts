// Bundles a program as the image of our Dockerfile does, hand-written servers as well.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BUNDLE_OPTIONS } from "../../plugin/src/deploy/bundle.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "node_modules", ".cache", "protobff-bench", "bundles");
/** grpc-js is CommonJS and requires modules of Node. */
const REQUIRE = `import { createRequire as makeRequire } from "node:module"; globalThis.require ??= makeRequire(import.meta.url);`;
const bundled = new Map<string, string>();

/** Returns the path of the bundle of a TypeScript file, once per program. */
export function bundle(entry: string): string {
  const known = bundled.get(entry);
  if (known !== undefined) return known;
  const outdir = join(folder, entry.replaceAll(/[^\w]/g, "-"));
  const options = [`--outdir=${outdir}`, `--banner:js=${REQUIRE}`, ...BUNDLE_OPTIONS];
  const stdio = "inherit";
  execFileSync(join(root, "node_modules/.bin/esbuild"), [`server=${entry}`, ...options], { cwd: root, stdio });
  writeFileSync(join(outdir, "package.json"), '{ "type": "module" }'); // as the image has it: Node detects nothing
  const path = join(outdir, "server.js");
  bundled.set(entry, path);
  return path;
}
