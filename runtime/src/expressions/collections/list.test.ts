import { expect, it } from "vitest";
import { ExpressionError } from "../value/error.ts";
import { uint } from "../value/value.ts";
import {
  containsAll,
  distinct,
  equivalent,
  first,
  flatten,
  intersects,
  last,
  range,
  reduce,
  slice,
  sort,
  sortBy,
  sortByDesc,
  sortDesc,
  sortDescAny,
} from "./list.ts";

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
  ["sortDesc", sortDesc([1n, 3n, 2n]), [3n, 2n, 1n]],
  ["sortDesc of a dyn", sortDescAny(["a", "b"]), ["b", "a"]],
  [
    "sortByDesc keeps the order of equals",
    sortByDesc(["a", "bb", "c", "dd"], (text) => BigInt(text.length)),
    ["bb", "dd", "a", "c"],
  ],
  ["reduce", reduce(["a", "b"], "", (result, item) => item + result), "ba"],
  ["reduce nothing", reduce([], 5n, () => 0n), 5n],
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
])("%s", (_, value, expected) => {
  expect(value).toEqual(expected);
});

it("lookups in long lists equal those in short lists", () => {
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

it.each<[string, () => unknown]>([
  ["a text", () => reduce(Array.from({ length: 30 }), "a", (result) => result + result)],
  ["bytes", () => reduce([1, 2], new Uint8Array(1), () => new Uint8Array(1024 * 1024 + 1))],
  ["a list", () => reduce([1], [0], () => Array.from({ length: 10_000_001 }, () => 0))],
  ["a list that holds itself", () => reduce(Array.from({ length: 40 }), [1] as unknown[], (list) => [list, list])],
  ["a text in a list", () => reduce(Array.from({ length: 40 }), ["a"], ([text = ""]) => [text + text])],
  [
    "a text in a message",
    () => reduce(Array.from({ length: 40 }), { name: "a" }, ({ name }) => ({ name: name + name })),
  ],
  [
    "a text in a map",
    () =>
      reduce(Array.from({ length: 40 }), new Map([[1n, "a"]]), (of) => new Map([[1n, `${of.get(1n)}${of.get(1n)}`]])),
  ],
])("reduce fails if %s is too large", (_, run) => {
  expect(run).toThrow(ExpressionError);
});

it("sortDesc accepts lists only", () => {
  expect(() => sortDescAny(1n)).toThrow(ExpressionError);
});
