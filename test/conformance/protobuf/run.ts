// npm run conformance:protobuf [-- <way> | differential], with a way of testee.ts

import { runConformance } from "./conformance.ts";
import { compareWithPeers } from "./differential.ts";
import { WAYS } from "./testee.ts";
import { openWorld } from "./world.ts";

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
if (only === undefined || only === "differential") {
  const { readable, failures, disputed } = await compareWithPeers({
    count: COUNT,
    seed: Number(process.env.PROTOBFF_SEED ?? 1),
  });
  for (const line of failures) process.stdout.write(`failed: differential: ${line}\n`);
  process.stdout.write(
    `differential: ${COUNT} inputs, ${readable} of them messages; Go and upb differ on ${disputed.length}\n`,
  );
  passed += COUNT - failures.length;
  failed += failures.length;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
