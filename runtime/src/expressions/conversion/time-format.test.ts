import { expect, it } from "vitest";
import { parseTimestamp } from "../time/time.ts";
import { ExpressionError } from "../value/error.ts";
import { formatAny, formatTime } from "./time-format.ts";

const TIME = parseTimestamp("2020-02-29T23:05:09.25Z");

// Texts of java.time; test/features/expressions/times.corpora.test.ts has random ones.
it.each([
  ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "UTC", "2020-02-29T23:05:09.250Z"],
  ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "Europe/Berlin", "2020-03-01T00:05:09.250+01:00"],
  ["EEEE, d MMMM yyyy", "America/New_York", "Saturday, 29 February 2020"],
  ["E MMM d h:mm a", "Asia/Kolkata", "Sun Mar 1 4:35 AM"],
  ["y yy yyyy", "UTC", "2020 20 2020"],
  ["Q QQ QQQ", "UTC", "1 01 Q1"],
  ["D DDD", "UTC", "60 060"],
  ["S SSSSSSSSS", "UTC", "2 250000000"],
  ["X XX XXX x xx xxx", "UTC", "Z Z Z +00 +0000 +00:00"],
  ["X XX XXX x xx xxx", "Asia/Kolkata", "+0530 +0530 +05:30 +0530 +0530 +05:30"],
  ["X x", "-08:00", "-08 -08"],
  ["VV", "Europe/Berlin", "Europe/Berlin"],
  ["h 'o''clock' ''a''", "UTC", "11 o'clock 'PM'"],
])("%s in %s", (pattern, zone, expected) => {
  expect(formatTime(TIME, pattern, zone)).toBe(expected);
});

it("the default zone is UTC", () => {
  expect(formatTime(TIME, "HH VV")).toBe("23 UTC");
});

it.each(["YYYY", "DD", "yyyyy", "MMMMM", "aa", "SSSSSSSSSS", "XXXX", "V", "b", "[H]", "'a", "{", "#"])(
  "%s is not a valid pattern",
  (pattern) => {
    expect(() => formatTime(TIME, pattern)).toThrow(ExpressionError);
  },
);

it("an unknown zone fails", () => {
  expect(() => formatTime(TIME, "H", "Europe/Nowhere")).toThrow(ExpressionError);
});

it("a dyn is formatted as a text or as a timestamp", () => {
  expect(formatAny("%d", [1n])).toBe("1");
  expect(formatAny(TIME, "yyyy")).toBe("2020");
  expect(() => formatAny(TIME, [1n])).toThrow(ExpressionError);
  expect(() => formatAny(1n, "yyyy")).toThrow(ExpressionError);
});
