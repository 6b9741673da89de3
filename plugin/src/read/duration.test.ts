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
    ["010s", 10_000],
    ["34560m", 24 * 24 * 3_600_000],
  ])("%s is %d ms", (value, expected) => {
    expect(milliseconds(value)).toBe(expected);
  });

  test.each([
    ["", 'write a number followed by "ms", "s" or "m", as in "250ms"'],
    ["5", 'write the unit, as in "5ms" or "5s"'],
    ["5 ms", 'write "5ms"'],
    ["5MS", 'write "5ms"'],
    ["2h", 'write "120m"'],
    ["10sec", 'write "10s"'],
    ["3 minutes", 'write "3m"'],
    ["+1s", 'write "1s"'],
    ["1m30s", 'write a number followed by "ms", "s" or "m", as in "250ms"'],
    ["1e3ms", 'write a number followed by "ms", "s" or "m", as in "250ms"'],
    [".5s", 'write a number followed by "ms", "s" or "m", as in "250ms"'],
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

  test("any whole number of units is exactly that many", () => {
    const unit = fc.constantFrom(["ms", 1], ["s", 1000], ["m", 60_000] as const);
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

  test("whatever is read has the one syntax, and what is not says what to write", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."0123456789.msh -+e"), maxLength: 6 }), (value) => {
        const parsed = parseDuration(value);
        const inRange = Number.parseFloat(value) * (/s$/.test(value) ? 1 : 60_000) <= 34_560 * 60_000;
        expect(parsed.ok).toBe(/^\d+(\.\d+)?(ms|s|m)$/.test(value) && Number.parseFloat(value) >= 1e-6 && inRange);
        expect(parsed.ok || parsed.hint.startsWith("write")).toBe(true);
      }),
    );
  });
});
