// npm run fuzz -- <scenario>: USAGE below. Its last line counts; exit code 1 when a case fails.
import { fuzzFrames } from "../http2/frames.ts";
import { type Asked, askedBy, type Scenario, USAGE } from "./asked.ts";
import { fuzzCompiler } from "./compiler.ts";
import { fuzzAnswers } from "./rich-run.ts";
import { fuzzServer } from "./server.ts";

/** Each prints what it finds and gives whether all is well. */
const SCENARIOS: Readonly<Record<Scenario, (asked: Asked) => Promise<boolean>>> = {
  compiler,
  rich,
  answers,
  server,
  frames,
};

const asked = askedBy(process.argv.slice(2));
if (typeof asked === "string") {
  console.error(`${asked}\n${USAGE}`);
  process.exitCode = 2;
} else if (asked === undefined) console.log(USAGE);
else process.exitCode = (await SCENARIOS[asked.scenario](asked)) ? 0 : 1;

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
