// `protobff init --into next`: adds a BFF to an existing project.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { type Begun, begin } from "../../init/begin.ts";
import { choiceLines } from "../../init/choice-lines.ts";
import { difference } from "../../init/into/difference.ts";
import { type FileChange, generatedInto, type PlannedInto, planInto } from "../../init/into/plan-into.ts";
import { PUBLISHED, tarballs, type Versions } from "../../init/local-packages.ts";
import { snakeCase } from "../../init/names.ts";
import { publicLines } from "../../init/public-fields.ts";
import { type ExistingProject, existingProject } from "../../project/existing-project.ts";
import type { UpstreamProtos } from "../../project/upstream-protos.ts";
import { Refusal, type Terminal } from "../../terminal.ts";

/** Options that new packages and existing projects share. */
export interface IntoOptions {
  readonly name?: string;
  readonly rpc: readonly string[];
  readonly path: readonly string[];
  readonly packages?: string;
  readonly force?: true;
  readonly dryRun?: true;
  readonly install: boolean;
}

/** Returns the name of a BFF: the requested one, or that of its folder. */
export const nameFor = (folder: string, { name }: Pick<IntoOptions, "name">): string =>
  (name ?? snakeCase(basename(folder))).replaceAll("_", "-");

/** Returns the versions of the packages of protobff, as a folder installs them. */
export function packagesFor(folder: string, { packages }: Pick<IntoOptions, "packages">, { cwd }: Terminal): Versions {
  if (packages === undefined) return PUBLISHED;
  const path = resolve(cwd, packages);
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return tarballs(isFolder ? readdirSync(path) : [], relative(folder, path).split(sep).join("/"));
}

/** Adds a BFF to the project in a folder. */
export async function initInto(
  framework: string,
  folder: string,
  options: IntoOptions,
  upstream: UpstreamProtos,
  terminal: Terminal,
): Promise<void> {
  const project = existingProject(folder);
  const begun = begin(nameFor(folder, options), options.rpc, upstream, options.path, {
    into: generatedInto(project, framework),
  });
  terminal.write(choiceLines(begun));
  const packages = packagesFor(folder, options, terminal);
  const atRoot = options.packages === undefined ? {} : packagesFor(project.root, options, terminal);
  const plan = planInto(project, framework, begun, packages, atRoot);
  if (!(await write(project, plan, begun, options, terminal))) return;
  terminal.write(`${publicLines(begun.bff, begun.proto).join("\n")}\n`);
  const { manager } = project;
  const generate = `${manager} run ${plan.script}`;
  if (options.install) {
    runWith([manager, "install"], folder, generate, terminal);
    runWith([manager, "run", plan.script], folder, generate, terminal);
  }
  const next = [
    ...(options.install ? [] : [`continue with: ${manager} install && ${generate}`]),
    ...plan.byHand,
    `gen is written by ${generate}: commit it, or run that before each build`,
    "MOCK_UPSTREAMS=1 serves the BFF on mocks; without it, the upstreams need their addresses",
  ];
  terminal.write(`${next.join("\n")}\n`);
}

/** Prints the difference, and writes it once it is confirmed. Returns false if nothing is written. */
async function write(
  { folder }: ExistingProject,
  { changes }: PlannedInto,
  begun: Begun,
  { dryRun, force }: IntoOptions,
  terminal: Terminal,
): Promise<boolean> {
  const there = changes
    .filter(({ path, before }) => before === undefined && statSync(join(folder, path), { throwIfNoEntry: false }))
    .map(({ path }) => path);
  if (there.length > 0 && force !== true)
    throw new Refusal(
      `nothing is written, because ${there.length === 1 ? "this file exists" : "these files exist"}: ${there.join(", ")}\ncreate the BFF beside the project, as in protobff init bff without --into, or overwrite with --force`,
    );
  for (const change of changes) terminal.write(shown(change));
  if (dryRun === true) {
    terminal.write(`\n${begun.files.get(begun.proto) ?? ""}`);
    return false;
  }
  if (!(await terminal.confirm("write these files?"))) return false;
  for (const { path, after } of changes) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), after);
  }
  return true;
}

function shown({ path, before, after }: FileChange): string {
  if (before === undefined) return `new: ${path}\n`;
  const lines = difference(before, after).map((line) => `  ${line}\n`);
  return `changed: ${path}\n${lines.join("")}`;
}

/**
 * Runs a command after files are written.
 *
 * @param next the command to go on with after a repair
 * @throws Refusal with the command's output
 */
export function runWith(
  [command = "", ...args]: readonly string[],
  cwd: string,
  next: string,
  terminal: Terminal,
): void {
  const name = [command, ...args.filter((arg) => !arg.startsWith("-"))].join(" ");
  const done = terminal.progress(name);
  const shell = process.platform === "win32";
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", stdio: "pipe", shell });
  done();
  if (status === 0) return;
  const why = error?.message ?? `${stdout}${stderr}`.trim().split("\n").slice(-MAX_LINES).join("\n");
  throw new Refusal(`the files are written, but ${name} fails:\n${why}\nrepair that, and run ${next} in ${cwd}`);
}
const MAX_LINES = 20;
