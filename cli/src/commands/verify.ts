// `protobff verify`: contracts of consumers against the protos of an upstream, in its CI.
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { create, createFileRegistry, type FileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type Command, InvalidArgumentError, Option } from "commander";
import { checkContract } from "../contract/check-contract.ts";
import { type Contract, MOST_CONTRACT_BYTES, parseContract } from "../contract/document.ts";
import { type Format, renderReplayed, renderReport } from "../contract/render.ts";
import { type Protocol, type ReplayOptions, replay, transportTo } from "../contract/replay.ts";
import { buildImage } from "../project/buf.ts";
import { Refusal } from "../refusal.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly contract: readonly string[];
  readonly against: string;
  readonly format: Format;
  readonly replay?: string;
  readonly protocol: Protocol;
  readonly timeout: number;
  readonly header: readonly string[];
  readonly replayWrites?: boolean;
}

/** `protobff verify --contract contracts/*.json --against .` */
export function addVerify(program: Command, terminal: Terminal): void {
  program
    .command("verify")
    .description("checks whether the protos of an upstream keep the contracts of its consumers")
    .requiredOption("--contract <file...>", "files written by `protobff contract`")
    .option(
      "--against <input>",
      "protos of the upstream, as an input of buf: a folder, an image, or a git reference",
      ".",
    )
    .addOption(new Option("--format <format>", "format of the findings").choices(["text", "github"]).default("text"))
    .option("--replay <url>", "sends the examples of the contracts to a server, as in http://localhost:8080")
    .addOption(
      new Option("--protocol <protocol>", "protocol of the server of --replay")
        .choices(["grpc", "connect"])
        .default("grpc"),
    )
    .option("--timeout <ms>", "time limit of each call of --replay", milliseconds, 5_000)
    .option(
      "--header <header>",
      "header of each call, as in 'authorization: Bearer x'; may be given several times",
      collected,
      [],
    )
    .option("--replay-writes", "also sends examples of methods with side effects")
    .action((options: Options) => verify(options, terminal));
}

const MOST_CONTRACTS = 1_000;
const MOST_TIMEOUT_MS = 600_000;

function milliseconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MOST_TIMEOUT_MS)
    throw new InvalidArgumentError(`write milliseconds, from 1 to ${MOST_TIMEOUT_MS}`);
  return value;
}
const collected = (text: string, before: readonly string[]): readonly string[] => [...before, text];

async function verify(options: Options, terminal: Terminal): Promise<void> {
  const { contract: paths, against, format } = options;
  const replaying = options.replay === undefined ? undefined : replayOptions(options.replay, options);
  if (paths.length > MOST_CONTRACTS)
    throw new Refusal(`${paths.length} contracts are too many for one run: name at most ${MOST_CONTRACTS}`, 2);
  const contracts = paths.map((path) => ({ path, contract: readContract(path, terminal.cwd) }));
  const done = terminal.progress(`building ${against}`);
  const registry = registryOf(against, terminal.cwd);
  done();
  for (const { path, contract } of contracts) {
    const findings = checkContract(contract, registry);
    const { consumer, services } = contract;
    terminal.write(renderReport({ path, consumer, services, findings }, format));
    if (findings.some(({ severity }) => severity === "break")) terminal.exitCode = 1;
    if (replaying === undefined) continue;
    const ended = terminal.progress(`replaying ${path}`);
    const replayed = await replay(contract, registry, transportTo(replaying), replaying);
    ended();
    terminal.write(renderReplayed({ path, consumer, url: replaying.url }, replayed, format));
    if (replayed.some(({ faults }) => faults.length > 0)) terminal.exitCode = 1;
  }
}

function replayOptions(url: string, { protocol, timeout, header, replayWrites = false }: Options): ReplayOptions {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new Refusal(`"${url}" is no URL of a server: write it as http://localhost:8080`, 2);
  const headers = new Headers();
  for (const entry of header) {
    const [, name, value] = /^([\w-]+): *(.*)$/.exec(entry) ?? [];
    if (name === undefined || value === undefined)
      throw new Refusal(`"${entry}" is no header: write it as 'authorization: Bearer x'`, 2);
    headers.set(name, value);
  }
  return { url, protocol, timeoutMs: timeout, headers, writes: replayWrites };
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
