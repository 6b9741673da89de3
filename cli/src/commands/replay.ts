// `protobff replay`: runs a captured request again, with the generated server of the project.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { Refusal } from "../refusal.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly server: string;
  readonly request?: number;
  readonly set: readonly string[];
  readonly test?: string;
  readonly json?: boolean;
}

/** `protobff replay captures/web.v1-17.jsonl --server generated/web/v1/server.ts` */
export function addReplay(program: Command, terminal: Terminal): void {
  program
    .command("replay")
    .description("runs requests again that a server captured (BFF_CAPTURE), and compares answer and order of events")
    .argument("<file>", "file that the server wrote to BFF_CAPTURE_DIR")
    .requiredOption("--server <path>", "generated server, as in generated/web/v1/server.ts")
    .option("--request <id>", "the only request to replay, with its timeline", id)
    .option("--set <change>", "change of an upstream, as in 'billing.v1.Billing/Get: faster=40ms'", collected, [])
    .option("--test <path>", "file for a test of vitest that replays the request")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExit codes: 0 every replay is identical; 1 a difference, or an invalid file; 2 wrong arguments.",
    )
    .action((file: string, options: Options) => replay(file, options, terminal));
}

const collected = (text: string, all: readonly string[]): readonly string[] => [...all, text];

function id(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError("a number of a request is needed, as in 7");
  return Number(text);
}

/** Maximum size of the output, in bytes. */
const MOST_BYTES = 256 << 20;

function replay(file: string, { set: changes, ...options }: Options, terminal: Terminal): void {
  const { cwd } = terminal;
  const args = JSON.stringify({ file, changes, ...options });
  // A separate process, because it loads the server of the project.
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [programIn(cwd), args], {
    cwd,
    env: { ...process.env, ...terminal.env },
    encoding: "utf8",
    maxBuffer: MOST_BYTES,
  });
  if (error !== undefined) throw new Refusal(`the replay cannot run: ${error.message}`);
  terminal.write(stdout);
  if (stderr !== "") terminal.error(stderr.trimEnd());
  if (status !== 0) terminal.exitCode = 1;
}

function programIn(cwd: string): string {
  try {
    return createRequire(join(cwd, "package.json")).resolve("@protobff/replay/main");
  } catch {
    throw new Refusal("@protobff/replay is not installed in this project: npm install --save-dev @protobff/replay");
  }
}
