import { describe, expect, it } from "vitest";
import { ExpressionError } from "./error.ts";
import {
  addInt,
  addUint,
  divideInt,
  divideUint,
  moduloInt,
  moduloUint,
  multiplyInt,
  multiplyUint,
  negateInt,
  subtractInt,
  subtractUint,
  toInt32,
  toUint32,
} from "./integer.ts";

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

it.each([
  ["addInt", () => addInt(MAX - 1n, 1n), MAX],
  ["subtractInt", () => subtractInt(MIN + 1n, 1n), MIN],
  ["multiplyInt", () => multiplyInt(-(2n ** 32n), 2n ** 31n), MIN],
  ["divideInt", () => divideInt(-7n, 2n), -3n],
  ["moduloInt", () => moduloInt(-7n, 2n), -1n],
  ["negateInt", () => negateInt(MAX), -MAX],
  ["addUint", () => addUint(2n ** 64n - 2n, 1n), 2n ** 64n - 1n],
  ["subtractUint", () => subtractUint(5n, 5n), 0n],
  ["multiplyUint", () => multiplyUint(2n ** 32n, 2n ** 31n), 2n ** 63n],
  ["divideUint", () => divideUint(7n, 2n), 3n],
  ["moduloUint", () => moduloUint(7n, 2n), 1n],
  ["toInt32", () => toInt32(-2147483648n), -2147483648],
  ["toUint32", () => toUint32(4294967295n), 4294967295],
])("%s within its range", (_, compute, expected) => {
  expect(compute()).toBe(expected);
});

describe("beyond the range", () => {
  it.each([
    ["addInt", () => addInt(MAX, 1n)],
    ["subtractInt", () => subtractInt(MIN, 1n)],
    ["multiplyInt", () => multiplyInt(2n ** 32n, 2n ** 31n)],
    ["divideInt by zero", () => divideInt(1n, 0n)],
    ["divideInt of the least by -1", () => divideInt(MIN, -1n)],
    ["moduloInt by zero", () => moduloInt(1n, 0n)],
    ["negateInt", () => negateInt(MIN)],
    ["addUint", () => addUint(2n ** 64n - 1n, 1n)],
    ["subtractUint", () => subtractUint(0n, 1n)],
    ["multiplyUint", () => multiplyUint(2n ** 32n, 2n ** 32n)],
    ["divideUint", () => divideUint(1n, 0n)],
    ["moduloUint", () => moduloUint(1n, 0n)],
    ["toInt32 above", () => toInt32(2147483648)],
    ["toInt32 below", () => toInt32(-2147483649n)],
    ["toUint32 above", () => toUint32(4294967296n)],
    ["toUint32 below", () => toUint32(-1)],
  ])("%s fails", (_, compute) => {
    expect(compute).toThrow(ExpressionError);
  });
});
