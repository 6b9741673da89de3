// npm run conformance:connect [server|client|connect] [-- arguments of the runner]: the official cases against our server and our clients.
import { runConformance, type Side } from "./conformance.ts";

const [first, ...more] = process.argv.slice(2);
const SIDES: readonly Side[] = ["server", "client", "connect"];
const chosen = SIDES.filter((side) => side === first);
const sides = chosen.length > 0 ? chosen : SIDES;
let passed = 0;
let failed = 0;
// Connect's client has no HTTP/2.
const runs = sides.flatMap((side) =>
  (side === "connect" ? (["own"] as const) : (["own", "node"] as const)).map((http2) => ({ side, http2 })),
);
for (const { side, http2 } of runs) {
  const outcome = await runConformance(side, more, http2);
  if (outcome.failed > 0 || more.length > 0) process.stdout.write(outcome.text);
  process.stdout.write(`${side} over HTTP/2 of ${http2}: ${outcome.passed} of ${outcome.total} cases passed\n`);
  for (const line of outcome.passedAgain) process.stdout.write(`passed when run again alone: ${line}\n`);
  passed += outcome.passed;
  failed += outcome.failed;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
