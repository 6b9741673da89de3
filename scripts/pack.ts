// Runs in a package's folder before and after `npm pack` and `npm publish` (scripts `prepack`, `postpack`). The
// repository runs packages from their sources; a published package has them compiled. Before packing this script builds
// `dist/` and points package.json at `dist/`; afterwards it reverts both. Both halves may run again at any time. After
// an interrupted `npm pack`, another one, or `node ../scripts/pack.ts after`, restores the folder.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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
  for (const other of neededBy(folder)) declare(other);
  build(folder, join(folder, SCRATCH));
  rmSync(join(folder, SCRATCH), { recursive: true });
  rewrite(folder, pointedAtDist);
}

function after(folder: string): void {
  rewrite(folder, pointedAtSources);
  clear(folder);
}

/** A folder in the package for the configuration of its build. */
const SCRATCH = ".build";

/** Builds the declarations of a package, unless they are newer than its sources and all that the sources need. */
function declare(workspace: Workspace): void {
  const info = buildInfoOf(workspace);
  const folder = join(root, workspace.folder);
  const sources = join(folder, "src");
  const inputs = [
    ...readdirSync(sources, { recursive: true, encoding: "utf8" }).map((path) => join(sources, path)),
    ...neededBy(folder).map(buildInfoOf),
    join(folder, "tsconfig.build.json"),
    // npm writes this one at each installation.
    ...["tsconfig.build.json", "tsconfig.json", "node_modules/.package-lock.json"].map((name) => join(root, name)),
  ];
  if (changedAt(info) > Math.max(...inputs.map(changedAt))) return;
  const incremental = ["--incremental", "--tsBuildInfoFile", info];
  build(folder, declarationsOf(workspace), [
    "--emitDeclarationOnly",
    "--outDir",
    declarationsOf(workspace),
    ...incremental,
  ]);
}
const buildInfoOf = (workspace: Workspace): string => join(declarationsOf(workspace), ".tsbuildinfo");
const changedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** The folder with the declarations of a package. It stays, so that the next package that needs them finds them up to date. */
function declarationsOf({ manifest }: Workspace): string {
  return join(root, ".generated", "declarations", manifest.name);
}

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
      const declared = path.replace(/^\.\/src\/(.+)\.ts$/, "$1.d.ts");
      return [`${other.manifest.name}${entry.slice(1)}`, [join(declarationsOf(other), declared)]] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/** Compiles the sources of a package with a configuration in `scratch`. */
function build(folder: string, scratch: string, options: readonly string[] = []): void {
  mkdirSync(scratch, { recursive: true });
  const config = join(scratch, "tsconfig.json");
  const compilerOptions = { paths: declaredPaths(folder) };
  writeFileSync(config, JSON.stringify({ extends: join(folder, "tsconfig.build.json"), compilerOptions }));
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const built = spawnSync(tsc, ["-p", config, ...options], { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  if (built.status !== 0) throw new Error(`the sources in ${folder} do not compile`);
}

function clear(folder: string): void {
  for (const made of ["dist", SCRATCH]) rmSync(join(folder, made), { recursive: true, force: true });
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
