// Aliases of composed messages answer as the messages do, with fewer calls: a short run of `npm run fuzz -- subsets`.
import { expect, test } from "vitest";
import { fuzzSubsets } from "../../proofs/fuzz/subsets.ts";
import { seedOf } from "../../support/seed/seed.ts";

test("aliases of random composed messages give projected answers", { timeout: 120_000 }, async () => {
  const { faults, ...counts } = await fuzzSubsets({ cases: 60, seed: Number(seedOf()), only: undefined }, () => {});
  expect(faults.join("\n\n")).toBe("");
  // Seeds differ: some 35 answers are projected, 13 of seed 602063286.
  expect(counts.projected).toBeGreaterThan(5);
  expect(counts.saved).toBeGreaterThan(1);
  expect(counts.degraded).toBeGreaterThan(0);
});
