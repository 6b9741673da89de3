// `protobff replay`: runs a captured request again, with the generated server of the project.
import { type Command, InvalidArgumentError, Option } from "commander";
import { append, Refusal, type Terminal } from "../terminal.ts";
import { portOf } from "./dev.ts";
import { planDifferences } from "./plan-differences.ts";
import { runReplayProgram } from "./replay-program.ts";

interface Options {
  readonly server?: string;
  readonly against?: string;
  readonly format?: string;
  readonly allow: readonly string[];
  readonly maxUnknown?: number;
  readonly missing?: string;
  readonly request?: number;
  readonly set: readonly string[];
  readonly test?: string;
  readonly json?: boolean;
  readonly page?: number;
}

/** `protobff replay captures/web.v1-17.capture --server generated/web/v1/server.ts` */
export function addReplay(program: Command, terminal: Terminal): void {
  program
    .command("replay")
    .description("runs requests again that a server captured (BFF_CAPTURE), and compares answer and order of events")
    .argument(
      "<file...>",
      "files that the server wrote to the folder dir= of BFF_CAPTURE; with --against several, or the folder",
    )
    .option("--server <path>", "generated server that wrote them, as in generated/web/v1/server.ts")
    .option("--against <path>", "generated server of another build: reports what it would have answered and called")
    .addOption(
      new Option("--format <format>", "format of the report of --against").choices([
        "text",
        "json",
        "junit",
        "markdown",
      ]),
    )
    .option(
      "--allow <differences>",
      "differences that --against lets through, as in 'Page.rating, calls+1'",
      append,
      [],
    )
    .option("--max-unknown <percent>", "requests that may be not comparable, 1 by default", percent)
    .option(
      "--missing <source>",
      "answers of --against that the captures lack: fail (default), sample, or live=<service>=<url>,… for methods without side effects",
    )
    .option("--request <id>", "the only request to replay, with its timeline", id)
    .option("--set <change>", "change of an upstream, as in 'billing.v1.Billing/Get: faster=40ms'", append, [])
    .option("--test <path>", "file for a test of vitest that replays the request")
    .option("--json", "print the timeline as JSON; without --server the file as lines of JSON")
    .addOption(
      new Option("--page [port]", "serve the live page on 127.0.0.1, at a free port by default")
        .preset("0")
        .argParser(portOf)
        .conflicts(["set", "test", "json"]),
    )
    .addHelpText(
      "after",
      "\nExit codes: 0 every replay is identical; 1 a difference, or an invalid file; 2 wrong arguments." +
        "\nWith --against: 0 all are the same; 1 a difference that is not allowed; 2 a capture that cannot be used, or wrong arguments; 3 too many requests are not comparable.",
    )
    .action((files: readonly string[], options: Options) => replay(files, options, terminal));
}

function percent(text: string): number {
  if (!/^\d{1,3}(\.\d{1,3})?$/.test(text)) throw new InvalidArgumentError("a percentage is needed, as in 1 or 0.5");
  return Number(text) / 100;
}

function id(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError("a number of a request is needed, as in 7");
  return Number(text);
}

/** Options of one of the two forms alone. */
const OF_EXACT = ["request", "test", "json", "page"] as const;
const OF_AGAINST = ["format", "maxUnknown", "missing"] as const;

function argumentsOf([file, ...more]: readonly string[], { set: changes, ...options }: Options): object {
  const isAgainst = options.against !== undefined;
  const wrong = (isAgainst ? OF_EXACT : OF_AGAINST).find((name) => options[name] !== undefined);
  const flag = wrong?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (flag !== undefined) throw new Refusal(`--${flag} is of the form ${isAgainst ? "without" : "with"} --against`, 2);
  if (isAgainst && changes.length > 0) throw new Refusal("--set is of the form without --against", 2);
  if (isAgainst) return { files: [file, ...more], ...options };
  if (options.allow.length > 0) throw new Refusal("--allow is of the form with --against", 2);
  const { server, json, test, page } = options;
  if (server === undefined && (json !== true || test !== undefined || page !== undefined || changes.length > 0))
    throw new Refusal(
      "--server is missing: write --server generated/web/v1/server.ts; --json alone prints the file",
      2,
    );
  if (server !== undefined && json === true && options.request === undefined)
    throw new Refusal("--json needs --request with --server; without --server it prints the file", 2);
  if (more.length > 0) throw new Refusal("one file is replayed at a time: several need --against", 2);
  return { file, changes, ...options };
}

async function replay(files: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  const args = argumentsOf(files, options);
  const { server, against } = options;
  const isCompared = server !== undefined && against !== undefined;
  const plan = isCompared ? await planDifferences(server, against, terminal) : undefined;
  const whole = plan === undefined ? args : { ...args, plan: "stdin" };
  const status = await runReplayProgram(
    JSON.stringify(whole),
    terminal,
    (text) => terminal.write(text),
    plan && JSON.stringify(plan),
  );
  if (status !== 0) terminal.exitCode = options.against !== undefined && (status === 2 || status === 3) ? status : 1;
}
