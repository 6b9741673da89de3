import { describe, expect, it } from "vitest";
import { toDuration, toTimestamp } from "../conversion/conversion.ts";
import { ExpressionError } from "../value/error.ts";
import * as time from "./time.ts";

const leap = toTimestamp("2020-02-29T23:30:15.25Z");
const old = toTimestamp("1969-12-31T23:59:59.75Z");

it("timestamps and durations are added and subtracted", () => {
  expect(time.addToTimestamp(leap, toDuration("29m44.75s"))).toEqual(toTimestamp("2020-03-01T00:00:00Z"));
  expect(time.subtractFromTimestamp(toTimestamp("1970-01-01T00:00:00Z"), toDuration("250ms"))).toEqual(old);
  expect(time.between(old, toTimestamp("1970-01-01T00:00:00Z"))).toEqual(toDuration("-250ms"));
  expect(time.addDurations(toDuration("1.6s"), toDuration("1.6s"))).toEqual(toDuration("3.2s"));
  expect(time.subtractDurations(toDuration("1s"), toDuration("1.5s"))).toEqual(toDuration("-500ms"));
});

it("results outside of the range fail", () => {
  const last = toTimestamp("9999-12-31T23:59:59Z");
  expect(() => time.addToTimestamp(last, toDuration("1s"))).toThrow(ExpressionError);
  expect(() => time.addDurations(toDuration("2540400h"), toDuration("2540400h"))).toThrow(ExpressionError);
});

describe("parts", () => {
  it.each<[string, number, number]>([
    ["year", time.fullYear(leap), 2020],
    ["month, from 0", time.month(leap), 1],
    ["date, from 1", time.date(leap), 29],
    ["day of month, from 0", time.dayOfMonth(leap), 28],
    ["day of week, Sunday first", time.dayOfWeek(leap), 6],
    ["day of year, from 0", time.dayOfYear(leap), 59],
    ["hours", time.hours(leap), 23],
    ["minutes", time.minutes(leap), 30],
    ["seconds", time.seconds(leap), 15],
    ["milliseconds", time.milliseconds(leap), 250],
    ["milliseconds before 1970", time.milliseconds(old), 750],
    ["hours with an offset", time.hours(leap, "+02:00"), 1],
    ["minutes with a negative offset", time.minutes(leap, "-00:45"), 45],
    ["hours in a zone", time.hours(leap, "America/New_York"), 18],
    ["date in a zone", time.date(leap, "Asia/Tokyo"), 1],
  ])("%s", (_, part, expected) => {
    expect(part).toBe(expected);
  });

  it.each([
    "Mars/Olympus",
    // What Intl takes beyond the names of zones.
    ...["PST", "utc", "america/new_york", "AMERICA/NEW_YORK", "+0530", "+05"],
    // Beyond a day, or an hour.
    ...["+24:00", "+99:99", "+00:60", "-24:00"],
  ])("parts need an existing zone, unlike %s", (zone) => {
    expect(() => time.hours(leap, zone)).toThrow(ExpressionError);
  });

  it.each(["EST", "US/Pacific", "Asia/Calcutta", "GMT+0", "W-SU", "-23:59", "05:30"])(
    "parts accept the zone %s",
    (zone) => {
      expect(time.hours(leap, zone)).toBeGreaterThanOrEqual(0);
    },
  );

  it("parts need a valid timestamp", () => {
    for (const seconds of [2n ** 62n, -(2n ** 62n), 253_402_300_800n]) {
      expect(() => time.fullYear({ seconds, nanos: 0 })).toThrow(ExpressionError);
    }
  });
});

it("durations are converted to units", () => {
  const duration = toDuration("-1h30m1.25s");
  expect(time.durationHours(duration)).toBe(-1n);
  expect(time.durationMinutes(duration)).toBe(-90n);
  expect(time.durationSeconds(duration)).toBe(-5401n);
  expect(time.durationMilliseconds(duration)).toBe(-250);
});
