// npm run fuzz [-- <scenario>] [--cases <count>] [--seed <number>] [--only <case>] [--base <part of a name>]. Its last line counts; exit code 1 when a case fails.
import { parseArgs } from "node:util";
import { fuzzCompiler } from "./compiler.ts";
import { fuzzServer } from "./server.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: "string" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    base: { type: "string", default: "" },
  },
});

interface Asked {
  readonly cases: number;
  readonly seed: number;
  readonly only: number | undefined;
  readonly base: string;
}
/** Each prints what it finds and gives whether all is well. */
const SCENARIOS: Readonly<Record<string, (asked: Asked) => Promise<boolean>>> = { compiler, server };

const name = positionals[0] ?? "compiler";
const scenario = SCENARIOS[name];
if (scenario === undefined) {
  console.error(`usage: npm run fuzz -- <scenario>, with a scenario of ${Object.keys(SCENARIOS).join(", ")}`);
  process.exitCode = 2;
} else {
  const only = values.only === undefined ? undefined : Number(values.only);
  const cases = Number(values.cases ?? (scenario === server ? 20_000 : 100_000));
  const fine = await scenario({ cases, seed: Number(values.seed), only, base: values.base });
  process.exitCode = fine ? 0 : 1;
}

async function compiler(asked: Asked): Promise<boolean> {
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
