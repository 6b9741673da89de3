import { expect, it } from "vitest";
import { ExpressionError } from "../value/error.ts";
import { addDays, addMonths, addYears, truncateTime } from "./calendar.ts";
import { parseTimestamp, timeText } from "./time.ts";

const at = parseTimestamp;

// Dates of java.time; test/features/expressions/times.corpora.test.ts has random ones.
it.each<[string, ReturnType<typeof at>, string]>([
  ["a year", truncateTime(at("2020-05-15T12:34:56.7Z"), "year"), "2020-01-01T00:00:00Z"],
  ["a quarter", truncateTime(at("2020-05-15T12:34:56.7Z"), "quarter"), "2020-04-01T00:00:00Z"],
  ["a month", truncateTime(at("2020-02-29T23:30:15Z"), "month", "Asia/Tokyo"), "2020-02-29T15:00:00Z"],
  ["a week", truncateTime(at("2026-11-20T12:00:00Z"), "week"), "2026-11-16T00:00:00Z"],
  ["a week from its Monday", truncateTime(at("2026-11-16T00:00:00Z"), "week"), "2026-11-16T00:00:00Z"],
  ["a day", truncateTime(at("2020-05-15T12:34:56.7Z"), "day", "+05:30"), "2020-05-14T18:30:00Z"],
  ["an hour", truncateTime(at("2020-05-15T12:34:56.7Z"), "hour", "Asia/Kolkata"), "2020-05-15T12:30:00Z"],
  [
    "an hour that is there twice",
    truncateTime(at("2024-10-27T01:30:00Z"), "hour", "Europe/Berlin"),
    "2024-10-27T01:00:00Z",
  ],
  ["a minute", truncateTime(at("2020-05-15T12:34:56.7Z"), "minute"), "2020-05-15T12:34:00Z"],
  ["a second", truncateTime(at("2020-05-15T12:34:56.7Z"), "second"), "2020-05-15T12:34:56Z"],
  ["a second before 1970", truncateTime(at("1960-05-15T12:34:56.7Z"), "second"), "1960-05-15T12:34:56Z"],
  [
    "a day without midnight",
    truncateTime(at("2018-11-04T12:00:00Z"), "day", "America/Sao_Paulo"),
    "2018-11-04T03:00:00Z",
  ],
  ["years", addYears(at("2020-02-29T12:00:00Z"), 1), "2021-02-28T12:00:00Z"],
  ["months", addMonths(at("2020-01-31T12:00:00.123456789Z"), 1n), "2020-02-29T12:00:00.123456789Z"],
  ["months back", addMonths(at("2020-03-31T12:00:00Z"), -1), "2020-02-29T12:00:00Z"],
  ["days", addDays(at("2026-03-28T12:00:00Z"), 1, "Europe/Berlin"), "2026-03-29T11:00:00Z"],
  ["a day to a time that is skipped", addDays(at("2026-03-28T01:30:00Z"), 1, "Europe/Berlin"), "2026-03-29T01:30:00Z"],
  [
    "a day to a time that is there twice",
    addDays(at("2024-10-26T00:30:00Z"), 1, "Europe/Berlin"),
    "2024-10-27T00:30:00Z",
  ],
])("%s", (_, found, expected) => {
  expect(timeText(found)).toBe(expected);
});

it.each<[string, () => unknown]>([
  ["another unit", () => truncateTime(at("2020-05-15T12:34:56Z"), "decade")],
  ["a name that objects have", () => truncateTime(at("2020-05-15T12:34:56Z"), "toString")],
  ["another zone", () => addDays(at("2020-05-15T12:34:56Z"), 1, "Nowhere")],
  ["a year after 9999", () => addYears(at("2020-05-15T12:34:56Z"), 8000)],
  ["a year before 1", () => addMonths(at("0001-05-15T12:34:56Z"), -12)],
  ["no number of days", () => addDays(at("2020-05-15T12:34:56Z"), 2n ** 62n)],
])("%s fails", (_, run) => {
  expect(run).toThrow(ExpressionError);
});
