// Timestamps and durations: protobuf-es messages, normalized (CEL spec, "Timestamp and Duration").
import { fromJson, toJson } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { ExpressionError } from "../value/error.ts";
import type { Time } from "../value/shape.ts";
import { FIRST_SECOND, LAST_SECOND, local } from "./zone.ts";

const NANOS = 1_000_000_000;
const MAX_DURATION = 2n ** 63n - 1n;
/** Fewer seconds than these are sure to fit into 64 bits of nanoseconds. */
const SAFE_SECONDS = 9_223_372_036n;

/** Throws ExpressionError outside of the years 1 to 9999. `nanos`: any that are safe integers. */
export function timestamp(seconds: bigint, nanos: number): Timestamp {
  const whole = Math.floor(nanos / NANOS);
  const sum = whole === 0 ? seconds : seconds + BigInt(whole);
  if (sum < FIRST_SECOND || sum > LAST_SECOND) throw new ExpressionError("timestamp out of range");
  // The result of `create`, without a look-up in the schema.
  return { $typeName: "google.protobuf.Timestamp", seconds: sum, nanos: nanos - whole * NANOS };
}

/** Throws ExpressionError when the nanoseconds do not fit into 64 bits. `nanos`: any that are safe integers. */
export function duration(seconds: bigint, nanos: number): Duration {
  let whole = Math.trunc(nanos / NANOS);
  const total = seconds + BigInt(whole);
  let rest = nanos - whole * NANOS;
  // Seconds and nanoseconds must have the same sign.
  if (total > 0n && rest < 0) whole -= 1;
  else if (total < 0n && rest > 0) whole += 1;
  rest = nanos - whole * NANOS;
  const sum = seconds + BigInt(whole);
  if (sum >= SAFE_SECONDS || sum <= -SAFE_SECONDS) checkDuration(sum * BigInt(NANOS) + BigInt(rest));
  return { $typeName: "google.protobuf.Duration", seconds: sum, nanos: rest === 0 ? 0 : rest };
}

function checkDuration(nanos: bigint): void {
  if (nanos > MAX_DURATION || nanos < -MAX_DURATION - 1n) throw new ExpressionError("duration out of range");
}

/** Throws ExpressionError when the nanoseconds do not fit into 64 bits. */
export function durationOf(nanos: bigint): Duration {
  checkDuration(nanos);
  return duration(nanos / BigInt(NANOS), Number(nanos % BigInt(NANOS)));
}

const RFC3339 = /^\d{4}-(\d\d)-(\d\d)T(\d\d):\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Parses RFC 3339, with at most nine digits of a fraction. Throws ExpressionError for another text, and outside of the
 * years 1 to 9999.
 */
export function parseTimestamp(text: string): Timestamp {
  const [, month = "", day = "", hour = ""] = RFC3339.exec(text) ?? [];
  // JavaScript takes February 30 for March 1, and 24:00 for the next day.
  const last = new Date(Date.UTC(Number(text.slice(0, 4)), Number(month), 0)).getUTCDate();
  try {
    if (Number(day) >= 1 && Number(day) <= last && Number(hour) < 24) return fromJson(TimestampSchema, text);
  } catch {
    // The error is thrown below.
  }
  throw new ExpressionError("not a timestamp");
}

/**
 * Formats a time as in protobuf's JSON. Throws ExpressionError for an invalid timestamp or duration: out of range, or
 * not normalized.
 */
export function timeText(time: Time & { readonly $typeName: string }): string {
  try {
    return time.$typeName === TimestampSchema.typeName
      ? toJson(TimestampSchema, time as Timestamp)
      : toJson(DurationSchema, time as Duration);
  } catch {
    throw new ExpressionError(`a malformed ${time.$typeName}`);
  }
}

/**
 * Adds a duration to a timestamp.
 *
 * @throws ExpressionError if the result is out of range
 */
export function addToTimestamp(to: Time, added: Time): Timestamp {
  return timestamp(to.seconds + added.seconds, to.nanos + added.nanos);
}

/**
 * Subtracts a duration from a timestamp.
 *
 * @throws ExpressionError if the result is out of range
 */
export function subtractFromTimestamp(from: Time, subtracted: Time): Timestamp {
  return timestamp(from.seconds - subtracted.seconds, from.nanos - subtracted.nanos);
}

/** The time from `b` to `a`. */
export function between(a: Time, b: Time): Duration {
  return duration(a.seconds - b.seconds, a.nanos - b.nanos);
}

/**
 * Adds two durations.
 *
 * @throws ExpressionError if the result is out of range
 */
export function addDurations(a: Time, b: Time): Duration {
  return duration(a.seconds + b.seconds, a.nanos + b.nanos);
}

/**
 * Subtracts the second duration from the first.
 *
 * @throws ExpressionError if the result is out of range
 */
export function subtractDurations(a: Time, b: Time): Duration {
  return duration(a.seconds - b.seconds, a.nanos - b.nanos);
}

// ---- parts of a timestamp; numbered from 0 as in CEL, except `date` ----

/**
 * Returns the year in a time zone. Default: UTC.
 *
 * @throws ExpressionError for an invalid time zone
 */
export function fullYear(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCFullYear();
}
/**
 * Returns the month in a time zone, from 0. Default: UTC.
 *
 * @throws ExpressionError for an invalid time zone
 */
export function month(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCMonth();
}
/** The day of the month, from 1. */
export function date(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCDate();
}
/**
 * Returns the day of the month in a time zone, from 0. Default: UTC.
 *
 * @throws ExpressionError for an invalid time zone
 */
export function dayOfMonth(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCDate() - 1;
}
/** 0 is Sunday. */
export function dayOfWeek(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCDay();
}
/**
 * Returns the day of the year in a time zone, from 0. Default: UTC.
 *
 * @throws ExpressionError for an invalid time zone
 */
export function dayOfYear(timestamp: Time, zone?: string): number {
  const day = local(timestamp, zone);
  const first = new Date(day);
  first.setUTCMonth(0, 1);
  return Math.round((day.getTime() - first.getTime()) / 86_400_000);
}
/**
 * Returns the hour of the day in a time zone, from 0. Default: UTC.
 *
 * @throws ExpressionError for an invalid time zone
 */
export function hours(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCHours();
}
/**
 * Returns the minute of the hour in a time zone. Default: UTC.
 *
 * @throws ExpressionError for an invalid time zone
 */
export function minutes(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCMinutes();
}
/**
 * Returns the second of the minute in a time zone. Default: UTC.
 *
 * @throws ExpressionError for an invalid time zone
 */
export function seconds(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCSeconds();
}
/**
 * Returns the millisecond of the second in a time zone. Default: UTC.
 *
 * @throws ExpressionError for an invalid time zone
 */
export function milliseconds(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCMilliseconds();
}

// ---- a duration in units, truncated towards zero ----

/** Returns the whole hours of a duration. */
export function durationHours(duration: Time): bigint {
  return duration.seconds / 3600n;
}
/** Returns the whole minutes of a duration. */
export function durationMinutes(duration: Time): bigint {
  return duration.seconds / 60n;
}
/** Returns the whole seconds of a duration. */
export function durationSeconds(duration: Time): bigint {
  return duration.seconds;
}
/** The milliseconds within the second. */
export function durationMilliseconds(duration: Time): number {
  return Math.trunc(duration.nanos / 1e6);
}
