import { fromJson } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { RE2JS } from "@bufbuild/re2";
import type { Node } from "../model/type.ts";
import { isZone, TIME_UNITS, timePatternFault } from "./time-pattern.ts";

type Fault = { readonly message: string; readonly hint: string };

/** Returns the fault of a text that is known beforehand: a timestamp, a duration, a pattern, a unit, a zone. */
export function literalFault(overload: string, args: readonly Node[]): Fault | undefined {
  if (overload.startsWith("timestamp_")) return timeFault(overload, args);
  const text = literalOf(overload, args);
  if (text === undefined) return undefined;
  const shown = JSON.stringify(text);
  switch (overload) {
    case "string_to_timestamp":
      return isTimestamp(text)
        ? undefined
        : { message: `${shown} is not a timestamp`, hint: 'write a timestamp such as "2026-01-31T12:00:00Z"' };
    case "string_to_duration":
      return isDuration(text)
        ? undefined
        : { message: `${shown} is not a duration`, hint: 'write a duration such as "1h30m" or "250ms"' };
    case "matches":
    case "regex_extract_string_string":
    case "regex_extractAll_string_string":
    case "regex_replace_string_string_string":
    case "regex_replace_string_string_string_int": {
      const groups = groupsOf(text);
      if (groups === undefined)
        return {
          message: `${shown} is not a pattern of RE2`,
          hint: "write a pattern of RE2, as in github.com/google/re2/wiki/Syntax",
        };
      if (overload.startsWith("regex_extract") && groups > 1)
        return {
          message: `${shown} has ${groups} groups, and an extraction has at most one`,
          hint: "write (?:…) for each group that is not extracted",
        };
      return overload.startsWith("regex_replace") ? replacementFault(args[2], groups) : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * Returns the fault of the pattern, the unit or the zone in a function of timestamps. A function that reads a part has
 * only a zone.
 */
function timeFault(overload: string, [, by, last]: readonly Node[]): Fault | undefined {
  const part = overload.startsWith("timestamp_get");
  const zone = part ? by : last;
  if (zone?.kind === "constant" && typeof zone.value === "string" && !isZone(zone.value))
    return {
      message: `${JSON.stringify(zone.value)} is not a time zone`,
      hint: 'write an IANA name such as "Europe/Berlin", or an offset such as "+01:00"',
    };
  if (part || by?.kind !== "constant" || typeof by.value !== "string") return undefined;
  if (overload === "timestamp_format") return timePatternFault(by.value);
  return TIME_UNITS.includes(by.value)
    ? undefined
    : { message: `${JSON.stringify(by.value)} is not a unit of time`, hint: `write one of ${TIME_UNITS.join(", ")}` };
}

/** Returns the fault of the replacement in `regex.replace`, for a pattern with this number of groups. */
function replacementFault(by: Node | undefined, groups: number): Fault | undefined {
  if (by?.kind !== "constant" || typeof by.value !== "string") return undefined;
  for (const [, next = ""] of by.value.matchAll(/\\([\s\S]?)/g)) {
    if (next !== "\\" && !/\d/.test(next))
      return {
        message: "a backslash in a replacement must precede the number of a group or a backslash",
        hint: String.raw`write r'\\1' in the .proto for the text of the first group`,
      };
    if (Number(next) > groups)
      return {
        message: `the pattern has no group ${next}`,
        hint:
          groups === 0
            ? String.raw`write r'\\0' in the .proto for the whole match`
            : `write a number from 0 to ${groups}`,
      };
  }
  return undefined;
}

/**
 * Returns true if the text that could make the call fail is a valid literal. Searches do not count, because they may
 * take too many steps.
 */
export function isSoundLiteral(overload: string, args: readonly Node[]): boolean {
  if (overload.startsWith("regex_")) return false;
  return literalOf(overload, args) !== undefined && literalFault(overload, args) === undefined;
}

function literalOf(overload: string, args: readonly Node[]): string | undefined {
  const pattern = overload === "matches" || overload.startsWith("regex_");
  const node = pattern ? args[1] : { string_to_timestamp: args[0], string_to_duration: args[0] }[overload];
  return node?.kind === "constant" && typeof node.value === "string" ? node.value : undefined;
}

/** Returns true for RFC 3339. JavaScript's additions, such as February 30 and 24:00, are rejected, as at run time. */
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

/** Longest duration in CEL, in nanoseconds: 64 bits. */
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

/** Returns true if a text is a pattern of RE2. */
export const isPattern = (text: string): boolean => groupsOf(text) !== undefined;

/** Returns the number of groups in a pattern. Undefined if the text is no pattern. */
function groupsOf(text: string): number | undefined {
  try {
    return new RE2JS(withEscapedBraces(text)).groupCount();
  } catch {
    return undefined;
  }
}

/**
 * Escapes braces that begin no repetition. Such a brace is a character, which may be repeated, but RE2JS supports this
 * only for an escaped one. The runtime's text/pattern.ts, which this may not import, has the same code;
 * test/features/expressions/patterns.test.ts compares both.
 */
function withEscapedBraces(pattern: string): string {
  const parts =
    /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]|\{(?=[?*+]|\{\d+(?:,\d*)?\})/g;
  return pattern.replace(parts, (part) => (part === "{" ? "\\{" : part));
}
