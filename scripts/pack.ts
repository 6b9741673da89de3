// What `npm pack` and `npm publish` run before and after a package is packed, in the package's folder (`prepack`, `postpack`).
//
// In the repository packages are run from their sources; what is published has them compiled. Before packing this builds `dist/`,
// and points package.json at `dist/`; after it all of that is taken back. Both halves may be
// run again at any time: after an interrupted `npm pack`, another one, or `node ../scripts/pack.ts after`, leaves things in order.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Manifest {
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** The text of a package.json with every `./src/x.ts` in `exports` as the `./dist/x.js` that is built from it. */
export function pointedAtDist(manifest: string): string {
  return withExports(manifest, /^\.\/src\/(.+)\.ts$/, "./dist/$1.js");
}

/** Takes back what `pointedAtDist` does. */
export function pointedAtSources(manifest: string): string {
  return withExports(manifest, /^\.\/dist\/(.+)\.js$/, "./src/$1.ts");
}

function withExports(text: string, from: RegExp, to: string): string {
  const manifest = JSON.parse(text) as Manifest;
  if (manifest.exports === undefined) return text;
  const exports = Object.entries(manifest.exports).map(([name, path]) => [name, path.replace(from, to)]);
  return `${JSON.stringify({ ...manifest, exports: Object.fromEntries(exports) }, null, 2)}\n`;
}

const root = fileURLToPath(new URL("..", import.meta.url));

function before(folder: string): void {
  clear(folder);
  const { dependencies = {} }: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  // A package that uses the compiler is built against what is published of it, and not along with its sources.
  if (dependencies["protoc-gen-bff"] !== undefined)
    build(join(root, "plugin"), "--emitDeclarationOnly", "--outDir", join(folder, DECLARATIONS));
  build(folder);
  rmSync(join(folder, DECLARATIONS), { recursive: true, force: true });
  rewrite(folder, pointedAtDist);
}

function after(folder: string): void {
  rewrite(folder, pointedAtSources);
  clear(folder);
}

/** Of the compiler, in the folder of a package that uses it; its tsconfig.build.json leads there. */
const DECLARATIONS = ".compiler";

function build(folder: string, ...options: readonly string[]): void {
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const args = ["-p", "tsconfig.build.json", ...options];
  const built = spawnSync(tsc, args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  if (built.status !== 0) throw new Error(`the sources in ${folder} do not compile`);
}

function clear(folder: string): void {
  for (const made of ["dist", DECLARATIONS]) rmSync(join(folder, made), { recursive: true, force: true });
}

function rewrite(folder: string, change: (text: string) => string): void {
  const path = join(folder, "package.json");
  const text = readFileSync(path, "utf8");
  const changed = change(text);
  if (changed !== text) writeFileSync(path, changed);
}

if (import.meta.main) {
  const half = process.argv[2];
  if (half === "before") before(process.cwd());
  else if (half === "after") after(process.cwd());
  else {
    console.error("node ../scripts/pack.ts before|after, in the folder of a package");
    process.exitCode = 2;
  }
}
