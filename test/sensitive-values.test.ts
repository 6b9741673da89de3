// Redacted values change nothing that others see: a short run of `npm run fuzz -- sensitive`.
import { expect, test } from "vitest";
import { fuzzSensitive } from "./fuzz/sensitive.ts";

test("random BFFs give equal bytes in two worlds that differ in redacted values", { timeout: 120_000 }, async () => {
  const { faults, ...counts } = await fuzzSensitive({ cases: 60, seed: 1, only: undefined }, () => {});
  expect(faults.join("\n\n")).toBe("");
  expect(counts.accepted).toBeGreaterThan(10);
  expect(counts.leaks, "refused BFFs differ").toBeGreaterThan(0);
});
