// `protobff replay`: runs a captured request again, with the generated server of the project.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { Refusal } from "../refusal.ts";
import { append, type Terminal } from "../terminal.ts";
import { portOf } from "./dev.ts";

interface Options {
  readonly server: string;
  readonly request?: number;
  readonly set: readonly string[];
  readonly test?: string;
  readonly json?: boolean;
  readonly page?: number;
}

/** `protobff replay captures/web.v1-17.jsonl --server generated/web/v1/server.ts` */
export function addReplay(program: Command, terminal: Terminal): void {
  program
    .command("replay")
    .description("runs requests again that a server captured (BFF_CAPTURE), and compares answer and order of events")
    .argument("<file>", "file that the server wrote to the folder dir= of BFF_CAPTURE")
    .requiredOption("--server <path>", "generated server, as in generated/web/v1/server.ts")
    .option("--request <id>", "the only request to replay, with its timeline", id)
    .option("--set <change>", "change of an upstream, as in 'billing.v1.Billing/Get: faster=40ms'", append, [])
    .option("--test <path>", "file for a test of vitest that replays the request")
    .option("--json", "print JSON")
    .addOption(
      new Option("--page [port]", "serve the live page on 127.0.0.1, at a free port by default")
        .preset("0")
        .argParser(portOf)
        .conflicts(["set", "test", "json"]),
    )
    .addHelpText(
      "after",
      "\nExit codes: 0 every replay is identical; 1 a difference, or an invalid file; 2 wrong arguments.",
    )
    .action((file: string, options: Options) => replay(file, options, terminal));
}

function id(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError("a number of a request is needed, as in 7");
  return Number(text);
}

async function replay(file: string, { set: changes, ...options }: Options, terminal: Terminal): Promise<void> {
  const { cwd } = terminal;
  const args = JSON.stringify({ file, changes, ...options });
  // A separate process, because it loads the server of the project.
  const child = spawn(process.execPath, [programIn(cwd), args], {
    cwd,
    env: { ...process.env, ...terminal.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => terminal.write(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => terminal.error(text.trimEnd()));
  const stop = (): void => void child.kill();
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    const [status] = await once(child, "close");
    if (status !== 0) terminal.exitCode = 1;
  } catch (thrown) {
    throw new Refusal(`the replay cannot run: ${thrown instanceof Error ? thrown.message : thrown}`);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function programIn(cwd: string): string {
  try {
    return createRequire(join(cwd, "package.json")).resolve("@protobff/replay/main");
  } catch {
    throw new Refusal("@protobff/replay is not installed in this project: npm install --save-dev @protobff/replay");
  }
}
