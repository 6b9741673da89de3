// Holds docs/runtime.md#server
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { Pace } from "./pace.ts";

const PERIOD_MS = 100;

/** Ends periods in which requests complete after `tookMs` each. */
function periods(pace: Pace, count: number, completed: number, tookMs: number, busyMs: number): void {
  for (let period = 0; period < count; period++) {
    for (let i = 0; i < completed; i++) pace.begun();
    for (let i = 0; i < completed; i++) pace.ended(tookMs);
    pace.adjust(PERIOD_MS, busyMs);
  }
}

test("without work there is no limit", () => {
  const pace = new Pace(50, () => {});
  periods(pace, 100, 10_000, 500, 60);
  expect([pace.limit, pace.isFull]).toEqual([Number.POSITIVE_INFINITY, false]);
});

test("a busy event loop has as many requests under way as fit into the delay", () => {
  const pace = new Pace(50, () => {});
  periods(pace, 50, 100, 2, 100);
  expect(pace.limit).toBeCloseTo(50, 1);
  periods(pace, 50, 400, 2, 100);
  expect(pace.limit).toBeCloseTo(200, 1);
});

test("long calls are no reason for a limit: twice as many as complete in their least time may be under way", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 60_000 }), (completed, tookMs) => {
      const pace = new Pace(50, () => {});
      periods(pace, 30, completed, tookMs, 100);
      expect(pace.limit).toBeGreaterThanOrEqual((2 * completed * tookMs) / PERIOD_MS);
    }),
  );
});

test("replies that arrive late do not raise the limit", () => {
  const pace = new Pace(50, () => {});
  periods(pace, 50, 100, 10, 100);
  const before = pace.limit;
  periods(pace, 5, 100, 1_000, 100);
  expect(pace.limit).toBeLessThan(before * 1.2);
});

test("without a completed request there is no limit: nothing is known of its cost", () => {
  const pace = new Pace(50, () => {});
  periods(pace, 5, 0, 0, 100);
  expect(pace.limit).toBe(Number.POSITIVE_INFINITY);
});

test("the limit ends after a second with time left, and when no requests arrive", () => {
  const pace = new Pace(50, () => {});
  periods(pace, 1, 100, 2, 100);
  periods(pace, 9, 100, 2, 50);
  expect(pace.limit).toBeLessThan(Number.POSITIVE_INFINITY);
  periods(pace, 1, 100, 2, 50);
  expect(pace.limit).toBe(Number.POSITIVE_INFINITY);
  periods(pace, 1, 100, 2, 100);
  pace.rest();
  expect(pace.limit).toBe(Number.POSITIVE_INFINITY);
});

test("waiting requests are resumed whenever there is room again", () => {
  const freed = vi.fn();
  const pace = new Pace(50, freed);
  periods(pace, 50, 10, 1, 100);
  expect(pace.limit).toBeCloseTo(5, 1);
  for (let i = 0; i < 7; i++) pace.begun();
  freed.mockClear();
  pace.ended(1);
  expect([pace.isFull, freed.mock.calls.length]).toEqual([true, 0]);
  pace.ended(1);
  expect([pace.isFull, freed.mock.calls.length]).toEqual([false, 1]);
  pace.begun();
  pace.rest();
  expect([pace.isFull, freed.mock.calls.length]).toEqual([false, 2]);
});
