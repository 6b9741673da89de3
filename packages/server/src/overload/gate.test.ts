// Holds docs/runtime.md#server
import fc from "fast-check";
import { expect, test } from "vitest";
import { Gate, nextShare, refusalChances } from "./gate.ts";

const shares = fc.double({ min: 0.05, max: 1, noNaN: true });
const mixes = fc.array(fc.nat(1_000), { minLength: 3, maxLength: 3 });
const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

test("a class is refused only if refusing the lower classes does not suffice", () => {
  fc.assert(
    fc.property(shares, mixes, (share, counts) => {
      const chances = refusalChances(share, counts);
      const excess = (1 - share) * sum(counts);
      for (const [rank, chance] of chances.entries()) {
        const below = sum(counts.slice(0, rank));
        expect(chance).toBeGreaterThanOrEqual(0);
        expect(chance).toBeLessThanOrEqual(1);
        if (chance > 0) expect(below).toBeLessThan(excess);
        if (chance < 1) expect(below + (counts[rank] ?? 0)).toBeGreaterThanOrEqual(excess - 1e-6);
      }
    }),
  );
});

test("the share of the expected requests is admitted", () => {
  fc.assert(
    fc.property(shares, mixes, (share, counts) => {
      const admitted = sum(refusalChances(share, counts).map((chance, rank) => (1 - chance) * (counts[rank] ?? 0)));
      expect(admitted).toBeCloseTo(share * sum(counts), 6);
    }),
  );
});

test("a gate that is late refuses by the mix of the last period", () => {
  const count = fc.integer({ min: 0, max: 60 });
  const periods = fc.array(fc.tuple(count, count, count, fc.boolean()), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(periods, (all) => {
      const gate = new Gate();
      let before: readonly number[] = [1, 1, 0]; // until requests were counted
      for (const [low, normal, high, late] of all) {
        const counts = [low, normal, high];
        const excess = (1 - gate.share) * sum(before);
        for (const [rank, requests] of counts.entries())
          for (let i = 0; i < requests; i++) {
            const refused = !gate.admits(rank, (i + 0.5) / requests);
            if (refused) expect(sum(before.slice(0, rank))).toBeLessThan(excess);
          }
        gate.measured(late ? 51 : 50);
        gate.adjust(50);
        if (sum(counts) > 0) before = counts;
      }
    }),
  );
});

test("the share decreases by three tenths to a twentieth, and increases by a twentieth", () => {
  const shares: number[] = [];
  let share = 1;
  for (let i = 0; i < 12; i++) {
    share = nextShare(share, i < 9);
    shares.push(Math.round(share * 1000) / 1000);
  }
  expect(shares).toEqual([0.7, 0.49, 0.343, 0.24, 0.168, 0.118, 0.082, 0.058, 0.05, 0.1, 0.15, 0.2]);
  expect(nextShare(0.98, false)).toBe(1);
});

test("until requests were counted, the highest class is not refused", () => {
  const gate = new Gate();
  gate.measured(0);
  gate.blocked(1_300, 50, 12);
  expect(gate.isOpen).toBe(true);
  gate.measured(60);
  gate.adjust(50);
  gate.blocked(800, 50, 7);
  expect(gate.share).toBeCloseTo(0.0576, 4);
  expect([gate.admits(0, 0.99), gate.admits(1, 0.8), gate.admits(2, 0)]).toEqual([false, false, true]);
});

test("the least measurement of a period counts", () => {
  const gate = new Gate();
  gate.measured(400);
  gate.measured(20);
  gate.measured(90);
  gate.adjust(50);
  expect([gate.standingMs, gate.isOpen]).toEqual([20, true]);
  for (let period = 1; period <= 10; period++) {
    gate.measured(60);
    gate.adjust(50);
    expect([gate.standingMs, gate.isOpen]).toEqual([60, period < 10]);
  }
});
