// What `npm pack` and `npm publish` run before and after a package is packed, in the package's folder (`prepack`, `postpack`).
//
// In the repository packages are run from their sources; what is published has them compiled. Before packing this builds `dist/`,
// and points package.json at `dist/`; after it all of that is taken back. Both halves may be
// run again at any time: after an interrupted `npm pack`, another one, or `node ../scripts/pack.ts after`, leaves things in order.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, readManifest, root, type Workspace, workspaces } from "./workspaces.ts";

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

function before(folder: string): void {
  clear(folder);
  // A package is built against what is published of the others, and not along with their sources.
  const declarations = join(folder, DECLARATIONS);
  const paths: Record<string, readonly string[]> = {};
  for (const other of neededBy(folder)) {
    const { name, exports = {} } = other.manifest;
    const out = join(declarations, name);
    build(join(root, other.folder), out, paths, ["--emitDeclarationOnly", "--outDir", out]);
    for (const [entry, path] of Object.entries(exports)) {
      const declared = path.replace(/^\.\/src\/(.+)\.ts$/, "$1.d.ts");
      paths[`${name}${entry.slice(1)}`] = [join(out, declared)];
    }
  }
  build(folder, declarations, paths);
  rmSync(declarations, { recursive: true });
  rewrite(folder, pointedAtDist);
}

function after(folder: string): void {
  rewrite(folder, pointedAtSources);
  clear(folder);
}

/** Of the repository's packages that a package needs, in its folder. */
const DECLARATIONS = ".declarations";

/** The repository's packages that one in this folder depends on, each after those that it needs itself. */
function neededBy(folder: string, all: readonly Workspace[] = workspaces()): readonly Workspace[] {
  const { dependencies = {}, peerDependencies = {} } = readManifest(folder);
  const direct = all.filter(({ manifest: { name } }) => (dependencies[name] ?? peerDependencies[name]) !== undefined);
  return [...new Set(direct.flatMap((one) => [...neededBy(join(root, one.folder), all), one]))];
}

/** Compiles the sources of a package with a configuration in `scratch`; `paths` lead to declarations of the packages that it needs. */
function build(folder: string, scratch: string, paths: object, options: readonly string[] = []): void {
  mkdirSync(scratch, { recursive: true });
  const config = join(scratch, "tsconfig.json");
  writeFileSync(config, JSON.stringify({ extends: join(folder, "tsconfig.build.json"), compilerOptions: { paths } }));
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const built = spawnSync(tsc, ["-p", config, ...options], { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
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
    console.error("node scripts/pack.ts before|after, in the folder of a package");
    process.exitCode = 2;
  }
}
