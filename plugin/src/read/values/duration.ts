const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Longest wait of a timer, in days: 2^31 - 1 ms are a little under 25. */
const TIMER_DAYS = 24;

type ParsedDuration =
  | { readonly ok: true; readonly milliseconds: number }
  /** `problem` completes "the duration …"; `malformed` separates bad syntax from a value out of range. */
  | { readonly ok: false; readonly malformed: boolean; readonly problem: string; readonly hint: string };

const advice = 'write a number followed by "ms", "s", "m", "h" or "d", as in "250ms"';

/** Returns true if a text is a duration of zero. */
export const isZeroDuration = (value: string): boolean => /^0+(\.0+)?(ms|s|m|h|d)$/.test(value);

/** Reads a duration: a decimal number with `ms`, `s`, `m`, `h` or `d`, more than zero and at most `days` days. */
export function parseDuration(value: string, days = TIMER_DAYS): ParsedDuration {
  const match = /^([+-]?)(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value);
  if (match === null) return { ok: false, malformed: true, problem: "is malformed", hint: suggestion(value) };
  const [, sign, number = "", unit = ""] = match;
  // 1.1 * 1000 is 1100.0000000000002, so the result is rounded to nanoseconds.
  const milliseconds = Math.round(Number(number) * (units[unit] ?? 1) * 1e6) / 1e6;
  const range = (problem: string, hint: string): ParsedDuration => ({ ok: false, malformed: false, problem, hint });
  if (sign === "-") return range("is negative", "write a duration of more than zero");
  if (sign === "+") return { ok: false, malformed: true, problem: "is malformed", hint: `write "${number}${unit}"` };
  if (milliseconds === 0)
    return range("is zero", "write a duration of more than zero, or leave it out for the default");
  if (milliseconds > days * 86_400_000) return range(`is longer than ${days} days`, `write at most "${days}d"`);
  return { ok: true, milliseconds };
}

/** Returns a hint with the duration that the author probably meant. */
function suggestion(value: string): string {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-zA-Zµμ]*)\s*$/.exec(value);
  if (match === null) return advice;
  const [, number = "", unit = ""] = match;
  if (unit === "") return `write the unit, as in "${number}ms" or "${number}s"`;
  const lower = unit.toLowerCase();
  if (lower in units) return `write "${number}${lower}"`;
  if (/^(hr|hours?)$/.test(lower)) return `write "${number}h"`;
  if (/^days?$/.test(lower)) return `write "${number}d"`;
  if (/^(sec|secs|seconds?)$/.test(lower)) return `write "${number}s"`;
  if (/^(min|mins|minutes?)$/.test(lower)) return `write "${number}m"`;
  if (/^(msec|millis|milliseconds?)$/.test(lower)) return `write "${number}ms"`;
  return advice;
}
