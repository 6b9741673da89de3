import { create } from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { ExpressionError } from "../value/error.ts";
import { optionalNone, optionalOf } from "../value/optional.ts";
import { compare, compareBytes, compareText, equal, isIn, unequal } from "./equal.ts";

const time = (seconds: bigint, nanos = 0) => create(TimestampSchema, { seconds, nanos });

it.each<[string, unknown, unknown, boolean]>([
  ["an int in both forms", 5, 5n, true],
  ["a double and an int", 5.5, 5n, false],
  ["beyond what a double holds, by the nearest double", 2 ** 53, 2n ** 53n + 1n, true],
  ["NaN", Number.NaN, Number.NaN, false],
  ["NaN and an int", Number.NaN, 0n, false],
  ["zeros of both signs", 0, -0, true],
  ["strings", "a", "a", true],
  ["a string and a number", "5", 5n, false],
  ["null", null, null, true],
  ["null and zero", null, 0n, false],
  ["bytes", Uint8Array.of(1, 2), Uint8Array.of(1, 2), true],
  ["other bytes", Uint8Array.of(1, 2), Uint8Array.of(1, 3), false],
  ["bytes and a list", Uint8Array.of(1), [1], false],
  ["lists", [1n, [2]], [1, [2n]], true],
  ["lists of other lengths", [1n], [1n, 2n], false],
  ["a map in both forms", { a: 1 }, new Map([["a", 1n]]), true],
  ["a map with integers as keys in both forms", { 1: "a" }, new Map([[1n, "a"]]), true],
  ["another key", { a: 1 }, new Map([["b", 1n]]), false],
  ["more keys", { a: 1 }, { a: 1, b: 2 }, false],
  ["messages", time(1n, 2), time(1n, 2), true],
  ["other messages", time(1n, 2), time(1n, 3), false],
  ["messages of two types", time(1n), create(DurationSchema, { seconds: 1n }), false],
  ["a message and a map", time(1n), { seconds: 1n, nanos: 0 }, false],
  ["optionals", optionalOf(1n), optionalOf(1), true],
  ["none", optionalNone(), optionalNone(), true],
  ["none and some", optionalNone(), optionalOf(1n), false],
])("%s", (_, a, b, expected) => {
  expect(equal(a, b)).toBe(expected);
  expect(equal(b, a)).toBe(expected);
  expect(unequal(a, b)).toBe(!expected);
});

describe("the operator in", () => {
  it("the operator finds values and keys in every form", () => {
    expect(isIn(2n, [1, 2])).toBe(true);
    expect(isIn("a", { a: 1 })).toBe(true);
    expect(isIn(1n, new Map([[1n, "a"]]))).toBe(true);
    expect(isIn("b", { a: 1 })).toBe(false);
    expect(() => isIn("b", "abc")).toThrow(ExpressionError);
  });
});

describe("the order of values", () => {
  it("texts are ordered by code point", () => {
    expect(compareText("🚀", "\uffee")).toBeGreaterThan(0);
    expect(compareText("a", "ab")).toBeLessThan(0);
    expect(compareText("b", "ab")).toBeGreaterThan(0);
    expect(compareText("ab", "ab")).toBe(0);
  });

  it("bytes are ordered by value, then by length", () => {
    expect(compareBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBeLessThan(0);
    expect(compareBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBeLessThan(0);
    expect(compareBytes(Uint8Array.of(2), Uint8Array.of(1, 9))).toBeGreaterThan(0);
  });

  it("all ordered types compare, and others fail", () => {
    expect(compare(1n, 1.5)).toBeLessThan(0);
    expect(compare(Number.NaN, 1)).toBeNaN();
    expect(compare(false, true)).toBeLessThan(0);
    expect(compare(time(1n, 5), time(1n, 4))).toBeGreaterThan(0);
    expect(() => compare("a", 1n)).toThrow(ExpressionError);
    expect(() => compare(time(1n), create(DurationSchema))).toThrow(ExpressionError);
  });
});
