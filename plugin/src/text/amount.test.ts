import fc from "fast-check";
import { expect, test } from "vitest";
import { amountText, lowest, sampled } from "./amount.ts";

const env = { name: "WAIT", unit: "ms", min: 50, max: 2_000 } as const;

test("the text of a number is the number, or its variable with bounds and default", () => {
  expect(amountText({ value: 400 })).toBe("400 ms");
  expect(amountText({ value: 2_000, env: { ...env, initial: 300 } })).toBe(
    "env.WAIT (50 ms to 2 s, by default 300 ms)",
  );
  expect(amountText({ value: 9, env: { ...env, unit: "count", min: 1, max: 9, initial: undefined } }, "count")).toBe(
    "env.WAIT (1 to 9)",
  );
});

test("the value on mocks is within the bounds, and the default if there is one", () => {
  const bounds = fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));
  fc.assert(
    fc.property(bounds, fc.constantFrom("ms", "count"), ({ min, max }, unit) => {
      const amount = { value: max, env: { ...env, unit, min, max, initial: undefined } };
      expect(lowest(amount)).toBe(min);
      expect(sampled(amount)).toBeGreaterThanOrEqual(min);
      expect(sampled(amount)).toBeLessThanOrEqual(max);
      expect(sampled({ ...amount, env: { ...amount.env, initial: min } })).toBe(min);
    }),
  );
});
