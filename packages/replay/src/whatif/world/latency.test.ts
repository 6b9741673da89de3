import { describe, expect, test } from "vitest";
import { logNormal, measured, normalQuantile, type Observed, ofBuckets } from "./latency.ts";
import { Random, zipf } from "./random.ts";

const draws = 20_000;
const random = new Random(7);

describe("latencies", () => {
  test("quantiles of the normal distribution are those of tables", () => {
    for (const [share, z] of [
      [0.5, 0],
      [0.975, 1.959964],
      [0.99, 2.326348],
      [0.001, -3.090232],
    ] as const)
      expect(normalQuantile(share)).toBeCloseTo(z, 5);
  });
  test("a log-normal distribution has the given quantiles", () => {
    const latency = logNormal(20, 100);
    expect(latency(0.5)).toBeCloseTo(20, 6);
    expect(latency(0.99)).toBeCloseTo(100, 6);
    expect(logNormal(20, 20)(0.999)).toBeCloseTo(20, 6);
  });
  test("measured latencies have the quantiles of their source, even if long ones were given up", () => {
    const source = logNormal(20, 100);
    const whole: Observed[] = [];
    const cut: Observed[] = [];
    for (let i = 0; i < draws; i++) {
      const ms = source(random.next());
      const limit = 40 + 60 * random.next();
      whole.push({ ms, ended: true });
      cut.push({ ms: Math.min(ms, limit), ended: ms <= limit });
    }
    for (const observed of [whole, cut]) {
      const latency = measured(observed) ?? (() => 0);
      for (const share of [0.1, 0.5, 0.9, 0.97]) expect(latency(share) / source(share)).toBeCloseTo(1, 1);
    }
    expect(measured(cut)?.(0.999)).toBeGreaterThan(100);
    expect(measured([{ ms: 5, ended: false }])).toBeUndefined();
    expect(measured([{ ms: 5, ended: true }])?.(0.3)).toBe(5);
  });
  test("a histogram is interpolated within its buckets", () => {
    const latency = ofBuckets([
      { ms: 10, count: 50 },
      { ms: 40, count: 40 },
      { ms: Number.POSITIVE_INFINITY, count: 10 },
    ]);
    expect(latency?.(0.25)).toBeCloseTo(5);
    expect(latency?.(0.5)).toBeCloseTo(10);
    expect(latency?.(0.7)).toBeCloseTo(20);
    expect(latency?.(0.9)).toBeCloseTo(40);
    expect(latency?.(1)).toBeCloseTo(80);
    expect(ofBuckets([{ ms: 10, count: 0 }])).toBeUndefined();
  });
  test("frequencies follow Zipf's law", () => {
    const counts = [0, 0, 0];
    const draw = zipf(3, 1);
    for (let i = 0; i < draws; i++) {
      const at = draw(random);
      counts[at] = (counts[at] ?? 0) + 1;
    }
    const [first = 0, second = 1, third = 1] = counts;
    expect(first / second).toBeCloseTo(2, 0);
    expect(first / third).toBeCloseTo(3, 0);
  });
});
