import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { BUFFER, FLOOR, Gradient, HEADROOM, nextLimit, START } from "./gradient.ts";

/**
 * `calculateNewLimit` of Envoy's GradientController (source/extensions/filters/http/adaptive_concurrency), by its
 * formula, with our buffer and headroom.
 */
function envoys(limit: number, minRtt: number, sampleRtt: number): number {
  const gradient = Math.max(0.5, Math.min(2, (minRtt + minRtt * (BUFFER - 1)) / sampleRtt));
  const kept = limit * gradient;
  return kept + HEADROOM * Math.sqrt(kept);
}

describe("the limit after a window", () => {
  test("the limit equals Envoy's if the limit is fully used and nothing is refused", () => {
    const ms = fc.double({ min: 0.01, max: 10_000, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), fc.array(fc.tuple(ms, ms), { maxLength: 50 }), (first, trace) => {
        let ours = first;
        let theirs = first;
        for (const [minRtt, sampleRtt] of trace) {
          ours = Math.min(1e6, nextLimit(ours, { flight: ours, slowdown: sampleRtt / minRtt, refused: 0 }));
          theirs = Math.min(1e6, envoys(theirs, minRtt, sampleRtt));
          expect(ours).toBeCloseTo(theirs, 6);
        }
      }),
    );
  });
  // MinRTTBufferTest of Envoy's gradient_controller_test.cc: a minimum of 5 ms, samples of 6 ms, a buffer of half.
  test("the limit rises while answers are slower by less than the buffer", () => {
    let limit = 3;
    for (let recalculation = 0; recalculation < 10; recalculation++) {
      const next = nextLimit(limit, { flight: limit, slowdown: 6 / 5, refused: 0 });
      expect(next).toBeGreaterThan(limit);
      limit = next;
    }
  });
  // increaseLimit and decreaseLimit of Netflix's VegasLimitTest: 10 in flight; 10 ms alone, then 10 ms or 50 ms.
  test("the limit rises if answers take the unloaded time, and falls if they take five times as long", () => {
    expect(nextLimit(10, { flight: 11, slowdown: 1, refused: 0 })).toBeGreaterThanOrEqual(16);
    expect(nextLimit(100, { flight: 100, slowdown: 5, refused: 0 })).toBeLessThan(70);
  });
  test("the limit falls with the refused share, and at most halves", () => {
    const of = (refused: number): number => nextLimit(100, { flight: 100, slowdown: 1, refused });
    expect(of(0.5)).toBeLessThan(of(0.1));
    expect(of(1)).toBe(50);
  });
  test("the limit is not reduced again by answers to calls from before the reduction", () => {
    // 8 servers, 100 in flight: each took 12.5 times as long. At 50, the result is the same for 8 servers.
    const before = nextLimit(50, { flight: 100, slowdown: 12.5, refused: 0 });
    const after = nextLimit(50, { flight: 50, slowdown: 6.25, refused: 0 });
    expect(before).toBeCloseTo(after, 6);
  });
});

/** Makes this number of answers, each after `ms`, at intervals of `apart`. */
function answers(gradient: Gradient, clock: FakeClock, many: number, ms: number, apart: number, flight: number): void {
  for (let i = 0; i < many; i++) {
    clock.skip(apart);
    gradient.answered(gradient.paceOf("m"), clock.now() - ms, clock.now(), flight, flight);
  }
}

test("the gradient starts at 20, or at a lower maximum", () => {
  expect(new Gradient(1_000, new FakeClock()).limit).toBe(START);
  expect(new Gradient(7, new FakeClock()).limit).toBe(7);
});

test("the gradient sets no timer, and keeps its limit through a night without calls", () => {
  const clock = new FakeClock();
  const gradient = new Gradient(1_000, clock);
  answers(gradient, clock, 300, 20, 5, 18);
  const before = gradient.limit;
  clock.skip(8 * 3_600_000);
  expect(gradient.limit).toBe(before);
  answers(gradient, clock, 9, 20, 5, 18);
  expect(gradient.limit).toBe(before);
  expect(clock.running).toBe(0);
});

test("the gradient follows a slow drift of an upstream with capacity, and ignores one slow window", () => {
  const clock = new FakeClock();
  const gradient = new Gradient(1_000, clock);
  for (let ms = 20; ms < 200; ms *= 1.003) answers(gradient, clock, 20, ms, 10, 8);
  expect(gradient.paceOf("m").baseMs).toBeGreaterThan(150);
  expect(gradient.limit).toBeGreaterThanOrEqual(START);
  const full = gradient.limit;
  answers(gradient, clock, 12, 800, 20, full);
  expect(gradient.limit).toBeGreaterThanOrEqual(full);
});

test("the gradient does not mistake a lasting early load for the unloaded time", () => {
  const clock = new FakeClock();
  const gradient = new Gradient(1_000, clock);
  answers(gradient, clock, 60, 12, 12, 1);
  for (let i = 0; i < 1_000; i++) answers(gradient, clock, 20, 10 * gradient.limit, 10, gradient.limit);
  expect(gradient.paceOf("m").baseMs).toBeLessThan(15);
  expect(gradient.limit).toBeLessThan(START);
});

test("the limit stays between floor and maximum for every input", () => {
  const answer = fc.record({
    kind: fc.constantFrom("a", "b", "refused"),
    ms: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e5, noNaN: true })),
    flight: fc.integer({ min: 1, max: 3_000 }),
    skip: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 20_000, noNaN: true })),
    times: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), fc.array(answer, { maxLength: 60 }), (most, all) => {
      const clock = new FakeClock();
      const gradient = new Gradient(most, clock);
      for (const { kind, ms, flight, skip, times } of all) {
        clock.skip(skip);
        for (let i = 0; i < times; i++) {
          clock.skip(1);
          const now = clock.now();
          if (kind === "refused") gradient.refused(now, flight);
          else gradient.answered(gradient.paceOf(kind), now - ms, now, flight, flight);
          expect(gradient.limit).toBeLessThanOrEqual(most);
          expect(gradient.limit).toBeGreaterThanOrEqual(Math.min(FLOOR, most));
        }
      }
    }),
  );
});
