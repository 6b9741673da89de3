// Bundles a program as the image of our Dockerfile does, hand-written servers as well.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BUNDLE_OPTIONS } from "../../plugin/src/deploy/bundle.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "node_modules", ".cache", "protobff-bench", "bundles");
const bundled = new Map<string, string>();

/** Returns the path of the bundle of a TypeScript file, once per program. */
export function bundle(entry: string): string {
  const known = bundled.get(entry);
  if (known !== undefined) return known;
  const outdir = join(folder, entry.replaceAll(/[^\w]/g, "-"));
  execFileSync(join(root, "node_modules/.bin/esbuild"), [`server=${entry}`, `--outdir=${outdir}`, ...BUNDLE_OPTIONS], {
    cwd: root,
    stdio: "inherit",
  });
  const path = join(outdir, "server.js");
  bundled.set(entry, path);
  return path;
}
