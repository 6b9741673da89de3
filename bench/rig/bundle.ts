// Bundles a program as the image of our Dockerfile does, hand-written servers as well.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { bundle as bundleServer } from "../../packages/server/src/command/bff-bundle.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "node_modules", ".cache", "protobff-bench", "bundles");
/** grpc-js is CommonJS and requires modules of Node. */
const REQUIRE = `import { createRequire as makeRequire } from "node:module"; globalThis.require ??= makeRequire(import.meta.url);`;
const bundled = new Map<string, string>();

/** Returns the path of the bundle of a TypeScript file, once per program. */
export async function bundle(entry: string): Promise<string> {
  const known = bundled.get(entry);
  if (known !== undefined) return known;
  const outdir = join(folder, entry.replaceAll(/[^\w]/g, "-"));
  await bundleServer(esbuild, { entry: resolve(root, entry), outdir, banner: REQUIRE });
  writeFileSync(join(outdir, "package.json"), '{ "type": "module" }'); // as the image has it: Node detects nothing
  const path = join(outdir, "server.js");
  bundled.set(entry, path);
  return path;
}
