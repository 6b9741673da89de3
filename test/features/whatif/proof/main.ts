// `npm run prove:whatif`: predicts thirty changes, and then measures them with real processes on loopback.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CHANGES } from "./changes.ts";
import { type Proven, prove } from "./proof.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "5000" },
    traced: { type: "string", default: "12000" },
    changes: { type: "string", default: String(CHANGES.length) },
    seed: { type: "string", default: "1" },
    out: { type: "string" },
  },
});

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const p99Error = ({ predicted, measured }: Pick<Proven, "predicted" | "measured">): number =>
  predicted.p99 / measured.p99 - 1;
const degradedError = ({ predicted, measured }: Pick<Proven, "predicted" | "measured">): number =>
  predicted.degraded - measured.degraded;
const isWithin = (result: Proven): boolean =>
  Math.abs(p99Error(result)) <= 0.1 && Math.abs(degradedError(result)) <= 0.01;
const byFormula = ({ formula, measured }: Proven) => ({ predicted: formula, measured });
const mean = (all: readonly Proven[], error: (of: Proven) => number): number =>
  all.reduce((sum, result) => sum + Math.abs(error(result)), 0) / all.length;

const results = await prove(CHANGES.slice(0, Number(values.changes)), {
  requests: Number(values.requests),
  traced: Number(values.traced),
  runs: 4,
  seed: Number(values.seed),
  predicted: (all) => {
    if (values.out !== undefined) writeFileSync(`${values.out}.predictions.json`, JSON.stringify(all, null, 2));
    console.log(`${all.length} predictions are written down`);
  },
  proven: (result) => {
    const { change, predicted, measured, formula } = result;
    const p99 = `p99 ${predicted.p99.toFixed(0)} / ${measured.p99.toFixed(0)} ms (${percent(p99Error(result))})`;
    const degraded = `degraded ${percent(predicted.degraded)} / ${percent(measured.degraded)}`;
    const other = `formula ${formula.p99.toFixed(0)} ms, ${percent(formula.degraded)}`;
    console.log(`${isWithin(result) ? "ok  " : "MISS"} ${change}: ${p99}, ${degraded}; ${other}`);
  },
});
if (values.out !== undefined) writeFileSync(`${values.out}.results.json`, JSON.stringify(results, null, 2));
const within = results.filter(isWithin).length;
console.log(`${within} of ${results.length} within 10 % and one point`);
for (const [name, of] of [
  ["simulation", (result: Proven) => result],
  ["formula", byFormula],
] as const)
  console.log(
    `${name}: mean error ${percent(mean(results, (result) => p99Error(of(result))))} of p99, ${percent(mean(results, (result) => degradedError(of(result))))} degraded`,
  );
if (within < Math.ceil(results.length * 0.9)) process.exitCode = 1;
