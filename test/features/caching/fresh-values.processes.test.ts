// Fresh fields show no upstream value from before their request: a short run of `npm run fuzz -- fresh`.
import { expect, test } from "vitest";
import { fuzzFresh } from "../../proofs/fuzz/fresh.ts";
import { seedOf } from "../../support/seed/seed.ts";

test("fresh fields of random BFFs show no call from before their request", { timeout: 120_000 }, async () => {
  const { faults, ...counts } = await fuzzFresh({ cases: 100, seed: Number(seedOf()), only: undefined }, () => {});
  expect(faults.join("\n\n")).toBe("");
  expect(counts.accepted).toBeGreaterThan(20);
  expect(counts.old, "refused fields show old values").toBeGreaterThan(5);
});
