// The command: plays the suite against a server, and prints a report by section.
import { parseArgs } from "node:util";
import type { Case } from "./case.ts";
import { type Outcome, PROTOCOLS, play } from "./play-suite.ts";
import { readSuite, type Suite } from "./suite.ts";
import { startUpstreams } from "./upstreams.ts";

const USAGE = `Usage: conformance --url <server> --upstreams <host:port> [options]

Plays the conformance suite of bff.v1 against a server of the protos in ${new URL("../protos/", import.meta.url).pathname}.
The server calls all services of up.v1 at the address of --upstreams, where this command answers.

  --url <url>            base URL of the server under test
  --upstreams <h:p>      address of the upstreams, as 127.0.0.1:7000
  --protocol <name>      ${Object.keys(PROTOCOLS).join(", ")}; repeatable; default: all
  --section <name>       section of SPEC.md, as steps; repeatable; default: all
  --case <id>            id of a case; repeatable; default: all
  --concurrency <n>      cases at a time, 1 to 64; default: 8
`;
const OPTIONS = {
  url: { type: "string" },
  upstreams: { type: "string" },
  protocol: { type: "string", multiple: true },
  section: { type: "string", multiple: true },
  case: { type: "string", multiple: true },
  concurrency: { type: "string", default: "8" },
  help: { type: "boolean", default: false },
} as const;

interface Arguments {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly protocols: readonly string[];
  readonly sections: readonly string[];
  readonly ids: readonly string[];
  readonly concurrency: number;
}

/** Reads the arguments. Throws an error that names the wrong one. */
function argumentsOf(args: readonly string[], suite: Suite): Arguments | undefined {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help) return undefined;
  const { url, upstreams = "", protocol = Object.keys(PROTOCOLS), section = [], case: ids = [] } = values;
  if (url === undefined || !URL.canParse(url)) throw new Error("--url needs the base URL of the server");
  const [, host = "", port = ""] = /^(.+):(\d{1,5})$/.exec(upstreams) ?? [];
  if (host === "" || Number(port) < 1 || Number(port) > 65_535) throw new Error("--upstreams needs <host>:<port>");
  const concurrency = Number(values.concurrency);
  if (!(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 64))
    throw new Error("--concurrency is 1 to 64");
  const known: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["--protocol", protocol, Object.keys(PROTOCOLS)],
    ["--section", section, [...new Set([...suite.sentences.keys()].map(sectionOf))]],
    ["--case", ids, suite.cases.map(({ id }) => id)],
  ];
  for (const [option, chosen, names] of known) {
    const wrong = chosen.find((name) => !names.includes(name));
    const list = names.length > 60 ? "an id in cases/" : `one of ${names.join(", ")}`;
    if (wrong !== undefined) throw new Error(`${option} ${wrong} is not ${list}`);
  }
  return { url, host, port: Number(port), protocols: protocol, sections: section, ids, concurrency };
}

const sectionOf = (sentence: string): string => sentence.split(".")[0] ?? "";

/** Runs the command, and returns its exit code: 1 if a case failed, 2 for wrong arguments. */
export async function main(args: readonly string[]): Promise<number> {
  const suite = readSuite();
  let chosen: Arguments | undefined;
  try {
    chosen = argumentsOf(args, suite);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  if (chosen === undefined) {
    console.log(USAGE);
    return 0;
  }
  const { sections, ids } = chosen;
  const cases = suite.cases.filter(
    ({ id, holds }) =>
      (ids.length === 0 || ids.includes(id)) &&
      (sections.length === 0 || holds.some((sentence) => sections.includes(sectionOf(sentence)))),
  );
  const upstreams = await startUpstreams(suite, chosen.host, chosen.port);
  try {
    const outcome = await play(suite, cases, upstreams, { ...chosen, log: console.error });
    console.log(report(suite, cases, outcome, chosen.protocols.length));
    return outcome.failures.length > 0 ? 1 : 0;
  } finally {
    upstreams.close();
  }
}

/** Returns the text of a run: each failure with its sentences, then counts by section. */
export function report(
  suite: Suite,
  cases: readonly Case[],
  { failures, repeated }: Outcome,
  protocols: number,
): string {
  const failed = failures.flatMap(({ test, protocol, differences }) => [
    `FAILED ${test.id} over ${protocol}: conformance.${test.rpc} ${JSON.stringify(test.request ?? {})}`,
    ...test.holds.map((name) => `  ${name}: ${suite.sentences.get(name)}`),
    ...differences.map((line) => `  - ${line}`),
    "",
  ]);
  const sections = new Map<string, { all: number; failed: number }>();
  const count = (test: Case, part: "all" | "failed", by: number): void => {
    for (const section of new Set(test.holds.map(sectionOf))) {
      const counts = sections.get(section) ?? { all: 0, failed: 0 };
      counts[part] += by;
      sections.set(section, counts);
    }
  };
  for (const test of cases) count(test, "all", protocols);
  for (const { test } of failures) count(test, "failed", 1);
  const lines = [...sections].sort().map(([name, { all, failed }]) => `${name.padEnd(14)}${all - failed} of ${all}`);
  const runs = cases.length * protocols;
  const again = repeated.map((name) => `passed when run again alone: ${name}`);
  const end = `${runs - failures.length} passed, ${failures.length} failed`;
  return [...failed, ...lines, "", ...again, end].join("\n");
}
