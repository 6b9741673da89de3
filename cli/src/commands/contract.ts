// `protobff contract`: what this project uses of services, as a document for their team.
import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseExact } from "@protobff/runtime/internal/json/parse-exact";
import type { Command } from "commander";
import { describeUses, parseLock, tryRead } from "protoc-gen-bff/compiler";
import { analyseClient } from "../clients/analyse.ts";
import { clientsIn, staleFiles } from "../clients/client-files.ts";
import { CLIENT_FILE, renderClient } from "../clients/document.ts";
import { configOf } from "../clients/program.ts";
import { projectAnswers } from "../clients/project-answers.ts";
import { unreadFields } from "../clients/unread.ts";
import { cutContract } from "../contract/cut-contract.ts";
import { type Contract, renderContract } from "../contract/document.ts";
import { cutExamples, type Example, MAX_EXAMPLES } from "../contract/example.ts";
import { projectRegistry } from "../project/buf.ts";
import { projectName } from "../project/project-name.ts";
import { count, Refusal, type Terminal } from "../terminal.ts";
import { writeText } from "./text-file.ts";

interface Options {
  readonly upstream?: readonly string[];
  readonly lock: string;
  readonly out?: string;
  readonly consumer?: string;
  readonly examples?: readonly string[];
  readonly client?: string;
  readonly unread?: boolean;
}

/** `protobff contract --upstream billing.v1.BillingService --out billing.contract.json` */
export function addContract(program: Command, terminal: Terminal): void {
  const command = program
    .command("contract")
    .enablePositionalOptions()
    .description(
      "writes the parts of an upstream that this project uses, for `protobff verify`; or the fields that a client reads",
    )
    .option("--upstream <service...>", "services of the upstream, as in billing.v1.BillingService")
    .option("--client <path>", "tsconfig.json of a TypeScript client, or its folder: writes <name>.client.json")
    .option("--unread", "lists fields of answers that no <name>.client.json reads")
    .option("--lock <file>", "lock file that `buf generate` writes", "bff.lock.json")
    .option("--consumer <name>", "name of the consumer; default: the name in package.json")
    .option("--examples <file...>", "file of calls with their answers, for `protobff verify --replay`")
    .option("--out <file>", "output file; default: standard output")
    .action((options: Options) => {
      const { upstream, client, unread: lists } = options;
      // A required option would be required of the commands below, too.
      if ([upstream, client, lists].filter((option) => option !== undefined).length !== 1)
        command.error("error: specify one of '--upstream <service...>', '--client <path>' and '--unread'");
      if (client !== undefined) clientContract(client, options.out, terminal);
      else if (lists === true) unread(terminal);
      else contract(options, terminal);
    });
  addUses(command, terminal);
}

function contract(
  { upstream = [], lock: path, out, consumer, examples: files = [] }: Options,
  terminal: Terminal,
): void {
  const text = tryRead(resolve(terminal.cwd, path));
  if (text === undefined)
    throw new Refusal(`there is no "${path}": run \`buf generate\`, or name the lock with --lock`);
  const lock = parseLock(text, path);
  if ("message" in lock)
    throw new Refusal(`${path}:${lock.at.line}:${lock.at.column}: "${path}" cannot be read: ${lock.message}`);
  const cut = cutContract(lock, upstream, consumer ?? projectName(terminal.cwd), path);
  const examples = files.length === 0 ? [] : readExamples(files, cut, terminal.cwd);
  const written = renderContract({ ...cut, examples });
  if (out === undefined) {
    terminal.write(written);
    return;
  }
  writeText(out, terminal.cwd, written);
  const fields = new Set([...cut.methods.values()].flatMap(({ sets, reads }) => [...sets, ...reads])).size;
  terminal.write(`${out}: ${count(cut.methods.size, "method")}, ${count(fields, "field")} and enum values\n`);
}
function readExamples(files: readonly string[], cut: Pick<Contract, "methods">, cwd: string): readonly Example[] {
  const registry = projectRegistry(cwd);
  const examples = files.flatMap((file) => cutExamples(parsedJson(file, cwd), cut, registry, file));
  if (examples.length > MAX_EXAMPLES)
    throw new Refusal(`${examples.length} examples are too many: a contract has at most ${MAX_EXAMPLES}`);
  return examples;
}

