// Redacted values change nothing that others see: a short run of `npm run fuzz -- sensitive`.
import { expect, test } from "vitest";
import { fuzzSensitive } from "./fuzz/sensitive.ts";
import { seedOf } from "./seed/seed.ts";

test("random BFFs give equal bytes in two worlds that differ in redacted values", { timeout: 120_000 }, async () => {
  const { faults, ...counts } = await fuzzSensitive({ cases: 60, seed: Number(seedOf()), only: undefined }, () => {});
  expect(faults.join("\n\n")).toBe("");
  expect(counts.accepted).toBeGreaterThan(0);
  expect(counts.leaks, "refused BFFs differ").toBeGreaterThan(0);
});
