// npm run conformance:protobuf [-- <way> | differential | written], with a way of testee.ts

import { runConformance } from "./conformance.ts";
import { compareWithPeers } from "./differential.ts";
import { WAYS } from "./testee.ts";
import { openWorld } from "./world.ts";
import { compareWritten } from "./written.ts";

const COUNT = 100_000;
const [only] = process.argv.slice(2);
let [passed, failed] = [0, 0];
const world = await openWorld();
for (const way of WAYS.filter((name) => only === undefined || name === only)) {
  const outcome = await runConformance(world, way);
  for (const line of outcome.failed) process.stdout.write(`failed: ${way}: ${line}\n`);
  process.stdout.write(
    `${way}: ${outcome.passed} passed, ${outcome.known} known to fail, ${outcome.failed.length} failed\n`,
  );
  passed += outcome.passed;
  failed += outcome.failed.length;
}
await world.close();
const COMPARISONS = { differential: compareWithPeers, written: compareWritten };
for (const [name, compare] of Object.entries(COMPARISONS)) {
  if (only !== undefined && only !== name) continue;
  const seed = Number(process.env.PROTOBFF_SEED ?? 1);
  const { readable, failures, disputed } = await compare({ count: COUNT, seed });
  for (const line of failures) process.stdout.write(`failed: ${name}: ${line}\n`);
  process.stdout.write(
    `${name}: ${COUNT} inputs, ${readable} of them messages; Go and upb differ on ${disputed.length}\n`,
  );
  passed += COUNT - failures.length;
  failed += failures.length;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
