const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };
/** What a timer can wait at most: 2^31 - 1 ms, a little under 25 days. */
const longest = 24 * 24 * 60 * 60_000;

export type ParsedDuration =
  | { readonly ok: true; readonly milliseconds: number }
  /** `problem` completes "the duration …"; `malformed` tells bad syntax from a value out of range. */
  | { readonly ok: false; readonly malformed: boolean; readonly problem: string; readonly hint: string };

const advice = 'write a number followed by "ms", "s" or "m", as in "250ms"';

/** Reads a duration: a decimal number with `ms`, `s` or `m`, more than zero and at most 24 days. */
export function parseDuration(value: string): ParsedDuration {
  const match = /^([+-]?)(\d+(?:\.\d+)?)(ms|s|m)$/.exec(value);
  if (match === null) return { ok: false, malformed: true, problem: "is malformed", hint: suggestion(value) };
  const [, sign, number = "", unit = ""] = match;
  // 1.1 * 1000 is 1100.0000000000002: nobody means the nanoseconds after the point.
  const milliseconds = Math.round(Number(number) * (units[unit] ?? 1) * 1e6) / 1e6;
  const range = (problem: string, hint: string): ParsedDuration => ({ ok: false, malformed: false, problem, hint });
  if (sign === "-") return range("is negative", "write a duration of more than zero");
  if (sign === "+") return { ok: false, malformed: true, problem: "is malformed", hint: `write "${number}${unit}"` };
  if (milliseconds === 0)
    return range("is zero", "write a duration of more than zero, or leave it out for the default");
  if (milliseconds > longest) return range("is longer than 24 days", "write a duration that a request can wait");
  return { ok: true, milliseconds };
}

/** What was probably meant. */
function suggestion(value: string): string {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-zA-Zµμ]*)\s*$/.exec(value);
  if (match === null) return advice;
  const [, number = "", unit = ""] = match;
  if (unit === "") return `write the unit, as in "${number}ms" or "${number}s"`;
  const lower = unit.toLowerCase();
  if (lower in units) return `write "${number}${lower}"`;
  if (/^(h|hr|hours?)$/.test(lower)) return `write "${Number(number) * 60}m"`;
  if (/^(sec|secs|seconds?)$/.test(lower)) return `write "${number}s"`;
  if (/^(min|mins|minutes?)$/.test(lower)) return `write "${number}m"`;
  if (/^(msec|millis|milliseconds?)$/.test(lower)) return `write "${number}ms"`;
  return advice;
}
