// `protobff golden`: answers of a BFF, recorded once and compared on every deploy.

import { existsSync, globSync } from "node:fs";
import { join, resolve } from "node:path";
import { Argument, type Command } from "commander";
import { renderReplayed } from "../contract/render.ts";
import { transportTo } from "../contract/replay.ts";
import { checkGolden } from "../golden/check.ts";
import {
  type GoldenDocument,
  type GoldenRequest,
  MAX_GOLDEN_BYTES,
  parseGolden,
  renderGolden,
} from "../golden/document.ts";
import { type Bff, type Exchange, type Exchanged, resolveExchanges } from "../golden/exchange.ts";
import { renderJunit } from "../golden/junit.ts";
import { recordGolden } from "../golden/record.ts";
import { projectRegistry } from "../project/buf.ts";
import { readGenConfig } from "../project/gen-config.ts";
import { count, Refusal, type Terminal } from "../terminal.ts";
import { addCallOptions, type CallOptions, replayOptions } from "./call-options.ts";
import { runReplayProgram } from "./replay-program.ts";
import { readBounded, writeText } from "./text-file.ts";

interface Options extends CallOptions {
  readonly url?: string;
  readonly file: string;
  readonly writes?: boolean;
  readonly update?: boolean;
  readonly junit?: string;
  readonly server?: string;
  readonly asCaptured?: boolean;
}
const ACTIONS = ["record", "check", "from-captures"] as const;
type Action = (typeof ACTIONS)[number];

/** `protobff golden check --url https://canary.example --file golden.json` */
export function addGolden(program: Command, terminal: Terminal): void {
  const command = program
    .command("golden")
    .description("records answers of a BFF, and checks whether a deployed BFF still gives them")
    .addArgument(
      new Argument(
        "<action>",
        "record: add answers to the file; check: compare answers with the file; from-captures: write requests of captured traffic",
      ).choices(ACTIONS),
    )
    .argument("[captures...]", "from-captures: files that the server wrote with BFF_CAPTURE")
    .requiredOption("--file <file>", "list of requests with their answers, as in golden.json")
    .option("--url <url>", "record, check: address of the BFF, as in https://bff.example");
  addCallOptions(command, "--url", "connect")
    .option("--writes", "also sends requests of rpcs with side effects; record sends each twice")
    .option("--update", "record: replace existing answers, too; from-captures: replace the file")
    .option("--junit <path>", "file for the results, in the format of JUnit")
    .option("--server <path>", "from-captures: generated server; default: the only one of the project")
    .option("--as-captured", "from-captures: keep captured texts and numbers, which may be personal data")
    .addHelpText(
      "after",
      "\nExit codes: 0 all are recorded, as recorded, or written; 1 one is not; 2 wrong arguments or input, such as an unusable capture.",
    )
    .action((action: Action, captures: readonly string[], options: Options) =>
      action === "from-captures"
        ? goldenFromCaptures(captures, options, terminal)
        : golden(action, captures, options, terminal),
    );
}

async function golden(
  action: "record" | "check",
  captures: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<void> {
  const { url, file, writes, update = false, junit, server, asCaptured } = options;
  if (captures.length > 0 || server !== undefined || asCaptured !== undefined)
    throw new Refusal(`${action} has no captures, --server and --as-captured: use from-captures`, 2);
  if (url === undefined) throw new Refusal("--url is missing: write --url http://localhost:8080", 2);
  if (update && action === "check") throw new Refusal("check has no --update: use record --update", 2);
  const replaying = replayOptions(url, options, writes);
  const document = parseGolden(readBounded(file, terminal.cwd, "a golden file", MAX_GOLDEN_BYTES, 2), file);
  const built = terminal.progress("building the protos");
  const registry = projectRegistry(terminal.cwd);
  built();
  const exchanges = resolveExchanges(document.examples, registry, file);
  const bff: Bff = { ...replaying, transport: transportTo(replaying) };
  const done = terminal.progress(`calling ${url}`);
  const exchanged =
    action === "check"
      ? await checkGolden(exchanges, registry, bff)
      : await record(exchanges, update, bff, { file, note: document.note }, terminal);
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
  { file, note }: Pick<GoldenDocument, "note"> & { readonly file: string },
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
  const examples = all.map(({ index, golden: before }) => recorded.get(index) ?? before);
  const text = renderGolden({ note, examples });
  if (Buffer.byteLength(text) > MAX_GOLDEN_BYTES)
    throw new Refusal(`${file} would have more than ${MAX_GOLDEN_BYTES} bytes: split it, or leave out examples`);
  writeText(file, terminal.cwd, text);
  return exchanged;
}

// `protobff golden from-captures`: requests of captured traffic for a golden file.

/** As packages/replay/src/golden/run-golden.ts prints it. */
interface Result {
  readonly note: string;
  readonly examples: readonly object[];
  readonly lines: readonly string[];
  readonly isIncomplete: boolean;
}

/** Writes the file, and prints what the traffic never reached. */
async function goldenFromCaptures(captures: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  const { file, asCaptured, update = false } = options;
  const wrong = (["url", "junit", "writes"] as const).find((name) => options[name] !== undefined);
  if (wrong !== undefined) throw new Refusal(`from-captures has no --${wrong}: use record or check`, 2);
  if (captures.length === 0) throw new Refusal("captures are missing: name files that BFF_CAPTURE wrote", 2);
  if (!update && existsSync(resolve(terminal.cwd, file)))
    throw new Refusal(`${file} exists: --update replaces it, or name another --file`, 2);
  const server = options.server ?? serverOf(terminal.cwd);
  let output = "";
  const status = await runReplayProgram(JSON.stringify({ golden: captures, server, asCaptured }), terminal, (text) => {
    output += text;
  });
  if (status !== 0) {
    terminal.exitCode = status === 2 ? 2 : 1;
    return;
  }
  const { note, examples, lines, isIncomplete } = JSON.parse(output) as Result;
  for (const line of lines) terminal.write(`${line}\n`);
  if (isIncomplete) terminal.exitCode = 2;
  if (examples.length === 0) throw new Refusal("no request is left for the file: see above", 2);
  // The same checks as of a file that was written by hand.
  const text = renderGolden(parseGolden(JSON.stringify({ note, examples }), file));
  if (Buffer.byteLength(text) > MAX_GOLDEN_BYTES)
    throw new Refusal(`${file} would have more than ${MAX_GOLDEN_BYTES} bytes: name fewer captures`, 2);
  writeText(file, terminal.cwd, text);
  terminal.write(`wrote ${count(examples.length, "example")} to ${file}\n`);
}

/** Returns the generated server, if there is one. */
function serverOf(cwd: string): string {
  const { out } = readGenConfig(cwd);
  const found = globSync("**/server.ts", { cwd: join(cwd, out), exclude: (name) => name === "node_modules" });
  const [only, ...more] = found.sort().map((path) => join(out, path));
  if (only === undefined) throw new Refusal("--server is missing: write --server generated/web/v1/server.ts", 2);
  if (more.length > 0) throw new Refusal(`--server is missing: write one of ${[only, ...more].join(", ")}`, 2);
  return only;
}
