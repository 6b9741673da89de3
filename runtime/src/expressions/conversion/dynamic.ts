// Operators on operands whose types are known only at run time (CEL spec, "Gradual Type Checking"). A `bigint` is an
// int here, a `Uint` a uint.
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { reverseText } from "../text/text.ts";
import {
  addDurations,
  addToTimestamp,
  between,
  durationHours,
  durationMilliseconds,
  durationMinutes,
  durationSeconds,
  hours,
  milliseconds,
  minutes,
  seconds,
  subtractDurations,
  subtractFromTimestamp,
} from "../time/time.ts";
import { ExpressionError } from "../value/error.ts";
import { asInt, asUint, divideInt, divideUint, moduloInt, moduloUint } from "../value/integer.ts";
import { isTime, type Time } from "../value/shape.ts";
import { Uint } from "../value/value.ts";
import { typeName } from "./conversion.ts";
import { addBytes } from "./format.ts";

/** Throws ExpressionError when nothing adds these, or for overflow. */
export function add(a: unknown, b: unknown): unknown {
  if (typeof a === "string" && typeof b === "string") return a + b;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return addBytes(a, b);
  if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
  if (isTimestamp(a) && isDuration(b)) return addToTimestamp(a, b);
  if (isDuration(a) && isTimestamp(b)) return addToTimestamp(b, a);
  if (isDuration(a) && isDuration(b)) return addDurations(a, b);
  return arithmetic("+", a, b);
}

/** Throws ExpressionError when nothing subtracts these, or for overflow. */
export function subtract(a: unknown, b: unknown): unknown {
  if (isTimestamp(a) && isTimestamp(b)) return between(a, b);
  if (isTimestamp(a) && isDuration(b)) return subtractFromTimestamp(a, b);
  if (isDuration(a) && isDuration(b)) return subtractDurations(a, b);
  return arithmetic("-", a, b);
}

/** Throws ExpressionError when nothing multiplies these, or for overflow. */
export function multiply(a: unknown, b: unknown): unknown {
  return arithmetic("*", a, b);
}

/** Throws ExpressionError when nothing divides these, and for integers divided by zero. */
export function divide(a: unknown, b: unknown): unknown {
  return arithmetic("/", a, b);
}

/** Throws ExpressionError for anything but two ints or two uints, and for a zero divisor. */
export function modulo(a: unknown, b: unknown): unknown {
  return arithmetic("%", a, b);
}

/** Throws ExpressionError for anything but an int or a double. */
export function negate(a: unknown): unknown {
  if (typeof a === "bigint") return asInt(-a);
  if (typeof a === "number") return -a;
  throw noOverload("-", a);
}

function arithmetic(operator: string, a: unknown, b: unknown): unknown {
  if (typeof a === "bigint" && typeof b === "bigint") return asInt(ofInts(operator, a, b));
  if (a instanceof Uint && b instanceof Uint) return new Uint(asUint(ofUints(operator, a.value, b.value)));
  if (typeof a === "number" && typeof b === "number" && operator !== "%") return ofDoubles(operator, a, b);
  throw noOverload(operator, a, b);
}

function ofInts(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case "/":
      return divideInt(a, b);
    case "%":
      return moduloInt(a, b);
    case "+":
      return a + b;
    case "-":
      return a - b;
    default:
      return a * b;
  }
}

function ofUints(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case "/":
      return divideUint(a, b);
    case "%":
      return moduloUint(a, b);
    default:
      return ofInts(operator, a, b);
  }
}

function ofDoubles(operator: string, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    default:
      return a / b;
  }
}

export function isTimestamp(value: unknown): value is Time {
  return isTime(value) && value.$typeName === TimestampSchema.typeName;
}

function isDuration(value: unknown): value is Time {
  return isTime(value) && value.$typeName === DurationSchema.typeName;
}

export function noOverload(fn: string, ...operands: readonly unknown[]): ExpressionError {
  return new ExpressionError(`no such overload: ${fn} of ${operands.map(typeName).join(" and ")}`);
}

/** Returns the hours of a timestamp or a duration. Throws ExpressionError for anything else. */
export function hoursOf(time: unknown): bigint {
  return partOf(time, hours, durationHours);
}
/** Returns the minutes of a timestamp or a duration. Throws ExpressionError for anything else. */
export function minutesOf(time: unknown): bigint {
  return partOf(time, minutes, durationMinutes);
}
/** Returns the seconds of a timestamp or a duration. Throws ExpressionError for anything else. */
export function secondsOf(time: unknown): bigint {
  return partOf(time, seconds, durationSeconds);
}
/** Returns the milliseconds of a timestamp or a duration. Throws ExpressionError for anything else. */
export function millisecondsOf(time: unknown): bigint {
  return partOf(time, milliseconds, durationMilliseconds);
}

type Part = (time: Time) => number | bigint;

function partOf(time: unknown, ofTimestamp: Part, ofDuration: Part): bigint {
  if (isTimestamp(time)) return BigInt(ofTimestamp(time));
  if (isDuration(time)) return BigInt(ofDuration(time));
  throw noOverload("a part", time);
}

/** Reverses a string or a list. Throws ExpressionError for anything else. */
export function reverse(value: unknown): unknown {
  if (typeof value === "string") return reverseText(value);
  if (Array.isArray(value)) return value.toReversed();
  throw noOverload("reverse", value);
}

/** Returns the sum of a list of numbers of one type. Throws ExpressionError for another list, and for overflow. */
export function sumAny(list: unknown): unknown {
  if (!Array.isArray(list)) throw noOverload("sum", list);
  const [first, ...rest]: readonly unknown[] = list;
  return first === undefined ? 0n : rest.reduce(add, first);
}

/** Returns the arguments of `math.greatest`: a list, or one number. */
export function numbers(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}
