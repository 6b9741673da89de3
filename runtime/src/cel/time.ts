// Timestamps and durations: protobuf-es messages, normalized (CEL spec, "Timestamp and Duration").
import { fromJson, toJson } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { ExpressionError } from "./error.ts";
import type { Time } from "./shape.ts";

const NANOS = 1_000_000_000;
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;
const MAX_DURATION = 2n ** 63n - 1n;
/** Fewer seconds than these are sure to fit into 64 bits of nanoseconds. */
const SAFE_SECONDS = 9_223_372_036n;

/** Throws ExpressionError outside of the years 1 to 9999. `nanos`: any that are safe integers. */
export function timestamp(seconds: bigint, nanos: number): Timestamp {
  const whole = Math.floor(nanos / NANOS);
  const sum = whole === 0 ? seconds : seconds + BigInt(whole);
  if (sum < FIRST_SECOND || sum > LAST_SECOND) throw new ExpressionError("timestamp out of range");
  // What `create` makes, without asking the schema.
  return { $typeName: "google.protobuf.Timestamp", seconds: sum, nanos: nanos - whole * NANOS };
}

/** Throws ExpressionError when the nanoseconds do not fit into 64 bits. `nanos`: any that are safe integers. */
export function duration(seconds: bigint, nanos: number): Duration {
  let whole = Math.trunc(nanos / NANOS);
  const total = seconds + BigInt(whole);
  let rest = nanos - whole * NANOS;
  // Both have the same sign.
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

/** From RFC 3339, with at most nine digits of a fraction. Throws ExpressionError for another text, and outside of the years 1 to 9999. */
export function parseTimestamp(text: string): Timestamp {
  const [, month = "", day = "", hour = ""] = RFC3339.exec(text) ?? [];
  // JavaScript takes February 30 for March 1, and 24:00 for the next day.
  const last = new Date(Date.UTC(Number(text.slice(0, 4)), Number(month), 0)).getUTCDate();
  try {
    if (Number(day) >= 1 && Number(day) <= last && Number(hour) < 24) return fromJson(TimestampSchema, text);
  } catch {
    // Said below.
  }
  throw new ExpressionError(`not a timestamp: ${text}`);
}

/** As protobuf's JSON has it. Throws ExpressionError for what is no timestamp and no duration: out of range, or not normalized. */
export function timeText(time: Time & { readonly $typeName: string }): string {
  try {
    return time.$typeName === TimestampSchema.typeName
      ? toJson(TimestampSchema, time as Timestamp)
      : toJson(DurationSchema, time as Duration);
  } catch {
    throw new ExpressionError(`a malformed ${time.$typeName}`);
  }
}

export function addToTimestamp(to: Time, added: Time): Timestamp {
  return timestamp(to.seconds + added.seconds, to.nanos + added.nanos);
}

export function subtractFromTimestamp(from: Time, subtracted: Time): Timestamp {
  return timestamp(from.seconds - subtracted.seconds, from.nanos - subtracted.nanos);
}

/** The time from `b` to `a`. */
export function between(a: Time, b: Time): Duration {
  return duration(a.seconds - b.seconds, a.nanos - b.nanos);
}

export function addDurations(a: Time, b: Time): Duration {
  return duration(a.seconds + b.seconds, a.nanos + b.nanos);
}

export function subtractDurations(a: Time, b: Time): Duration {
  return duration(a.seconds - b.seconds, a.nanos - b.nanos);
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

/**
 * A date whose UTC parts are the local parts in `zone`: an IANA name, or an offset such as "+02:00". Throws ExpressionError for another, and
 * for a timestamp outside of the years 1 to 9999, which only a message can hold.
 */
function local(timestamp: Time, zone: string | undefined): Date {
  if (timestamp.seconds < FIRST_SECOND || timestamp.seconds > LAST_SECOND) {
    throw new ExpressionError("timestamp out of range");
  }
  const millis = Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1e6);
  if (zone === undefined || zone === "" || zone === "UTC") return new Date(millis);
  // 23:59 is as far as an offset goes (CEL spec, "Timezones").
  const [, sign, hour, minute] = /^([+-]?)([01]\d|2[0-3]):([0-5]\d)$/.exec(zone) ?? [];
  if (hour !== undefined && minute !== undefined) {
    const offset = (Number(hour) * 60 + Number(minute)) * 60_000;
    return new Date(millis + (sign === "-" ? -offset : offset));
  }
  return new Date(millis + zoneOffset(millis, zone));
}

/** What local time is ahead of UTC, in milliseconds. */
function zoneOffset(millis: number, zone: string): number {
  const parts = zoneFormat(zone).formatToParts(millis);
  const name = parts.find((part) => part.type === "timeZoneName")?.value ?? "";
  const [, sign, hour, minute, second] = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(name) ?? [];
  const offset = (Number(hour ?? 0) * 3600 + Number(minute ?? 0) * 60 + Number(second ?? 0)) * 1000;
  return sign === "-" ? -offset : offset;
}

/** Made once for each zone: there are some 600. */
const zoneFormats = new Map<string, Intl.DateTimeFormat>();

function zoneFormat(zone: string): Intl.DateTimeFormat {
  const before = zoneFormats.get(zone);
  if (before !== undefined) return before;
  try {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
    if (isZoneName(zone, format.resolvedOptions().timeZone)) {
      zoneFormats.set(zone, format);
      return format;
    }
  } catch {
    // Said below.
  }
  throw new ExpressionError(`no such time zone: ${zone}`);
}

/** Abbreviations that Intl takes although they are no names of zones. */
const ABBREVIATIONS =
  /^(ACT|AET|AGT|ART|AST|BET|BST|CAT|CNT|CST|CTT|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|PNT|PRT|PST|SST|VST|SystemV\/.*)$/;

/** Whether Intl's leniency did not help: it takes offsets without a colon, abbreviations, and names in any case. */
function isZoneName(zone: string, known: string): boolean {
  if (/^[+-]|(^|\/)[a-z]/.test(zone) || ABBREVIATIONS.test(zone)) return false;
  return zone === known || zone.toLowerCase() !== known.toLowerCase();
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
