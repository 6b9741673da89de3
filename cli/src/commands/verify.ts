// `protobff verify`: contracts of consumers against the protos of an upstream, in its CI.
import { type Command, Option } from "commander";
import { checkContract } from "../contract/check-contract.ts";
import { type Contract, MAX_CONTRACT_BYTES, parseContract } from "../contract/document.ts";
import { type Format, renderReplayed, renderReport } from "../contract/render.ts";
import { replay, transportTo } from "../contract/replay.ts";
import { buildImage, registryOf } from "../project/buf.ts";
import { Refusal, type Terminal } from "../terminal.ts";
import { addCallOptions, type CallOptions, replayOptions } from "./call-options.ts";
import { readBounded } from "./text-file.ts";

interface Options extends CallOptions {
  readonly contract: readonly string[];
  readonly against: string;
  readonly format: Format;
  readonly replay?: string;
  readonly replayWrites?: boolean;
}

/** `protobff verify --contract contracts/*.json --against .` */
export function addVerify(program: Command, terminal: Terminal): void {
  const command = program
    .command("verify")
    .description("checks whether the protos of an upstream keep the contracts of its consumers")
    .requiredOption("--contract <file...>", "files written by `protobff contract`")
    .option(
      "--against <input>",
      "protos of the upstream, as an input of buf: a folder, an image, or a git reference",
      ".",
    )
    .addOption(new Option("--format <format>", "format of the findings").choices(["text", "github"]).default("text"))
    .option("--replay <url>", "sends the examples of the contracts to a server, as in http://localhost:8080");
  addCallOptions(command, "--replay", "grpc")
    .option("--replay-writes", "also sends examples of methods with side effects")
    .action((options: Options) => verify(options, terminal));
}

const MAX_CONTRACTS = 1_000;

async function verify(options: Options, terminal: Terminal): Promise<void> {
  const { contract: paths, against, format } = options;
  const replaying =
    options.replay === undefined ? undefined : replayOptions(options.replay, options, options.replayWrites);
  if (paths.length > MAX_CONTRACTS)
    throw new Refusal(`${paths.length} contracts are too many for one run: name at most ${MAX_CONTRACTS}`, 2);
  const contracts = paths.map((path) => ({ path, contract: readContract(path, terminal.cwd) }));
  const done = terminal.progress(`building ${against}`);
  const registry = registryOf(buildImage({ cwd: terminal.cwd, input: against }).files);
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

function readContract(path: string, cwd: string): Contract {
  return parseContract(readBounded(path, cwd, "a contract", MAX_CONTRACT_BYTES), path);
}
