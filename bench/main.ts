// `npm run bench -- <scenario> [--json]`: one folder of bench/ per scenario. Figures are printed and never asserted.
import { runCel } from "./cel/main.ts";

const SCENARIOS: Readonly<Record<string, (json: boolean) => Promise<void>>> = { cel: runCel };

const [name = "", ...flags] = process.argv.slice(2);
const run = SCENARIOS[name];
if (run === undefined) {
  console.error(`usage: npm run bench -- <scenario> [--json], with a scenario of ${Object.keys(SCENARIOS).join(", ")}`);
  process.exitCode = 2;
} else {
  await run(flags.includes("--json"));
}
