import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDuration } from "./duration.ts";

const milliseconds = (value: string) => {
  const parsed = parseDuration(value);
  return parsed.ok ? parsed.milliseconds : undefined;
};

describe("durations", () => {
  test.each([
    ["80ms", 80],
    ["2s", 2000],
    ["1.1s", 1100],
    ["0.5ms", 0.5],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
    ["24d", 24 * 24 * 3_600_000],
    ["010s", 10_000],
    ["34560m", 24 * 24 * 3_600_000],
  ])("%s is %d ms", (value, expected) => {
    expect(milliseconds(value)).toBe(expected);
  });

  test.each([
    ["", 'write a number followed by "ms", "s", "m", "h" or "d", as in "250ms"'],
    ["5", 'write the unit, as in "5ms" or "5s"'],
    ["5 ms", 'write "5ms"'],
    ["5MS", 'write "5ms"'],
    ["2hours", 'write "2h"'],
    ["2H", 'write "2h"'],
    ["1 day", 'write "1d"'],
    ["10sec", 'write "10s"'],
    ["3 minutes", 'write "3m"'],
    ["+1s", 'write "1s"'],
    ["1m30s", 'write a number followed by "ms", "s", "m", "h" or "d", as in "250ms"'],
    ["1e3ms", 'write a number followed by "ms", "s", "m", "h" or "d", as in "250ms"'],
    [".5s", 'write a number followed by "ms", "s", "m", "h" or "d", as in "250ms"'],
    ["1s\n", 'write "1s"'],
  ])("%j is malformed", (value, hint) => {
    expect(parseDuration(value)).toEqual({ ok: false, malformed: true, problem: "is malformed", hint });
  });

  test.each([
    ["0ms", "is zero"],
    ["0.0000000001ms", "is zero"],
    ["-5ms", "is negative"],
    ["34560.1m", "is longer than 24 days"],
  ])("%s is out of range", (value, problem) => {
    expect(parseDuration(value)).toMatchObject({ ok: false, malformed: false, problem });
  });

  test("a whole number of units is exact", () => {
    const unit = fc.constantFrom(["ms", 1], ["s", 1000], ["m", 60_000] as const);
    const long = fc.constantFrom(["h", 3_600_000, 576], ["d", 86_400_000, 24] as const);
    fc.assert(
      fc.property(fc.nat(1_000), long, (n, [name, factor, most]) => {
        expect(milliseconds(`${n + 1}${name}`)).toBe(n < most ? (n + 1) * factor : undefined);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 34_560 }), unit, (n, [name, factor]) => {
        expect(milliseconds(`${n}${name}`)).toBe(n * Number(factor));
      }),
    );
  });

  test("thousandths of a second are whole milliseconds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (n) => {
        expect(milliseconds(`${(n / 1000).toFixed(3)}s`)).toBe(n);
      }),
    );
  });

  test("accepted texts have one syntax, and refused texts have a correction", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."0123456789.mshd -+e"), maxLength: 6 }), (value) => {
        const parsed = parseDuration(value);
        const [, unit = ""] = /(ms|s|m|h|d)$/.exec(value) ?? [];
        const factor = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit] ?? Number.NaN;
        const inRange = Number.parseFloat(value) * factor <= 34_560 * 60_000;
        expect(parsed.ok).toBe(/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(value) && Number.parseFloat(value) >= 1e-6 && inRange);
        expect(parsed.ok || parsed.hint.startsWith("write")).toBe(true);
      }),
    );
  });
});
