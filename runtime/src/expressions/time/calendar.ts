// Moments reckoned by the calendar of a zone, as java.time has it.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { ExpressionError } from "../value/error.ts";
import type { Time } from "../value/shape.ts";
import { timestamp } from "./time.ts";
import { local, momentOf, offsetAt } from "./zone.ts";

type Int = number | bigint;

/** Truncates a local time to each unit; its UTC parts are the local ones. A week begins on Monday (ISO 8601). */
const UNITS: Readonly<Record<string, (date: Date) => void>> = {
  year: (date) => date.setUTCMonth(0, 1),
  quarter: (date) => date.setUTCMonth(Math.floor(date.getUTCMonth() / 3) * 3, 1),
  month: (date) => date.setUTCDate(1),
  week: (date) => date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7)),
  day: () => {},
  hour: () => {},
  minute: () => {},
  second: () => {},
};

/**
 * Returns the beginning of the unit that contains a moment, in a zone or in UTC (as `date_trunc` of PostgreSQL). Units:
 * year, quarter, month, week, day, hour, minute, second. Throws ExpressionError for another unit, an invalid zone, and
 * a timestamp that is malformed or would be out of range.
 */
export function truncateTime(time: Time, unit: string, zone?: string): Timestamp {
  const begin = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  if (begin === undefined) throw new ExpressionError("no such unit of time");
  const date = local(time, zone);
  begin(date);
  date.setUTCMilliseconds(0);
  if (unit !== "second") date.setUTCSeconds(0);
  if (unit !== "second" && unit !== "minute") date.setUTCMinutes(0);
  if (!["second", "minute", "hour"].includes(unit)) date.setUTCHours(0);
  return moved(time, date, zone, 0);
}

/**
 * Returns the same local time after a number of years; February 29 becomes 28. Throws ExpressionError as
 * `truncateTime`.
 */
export function addYears(time: Time, years: Int, zone?: string): Timestamp {
  return addMonths(time, BigInt(years) * 12n, zone);
}

/**
 * Returns the same local time after a number of months, on the last day if the month lacks the day. Throws
 * ExpressionError as `truncateTime`.
 */
export function addMonths(time: Time, months: Int, zone?: string): Timestamp {
  const date = local(time, zone);
  const day = date.getUTCDate();
  // The first of the month, so that no month is skipped.
  date.setUTCMonth(date.getUTCMonth() + within(months), 1);
  const last = new Date(date);
  last.setUTCMonth(last.getUTCMonth() + 1, 0);
  date.setUTCDate(Math.min(day, last.getUTCDate()));
  return moved(time, date, zone, time.nanos % 1_000_000);
}

/** Returns the same local time after a number of days. Throws ExpressionError as `truncateTime`. */
export function addDays(time: Time, days: Int, zone?: string): Timestamp {
  const date = local(time, zone);
  date.setUTCDate(date.getUTCDate() + within(days));
  return moved(time, date, zone, time.nanos % 1_000_000);
}

/** Converts a count. Throws ExpressionError beyond 4,000,000, which is more than all days of the supported years. */
function within(count: Int): number {
  if (count > 4_000_000 || count < -4_000_000) throw new ExpressionError("timestamp out of range");
  return Number(count);
}

/** `nanos`: those below a millisecond. */
function moved(from: Time, date: Date, zone: string | undefined, nanos: number): Timestamp {
  const offset = offsetAt(Number(from.seconds) * 1000, zone);
  const millis = momentOf(date.getTime(), zone, offset);
  const seconds = Math.floor(millis / 1000);
  return timestamp(BigInt(seconds), (millis - seconds * 1000) * 1_000_000 + nanos);
}
