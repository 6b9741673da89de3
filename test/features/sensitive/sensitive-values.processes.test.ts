// Redacted values change nothing that others see: a short run of `npm run fuzz -- sensitive`.
import { expect, test } from "vitest";
import { fuzzSensitive } from "../../proofs/fuzz/sensitive/sensitive.ts";
import { seedOf } from "../../support/seed/seed.ts";

const run = (seed: number) => fuzzSensitive({ cases: 60, seed, only: undefined }, () => {});

test("random BFFs give equal bytes in two worlds that differ in redacted values", { timeout: 120_000 }, async () => {
  // Few refused BFFs differ, so a fixed seed shows that the test would notice.
  const [fixed, fresh] = [await run(3), await run(Number(seedOf()))];
  expect([...fixed.faults, ...fresh.faults].join("\n\n")).toBe("");
  expect(fixed.accepted).toBeGreaterThan(10);
  expect(fixed.leaks, "refused BFFs differ").toBeGreaterThan(0);
});
