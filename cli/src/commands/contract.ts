// `protobff contract`: what this project uses of services, as a document for their team.
import { basename, join, resolve } from "node:path";
import { parseExact } from "@protobff/runtime/internal/json/parse-exact";
import type { Command } from "commander";
import { parseLock, tryRead } from "protoc-gen-bff/compiler";
import { cutContract } from "../contract/cut-contract.ts";
import { type Contract, renderContract } from "../contract/document.ts";
import { cutExamples, type Example, MAX_EXAMPLES } from "../contract/example.ts";
import { projectRegistry } from "../project/project-registry.ts";
import { Refusal } from "../refusal.ts";
import type { Terminal } from "../terminal.ts";
import { writeText } from "./text-file.ts";
import { addUses } from "./uses.ts";

interface Options {
  readonly upstream?: readonly string[];
  readonly lock: string;
  readonly out?: string;
  readonly consumer?: string;
  readonly examples?: readonly string[];
}

/** `protobff contract --upstream billing.v1.BillingService --out billing.contract.json` */
export function addContract(program: Command, terminal: Terminal): void {
  const command = program
    .command("contract")
    .enablePositionalOptions()
    .description("writes the parts of an upstream that this project uses, for `protobff verify` in the upstream's CI")
    .option("--upstream <service...>", "services of the upstream, as in billing.v1.BillingService; required")
    .option("--lock <file>", "lock file that `buf generate` writes", "bff.lock.json")
    .option("--consumer <name>", "name of the consumer; default: the name in package.json")
    .option("--examples <file...>", "file of calls with their answers, for `protobff verify --replay`")
    .option("--out <file>", "output file; default: standard output")
    .action((options: Options) => {
      // A required option would be required of the commands below, too.
      if (options.upstream === undefined)
        command.error("error: required option '--upstream <service...>' not specified");
      contract(options, terminal);
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
  const cut = cutContract(lock, upstream, consumer ?? nameOf(terminal.cwd), path);
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

const count = (of: number, what: string): string => `${of} ${what}${of === 1 ? "" : "s"}`;

/** Returns the name in package.json, or else the name of the folder. */
function nameOf(cwd: string): string {
  const fallback = basename(resolve(cwd));
  const text = tryRead(join(cwd, "package.json"));
  if (text === undefined) return fallback;
  try {
    const { name } = JSON.parse(text) as { readonly name?: unknown };
    return typeof name === "string" && name !== "" ? name : fallback;
  } catch {
    return fallback;
  }
}
