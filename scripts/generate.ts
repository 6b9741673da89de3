// npm run generate: everything that is generated from .proto files, in the order in which it needs each other.
//
// Generates into a temporary folder first and then writes only what differs: a failing run leaves all as it was, files that no
// proto gives any more go away, and an up-to-date tree stays untouched. `--check` writes nothing and fails where something differs.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Stage {
  readonly template: string;
  /** Configuration of a workspace other than the root's. */
  readonly config?: string;
  /** The folder that holds what the stage generates, and nothing else. */
  readonly out: string;
}

const STAGES: readonly Stage[] = [
  // the messages first: the plugin imports them
  { template: "packages/messages/buf.gen.yaml", out: "packages/messages/src/gen" },
  { template: "cli/buf.gen.yaml", out: "cli/src/gen" },
  { template: "buf.gen.yaml", out: "generated" },
  { template: "bench/buf.gen.yaml", config: "bench/buf.yaml", out: "bench/generated" },
];

/**
 * Returns the paths, from the root, of the files that differ from the current output of the protos. Writes them, too,
 * unless `check`. Throws the output of buf when it fails.
 */
export function generate(options: { readonly check?: boolean } = {}): string[] {
  const differing: string[] = [];
  for (const stage of STAGES) {
    const fresh = mkdtempSync(join(tmpdir(), "protobff-"));
    try {
      const workspace = stage.config === undefined ? [] : ["--config", stage.config];
      buf(["generate", ...workspace, "--template", stage.template, "-o", fresh], options.check === true);
      differing.push(...bringUpToDate(stage.out, fresh, options.check === true));
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  return differing;
}

/** The plugin keeps `bff.lock.json` itself. With `check` it writes none, as in CI, and fails when it is out of date. */
function buf(args: readonly string[], check: boolean): void {
  const bin = join(root, "node_modules", ".bin");
  const run = spawnSync(join(bin, "buf"), args, {
    cwd: root,
    encoding: "utf8",
    // plugins are found beside buf, also when this was not started through npm
    env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ""}`, ...(check && { CI: "true" }) },
  });
  if (run.status !== 0) throw new Error(run.stderr || `buf ${args.join(" ")} failed`);
  if (run.stderr !== "") process.stderr.write(run.stderr);
}

function bringUpToDate(folder: string, fresh: string, check: boolean): string[] {
  const files = filesBelow(join(fresh, folder));
  const present = new Set(filesBelow(join(root, folder)));
  const differing: string[] = [];
  for (const file of files) {
    const content = readFileSync(join(fresh, folder, file));
    const target = join(root, folder, file);
    if (present.delete(file) && readFileSync(target).equals(content)) continue;
    differing.push(join(folder, file));
    if (check) continue;
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
  for (const stale of present) {
    differing.push(join(folder, stale));
    if (!check) rmSync(join(root, folder, stale));
  }
  return differing;
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

if (import.meta.main) {
  const check = process.argv.includes("--check");
  try {
    const differing = generate({ check });
    for (const file of differing) console.log(`${check ? "differs" : "wrote"} ${file}`);
    if (differing.length === 0) console.log("generated code is up to date");
    process.exitCode = check && differing.length > 0 ? 1 : 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
