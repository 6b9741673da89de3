// Aliases of composed messages answer as the messages do, with fewer calls: a short run of `npm run fuzz -- subsets`.
import { expect, test } from "vitest";
import { fuzzSubsets } from "../../proofs/fuzz/subsets.ts";
import { seedOf } from "../../support/seed/seed.ts";

test("aliases of random composed messages give projected answers", { timeout: 120_000 }, async () => {
  const { faults, ...counts } = await fuzzSubsets({ cases: 120, seed: Number(seedOf()), only: undefined }, () => {});
  expect(faults.join("\n\n")).toBe("");
  expect(counts.projected).toBeGreaterThan(15);
  expect(counts.saved).toBeGreaterThan(5);
  expect(counts.degraded).toBeGreaterThan(3);
});
