// Conversions between CEL's types (CEL spec, "List of Standard Definitions"). Integers are bigints here, a `number` is a double.

import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { duration, durationOf, parseTimestamp, timestamp, timeText } from "../time/time.ts";
import { ExpressionError } from "../value/error.ts";
import { asInt, asUint } from "../value/integer.ts";
import { Optional } from "../value/optional.ts";
import { isMessage, isTime } from "../value/shape.ts";
import { Type, Uint } from "../value/value.ts";

const INT = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** Doubles are truncated towards zero. Throws ExpressionError when the value has no int. */
export function toInt(value: unknown): bigint {
  if (typeof value === "bigint") return asInt(value);
  if (typeof value === "number") {
    // The bounds themselves are excluded: a double next to them may have been rounded.
    if (!(value > -(2 ** 63) && value < 2 ** 63)) throw new ExpressionError("int overflow");
    return BigInt(Math.trunc(value));
  }
  if (typeof value === "string" && INT.test(value)) return asInt(BigInt(value.replace(/^\+/, "")));
  if (isTime(value)) return value.seconds;
  if (value instanceof Uint) return asInt(value.value);
  throw refused(value, "int");
}

/** The number of a value of an enum. Throws ExpressionError when it has no such value. */
export function enumNumber<E extends { readonly [name: string]: string | number }>(values: E, name: string): number {
  const number = Object.hasOwn(values, name) ? values[name] : undefined;
  if (typeof number !== "number") throw new ExpressionError("the enum has no value of this name");
  return number;
}

/** Doubles are truncated towards zero. Throws ExpressionError when the value has no uint. */
export function toUint(value: unknown): bigint {
  if (typeof value === "bigint") return asUint(value);
  if (typeof value === "number") {
    if (!(value >= 0 && value < 2 ** 64)) throw new ExpressionError("uint overflow");
    return BigInt(Math.trunc(value));
  }
  if (typeof value === "string" && /^\+?\d+$/.test(value)) return asUint(BigInt(value.replace(/^\+/, "")));
  if (value instanceof Uint) return value.value;
  throw refused(value, "uint");
}

/** Throws ExpressionError for a text that is no number. */
export function toDouble(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (typeof value === "string") {
    if (FLOAT.test(value)) return Number(value);
    const [, sign, special] = /^([+-]?)(nan|inf(?:inity)?)$/i.exec(value) ?? [];
    if (special?.toLowerCase() === "nan") return Number.NaN;
    if (special !== undefined) return sign === "-" ? -Infinity : Infinity;
  }
  throw refused(value, "double");
}

/** Throws ExpressionError for a text that is neither true nor false. */
export function toBool(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  if (typeof value === "string") {
    if (["1", "t", "true", "TRUE", "True"].includes(value)) return true;
    if (["0", "f", "false", "FALSE", "False"].includes(value)) return false;
  }
  throw refused(value, "bool");
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Converts a text to its bytes in UTF-8; bytes stay as they are.
 *
 * @throws ExpressionError for other types
 */
export function toBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return encoder.encode(value);
  throw refused(value, "bytes");
}

/** Throws ExpressionError for bytes that are not UTF-8. */
export function toText(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
      return doubleText(value);
    case "bigint":
    case "boolean":
      return String(value);
  }
  if (value instanceof Uint8Array) {
    try {
      return decoder.decode(value);
    } catch {
      throw new ExpressionError("the bytes are not UTF-8");
    }
  }
  if (value instanceof Uint) return String(value.value);
  if (isTime(value)) return timeText(value);
  throw refused(value, "string");
}

function doubleText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (Object.is(value, -0)) return "-0";
  return value === -Infinity ? "-Inf" : String(value);
}

/** From RFC 3339, or seconds since 1970. Throws ExpressionError for another text, and outside of the years 1 to 9999. */
export function toTimestamp(value: unknown): Timestamp {
  if (typeof value === "bigint") return timestamp(value, 0);
  if (isTime(value) && value.$typeName === TimestampSchema.typeName) return value as Timestamp;
  if (typeof value !== "string") throw refused(value, "timestamp");
  // Copied, because a receiver may change the message.
  return { ...remembered(timestamps, value, parseTimestamp) };
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** From numbers with units, such as "1h30m" or "-1.5s", or seconds. Throws ExpressionError for another text, and beyond some 292 years. */
export function toDuration(value: unknown): Duration {
  if (typeof value === "bigint") return duration(value, 0);
  if (isTime(value) && value.$typeName === DurationSchema.typeName) return value as Duration;
  if (typeof value !== "string") throw refused(value, "duration");
  return { ...remembered(durations, value, parseDuration) };
}

/** Texts are constants nearly always, so that each is read once; the bound is for those that are not. */
const timestamps = new Map<string, Timestamp>();
const durations = new Map<string, Duration>();
const MAX_REMEMBERED = 1000;

function remembered<T>(known: Map<string, T>, text: string, read: (text: string) => T): T {
  const before = known.get(text);
  if (before !== undefined) return before;
  const value = read(text);
  if (known.size >= MAX_REMEMBERED) known.clear();
  known.set(text, value);
  return value;
}

function parseDuration(value: string): Duration {
  if (/^[+-]?0$/.test(value)) return durationOf(0n);
  if (!/^[+-]?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(value)) {
    throw new ExpressionError("not a duration");
  }
  let nanos = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of value.matchAll(/(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scale = UNITS[unit] ?? 0n;
    nanos += BigInt(whole) * scale + (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  return durationOf(value.startsWith("-") ? -nanos : nanos);
}

/** `type(x)` of a value whose type is known only at run time. */
export function typeOf(value: unknown): Type {
  return new Type(typeName(value));
}

/** The name of a value's type. A `bigint` is an int. */
export function typeName(value: unknown): string {
  switch (typeof value) {
    case "bigint":
      return "int";
    case "number":
      return "double";
    case "boolean":
      return "bool";
    case "string":
      return "string";
  }
  if (value === null) return "null_type";
  if (value instanceof Uint8Array) return "bytes";
  if (Array.isArray(value)) return "list";
  if (value instanceof Uint) return "uint";
  if (value instanceof Type) return "type";
  if (value instanceof Optional) return "optional_type";
  return isMessage(value) ? value.$typeName : "map";
}

function refused(value: unknown, expected: string): ExpressionError {
  return new ExpressionError(`this ${typeName(value)} cannot become ${expected}`);
}
