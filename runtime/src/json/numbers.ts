// Numbers of ProtoJSON, from JSON numbers and from strings that hold one.
import { ScalarType } from "@bufbuild/protobuf";
import { type JsonTree, NumberText } from "./json-tree.ts";
import { isMidpoint, roundedBy } from "./midpoint.ts";

/** Thrown for a number that `JSON.parse` may have changed: the exact reader decides. */
export const UNUSUAL = Symbol("unusual");

const NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** Number of digits of the greatest 64-bit integer. */
const MAX_DIGITS = 20;

/** Returns the digits of a number in a tree or a string; undefined for another value, and for another number's text. */
function digitsOf(json: JsonTree): RegExpExecArray | undefined {
  const text = json instanceof NumberText ? json.text : json;
  return typeof text === "string" ? (NUMBER.exec(text) ?? undefined) : undefined;
}

/**
 * Returns a whole number, however it is written (`1.0`, `1e2`, `"1"`); undefined for another value or one of more than
 * 20 digits.
 */
export function wholeNumber(json: JsonTree): bigint | undefined {
  if (typeof json === "number") {
    if (Number.isSafeInteger(json)) return BigInt(json);
    if (Number.isInteger(json)) throw UNUSUAL;
    return undefined;
  }
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = digitsOf(json) ?? [];
  if (whole === "") return undefined;
  const all = whole + fraction;
  let to = all.length;
  while (to > 0 && all.charCodeAt(to - 1) === 0x30) to--;
  let from = 0;
  while (from < to && all.charCodeAt(from) === 0x30) from++;
  if (from === to) return 0n;
  const zeros = Number(exponent) - fraction.length + all.length - to;
  if (zeros < 0 || to - from + zeros > MAX_DIGITS) return undefined;
  return BigInt(`${sign}${all.slice(from, to)}${"0".repeat(zeros)}`);
}

/** Least and greatest value of each type of whole numbers, and its name in errors. */
const RANGES = new Map<ScalarType, readonly [least: bigint, greatest: bigint, expected: string]>();
const setRange = (bits: bigint, signed: boolean, expected: string, types: readonly ScalarType[]): void => {
  const least = signed ? -(1n << (bits - 1n)) : 0n;
  const greatest = (1n << (signed ? bits - 1n : bits)) - 1n;
  for (const type of types) RANGES.set(type, [least, greatest, expected]);
};
setRange(32n, true, "expected an int32", [ScalarType.INT32, ScalarType.SINT32, ScalarType.SFIXED32]);
setRange(32n, false, "expected a uint32", [ScalarType.UINT32, ScalarType.FIXED32]);
setRange(64n, true, "expected an int64", [ScalarType.INT64, ScalarType.SINT64, ScalarType.SFIXED64]);
setRange(64n, false, "expected a uint64", [ScalarType.UINT64, ScalarType.FIXED64]);

/** Number types whose values are bigints. */
export const LONG: ReadonlySet<ScalarType> = new Set([
  ...[ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64],
]);

/** Returns a reader of a type of whole numbers, and what it expects. Undefined is returned for all other values. */
export function wholeReader(
  type: ScalarType,
): { readonly read: (json: JsonTree) => bigint | number | undefined; readonly expected: string } | undefined {
  const range = RANGES.get(type);
  if (range === undefined) return undefined;
  const [least, greatest, expected] = range;
  const inRange = (json: JsonTree): bigint | undefined => {
    const value = wholeNumber(json);
    return value === undefined || value < least || value > greatest ? undefined : value;
  };
  if (LONG.has(type)) return { expected, read: inRange };
  const [from, to] = [Number(least), Number(greatest)];
  const read = (json: JsonTree): number | undefined => {
    if (typeof json === "number") {
      // A zero has no sign here.
      return Number.isInteger(json) && json >= from && json <= to ? json + 0 : undefined;
    }
    const value = inRange(json);
    return value === undefined ? undefined : Number(value);
  };
  return { expected, read };
}

const NAMED: ReadonlyMap<JsonTree, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/** Returns a double; undefined for another value, and for a number beyond all doubles. */
export function double(json: JsonTree): number | undefined {
  if (typeof json === "number") {
    if (Number.isFinite(json)) return json;
    throw UNUSUAL;
  }
  const named = NAMED.get(json);
  return named ?? finite(json);
}

/** Returns a finite double, also of a string. */
function finite(json: JsonTree): number | undefined {
  const digits = digitsOf(json);
  if (digits === undefined) return undefined;
  const value = Number(digits[0]);
  return Number.isFinite(value) ? value : undefined;
}

const BEYOND_FLOATS = 2 ** 128;
/** Returns the nearest float32; undefined for another value, and for a number beyond all floats. */
export function float(json: JsonTree): number | undefined {
  const value = double(json);
  if (value === undefined || !Number.isFinite(value)) return value;
  if (Math.abs(value) > BEYOND_FLOATS) return undefined;
  const rounded = isMidpoint(value) ? besideMidpoint(json, value) : Math.fround(value);
  return Number.isFinite(rounded) ? rounded : undefined;
}

/** A double halfway between two floats may be rounded already, and have lost its side. The digits have it. */
function besideMidpoint(json: JsonTree, value: number): number {
  if (typeof json === "number") throw UNUSUAL;
  const digits = digitsOf(json);
  return digits === undefined ? value : roundedBy(digits, value);
}
