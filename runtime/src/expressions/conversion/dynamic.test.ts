import { expect, it } from "vitest";
import { ExpressionError } from "../value/error.ts";
import { uint } from "../value/value.ts";
import { toDuration, toTimestamp } from "./conversion.ts";
import * as dynamic from "./dynamic.ts";

const noon = toTimestamp("2020-01-01T12:00:00.5Z");
const hour = toDuration("1h0.25s");

it.each<[string, unknown, unknown]>([
  ["ints", dynamic.add(1n, 2n), 3n],
  ["uints", dynamic.subtract(uint(3), uint(1)), uint(2)],
  ["doubles", dynamic.multiply(1.5, 2), 3],
  ["texts", dynamic.add("a", "b"), "ab"],
  ["bytes", dynamic.add(Uint8Array.of(1), Uint8Array.of(2)), Uint8Array.of(1, 2)],
  ["lists", dynamic.add([1n], ["a"]), [1n, "a"]],
  ["a time and a duration", dynamic.add(hour, noon), toTimestamp("2020-01-01T13:00:00.75Z")],
  ["durations", dynamic.add(hour, hour), toDuration("2h0.5s")],
  ["times", dynamic.subtract(noon, noon), toDuration("0s")],
  ["a time less a duration", dynamic.subtract(noon, hour), toTimestamp("2020-01-01T11:00:00.25Z")],
  [
    "division",
    [dynamic.divide(7n, -2n), dynamic.divide(uint(7), uint(2)), dynamic.divide(1, 0)],
    [-3n, uint(3), Infinity],
  ],
  ["remainder", [dynamic.modulo(-7n, 2n), dynamic.modulo(uint(7), uint(2))], [-1n, uint(1)]],
  ["minus", [dynamic.negate(5n), dynamic.negate(1.5)], [-5n, -1.5]],
  ["parts of a time", [dynamic.hoursOf(noon), dynamic.millisecondsOf(noon)], [12n, 500n]],
  ["parts of a duration", [dynamic.hoursOf(hour), dynamic.minutesOf(hour), dynamic.secondsOf(hour)], [1n, 60n, 3600n]],
  ["turned around", [dynamic.reverse("a🚀"), dynamic.reverse([1n, 2n])], ["🚀a", [2n, 1n]]],
  ["sums", [dynamic.sumAny([1n, 2n]), dynamic.sumAny([1.5, 1]), dynamic.sumAny([])], [3n, 2.5, 0n]],
])("%s", (_, value, expected) => {
  expect(value).toEqual(expected);
});

it.each<[string, () => unknown]>([
  ["an int and a double", () => dynamic.add(1n, 1)],
  ["an int and a uint", () => dynamic.add(1n, uint(1))],
  ["a text and an int", () => dynamic.add("a", 1n)],
  ["overflow", () => dynamic.add(2n ** 63n - 1n, 1n)],
  ["overflow of a uint", () => dynamic.subtract(uint(0), uint(1))],
  ["division by zero", () => dynamic.divide(1n, 0n)],
  ["the remainder of doubles", () => dynamic.modulo(1.5, 1)],
  ["minus a uint", () => dynamic.negate(uint(1))],
  ["two times added", () => dynamic.add(noon, noon)],
  ["the hours of a text", () => dynamic.hoursOf("1h")],
  ["a sum of a text", () => dynamic.sumAny("1")],
  ["a map turned around", () => dynamic.reverse(new Map())],
])("%s fails", (_, run) => {
  expect(run).toThrow(ExpressionError);
});
