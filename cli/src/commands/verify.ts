// `protobff verify`: contracts of consumers against the protos of an upstream, in its CI.
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { create, createFileRegistry, type FileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type Command, Option } from "commander";
import { type Contract, MOST_CONTRACT_BYTES, parseContract } from "../contract/document.ts";
import { judgeContract } from "../contract/judge.ts";
import { type Format, renderJudged } from "../contract/render.ts";
import { buildImage } from "../project/buf.ts";
import { Refusal } from "../refusal.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly contract: readonly string[];
  readonly against: string;
  readonly format: Format;
}

/** `protobff verify --contract contracts/*.json --against .` */
export function addVerify(program: Command, terminal: Terminal): void {
  program
    .command("verify")
    .description("whether the protos of an upstream still keep the contracts of those who use it")
    .requiredOption("--contract <file...>", "what `protobff contract` has written; several at once")
    .option("--against <input>", "the upstream's protos: a folder, an image, or a git reference as buf takes it", ".")
    .addOption(new Option("--format <format>", "of what is found").choices(["text", "github"]).default("text"))
    .action((options: Options) => verify(options, terminal));
}

const MOST_CONTRACTS = 1_000;

function verify({ contract: paths, against, format }: Options, terminal: Terminal): void {
  if (paths.length > MOST_CONTRACTS)
    throw new Refusal(`${paths.length} contracts are too many for one run: name at most ${MOST_CONTRACTS}`, 2);
  const contracts = paths.map((path) => ({ path, contract: readContract(path, terminal.cwd) }));
  const done = terminal.progress(`building ${against}`);
  const registry = registryOf(against, terminal.cwd);
  done();
  for (const { path, contract } of contracts) {
    const findings = judgeContract(contract, registry);
    const { consumer, services } = contract;
    terminal.write(renderJudged({ path, consumer, services, findings }, format));
    if (findings.some(({ severity }) => severity === "break")) terminal.exitCode = 1;
  }
}

function readContract(path: string, cwd: string): Contract {
  const full = resolve(cwd, path);
  let text: string;
  try {
    const { size } = statSync(full);
    if (size > MOST_CONTRACT_BYTES)
      throw new Refusal(`${path} has ${size} bytes, and a contract at most ${MOST_CONTRACT_BYTES}`);
    text = readFileSync(full, "utf8");
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(`${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  return parseContract(text, path);
}

function registryOf(input: string, cwd: string): FileRegistry {
  const { files } = buildImage({ cwd, input });
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...files] }));
}
