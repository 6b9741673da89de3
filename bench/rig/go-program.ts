// Programs in Go, generated and built when the bench runs, where Go is installed.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LeftOut } from "./result.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = join(root, "node_modules/.bin");
/** Outside the repository, so that every clone finds what another one built. */
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "protobff", "bench");

/** Paths are from the repository's root. Its go.mod names the protoc plugins as its tools. */
export interface GoProgram {
  readonly name: string;
  /** By what they are called in the folder in which it is built, "" for the folder itself; the module. */
  readonly sources: Readonly<Record<string, string>>;
  /** Folders of protos, from each of which it is built, too. */
  readonly protos: readonly string[];
  /** Writes the folder's `gen`. Undefined: the program has none. */
  readonly generate?: (folder: BuildFolder) => void;
}

/** The program, with what it was built of, or why there is none. */
export type Built = { readonly program: string; readonly versions: string } | LeftOut;

const built = new Map<GoProgram, Built>();

/** Builds once for each state of the sources, and keeps it. */
export function goProgram(program: GoProgram): Built {
  if (process.env.PROTOBFF_WITHOUT_GO === "1") return { name: program.name, reason: "PROTOBFF_WITHOUT_GO=1 says so" };
  const known = built.get(program) ?? build(program);
  built.set(program, known);
  return known;
}

function build(sources: GoProgram): Built {
  const { name } = sources;
  if (spawnSync("go", ["version"]).status !== 0) return { name, reason: "Go is not installed" };
  const program = join(CACHE, digest(sources), name);
  try {
    if (!existsSync(program)) buildInto(program, sources);
    return { program, versions: versions(execFileSync("go", ["version", "-m", program], { encoding: "utf8" })) };
  } catch (error) {
    if (error instanceof Failed) return { name, reason: error.message };
    throw error;
  }
}

/** The finished program appears at once: another run may build it at the same time. */
function buildInto(program: string, { name, sources, generate }: GoProgram): void {
  console.log(`${name} is built, for about a minute; later runs of these sources find it in the cache`);
  const folder = new BuildFolder(`${program}.${process.pid}`);
  try {
    folder.fill(sources);
    if (generate !== undefined) {
      folder.run("go", "build", "-o", "plugins/", "tool");
      generate(folder);
    }
    folder.run("go", "build", "-o", name, ".");
    renameSync(join(folder.path, name), program);
  } finally {
    rmSync(folder.path, { recursive: true, force: true });
  }
}

/** A failed tool. Its output goes to standard error and not into results, because it may name this machine. */
class Failed extends Error {}

/** In which a program is generated and built. */
export class BuildFolder {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }

  fill(sources: Readonly<Record<string, string>>): void {
    mkdirSync(this.path, { recursive: true });
    for (const [to, from] of Object.entries(sources))
      cpSync(join(root, from), join(this.path, to), { recursive: true });
  }

  /** Gives standard output. Throws when it fails. */
  run(command: string, ...args: readonly string[]): string {
    const PATH = `${bin}${delimiter}${process.env.PATH ?? ""}`;
    const env = { ...process.env, GOFLAGS: "-buildvcs=false", GOWORK: "off", PATH };
    const run = spawnSync(command, args, {
      cwd: this.path,
      env,
      encoding: "utf8",
      maxBuffer: 1 << 26,
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (run.status !== 0) throw new Failed(`\`${command} ${args[0]}\` failed`);
    return run.stdout;
  }

  /**
   * Runs buf with these of its plugins, into `gen`.
   * @param workspace the folder of a workspace, and buf.yaml where it is another one
   * @param others options of managed mode
   */
  buf(names: readonly string[], workspace: readonly string[], paths: readonly string[], others: object = {}): void {
    const plugins = names.map((name) => ({
      local: join(this.path, "plugins", `protoc-gen-${name}`),
      out: join(this.path, "gen"),
      opt: "paths=source_relative",
      strategy: "all",
    }));
    const module = /^module (\S+)$/m.exec(readFileSync(join(this.path, "go.mod"), "utf8"))?.[1];
    const override = [{ file_option: "go_package_prefix", value: `${module}/gen` }];
    const template = join(this.path, "buf.gen.json");
    writeFileSync(
      template,
      JSON.stringify({ version: "v2", managed: { enabled: true, override, ...others }, plugins }),
    );
    const limits = paths.flatMap((path) => ["--path", path]);
    this.run("buf", "generate", ...workspace, "--template", template, ...limits);
  }
}

/** From the root. */
export function fromRoot(path: string): string {
  return join(root, path);
}

/** Returns the versions of Go and of the compared modules. */
function versions(output: string): string {
  const go = /: (go\S+)/.exec(output)?.[1];
  const modules = [...output.matchAll(/^\s+dep\s+(google\.golang\.org\/grpc|github\.com\/mercari\/\S+)\s+(\S+)/gm)];
  return [go, ...modules.map(([, module, version]) => `${module} ${version}`)].join(", ");
}

function digest({ sources, protos }: GoProgram): string {
  const hash = createHash("sha256");
  for (const folder of [...Object.values(sources), ...protos]) {
    const files = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
    for (const entry of files) {
      if (entry.isFile()) hash.update(`${entry.name}\0`).update(readFileSync(join(entry.parentPath, entry.name)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}
