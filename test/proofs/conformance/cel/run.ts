// npm run conformance:cel: prints how far the compiler agrees with cel-spec and cel-go. With --update it takes from failing.json the cases
// that pass; it never adds one.
import { writeFileSync } from "node:fs";
import { runConformance } from "./conformance.ts";
import { FAILING_FILE, failingOf, KINDS, knownFailing, report } from "./report.ts";

const run = runConformance();
process.stdout.write(`${report(run)}\n`);
const failing = failingOf(run);
const known = knownFailing();
if (process.argv.includes("--update")) {
  const left = Object.fromEntries(
    KINDS.map((kind) => [kind, known[kind].filter((name) => failing[kind].includes(name))]),
  );
  writeFileSync(FAILING_FILE, `${JSON.stringify(left, undefined, 2)}\n`);
}
process.exitCode = KINDS.every((kind) => failing[kind].every((name) => known[kind].includes(name))) ? 0 : 1;
