// A few of the goldens, with `defer` wherever it may stand; npm run test:system holds all of them.
import { afterAll, expect, test } from "vitest";
import { goldenCases } from "../../support/golden.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { cleanUp, hold, type Seen } from "./worlds.ts";

afterAll(cleanUp);
const SEED = seedOf("SEED");
const CASES = ["defer", "defer-editions", "oneof", "each", "failure", "alias", "nesting"];

test("streams of parts add up to the unary answers", { timeout: 120_000 }, async () => {
  const seen: Seen = { steps: 0, cases: 0, answers: 0, several: 0, degraded: 0, failed: 0, unmade: [], faults: [] };
  for (const golden of goldenCases("emit").filter(({ name }) => CASES.includes(name)))
    await hold(golden, 20, SEED, seen);
  expect(seen.faults).toEqual([]);
  expect([seen.unmade, seen.cases]).toEqual([[], CASES.length]);
  // Else it holds nothing.
  expect([seen.several > 5, seen.degraded > 0, seen.failed > 0]).toEqual([true, true, true]);
});
