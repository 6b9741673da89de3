// npm run fuzz -- <scenario>: USAGE below. Its last line counts; exit code 1 when a case fails.
import { fuzzFrames } from "../../features/http2/frames.ts";
import { proveMissing } from "../missing/run.ts";
import { reportMistakes } from "../mistakes/report.ts";
import { fuzzAgainst } from "./against/against.ts";
import { type FuzzOptions, parseOptions, type Scenario, USAGE } from "./arguments.ts";
import { fuzzCompiler } from "./compiler.ts";
import { fuzzFresh } from "./fresh.ts";
import { fuzzMasks } from "./masks.ts";
import { fuzzAnswers } from "./rich/rich-run.ts";
import { fuzzSensitive } from "./sensitive/sensitive.ts";
import { fuzzServer } from "./server.ts";
import { fuzzSubsets } from "./subsets.ts";

/** Each prints what it finds and gives whether all is well. */
const SCENARIOS: Readonly<Record<Scenario, (options: FuzzOptions) => Promise<boolean>>> = {
  compiler,
  rich,
  answers,
  fresh: counted(fuzzFresh, "old"),
  masks: counted(fuzzMasks, "saved"),
  subsets: counted(fuzzSubsets, "saved"),
  sensitive: counted(fuzzSensitive, "leaks"),
  missing: counted(proveMissing, "refused"),
  mistakes: reportMistakes,
  server,
  frames,
  against: counted(fuzzAgainst, "differs"),
};

const options = parseOptions(process.argv.slice(2));
if (typeof options === "string") {
  console.error(`${options}\n${USAGE}`);
  process.exitCode = 2;
} else if (options === undefined) console.log(USAGE);
else process.exitCode = (await SCENARIOS[options.scenario](options)) ? 0 : 1;

function rich(options: FuzzOptions): Promise<boolean> {
  return compiler({ ...options, rich: true });
}
async function answers(options: FuzzOptions): Promise<boolean> {
  const { faults, ...counts } = await fuzzAnswers(options, 6, console.log);
  for (const fault of faults) console.log(`\n${fault}`);
  console.log(`\n${JSON.stringify(counts)}, ${faults.length} failed`);
  return faults.length === 0;
}
/**
 * Returns a scenario of random BFFs, which prints its counts.
 *
 * @param shown a count that is zero only if the run has shown nothing
 */
function counted<Name extends string>(
  run: (
    options: FuzzOptions,
    progress: (text: string) => void,
  ) => Promise<{ readonly faults: readonly string[] } & Readonly<Record<Name, number>>>,
  shown: Name,
): (options: FuzzOptions) => Promise<boolean> {
  return async (options) => {
    const { faults, ...counts } = await run(options, console.log);
    for (const fault of faults) console.log(`\n${fault}`);
    console.log(`\n${JSON.stringify(counts)}, ${faults.length} failed`);
    return faults.length === 0 && (counts as Record<string, number>)[shown] !== 0;
  };
}
async function compiler(options: FuzzOptions & { readonly rich?: boolean }): Promise<boolean> {
  const started = performance.now();
  let lastReport = started;
  const progress = (text: string): void => {
    if (performance.now() - lastReport < 5000) return;
    lastReport = performance.now();
    console.log(`${Math.round((lastReport - started) / 1000)} s: ${text}`);
  };
  const outcome = await fuzzCompiler(options, { progress, failure: (report) => console.log(`\n${report}\n`) });
  const { cases, generated, checked, rejected, known, failures } = outcome;
  const share = cases === 0 ? 0 : Math.round((100 * generated) / cases);
  console.log(
    `\n${cases} cases, ${share} % generate (${generated}, of which ${checked} differ and were type-checked), ${rejected} more refused by buf, ${known} fail in known ways, ${failures} failed`,
  );
  return failures === 0 && (share >= 30 || options.only !== undefined);
}

async function server(options: FuzzOptions): Promise<boolean> {
  const { cases, answered, requests, failures } = await fuzzServer(options, console.log);
  for (const failure of failures) console.log(`\n${failure}`);
  console.log(
    `\n${cases} cases, ${answered} answered, ${requests.fast} of ${requests.all} requests on the fast path, ${failures.length} failed`,
  );
  return failures.length === 0;
}

async function frames(options: FuzzOptions): Promise<boolean> {
  let lastReport = performance.now();
  const progress = (text: string): void => {
    if (performance.now() - lastReport < 5000) return;
    lastReport = performance.now();
    console.log(text);
  };
  const { failures, ...counts } = await fuzzFrames({ ...options, frames: options.cases }, progress);
  for (const failure of failures) console.log(`\n${failure}`);
  console.log(`\n${JSON.stringify(counts)}, ${failures.length} failed`);
  return failures.length === 0;
}
