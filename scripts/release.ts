// Releases of the packages: `npm run release -- prepare <version>` on a branch, `npm run release -- publish [--dry-run]` on the tagged commit.
//
// `prepare` writes the version into all packages, into two constants and into CHANGELOG.md. `publish` refuses a tree that
// `prepare` has not made, and publishes with npm's provenance statement
// (https://docs.npmjs.com/generating-provenance-statements), which only a workflow with an OIDC token can sign.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, root, type Workspace, workspaces } from "./workspaces.ts";

const VERSION = /^\d+\.\d+\.\d+(-[0-9a-z.]+)?$/;
const UNRELEASED = "## Unreleased\n";
/** Declare the version again: for the headers of generated files, and for traces. */
export const CONSTANTS = ["plugin/src/package/version.ts", "packages/server/src/telemetry/version.ts"].map((path) =>
  join(root, path),
);

/** The packages, each after all packages that it depends on. Throws when they depend on each other in a circle. */
export function inDependencyOrder(packages: readonly Workspace[]): Workspace[] {
  const names = new Set(packages.map(({ manifest }) => manifest.name));
  const ordered: Workspace[] = [];
  const placed = new Set<string>();
  while (ordered.length < packages.length) {
    const ready = packages.filter(
      ({ manifest }) =>
        !placed.has(manifest.name) && dependencies(manifest).every(([name]) => !names.has(name) || placed.has(name)),
    );
    if (ready.length === 0) throw new Error("packages depend on each other in a circle");
    ordered.push(...ready);
    for (const { manifest } of ready) placed.add(manifest.name);
  }
  return ordered;
}

/** `manifest` with this version, and with it as the version of every dependency among `names`. */
export function withVersion(manifest: Manifest, version: string, names: ReadonlySet<string>): Manifest {
  const pinned = (versions: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(versions).map(([name, range]) => [name, names.has(name) ? version : range]));
  const changed = { ...manifest, version };
  return {
    ...changed,
    ...(manifest.dependencies && { dependencies: pinned(manifest.dependencies) }),
    ...(manifest.peerDependencies && { peerDependencies: pinned(manifest.peerDependencies) }),
  };
}

/** `source` with this version as its constant `VERSION`. Throws when it declares none. */
export function withConstant(source: string, version: string): string {
  const declaration = /^(export const VERSION = )"[^"]*";$/m;
  if (!declaration.test(source)) throw new Error("the source declares no constant VERSION");
  return source.replace(declaration, `$1"${version}";`);
}

/** The changelog with its unreleased changes under this version. Throws when there are none. */
export function withRelease(changelog: string, version: string, date: string): string {
  const [before = "", after] = changelog.split(UNRELEASED);
  if (after === undefined || /^\s*(## |$)/.test(after)) throw new Error("CHANGELOG.md lists no unreleased changes");
  return `${before}${UNRELEASED}\n## ${version} (${date})\n${after}`;
}

/** Reasons not to publish. */
export function releaseFaults(packages: readonly Workspace[], changelog: string, tag: string): string[] {
  const version = tag.replace(/^v/, "");
  const names = new Set(packages.map(({ manifest }) => manifest.name));
  const faults = packages.flatMap(({ folder, manifest }) => [
    ...(manifest.version === version ? [] : [`${folder}/package.json has version ${manifest.version}, the tag ${tag}`]),
    ...dependencies(manifest)
      .filter(([name, range]) => names.has(name) && range !== version)
      .map(([name, range]) => `${folder}/package.json depends on ${name} ${range} in place of ${version}`),
  ]);
  const listed = changelog.split("\n").some((line) => line.startsWith(`## ${version} (`));
  return listed ? faults : [...faults, `CHANGELOG.md has no section "## ${version} (date)"`];
}

function dependencies({ dependencies = {}, peerDependencies = {} }: Manifest): [string, string][] {
  return [...Object.entries(dependencies), ...Object.entries(peerDependencies)];
}

/** Workspaces that are not private. */
export function publicPackages(): Workspace[] {
  return workspaces().filter(({ manifest }) => manifest.private !== true);
}

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
}

function prepare(version: string): void {
  const packages = publicPackages();
  const names = new Set(packages.map(({ manifest }) => manifest.name));
  const changelog = join(root, "CHANGELOG.md");
  writeFileSync(
    changelog,
    withRelease(readFileSync(changelog, "utf8"), version, new Date().toISOString().slice(0, 10)),
  );
  for (const { folder, manifest } of packages) {
    const text = JSON.stringify(withVersion(manifest, version, names), null, 2);
    writeFileSync(join(root, folder, "package.json"), `${text}\n`);
  }
  for (const path of CONSTANTS) writeFileSync(path, withConstant(readFileSync(path, "utf8"), version));
  run("npm", ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"]);
  run(process.execPath, ["scripts/complete-lockfile.ts"]);
  console.log(`Commit this, tag the commit v${version} and push the tag; the release workflow publishes it.`);
}

function publish(dryRun: boolean): void {
  const packages = publicPackages();
  const tag = process.env.GITHUB_REF_NAME ?? `v${packages[0]?.manifest.version}`;
  const faults = releaseFaults(packages, readFileSync(join(root, "CHANGELOG.md"), "utf8"), tag);
  // A dry run shows what a commit between releases would publish, too.
  if (faults.length > 0 && !dryRun) throw new Error(faults.join("\n"));
  const repository = process.env.GITHUB_REPOSITORY;
  for (const { folder } of inDependencyOrder(packages)) {
    // npm compares the signed repository with this field.
    if (repository !== undefined && !dryRun)
      run("npm", ["pkg", "set", `repository.url=git+https://github.com/${repository}.git`, "-w", folder]);
    run("npm", ["publish", "-w", folder, "--access", "public", ...(dryRun ? ["--dry-run"] : ["--provenance"])]);
  }
}

if (import.meta.main) {
  const [task, argument = ""] = process.argv.slice(2);
  try {
    if (task === "prepare" && VERSION.test(argument)) prepare(argument);
    else if (task === "publish" && ["", "--dry-run"].includes(argument)) publish(argument === "--dry-run");
    else throw new Error("usage: npm run release -- prepare <version> | publish [--dry-run]");
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
