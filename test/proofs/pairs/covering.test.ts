import { expect, test } from "vitest";
import { covering } from "./covering.ts";

/** Sizes that AETG's authors publish (IEEE TSE 23(7), 1997, table 2), and ours at most. */
const PUBLISHED = [
  { levels: Array(4).fill(3), aetg: 9, most: 10 },
  { levels: Array(13).fill(3), aetg: 15, most: 20 },
  { levels: Array(100).fill(2), aetg: 12, most: 17 },
] as const;
const all = (levels: readonly number[]): readonly number[] => [...levels.keys()];

test.each(PUBLISHED)("$levels.length factors need $most rows at most, AETG's need $aetg", ({ levels, most }) => {
  const { rows, covered, excluded } = covering(
    { levels, strengths: [{ strength: 2, of: all(levels) }], allows: () => true },
    1,
  );
  expect(rows.length).toBeLessThanOrEqual(most);
  expect(excluded).toEqual([]);
  const pairs = new Set<string>();
  for (const row of rows)
    for (const [a, one] of row.entries())
      for (const [b, other] of row.entries()) if (a < b) pairs.add(`${a} ${one} ${b} ${other}`);
  expect(pairs.size).toBe(covered);
});

test("rows keep to the constraints, and cover what these leave", () => {
  const levels = [3, 3, 2, 2];
  // The first and the second factor differ, and the last two are not both 1.
  const allows = ([a, b, c, d]: readonly (number | undefined)[]) =>
    (a === undefined || a !== b) && !(c === 1 && d === 1);
  const { rows, excluded } = covering({ levels, strengths: [{ strength: 3, of: all(levels) }], allows }, 2);
  expect(rows.every(allows)).toBe(true);
  for (const combination of excluded) {
    const row: (number | undefined)[] = [];
    for (let i = 0; i < combination.length; i += 2) row[combination[i] ?? 0] = combination[i + 1];
    expect(allows(row)).toBe(false);
  }
  const has = (wanted: readonly (number | undefined)[]) =>
    rows.some((row) => wanted.every((level, i) => level === undefined || row[i] === level));
  for (const a of [0, 1, 2]) for (const b of [0, 1, 2]) for (const c of [0, 1]) expect(has([a, b, c])).toBe(a !== b);
});

test("two strengths are covered at once, and a seed gives the same rows again", () => {
  const levels = [2, 2, 2, 2, 2];
  const factors = {
    levels,
    strengths: [
      { strength: 2, of: all(levels) },
      { strength: 3, of: [0, 1, 2] },
    ],
    allows: () => true,
  };
  const { rows } = covering(factors, 3);
  expect(new Set(rows.map(([a, b, c]) => `${a}${b}${c}`)).size).toBe(8);
  expect(covering(factors, 3).rows).toEqual(rows);
  expect(rows.length).toBeLessThanOrEqual(10);
});
