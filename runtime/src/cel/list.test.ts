import { expect, it } from "vitest";
import { ExpressionError } from "./error.ts";
import {
  containsAll,
  distinct,
  equivalent,
  first,
  flatten,
  intersects,
  last,
  range,
  slice,
  sort,
  sortBy,
} from "./list.ts";
import { uint } from "./value.ts";

it.each<[string, unknown, unknown]>([
  ["slice", slice(["a", "b", "c"], 1, 3n), ["b", "c"]],
  ["slice of nothing", slice(["a"], 1, 1), []],
  ["flatten", flatten([[1n], [[2n]], 3n]), [1n, [2n], 3n]],
  ["flatten twice", flatten([[[1n]], [[2n, [3n]]]], 2n), [1n, 2n, [3n]]],
  ["distinct", distinct([1n, 2n, 1n, 1, uint(2), 1.5, 1.5]), [1n, 2n, 1.5]],
  ["distinct lists", distinct([[1n], [1n], [2n]]), [[1n], [2n]]],
  ["distinct does not mix types", distinct(["1", 1n, true]), ["1", 1n, true]],
  ["sort", sort([3n, 1n, 2n]), [1n, 2n, 3n]],
  ["sort by code point", sort(["\uffee", "🚀", "a"]), ["a", "\uffee", "🚀"]],
  ["sort bytes", sort([Uint8Array.of(2), Uint8Array.of(1, 5)]), [Uint8Array.of(1, 5), Uint8Array.of(2)]],
  ["sort nothing", sort([]), []],
  ["sortBy keeps the order of equals", sortBy(["bb", "a", "cc"], (text) => BigInt(text.length)), ["a", "bb", "cc"]],
  ["range", range(3n), [0, 1, 2]],
  ["first", first([1n]).inner, 1n],
  ["first of none", first([]).inner, undefined],
  ["last", last([1n, 2n]).inner, 2n],
  ["last of none", last([]).inner, undefined],
  ["containsAll", containsAll([1n, 2n, 3n], [3, 2n, 2n]), true],
  ["containsAll, one missing", containsAll([1n], [1n, 2n]), false],
  ["containsAll of nothing", containsAll([], []), true],
  ["equivalent", equivalent([1n, 1n, 2], [2n, 1]), true],
  ["not equivalent", equivalent([1n], [1n, 2n]), false],
  ["intersects", intersects([[1n], [2n]], [[2n]]), true],
  ["intersects not", intersects(["a"], ["b"]), false],
])("%s", (_, value, wanted) => {
  expect(value).toEqual(wanted);
});

it("looks up in long lists as in short ones", () => {
  const long = Array.from({ length: 100 }, (_, index) => BigInt(index));
  expect(containsAll(long, [5n, 99, uint(7)])).toBe(true);
  expect(containsAll(long, [5.5, 99n])).toBe(false);
  expect(intersects(long, [Number.NaN, [5n], "5"])).toBe(false);
});

it.each<[string, () => unknown]>([
  ["a slice outside", () => slice([1], 0, 2)],
  ["a slice the wrong way round", () => slice([1, 2], 2, 1)],
  ["a negative depth", () => flatten([], -1)],
  ["a negative range", () => range(-1)],
  ["a huge range", () => range(10_000_001n)],
  ["sorting different types", () => sort([1n, "a"])],
  ["sorting ints and doubles", () => sort([1n, 1.5])],
  ["sorting lists", () => sort([[1n], [2n]])],
])("%s fails", (_, run) => {
  expect(run).toThrow(ExpressionError);
});
