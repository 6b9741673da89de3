// `protobff upstream`: the protos of upstreams in the project, and the places that they come from.
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { tryRead } from "protoc-gen-bff/compiler";
import { append, Refusal, type Terminal } from "../terminal.ts";
import { bufModules } from "../upstream/buf-modules.ts";
import { checkOrigin, type OriginCheck, openProject } from "../upstream/check-origin.ts";
import { replaceProtos } from "../upstream/folder.ts";
import { readOrigin } from "../upstream/origin.ts";
import { type Checked, type CheckFormat, FORMATS, renderChecks } from "../upstream/report.ts";
import {
  hasCredentials,
  nameFor,
  type OriginEntry,
  parseSourceList,
  renderSourceList,
  SOURCE_LIST,
  UPSTREAM,
} from "../upstream/source-list.ts";

interface HeaderOptions {
  readonly header: readonly string[];
}
interface CheckOptions extends HeaderOptions {
  readonly format: CheckFormat;
  readonly exitCode?: true;
}
interface UpdateOptions extends CheckOptions {
  readonly onlyCompatible?: true;
}
interface AddOptions extends HeaderOptions {
  readonly name?: string;
  readonly path: readonly string[];
}

/** `protobff upstream check` */
export function addUpstream(program: Command, terminal: Terminal): void {
  const upstream = program
    .command("upstream")
    .description(`adds, updates and checks the protos of upstreams; ${SOURCE_LIST} lists where they come from`);
  const headerOption = (): Option =>
    new Option("--header <name: value>", "header for running servers; a value env:NAME is that variable's")
      .argParser(append)
      .default([], "none");
  const formatOption = (): Option =>
    new Option("--format <format>", "format of the findings").choices(FORMATS).default("text");
  upstream
    .command("add")
    .description("copies the protos of an upstream, with their imports, and records where they come from")
    .argument("<from>", "a folder, a git reference, a module, an archive, an image, or the URL of a running server")
    .option("--name <name>", "name of the origin; default: the last part of <from>")
    .option(
      "--path <file>",
      "file or folder of the origin to which it is limited; may be given several times",
      append,
      [],
    )
    .addOption(headerOption())
    .action((from: string, options: AddOptions) => add(from, options, terminal));
  upstream
    .command("remove")
    .description("removes an origin, its protos, and its module in buf.yaml")
    .argument("<name>", `name of the origin in ${SOURCE_LIST}`)
    .action((name: string) => remove(name, terminal));
  upstream
    .command("update")
    .description("reads origins again, replaces their protos, and prints what changes for this BFF")
    .argument("[name...]", "names of origins; default: all")
    .option("--only-compatible", "leave the protos of an origin that breaks this BFF as they are")
    .option("--exit-code", "exit with 3 if there are changes that break nothing")
    .addOption(headerOption())
    .addOption(formatOption())
    .addHelpText("after", EXITS)
    .action((names: readonly string[], options: UpdateOptions) => update(names, options, terminal));
  upstream
    .command("check")
    .description("compares origins with the copied protos, and prints what an update would change; writes nothing")
    .argument("[name...]", "names of origins; default: all")
    .option("--exit-code", "exit with 3 if there are changes that break nothing")
    .addOption(headerOption())
    .addOption(formatOption())
    .addHelpText("after", EXITS)
    .action((names: readonly string[], options: CheckOptions) => check(names, options, terminal));
  upstream
    .command("diff")
    .description("lists all changes of an origin, those that this BFF uses first")
    .argument("<name>", `name of the origin in ${SOURCE_LIST}`)
    .addOption(headerOption())
    .addOption(formatOption())
    .action((name: string, options: CheckOptions) => diff(name, options, terminal));
}

const EXITS =
  "\nExit codes: 0 nothing breaks; 1 a change breaks this BFF; 2 invalid command line, or an origin that cannot be read; 3 with --exit-code.";

// ---- the list ----

function entriesOf({ cwd }: Terminal): readonly OriginEntry[] {
  const text = tryRead(join(cwd, SOURCE_LIST));
  if (text === undefined)
    throw new Refusal(`there is no ${SOURCE_LIST}: begin it with protobff upstream add <from>`, 2);
  return parseSourceList(text);
}

function named(names: readonly string[], terminal: Terminal): readonly OriginEntry[] {
  const entries = entriesOf(terminal);
  const unknown = names.find((name) => !entries.some((entry) => entry.name === name));
  if (unknown !== undefined)
    throw new Refusal(`${SOURCE_LIST} has no "${unknown}": it has ${entries.map(({ name }) => name).join(", ")}`, 2);
  return names.length === 0 ? entries : entries.filter(({ name }) => names.includes(name));
}

function writeEntries(cwd: string, entries: readonly OriginEntry[]): void {
  mkdirSync(join(cwd, UPSTREAM), { recursive: true });
  writeFileSync(join(cwd, SOURCE_LIST), renderSourceList(entries));
}

