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

/** The greatest duration of CEL, in nanoseconds: 64 bits hold it. */
const LONGEST = 2 ** 63;
const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 6e10,
  h: 3.6e12,
};

function isDuration(text: string): boolean {
  if (/^[+-]?0$/.test(text)) return true;
  if (!/^[+-]?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return false;
  const parts = [...text.matchAll(/(\d*\.?\d*)(ns|us|µs|μs|ms|s|m|h)/g)];
  const nanos = parts.reduce((total, [, count = "", unit = ""]) => total + Number(count) * (UNITS[unit] ?? 0), 0);
  return nanos < LONGEST;
}

function isPattern(text: string): boolean {
  try {
    return new RE2JS(text) !== undefined;
  } catch {
    return false;
  }
}
