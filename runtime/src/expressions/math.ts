// cel-go's `math` extension. An int or a uint may be a `number` (32 bits) or a `bigint`. In a dyn a uint is a `Uint`
// and a `number` a double.

import { noOverload } from "./conversion/dynamic.ts";
import { compare } from "./conversion/equal.ts";
import { ExpressionError } from "./value/error.ts";
import { asInt } from "./value/integer.ts";
import { Uint } from "./value/value.ts";

const BITS = 64;

/**
 * Returns the greatest number; the first of equal ones. Throws ExpressionError for no values, or for a value that is
 * not a number.
 */
export function greatest<T>(values: readonly T[]): T {
  return best(values, (difference) => difference > 0);
}

/**
 * Returns the least number; the first of equal ones. Throws ExpressionError for no values, or for a value that is not a
 * number.
 */
export function least<T>(values: readonly T[]): T {
  return best(values, (difference) => difference < 0);
}

function best<T>(values: readonly T[], better: (difference: number) => boolean): T {
  const [first, ...rest] = values;
  if (first === undefined) throw new ExpressionError("math: there is no number");
  for (const value of values) {
    if (typeof value !== "number" && typeof value !== "bigint" && !(value instanceof Uint))
      throw noOverload("math", value);
  }
  return rest.reduce((found, value) => (better(compare(value, found)) ? value : found), first);
}

/**
 * Returns the number of items of a page: the requested one, at most `most`; `usual` for 0 (https://google.aip.dev/158).
 * A negative number counts as 0.
 *
 * @example
 * pageSize(500, 20, 100); // 100
 */
export function pageSize(requested: number | bigint, usual: number, most: number): number {
  if (requested <= 0) return usual;
  return requested > most ? most : Number(requested);
}

/** Half away from zero. */
export function round(value: number): number {
  // Adding 0.5 would round near 2^52 and for 0.49999999999999994.
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

/** Throws ExpressionError for the least int, which has no counterpart. */
export function absInt(value: bigint): bigint {
  return value < 0n ? asInt(-value) : value;
}

/** -1, 0 or 1. */
export function signInt(value: bigint): bigint {
  if (value === 0n) return 0n;
  return value > 0n ? 1n : -1n;
}

/** Absolute value of a dyn. Throws ExpressionError for a value that is not a number, and for the least int. */
export function abs(value: unknown): unknown {
  if (typeof value === "bigint") return absInt(value);
  if (value instanceof Uint) return value;
  return Math.abs(double("math.abs", value));
}

/** Sign of a dyn: -1, 0 or 1 of the same type. Throws ExpressionError for a value that is not a number. */
export function sign(value: unknown): unknown {
  if (typeof value === "bigint") return signInt(value);
  if (value instanceof Uint) return new Uint(signInt(value.value));
  return Math.sign(double("math.sign", value));
}

/** Returns the square root of a number; NaN for a negative one. */
export function sqrt(value: unknown): number {
  if (typeof value === "bigint") return Math.sqrt(Number(value));
  return Math.sqrt(value instanceof Uint ? Number(value.value) : double("math.sqrt", value));
}

function double(fn: string, value: unknown): number {
  if (typeof value === "number") return value;
  throw noOverload(fn, value);
}

/**
 * Shifts a signed 64-bit integer to the left. 0 for counts of 64 and more. Throws ExpressionError for a negative count.
 */
export function shiftLeftInt(value: bigint, count: bigint): bigint {
  return BigInt.asIntN(BITS, value << shift(count));
}

/**
 * Shifts an unsigned 64-bit integer to the left. 0 for counts of 64 and more. Throws ExpressionError for a negative
 * count.
 */
export function shiftLeftUint(value: bigint, count: bigint): bigint {
  return BigInt.asUintN(BITS, value << shift(count));
}

/**
 * Shifts a 64-bit integer to the right, filling with zeros even for a negative value, as in cel-go. Throws
 * ExpressionError for a negative count.
 */
export function shiftRightInt(value: bigint, count: bigint): bigint {
  return BigInt.asIntN(BITS, BigInt.asUintN(BITS, value) >> shift(count));
}

/** Throws ExpressionError for a negative count. */
export function shiftRightUint(value: bigint, count: bigint): bigint {
  return value >> shift(count);
}

function shift(count: bigint): bigint {
  if (count < 0n) throw new ExpressionError("math: a shift by a negative count");
  return count > 64n ? 64n : count;
}

/** The bits of a uint turned around. */
export function bitNotUint(value: bigint): bigint {
  return BigInt.asUintN(BITS, ~value);
}

/**
 * Combines dyns as `math.bitAnd` and similar functions do. Throws ExpressionError for operands other than two ints or
 * two uints.
 */
export function bits(operator: "and" | "or" | "xor", a: unknown, b: unknown): unknown {
  if (typeof a === "bigint" && typeof b === "bigint") return combine(operator, a, b);
  if (a instanceof Uint && b instanceof Uint) return new Uint(combine(operator, a.value, b.value));
  throw noOverload(`math.bit ${operator}`, a, b);
}

function combine(operator: "and" | "or" | "xor", a: bigint, b: bigint): bigint {
  switch (operator) {
    case "and":
      return a & b;
    case "or":
      return a | b;
    case "xor":
      return a ^ b;
  }
}

/** Inverts the bits of a dyn. Throws ExpressionError for a value that is not an integer. */
export function bitNot(value: unknown): unknown {
  if (typeof value === "bigint") return ~value;
  if (value instanceof Uint) return new Uint(bitNotUint(value.value));
  throw noOverload("math.bitNot", value);
}

/** Shifts a dyn to the left. Throws ExpressionError for a value that is not an integer, and for a negative count. */
export function shiftLeft(value: unknown, count: unknown): unknown {
  if (typeof value === "bigint" && typeof count === "bigint") return shiftLeftInt(value, count);
  if (value instanceof Uint && typeof count === "bigint") return new Uint(shiftLeftUint(value.value, count));
  throw noOverload("math.bitShiftLeft", value, count);
}

/** Shifts a dyn to the right. Throws ExpressionError for a value that is not an integer, and for a negative count. */
export function shiftRight(value: unknown, count: unknown): unknown {
  if (typeof value === "bigint" && typeof count === "bigint") return shiftRightInt(value, count);
  if (value instanceof Uint && typeof count === "bigint") return new Uint(shiftRightUint(value.value, count));
  throw noOverload("math.bitShiftRight", value, count);
}