/** Returns headers whose value is `env:NAME` with the value of that variable. */
function headersOf({ header }: HeaderOptions, { env }: Terminal): readonly string[] {
  return header.map((text) =>
    text.replace(/(^|:\s*)env:(\w+)$/, (_, before: string, name: string) => {
      const value = env[name];
      if (value === undefined) throw new Refusal(`--header names the variable ${name}, which is not set`, 2);
      return before + value;
    }),
  );
}

// ---- add, remove ----

function add(from: string, options: AddOptions, terminal: Terminal): void {
  const { cwd } = terminal;
  if (hasCredentials(from))
    throw new Refusal("the origin has a user name or a token: leave it out, and use git's credentials or --header", 2);
  const before = existsSync(join(cwd, SOURCE_LIST)) ? entriesOf(terminal) : [];
  const name = options.name ?? nameFor(from);
  const folder = `${UPSTREAM}/${name}`;
  const buf = bufModules(cwd);
  const entry: OriginEntry = { name, from, at: undefined, folder, paths: options.path, missing: [] };
  parseSourceList(renderSourceList([...before, entry]));
  if (existsSync(join(cwd, folder)))
    throw new Refusal(`${folder} exists already: choose another name with --name, or remove the folder`, 2);
  const done = terminal.progress(`reading ${from}`);
  const { texts, at, missing } = readOrigin(entry, undefined, { cwd, headers: headersOf(options, terminal) });
  done();
  if (texts.size === 0) throw new Refusal(`${from} has no .proto files`, 2);
  const list = [...before, { ...entry, at, missing }];
  try {
    replaceProtos(join(cwd, folder), texts);
    writeEntries(cwd, list);
    writeFileSync(join(cwd, "buf.yaml"), buf.with(folder));
  } catch (error) {
    rmSync(join(cwd, folder), { recursive: true, force: true });
    throw error;
  }
  terminal.write(`${texts.size} files are copied to ${folder}, which is a module of buf.yaml now\n`);
}

function remove(name: string, terminal: Terminal): void {
  const { cwd } = terminal;
  const entries = entriesOf(terminal);
  const [entry] = named([name], terminal);
  if (entry === undefined) return;
  writeFileSync(join(cwd, "buf.yaml"), bufModules(cwd).without(entry.folder));
  writeEntries(
    cwd,
    entries.filter((other) => other.name !== name),
  );
  rmSync(join(cwd, entry.folder), { recursive: true, force: true });
  terminal.write(`${entry.folder} is removed\n`);
}

// ---- check, update, diff ----

/**
 * Checks origins one after the other, each with the compatible ones before it. An origin that cannot be read does not
 * hide the others.
 */
function checked(entries: readonly OriginEntry[], options: HeaderOptions, terminal: Terminal): readonly Checked[] {
  const headers = headersOf(options, terminal);
  let project = openProject(terminal.cwd);
  return entries.map((entry) => {
    const done = terminal.progress(`reading ${entry.name}`);
    try {
      const result = checkOrigin(entry, project, headers);
      if (result.state === "compatible") project = { ...project, image: result.image };
      return result;
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      return { entry, problem: thrown.message };
    } finally {
      done();
    }
  });
}

function setExit(checks: readonly Checked[], options: CheckOptions, terminal: Terminal): void {
  const states = checks.map((result) => ("problem" in result ? "problem" : result.state));
  if (states.includes("break")) terminal.exitCode = 1;
  else if (states.includes("problem")) terminal.exitCode = 2;
  else if (options.exitCode === true && states.includes("compatible")) terminal.exitCode = 3;
}

function check(names: readonly string[], options: CheckOptions, terminal: Terminal): void {
  const checks = checked(named(names, terminal), options, terminal);
  terminal.write(renderChecks(checks, options.format, false));
  setExit(checks, options, terminal);
}

function diff(name: string, options: CheckOptions, terminal: Terminal): void {
  const checks = checked(named([name], terminal), options, terminal);
  terminal.write(renderChecks(checks, options.format, true));
  if (checks.some((result) => "problem" in result)) terminal.exitCode = 2;
}

function update(names: readonly string[], options: UpdateOptions, terminal: Terminal): void {
  const { cwd } = terminal;
  const checks = checked(named(names, terminal), options, terminal);
  const taken = checks.filter(
    (result): result is OriginCheck =>
      !("problem" in result) && !(options.onlyCompatible === true && result.state === "break"),
  );
  for (const { entry, found } of taken) {
    replaceProtos(join(cwd, entry.folder), found.texts);
    const written = (other: OriginEntry): OriginEntry =>
      other.name === entry.name ? { ...other, at: found.at, missing: found.missing } : other;
    writeEntries(cwd, entriesOf(terminal).map(written));
  }
  terminal.write(renderChecks(checks, options.format, false));
  setExit(checks, options, terminal);
}
