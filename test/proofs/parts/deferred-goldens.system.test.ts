// A part of the goldens in each run, and the example's packages, with `defer` wherever it may stand.
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { type GoldenCase, goldenCases, textsBelow } from "../../support/golden.ts";
import { sampled } from "../../support/seed/sampled.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { cleanUp, hold, type Seen } from "./worlds.ts";

afterAll(cleanUp);
/** Again with the same: SEED=… npm run test:system test/proofs/parts */
const SEED = seedOf("SEED");
/** The answers of one are random by themselves; names in the others are such that protobuf-es cannot write random messages. */
const OTHERWISE = new Set(["random", "names-odd", "names-inherited"]);

const folder = fileURLToPath(new URL("../../../proto/example", import.meta.url));
const example: GoldenCase = { name: "example", protos: textsBelow(folder) };

test("streams of parts add up to the unary answers, over goldens", { timeout: 600_000 }, async () => {
  const seen: Seen = { steps: 0, cases: 0, answers: 0, several: 0, degraded: 0, failed: 0, unmade: [], faults: [] };
  for (const golden of [...sampled(goldenCases("emit"), 3), example])
    if (!OTHERWISE.has(golden.name)) await hold(golden, 6, SEED, seen);
  expect(seen.faults).toEqual([]);
  expect(seen.unmade).toEqual([]);
  // Else it holds nothing.
  expect([seen.cases > 20, seen.steps > 60, seen.several > 6, seen.degraded > 1]).toEqual([true, true, true, true]);
});
