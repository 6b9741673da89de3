// npm run fuzz [-- compiler | rich | answers | server | frames] [--cases <count>] [--seed <number>] [--only <case>] [--base <part of a name>] [--framing own|node]. Its last line counts; exit code 1 when a case fails.
import { parseArgs } from "node:util";
import { fuzzFrames } from "../http2/frames.ts";
import { fuzzCompiler } from "./compiler.ts";
import { fuzzAnswers } from "./rich-run.ts";
import { fuzzServer } from "./server.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: "string" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    base: { type: "string", default: "" },
    framing: { type: "string", default: "own" },
  },
});

interface Asked {
  readonly cases: number;
  readonly seed: number;
  readonly only: number | undefined;
  readonly base: string;
  /** Whose HTTP/2 towards clients, of scenario `frames`. */
  readonly framing: "own" | "node";
}
/** Each prints what it finds and gives whether all is well. */
const SCENARIOS: Readonly<Record<string, (asked: Asked) => Promise<boolean>>> = {
  compiler,
  rich,
  answers,
  server,
  frames,
};

const USUAL: Readonly<Record<string, number>> = {
  compiler: 100_000,
  rich: 20_000,
  answers: 5000,
  server: 20_000,
  frames: 1_000_000,
};

const name = positionals[0] ?? "compiler";
const scenario = SCENARIOS[name];
if (scenario === undefined) {
  console.error(`usage: npm run fuzz -- <scenario>, with a scenario of ${Object.keys(SCENARIOS).join(", ")}`);
  process.exitCode = 2;
} else {
  const only = values.only === undefined ? undefined : Number(values.only);
  const cases = Number(values.cases ?? USUAL[name]);
  const framing = values.framing === "node" ? "node" : "own";
  const fine = await scenario({ cases, seed: Number(values.seed), only, base: values.base, framing });
  process.exitCode = fine ? 0 : 1;
}

function rich(asked: Asked): Promise<boolean> {
  return compiler({ ...asked, rich: true });
}
async function answers(asked: Asked): Promise<boolean> {
  const { faults, ...counts } = await fuzzAnswers(asked, 6, console.log);
  for (const fault of faults) console.log(`\n${fault}`);
  console.log(`\n${JSON.stringify(counts)}, ${faults.length} failed`);
  return faults.length === 0;
}
async function compiler(asked: Asked & { readonly rich?: boolean }): Promise<boolean> {
  const started = performance.now();
  let told = started;
  const progress = (said: string): void => {
    if (performance.now() - told < 5000) return;
    told = performance.now();
    console.log(`${Math.round((told - started) / 1000)} s: ${said}`);
  };
  const outcome = await fuzzCompiler(asked, { progress, failure: (report) => console.log(`\n${report}\n`) });
  const { cases, generated, checked, rejected, known, failures } = outcome;
  const share = cases === 0 ? 0 : Math.round((100 * generated) / cases);
  console.log(
    `\n${cases} cases, ${share} % generate (${generated}, of which ${checked} differ and were type-checked), ${rejected} more refused by buf, ${known} fail in known ways, ${failures} failed`,
  );
  return failures === 0 && (share >= 30 || asked.only !== undefined);
}

async function server(asked: Asked): Promise<boolean> {
  const { cases, answered, requests, failures } = await fuzzServer(asked, console.log);
  for (const failure of failures) console.log(`\n${failure}`);
  console.log(
    `\n${cases} cases, ${answered} answered, ${requests.fast} of ${requests.all} requests on the fast path, ${failures.length} failed`,
  );
  return failures.length === 0;
}

async function frames(asked: Asked): Promise<boolean> {
  let told = performance.now();
  const progress = (said: string): void => {
    if (performance.now() - told < 5000) return;
    told = performance.now();
    console.log(said);
  };
  const { failures, ...counts } = await fuzzFrames({ ...asked, frames: asked.cases }, progress);
  for (const failure of failures) console.log(`\n${failure}`);
  console.log(`\n${JSON.stringify(counts)}, ${failures.length} failed`);
  return failures.length === 0;
}
