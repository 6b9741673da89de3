import { describe, expect, test } from "vitest";
import { Subset } from "./subset.ts";

const addresses = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `http://up:80/ 10.0.${i >> 8}.${i & 255}`);
const chosen = (subset: Subset, all: readonly string[]): readonly string[] => subset.of(all, (name) => name);
/** The number of processes of the busiest address, and of the idlest, as multiples of the mean. */
function spread(all: readonly string[], subsets: readonly Subset[]): readonly [busiest: number, idlest: number] {
  const counts = new Map(all.map((name) => [name, 0]));
  for (const subset of subsets) for (const name of chosen(subset, all)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const mean = [...counts.values()].reduce((a, b) => a + b) / all.length;
  return [Math.max(...counts.values()) / mean, Math.min(...counts.values()) / mean];
}
const fleet = (count: number, most: number, seed: number): Subset[] =>
  Array.from({ length: count }, (_, i) => new Subset(most, undefined, `${seed}-${i}`));
const numbered = (count: number, most: number): Subset[] =>
  Array.from({ length: count }, (_, i) => new Subset(most, { number: i + 1, of: count }));

describe("100 processes, 200 addresses, subsets of 32", () => {
  test("the busiest address of most fleets has at most 1.8 times the mean", () => {
    const busiest = Array.from({ length: 10 }, (_, seed) => spread(addresses(200), fleet(100, 32, seed))[0]);
    expect(busiest.toSorted((a, b) => a - b)[6]).toBeLessThanOrEqual(1.8);
    expect(Math.max(...busiest)).toBeLessThanOrEqual(2);
  });
  test("with the numbers of processes it has at most 1.1 times the mean", () => {
    const [busiest, idlest] = spread(addresses(200), numbered(100, 32));
    expect(busiest).toBeLessThanOrEqual(1.1);
    expect(idlest).toBeGreaterThanOrEqual(0.9);
  });
});

test.each([
  [7, 32, 33],
  [16, 8, 61],
  [3, 5, 100],
])("numbered processes differ by at most one per round: %i processes, subsets of %i of %i", (count, most, total) => {
  const mean = (count * most) / total;
  const [busiest] = spread(addresses(total), numbered(count, most));
  expect(busiest * mean).toBeLessThanOrEqual(Math.ceil(mean) + 1);
});

test.each([
  ["by rendezvous", fleet(30, 32, 1)],
  ["by number", numbered(30, 32)],
])("one address more or less changes at most one member, %s", (_, subsets) => {
  const all = addresses(120);
  for (const subset of subsets)
    for (let removed = 0; removed < all.length; removed += 7) {
      const before = new Set(chosen(subset, all));
      const after = chosen(subset, all.toSpliced(removed, 1));
      expect(after.length).toBe(32);
      expect(after.filter((name) => !before.has(name)).length).toBeLessThanOrEqual(1);
      // The way back adds an address.
      expect([...before].filter((name) => !after.includes(name)).length).toBeLessThanOrEqual(1);
    }
});

test("up to its size all addresses are used, in their order", () => {
  const all = addresses(32).reverse();
  expect(chosen(new Subset(32), all)).toBe(all);
  expect(chosen(new Subset(32), addresses(33)).length).toBe(32);
});

test("ejections add addresses, so that three others remain", () => {
  const all = addresses(20);
  const subset = new Subset(4, undefined, "p");
  const before = chosen(subset, all);
  subset.ejected = 1;
  expect(chosen(subset, all)).toEqual(before);
  subset.ejected = 3;
  expect(chosen(subset, all).slice(0, 4)).toEqual(before);
  expect(chosen(subset, all).length).toBe(6);
  subset.ejected = 20;
  expect(chosen(subset, all).length).toBe(20);
  expect(chosen(new Subset(1, undefined, "p"), all).length).toBe(3);
});
