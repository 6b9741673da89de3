// Masks of random BFFs select what another implementation selects: a short run of `npm run fuzz -- masks`.
import { expect, test } from "vitest";
import { fuzzMasks } from "../../proofs/fuzz/masks.ts";
import { seedOf } from "../../support/seed/seed.ts";

test("answers of random BFFs to masks are pruned, and save calls", { timeout: 120_000 }, async () => {
  const { faults, ...counts } = await fuzzMasks({ cases: 60, seed: Number(seedOf()), only: undefined }, () => {});
  expect(faults.join("\n\n")).toBe("");
  expect(counts.compared).toBeGreaterThan(20);
  expect(counts.saved).toBeGreaterThan(0);
});
