// Runs in a package's folder before and after `npm pack` and `npm publish` (scripts `prepack`, `postpack`). The
// repository runs packages from their sources; a published package has them compiled. Before packing this script builds
// `dist/` and points package.json at `dist/`; afterwards it points package.json back, and `dist/` stays for the next
// package that needs it. Both halves may run again at any time. After an interrupted `npm pack`, another one, or
// `node ../scripts/pack.ts after`, restores package.json.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
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
  const all = workspaces();
  const packages = all.filter((workspace) => join(root, workspace.folder) === folder);
  // A package is built against what is published of the others, and not along with their sources.
  for (const workspace of [...neededBy(folder, all), ...packages]) if (isStale(workspace)) build(workspace);
  rewrite(folder, pointedAtDist);
}

/** Whether a package's sources, or anything that they need, are newer than its `dist/`. */
function isStale(workspace: Workspace): boolean {
  const folder = join(root, workspace.folder);
  const sources = join(folder, "src");
  const inputs = [
    ...readdirSync(sources, { recursive: true, encoding: "utf8" }).map((path) => join(sources, path)),
    ...neededBy(folder).map(stampOf),
    join(folder, "tsconfig.build.json"),
    // npm writes this one at each installation.
    ...["tsconfig.build.json", "tsconfig.json", "node_modules/.package-lock.json"].map((name) => join(root, name)),
  ];
  return !existsSync(distOf(workspace)) || changedAt(stampOf(workspace)) < Math.max(...inputs.map(changedAt));
}
const distOf = ({ folder }: Workspace): string => join(root, folder, "dist");
/** A file that is written when the package has been built. */
const stampOf = ({ manifest }: Workspace): string => join(root, ".generated", "built", manifest.name);
const changedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** The repository's packages that one in this folder depends on, each after those that it needs itself. */
function neededBy(folder: string, all: readonly Workspace[] = workspaces()): readonly Workspace[] {
  const { dependencies = {}, peerDependencies = {} } = readManifest(folder);
  const direct = all.filter(({ manifest: { name } }) => (dependencies[name] ?? peerDependencies[name]) !== undefined);
  return [...new Set(direct.flatMap((workspace) => [...neededBy(join(root, workspace.folder), all), workspace]))];
}

/** Maps the packages that the package in this folder needs to their declarations. */
function declaredPaths(folder: string): Readonly<Record<string, readonly string[]>> {
  const entries = neededBy(folder).flatMap((other) =>
    Object.entries(other.manifest.exports ?? {}).map(([entry, path]) => {
      const declared = path.replace(/^\.\/(?:src|dist)\/(.+)\.[jt]s$/, "$1.d.ts");
      return [`${other.manifest.name}${entry.slice(1)}`, [join(distOf(other), declared)]] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/** Compiles the sources of a package into its `dist/`. */
function build(workspace: Workspace): void {
  const folder = join(root, workspace.folder);
  // In the package, because the compiler looks for types from the folder of its configuration.
  const config = join(folder, ".tsconfig.json");
  rmSync(distOf(workspace), { recursive: true, force: true });
  // Types of sources are checked with the repository's, and once more before a package is published.
  const noCheck = process.env.npm_command !== "publish";
  const compilerOptions = { paths: declaredPaths(folder), noCheck };
  writeFileSync(config, JSON.stringify({ extends: "./tsconfig.build.json", compilerOptions }));
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const built = spawnSync(tsc, ["-p", config], { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  rmSync(config);
  if (built.status !== 0) throw new Error(`the sources in ${folder} do not compile`);
  const stamp = stampOf(workspace);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, "");
}

function rewrite(folder: string, change: (text: string) => string): void {
  const path = join(folder, "package.json");
  const text = readFileSync(path, "utf8");
  const changed = change(text);
  if (changed !== text) writeFileSync(path, changed);
}

/** Packs all packages into a folder, which it creates. */
function packInto(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const args = ["pack", "--silent", "--workspaces", "--pack-destination", folder];
  process.exitCode = spawnSync("npm", args, { cwd: root, stdio: "inherit" }).status ?? 1;
}

if (import.meta.main) {
  const half = process.argv[2];
  if (half === "before") before(process.cwd());
  else if (half === "after") rewrite(process.cwd(), pointedAtSources);
  else if (half !== undefined) packInto(resolve(process.env.INIT_CWD ?? "", half));
  else {
    console.error("npm run pack -- <folder>, or node scripts/pack.ts before|after in the folder of a package");
    process.exitCode = 2;
  }
}
