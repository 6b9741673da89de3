// Timestamps and durations: protobuf-es messages, normalized (CEL spec, "Timestamp and Duration").
import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { Time } from "./equal.ts";
import { ExpressionError } from "./error.ts";

const NANOS = 1_000_000_000n;
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;
const MAX_DURATION = 2n ** 63n - 1n;

/** Throws ExpressionError outside of the years 1 to 9999. */
export function timestampOf(nanos: bigint): Timestamp {
  const seconds = floorDivide(nanos, NANOS);
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) throw new ExpressionError("timestamp out of range");
  return create(TimestampSchema, { seconds, nanos: Number(nanos - seconds * NANOS) });
}

/** Throws ExpressionError when the nanoseconds do not fit into 64 bits. */
export function durationOf(nanos: bigint): Duration {
  if (nanos > MAX_DURATION || nanos < -MAX_DURATION - 1n) throw new ExpressionError("duration out of range");
  return create(DurationSchema, { seconds: nanos / NANOS, nanos: Number(nanos % NANOS) });
}

export function nanosOf(time: Time): bigint {
  return time.seconds * NANOS + BigInt(time.nanos);
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

export function addToTimestamp(timestamp: Time, duration: Time): Timestamp {
  return timestampOf(nanosOf(timestamp) + nanosOf(duration));
}

export function subtractFromTimestamp(timestamp: Time, duration: Time): Timestamp {
  return timestampOf(nanosOf(timestamp) - nanosOf(duration));
}

/** The time from `b` to `a`. */
export function between(a: Time, b: Time): Duration {
  return durationOf(nanosOf(a) - nanosOf(b));
}

export function addDurations(a: Time, b: Time): Duration {
  return durationOf(nanosOf(a) + nanosOf(b));
}

export function subtractDurations(a: Time, b: Time): Duration {
  return durationOf(nanosOf(a) - nanosOf(b));
}

// ---- parts of a timestamp; numbered from 0 as in CEL, except `date` ----

export function fullYear(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCFullYear();
}
export function month(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCMonth();
}
/** The day of the month, from 1. */
export function date(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCDate();
}
export function dayOfMonth(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCDate() - 1;
}
/** 0 is Sunday. */
export function dayOfWeek(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCDay();
}
export function dayOfYear(timestamp: Time, zone?: string): number {
  const day = local(timestamp, zone);
  const first = new Date(day);
  first.setUTCMonth(0, 1);
  return Math.round((day.getTime() - first.getTime()) / 86_400_000);
}
export function hours(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCHours();
}
export function minutes(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCMinutes();
}
export function seconds(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCSeconds();
}
export function milliseconds(timestamp: Time, zone?: string): number {
  return local(timestamp, zone).getUTCMilliseconds();
}

/** A date whose UTC parts are the local parts in `zone`: an IANA name, or an offset such as "+02:00". Throws ExpressionError for another. */
function local(timestamp: Time, zone: string | undefined): Date {
  const millis = Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1e6);
  if (zone === undefined || zone === "" || zone === "UTC") return new Date(millis);
  const [, sign, hour, minute] = /^([+-]?)(\d\d):(\d\d)$/.exec(zone) ?? [];
  if (hour !== undefined && minute !== undefined) {
    const offset = (Number(hour) * 60 + Number(minute)) * 60_000;
    return new Date(millis + (sign === "-" ? -offset : offset));
  }
  return new Date(millis + zoneOffset(millis, zone));
}

/** What local time is ahead of UTC, in milliseconds. */
function zoneOffset(millis: number, zone: string): number {
  try {
    const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" }).formatToParts(
      millis,
    );
    const name = parts.find((part) => part.type === "timeZoneName")?.value ?? "";
    const [, sign, hour, minute, second] = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(name) ?? [];
    const offset = (Number(hour ?? 0) * 3600 + Number(minute ?? 0) * 60 + Number(second ?? 0)) * 1000;
    return sign === "-" ? -offset : offset;
  } catch {
    throw new ExpressionError(`no such time zone: ${zone}`);
  }
}

// ---- a duration in units, truncated towards zero ----

export function durationHours(duration: Time): bigint {
  return duration.seconds / 3600n;
}
export function durationMinutes(duration: Time): bigint {
  return duration.seconds / 60n;
}
export function durationSeconds(duration: Time): bigint {
  return duration.seconds;
}
/** The milliseconds within the second. */
export function durationMilliseconds(duration: Time): number {
  return Math.trunc(duration.nanos / 1e6);
}
