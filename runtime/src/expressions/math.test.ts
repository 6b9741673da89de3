import { expect, it } from "vitest";
import * as math from "./math.ts";
import { ExpressionError } from "./value/error.ts";
import { uint } from "./value/value.ts";

const INT_MIN = -(2n ** 63n);

it.each<[string, unknown, unknown]>([
  ["greatest", math.greatest([1n, 3n, 2n]), 3n],
  ["greatest of several types", math.greatest([1n, 2.5, uint(2)]), 2.5],
  ["least", math.least([uint(4), 3.5]), 3.5],
  ["the first of equals", math.greatest([1n, 1]), 1n],
  ["round half away from zero", [0.5, -0.5, 1.5, 2.4, -2.6].map(math.round), [1, -1, 2, 2, -3]],
  ["round just below a half", math.round(0.49999999999999994), 0],
  ["round what has no fraction", math.round(2 ** 52 + 1), 2 ** 52 + 1],
  ["round infinity", math.round(Infinity), Infinity],
  ["abs", [math.absInt(-3n), math.abs(-3n), math.abs(-1.5), math.abs(uint(2))], [3n, 3n, 1.5, uint(2)]],
  ["sign", [math.signInt(-3n), math.sign(5n), math.sign(-1.5), math.sign(uint(0))], [-1n, 1n, -1, uint(0)]],
  ["sqrt", [math.sqrt(9n), math.sqrt(uint(4)), math.sqrt(2.25)], [3, 2, 1.5]],
  [
    "shift left",
    [math.shiftLeftInt(1n, 2n), math.shiftLeftInt(1n, 63n), math.shiftLeftInt(1n, 64n)],
    [4n, INT_MIN, 0n],
  ],
  ["shift left of a uint", [math.shiftLeftUint(1n, 63n), math.shiftLeftUint(3n, 63n)], [2n ** 63n, 2n ** 63n]],
  ["shift right fills with zeros", math.shiftRightInt(-1024n, 2n), 2n ** 62n - 256n],
  ["shift right of a uint", math.shiftRightUint(1024n, 100n), 0n],
  ["bits of a uint turned around", math.bitNotUint(0n), 2n ** 64n - 1n],
  ["dyns", [math.bits("and", 6n, 3n), math.bits("or", 6n, 3n), math.bits("xor", uint(6), uint(3))], [2n, 7n, uint(5)]],
  ["dyns turned around", [math.bitNot(0n), math.bitNot(uint(0))], [-1n, uint(2n ** 64n - 1n)]],
  ["dyns shifted", [math.shiftLeft(1n, 1n), math.shiftRight(uint(4), 1n)], [2n, uint(2)]],
])("%s", (_, value, expected) => {
  expect(value).toEqual(expected);
});

it("a leading NaN gives NaN", () => {
  expect(math.greatest([Number.NaN, 1])).toBeNaN();
});

it.each<[string, () => unknown]>([
  ["nothing to choose from", () => math.greatest([])],
  ["choosing from texts", () => math.least(["a"])],
  ["the counterpart of the least int", () => math.absInt(INT_MIN)],
  ["a negative shift", () => math.shiftLeftInt(1n, -1n)],
  ["a shift of a double", () => math.shiftRight(1, 1n)],
  ["bits of different types", () => math.bits("and", 1n, uint(1))],
  ["bits of a double", () => math.bitNot(1)],
  ["abs of a text", () => math.abs("1")],
  ["sqrt of a text", () => math.sqrt("1")],
])("%s fails", (_, run) => {
  expect(run).toThrow(ExpressionError);
});
