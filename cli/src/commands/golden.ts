// `protobff golden`: answers of a BFF, recorded once and compared on every deploy.
import { Argument, type Command } from "commander";
import { renderReplayed } from "../contract/render.ts";
import { transportTo } from "../contract/replay.ts";
import { checkGolden } from "../golden/check.ts";
import { type GoldenRequest, MAX_GOLDEN_BYTES, parseGolden, renderGolden } from "../golden/document.ts";
import { type Bff, type Exchange, type Exchanged, resolveExchanges } from "../golden/exchange.ts";
import { renderJunit } from "../golden/junit.ts";
import { recordGolden } from "../golden/record.ts";
import { projectRegistry } from "../project/project-registry.ts";
import { Refusal } from "../refusal.ts";
import type { Terminal } from "../terminal.ts";
import { addCallOptions, type CallOptions, replayOptions } from "./call-options.ts";
import { readBounded, writeText } from "./text-file.ts";

interface Options extends CallOptions {
  readonly url: string;
  readonly file: string;
  readonly writes?: boolean;
  readonly update?: boolean;
  readonly junit?: string;
}

/** `protobff golden check --url https://canary.example --file golden.json` */
export function addGolden(program: Command, terminal: Terminal): void {
  const command = program
    .command("golden")
    .description("records answers of a BFF, and checks whether a deployed BFF still gives them")
    .addArgument(
      new Argument("<action>", "record: add answers to the file; check: compare answers with the file").choices([
        "record",
        "check",
      ]),
    )
    .requiredOption("--url <url>", "address of the BFF, as in https://bff.example")
    .requiredOption("--file <file>", "list of requests with their answers, as in golden.json");
  addCallOptions(command, "--url", "connect")
    .option("--writes", "also sends requests of rpcs with side effects; record sends each twice")
    .option("--update", "record: replace existing answers, too")
    .option("--junit <path>", "file for the results, in the format of JUnit")
    .action((action: "record" | "check", options: Options) => golden(action, options, terminal));
}

async function golden(action: "record" | "check", options: Options, terminal: Terminal): Promise<void> {
  const { url, file, writes, update = false, junit } = options;
  if (update && action === "check") throw new Refusal("check has no --update: use record --update", 2);
  const replaying = replayOptions(url, options, writes);
  const requests = parseGolden(readBounded(file, terminal.cwd, "a golden file", MAX_GOLDEN_BYTES, 2), file);
  const built = terminal.progress("building the protos");
  const registry = projectRegistry(terminal.cwd);
  built();
  const exchanges = resolveExchanges(requests, registry, file);
  const bff: Bff = { ...replaying, transport: transportTo(replaying) };
  const done = terminal.progress(`calling ${url}`);
  const exchanged =
    action === "check"
      ? await checkGolden(exchanges, registry, bff)
      : await record(exchanges, update, bff, file, terminal);
  done();
  const success = action === "check" ? "answered as recorded" : "recorded";
  terminal.write(renderReplayed({ path: file, consumer: file, url, success }, exchanged, "text"));
  if (exchanged.some(({ faults }) => faults.length > 0)) terminal.exitCode = 1;
  if (junit !== undefined) writeText(junit, terminal.cwd, renderJunit(file, exchanged));
}

/** Adds the answers to the file, and prints the paths that are ignored from now on. */
async function record(
  all: readonly Exchange[],
  update: boolean,
  bff: Bff,
  file: string,
  terminal: Terminal,
): Promise<readonly Exchanged[]> {
  const hasResult = ({ response, error }: GoldenRequest): boolean => response !== undefined || error !== undefined;
  const pending = all.filter((exchange) => update || !hasResult(exchange.golden));
  const { exchanged, recorded } = await recordGolden(pending, bff);
  for (const { index, golden: before } of pending) {
    const added = recorded.get(index)?.ignore?.slice(before.ignore?.length ?? 0) ?? [];
    if (added.length > 0) terminal.write(`note: example ${index}: ignores ${added.join(", ")}, which changed\n`);
  }
  if (recorded.size === 0) return exchanged;
  const text = renderGolden(all.map(({ index, golden: before }) => recorded.get(index) ?? before));
  if (Buffer.byteLength(text) > MAX_GOLDEN_BYTES)
    throw new Refusal(`${file} would have more than ${MAX_GOLDEN_BYTES} bytes: split it, or leave out examples`);
  writeText(file, terminal.cwd, text);
  return exchanged;
}
