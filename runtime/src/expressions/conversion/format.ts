import { ExpressionError } from "../value/error.ts";
import { entriesOf, isMap } from "../value/shape.ts";
import { Type, Uint } from "../value/value.ts";
import { toText, typeName } from "./conversion.ts";
import { compareText } from "./equal.ts";

/** cel-go's `format`: %s %d %f %e %b %o %x %X %%. Throws ExpressionError when text and arguments do not match. */
export function format(text: string, args: readonly unknown[]): string {
  let used = 0;
  const result = text.replace(/%(?:\.(\d+))?(.?)/gsu, (_, digits: string | undefined, verb: string) => {
    if (verb === "%" && digits === undefined) return "%";
    if (used >= args.length) throw new ExpressionError("format: too few arguments");
    const arg = args[used++];
    const value = arg instanceof Uint ? arg.value : arg;
    const precision = precisionOf(digits);
    switch (verb) {
      case "s":
        return shown(value);
      case "d":
        return decimal(value);
      case "f":
        return special(value) ?? fixed(value, precision);
      case "e":
        return special(value) ?? exponent(value, precision);
      case "b":
        return typeof value === "boolean" ? String(Number(value)) : integer(value, "b").toString(2);
      case "o":
        return integer(value, "o").toString(8);
      case "x":
        return hex(value);
      case "X":
        return hex(value).toUpperCase();
      default:
        throw new ExpressionError("format: no such clause");
    }
  });
  if (used < args.length) throw new ExpressionError("format: too many arguments");
  return result;
}

function integer(value: unknown, verb: string): bigint {
  if (typeof value === "bigint") return value;
  throw new ExpressionError(`format: %${verb} does not take ${typeName(value)}`);
}

function special(value: unknown): string | undefined {
  if (typeof value !== "number" || Number.isFinite(value)) return undefined;
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}

function decimal(value: unknown): string {
  if (typeof value === "number") return special(value) ?? plainText(value);
  return integer(value, "d").toString();
}

/** Formats a double in as few digits as identify it, without an exponent. */
function plainText(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  const [, sign = "", first = "", rest = "", exponent] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === undefined) return text;
  const digits = first + rest;
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, "0");
}

/** More would be noise: no double has more that count. */
const MAX_DIGITS = 100;

function precisionOf(digits: string | undefined): number {
  const precision = digits === undefined ? 6 : Number(digits);
  if (precision > MAX_DIGITS) throw new ExpressionError(`format: a precision beyond ${MAX_DIGITS}`);
  return precision;
}

function real(value: unknown, verb: string): number {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  throw new ExpressionError(`format: %${verb} does not take ${typeName(value)}`);
}

function signOf(number: number): string {
  return number < 0 || Object.is(number, -0) ? "-" : "";
}

function fixed(value: unknown, precision: number): string {
  const number = real(value, "f");
  const digits = scaled(number, precision)
    .toString()
    .padStart(precision + 1, "0");
  const whole = digits.slice(0, digits.length - precision);
  return signOf(number) + (precision === 0 ? whole : `${whole}.${digits.slice(-precision)}`);
}

function exponent(value: unknown, precision: number): string {
  const number = real(value, "e");
  let power = number === 0 ? 0 : Number(number.toExponential().split("e")[1]);
  let shown = scaled(number, precision - power).toString();
  if (number === 0) shown = "0".repeat(precision + 1);
  else if (shown.length !== precision + 1) {
    // 9.99 has become 10.0, or what is written as 1e23 is a little less.
    power += shown.length > precision ? 1 : -1;
    shown = scaled(number, precision - power).toString();
  }
  const fraction = precision === 0 ? "" : `.${shown.slice(1)}`;
  return `${signOf(number)}${shown[0]}${fraction}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/**
 * Returns |number| × 10^power as an integer, with a tie rounded to even, as in Go. The result is exact, unlike that of
 * toFixed and toExponential.
 */
function scaled(number: number, power: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, Math.abs(number));
  const raw = bits.getBigUint64(0);
  const exponent = Number(raw >> 52n);
  const mantissa = exponent === 0 ? raw : (raw & (2n ** 52n - 1n)) | (1n << 52n);
  // The number is mantissa × 2^two.
  const two = Math.max(exponent, 1) - 1075;
  const above = mantissa * (two > 0 ? 1n << BigInt(two) : 1n) * (power > 0 ? 10n ** BigInt(power) : 1n);
  const below = (two < 0 ? 1n << BigInt(-two) : 1n) * (power < 0 ? 10n ** BigInt(-power) : 1n);
  const whole = above / below;
  const twice = (above % below) * 2n;
  return twice > below || (twice === below && whole % 2n === 1n) ? whole + 1n : whole;
}

function hex(value: unknown): string {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  if (bytes instanceof Uint8Array) return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return integer(value, "x").toString(16);
}

function shown(value: unknown): string {
  if (typeof value === "number") return special(value) ?? plainText(value);
  if (value === null) return "null";
  if (value instanceof Type) return value.name;
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (isMap(value)) {
    const entries = entriesOf(value).map(([key, item]) => [shown(key), shown(item)] as const);
    entries.sort(([a], [b]) => compareText(a, b));
    return `{${entries.map(([key, item]) => `${key}: ${item}`).join(", ")}}`;
  }
  return toText(value);
}

/** Concatenates. */
export function addBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
