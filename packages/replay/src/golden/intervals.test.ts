import { expect, test } from "vitest";
import { coverOf } from "./cover.ts";
import { type Interval, minus, union } from "./intervals.ts";

/** Intervals within 0 to 20, from bits. */
const SIZE = 20;
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}
const offsets = (all: readonly Interval[]): readonly number[] =>
  Array.from({ length: SIZE }, (_, i) => i).filter((i) => all.some(([from, to]) => from <= i && i < to));

test("union and minus are those of the offsets", () => {
  const draw = random(7);
  const some = (): Interval[] =>
    Array.from({ length: Math.floor(draw() * 5) }, () => {
      const from = Math.floor(draw() * SIZE);
      return [from, from + Math.floor(draw() * (SIZE - from))] as const;
    });
  for (let i = 0; i < 2_000; i++) {
    const [a, b] = [some(), some()];
    const both = union(a, b);
    expect(offsets(both)).toEqual(offsets([...a, ...b]));
    expect(both.every(([, to], at) => to < (both[at + 1]?.[0] ?? SIZE + 1))).toBe(true);
    const others = new Set(offsets(b));
    expect(offsets(minus(union(a), union(b)))).toEqual(offsets(a).filter((offset) => !others.has(offset)));
  }
});

test("a cover has all marks, prefers small candidates, and spares those that others replace", () => {
  const of = (text: string, size = 1) => ({ marks: new Set(text), size, text: `${text}${size}` });
  const texts = (...all: ReturnType<typeof of>[]) => coverOf(all).map(({ text }) => text);
  expect(texts(of("abc", 9), of("abc", 2), of("d"))).toEqual(["abc2", "d1"]);
  // The first choice covers four marks, which the other two cover as well.
  expect(texts(of("abcd"), of("abe"), of("cdf"))).toEqual(["abe1", "cdf1"]);
  expect(texts()).toEqual([]);
});
