// Holds docs/runtime.md#retries
import { expect, test } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { Throttle } from "./budgets.ts";
import { startBackoff } from "./retry.ts";

test("the backoff is exponential with full jitter, from the clock's randomness", () => {
  const clock = new FakeClock();
  const waits = (policy: { initialMs: number; maxMs: number; multiplier: number }) => {
    let backoff = startBackoff(policy, clock);
    return Array.from({ length: 5 }, () => {
      const { duration } = backoff;
      backoff = backoff.next(undefined);
      return duration;
    });
  };
  clock.chance = 1;
  expect(waits({ initialMs: 20, maxMs: 200, multiplier: 2 })).toEqual([20, 40, 80, 160, 200]);
  expect(waits({ initialMs: 10, maxMs: 100, multiplier: 3 })).toEqual([10, 30, 90, 100, 100]);
  clock.chance = 0;
  expect(waits({ initialMs: 20, maxMs: 200, multiplier: 2 })).toEqual([0, 0, 0, 0, 0]);
  clock.chance = 0.25;
  expect(waits({ initialMs: 20, maxMs: 200, multiplier: 2 })).toEqual([5, 10, 20, 40, 50]);
});

test("the throttle allows above half of its tokens", () => {
  const throttle = new Throttle({ maxTokens: 4, tokenRatio: 0.5 });
  const allows: boolean[] = [];
  for (const event of ["failed", "failed", "succeeded", "failed", "failed", "failed", "failed", "succeeded"] as const) {
    throttle[event]();
    allows.push(throttle.allows);
  }
  expect(allows).toEqual([true, false, true, false, false, false, false, false]);
});
