// Letters in patterns for times: Unicode TR 35, "Date Format Patterns", as far as the runtime supports it.

/** Allowed repetitions of each letter. */
const COUNTS: Readonly<Record<string, readonly number[]>> = {
  y: [1, 2, 3, 4],
  Q: [1, 2, 3],
  M: [1, 2, 3, 4],
  d: [1, 2],
  D: [1, 3],
  E: [1, 2, 3, 4],
  a: [1],
  H: [1, 2],
  h: [1, 2],
  m: [1, 2],
  s: [1, 2],
  S: [1, 2, 3, 4, 5, 6, 7, 8, 9],
  X: [1, 2, 3],
  x: [1, 2, 3],
  V: [2],
};

/** Corrections for letters of other languages, and for letters with another meaning. */
const MEANT: Readonly<Record<string, string>> = {
  Y: "write yyyy: Y is the year that a week belongs to",
  u: "write yyyy",
  D: "write dd for the day of the month, D or DDD for that of the year",
  A: "write a for AM and PM",
  Z: "write xx for an offset such as +0100, XXX for one such as +01:00",
  z: "write XXX for the offset, VV for the name of the zone",
  L: "write M",
  k: "write H for hours from 0 to 23",
  K: "write h for hours from 1 to 12",
  e: "write E for the day of the week",
};

interface PatternFault {
  readonly message: string;
  readonly hint: string;
}

/** Returns the fault of a pattern for times. Undefined if there is none. */
export function timePatternFault(pattern: string): PatternFault | undefined {
  for (const [part, , letter] of pattern.matchAll(/'((?:[^']|'')*)'|([A-Za-z])\2*|%[A-Za-z]|['[\]{}#]/g)) {
    if (part.startsWith("%"))
      return {
        message: `"${part}" belongs to strftime, and this is a pattern of Unicode`,
        hint: 'write a pattern such as "yyyy-MM-dd HH:mm"',
      };
    if (part === "'")
      return {
        message: "a quote in the pattern is not closed",
        hint: "close the quote, or write '' for a literal quote",
      };
    if (letter === undefined && !part.startsWith("'"))
      return { message: `"${part}" has a special meaning in patterns`, hint: `quote it: '${part}'` };
    if (letter !== undefined && !COUNTS[letter]?.includes(part.length))
      return {
        message: `"${part}" is not a part of a time`,
        hint: MEANT[letter] ?? `quote literal text: '${part}'`,
      };
  }
  return undefined;
}

/** Units of `truncate`. */
export const TIME_UNITS = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"];

/** Abbreviations that Intl accepts although they are no names of zones. */
const ABBREVIATIONS =
  /^(ACT|AET|AGT|ART|AST|BET|BST|CAT|CNT|CST|CTT|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|PNT|PRT|PST|SST|VST|SystemV\/.*)$/;

/**
 * Returns true for a valid zone: an offset, or an IANA name in its exact case. The runtime's time/zone.ts, which this
 * may not import, has the same code; test/features/expressions/zones.test.ts compares both.
 */
export function isZone(zone: string): boolean {
  if (/^[+-]?([01]\d|2[0-3]):[0-5]\d$/.test(zone) || zone === "") return true;
  if (/^[+-]|(^|\/)[a-z]/.test(zone) || ABBREVIATIONS.test(zone)) return false;
  try {
    const known = new Intl.DateTimeFormat("en-US", { timeZone: zone }).resolvedOptions().timeZone;
    return zone === known || zone.toLowerCase() !== known.toLowerCase();
  } catch {
    return false;
  }
}