function parsedJson(file: string, cwd: string): unknown {
  const text = tryRead(resolve(cwd, file));
  if (text === undefined) throw new Refusal(`${file} cannot be read`);
  try {
    return parseExact(text);
  } catch (error) {
    throw new Refusal(`${file} is no JSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** Longest list of places that is printed. */
const MAX_PLACES = 20;

/** `protobff contract --client web`: writes `web.client.json`. */
function clientContract(client: string, out: string | undefined, terminal: Terminal): void {
  const { cwd } = terminal;
  const done = terminal.progress("reading the client");
  const answers = projectAnswers(cwd);
  const name = clientName(dirname(configOf(client, cwd)));
  const { fields, ...reads } = analyseClient(client, cwd, answers);
  done();
  const path = out ?? `${name}${CLIENT_FILE}`;
  if (!path.endsWith(CLIENT_FILE))
    throw new Refusal(`--out of a client ends with ${CLIENT_FILE}, as ${name}${CLIENT_FILE}`, 2);
  writeText(path, cwd, renderClient({ client: name, ...reads }));
  const read = [...reads.messages.values()].reduce((sum, message) => sum + message.fields.size, 0);
  terminal.write(`${path}: ${read} of ${fields} fields read, ${Math.floor(reads.decided * 100)} % decided by name\n`);
  const places = (kind: "all" | "cannotTell", text: string): readonly string[] =>
    [...new Set([...reads.messages.values()].flatMap((message) => message[kind]))].map((place) => `${place}: ${text}`);
  const lines = [...places("all", "takes whole messages"), ...places("cannotTell", "reads unknown fields")];
  for (const line of lines.slice(0, MAX_PLACES)) terminal.write(`  ${line}\n`);
  if (lines.length > MAX_PLACES) terminal.write(`  and ${lines.length - MAX_PLACES} more places\n`);
}

/** `protobff contract --unread` */
function unread(terminal: Terminal): void {
  const clients = clientsIn(terminal.cwd);
  if (clients.length === 0)
    throw new Refusal(
      `there is no *${CLIENT_FILE} here: write one for each client with \`protobff contract --client\``,
      2,
    );
  const answers = projectAnswers(terminal.cwd);
  for (const line of staleFiles(clients, [answers])) terminal.error(line);
  const found = unreadFields(answers, clients);
  for (const field of found.unread) terminal.write(`${field}: no client reads it\n`);
  for (const { field, place, reason } of found.unknown) terminal.write(`${field}: unknown, ${place} ${reason}\n`);
  const names = clients.map(({ client }) => client).join(", ");
  terminal.write(
    `${found.unread.length} unread, ${found.unknown.length} unknown, ${found.read} read fields of answers (${names})\n`,
  );
}

/** Returns the name in the nearest package.json without its scope, or else the name of the folder. */
function clientName(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { name } = JSON.parse(readFileSync(join(at, "package.json"), "utf8")) as { readonly name?: unknown };
      if (typeof name === "string" && /^(@[\w.-]+\/)?[\w.-]+$/.test(name)) return basename(name);
    } catch {
      // No package.json, or none that can be read: the next folder above may have one.
    }
    if (dirname(at) === at) return basename(folder);
  }
}

// `protobff contract uses`: what an upstream's team may not break, from the lock.

/** `protobff contract uses --upstream billing.v1.BillingService` */
function addUses(contract: Command, terminal: Terminal): void {
  contract
    .command("uses")
    .description("lists the parts of an upstream that BFFs use, which its team must not break")
    .requiredOption("--upstream <service>", "name of the service, as in billing.v1.BillingService")
    .option("--lock <file>", "lock file that `buf generate` writes", "bff.lock.json")
    .action(({ upstream, lock }: { readonly upstream: string; readonly lock: string }) => {
      terminal.write(uses(upstream, lock, terminal.cwd));
    });
}

function uses(upstream: string, path: string, cwd: string): string {
  const text = tryRead(resolve(cwd, path));
  if (text === undefined)
    throw new Refusal(`there is no "${path}": run \`buf generate\`, or name the lock with --lock`);
  const lock = parseLock(text, path);
  if ("message" in lock)
    throw new Refusal(`${path}:${lock.at.line}:${lock.at.column}: "${path}" cannot be read: ${lock.message}`);
  const found = describeUses(lock, upstream);
  if (found.text !== undefined) return found.text;
  const uses = found.known.length === 0 ? "none" : found.known.join(", ");
  const hint = found.like === undefined ? `it uses ${uses}` : `did you mean "${found.like}"?`;
  throw new Refusal(`"${path}" has no use of "${upstream}": ${hint}`);
}
