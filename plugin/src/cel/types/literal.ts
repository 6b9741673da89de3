import { fromJson } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { RE2JS } from "@bufbuild/re2";
import type { Node } from "./expression.ts";

type Fault = { readonly message: string; readonly hint: string };

/** What is wrong with a text that is known beforehand: a timestamp, a duration, a pattern. */
export function literalFault(overload: string, args: readonly Node[]): Fault | undefined {
  const text = literalOf(overload, args);
  if (text === undefined) return undefined;
  const shown = JSON.stringify(text);
  switch (overload) {
    case "string_to_timestamp":
      return isTimestamp(text)
        ? undefined
        : { message: `${shown} is not a timestamp`, hint: 'write it like "2026-01-31T12:00:00Z"' };
    case "string_to_duration":
      return isDuration(text)
        ? undefined
        : { message: `${shown} is not a duration`, hint: 'write it like "1h30m" or "250ms"' };
    case "matches":
      return isPattern(text)
        ? undefined
        : { message: `${shown} is not a pattern of RE2`, hint: "see github.com/google/re2/wiki/Syntax" };
    default:
      return undefined;
  }
}

/** Whether the text that the call could stumble over is a literal that has been judged. */
export function isSoundLiteral(overload: string, args: readonly Node[]): boolean {
  return literalOf(overload, args) !== undefined && literalFault(overload, args) === undefined;
}

function literalOf(overload: string, args: readonly Node[]): string | undefined {
  const node = { string_to_timestamp: args[0], string_to_duration: args[0], matches: args[1] }[overload];
  return node?.kind === "constant" && typeof node.value === "string" ? node.value : undefined;
}

/** RFC 3339; what JavaScript takes beyond it, such as February 30 and 24:00, is left out, as at run time. */
function isTimestamp(text: string): boolean {
  const [, year, month, day, hour] = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):\d\d:\d\d/.exec(text) ?? [];
  const last = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (!(Number(day) >= 1 && Number(day) <= last && Number(hour) < 24)) return false;
  try {
    fromJson(TimestampSchema, text);
    return true;
  } catch {
    return false;
  }
}

/** A duration of CEL in nanoseconds fits into 64 bits. */
const LONGEST = 2n ** 63n - 1n;
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

function isDuration(text: string): boolean {
  if (/^[+-]?0$/.test(text)) return true;
  if (!/^[+-]?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return false;
  let nanos = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of text.matchAll(/(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scale = UNITS[unit] ?? 0n;
    nanos += BigInt(whole) * scale + (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  return nanos <= LONGEST + (text.startsWith("-") ? 1n : 0n);
}

function isPattern(text: string): boolean {
  try {
    return new RE2JS(withEscapedBraces(text)) !== undefined;
  } catch {
    return false;
  }
}

/** A brace that begins no repetition is a character, which may be repeated; RE2JS knows that only of an escaped one. */
function withEscapedBraces(pattern: string): string {
  const parts =
    /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]|\{(?=[?*+]|\{\d+(?:,\d*)?\})/g;
  return pattern.replace(parts, (part) => (part === "{" ? "\\{" : part));
}
