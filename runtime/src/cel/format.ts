import { toText, typeName } from "./conversion.ts";
import { compareText, entriesOf } from "./equal.ts";
import { ExpressionError } from "./error.ts";
import { Type, Uint } from "./value.ts";

/** cel-go's `format`: %s %d %f %e %b %o %x %X %%. Throws ExpressionError when text and arguments do not match. */
export function format(text: string, args: readonly unknown[]): string {
  let used = 0;
  const result = text.replace(/%(?:\.(\d+))?(.?)/gsu, (_, digits: string | undefined, verb: string) => {
    if (verb === "%" && digits === undefined) return "%";
    if (used >= args.length) throw new ExpressionError("format: too few arguments");
    const arg = args[used++];
    const value = arg instanceof Uint ? arg.value : arg;
    const precision = digits === undefined ? 6 : Number(digits);
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
        throw new ExpressionError(`format: no such clause: %${verb}`);
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
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

function decimal(value: unknown): string {
  if (typeof value === "number") return special(value) ?? String(value);
  return integer(value, "d").toString();
}

function real(value: unknown, verb: string): number {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  throw new ExpressionError(`format: %${verb} does not take ${typeName(value)}`);
}

function fixed(value: unknown, precision: number): string {
  const number = real(value, "f");
  const rounded = number.toFixed(precision);
  // A tie goes to the even digit, as in Go; toFixed rounds it away from zero.
  const exact = number.toFixed(Math.min(100, precision + 60));
  const rest = exact.slice(rounded.length + (precision === 0 ? 1 : 0));
  const odd = /[13579]$/.test(rounded);
  return odd && /^50*$/.test(rest) ? exact.slice(0, rounded.length) : rounded;
}

function exponent(value: unknown, precision: number): string {
  return real(value, "e")
    .toExponential(precision)
    .replace(/e([+-])(\d)$/, "e$10$2");
}

function hex(value: unknown): string {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  if (bytes instanceof Uint8Array) return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return integer(value, "x").toString(16);
}

function shown(value: unknown): string {
  if (typeof value === "number") return special(value) ?? String(value);
  if (value === null) return "null";
  if (value instanceof Type) return value.name;
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (typeof value === "object" && !(value instanceof Uint8Array || value instanceof Uint) && !("$typeName" in value)) {
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
