// Local times in zones of the IANA database, from Intl.

import { ExpressionError } from "../value/error.ts";
import type { Time } from "../value/shape.ts";

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
export const FIRST_SECOND = -62_135_596_800n;
export const LAST_SECOND = 253_402_300_799n;

/**
 * Returns a date whose UTC parts are the local parts in `zone`: an IANA name, or an offset such as "+02:00". Throws
 * ExpressionError for another zone, and for a timestamp outside of the years 1 to 9999, which only a message can hold.
 */
export function local(timestamp: Time, zone: string | undefined): Date {
  if (timestamp.seconds < FIRST_SECOND || timestamp.seconds > LAST_SECOND) {
    throw new ExpressionError("timestamp out of range");
  }
  const millis = Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1e6);
  return new Date(millis + offsetAt(millis, zone));
}

/**
 * Returns the offset of local time from UTC at a moment, both in milliseconds. Throws ExpressionError for an invalid
 * zone.
 */
export function offsetAt(millis: number, zone: string | undefined): number {
  if (zone === undefined || zone === "" || zone === "UTC") return 0;
  // 23:59 is the largest offset (CEL spec, "Timezones").
  const [, sign, hour, minute] = /^([+-]?)([01]\d|2[0-3]):([0-5]\d)$/.exec(zone) ?? [];
  if (hour === undefined || minute === undefined) return zoneOffset(millis, zone);
  const offset = (Number(hour) * 60 + Number(minute)) * 60_000;
  return sign === "-" ? -offset : offset;
}

const DAY = 86_400_000;

/**
 * Returns the moment of a local time, both in milliseconds; `own` is the offset of the moment from which it was
 * computed. A repeated local time has that offset if possible, else the earlier moment is returned. A skipped local
 * time is moved forward by the length of the gap (as in java.time).
 */
export function momentOf(localMillis: number, zone: string | undefined, origin: number): number {
  const before = offsetAt(localMillis - DAY, zone);
  const after = offsetAt(localMillis + DAY, zone);
  const fits = [origin, before, after].find((offset) => offsetAt(localMillis - offset, zone) === offset);
  return localMillis - (fits ?? before);
}

function zoneOffset(millis: number, zone: string): number {
  const parts = zoneFormat(zone).formatToParts(millis);
  const name = parts.find((part) => part.type === "timeZoneName")?.value ?? "";
  const [, sign, hour, minute, second] = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(name) ?? [];
  const offset = (Number(hour ?? 0) * 3600 + Number(minute ?? 0) * 60 + Number(second ?? 0)) * 1000;
  return sign === "-" ? -offset : offset;
}

/** One per zone, of which there are about 600. */
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
    // The error is thrown below.
  }
  throw new ExpressionError("no such time zone");
}

/** Abbreviations that Intl takes although they are no names of zones. */
const ABBREVIATIONS =
  /^(ACT|AET|AGT|ART|AST|BET|BST|CAT|CNT|CST|CTT|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|PNT|PRT|PST|SST|VST|SystemV\/.*)$/;

/**
 * True if the zone is valid without Intl's leniency, which accepts offsets without a colon, abbreviations, and names in
 * any case. The compiler checks literals in the same way (its cel/types/time-pattern.ts);
 * test/features/expressions/zones.test.ts compares both.
 */
function isZoneName(zone: string, known: string): boolean {
  if (/^[+-]|(^|\/)[a-z]/.test(zone) || ABBREVIATIONS.test(zone)) return false;
  return zone === known || zone.toLowerCase() !== known.toLowerCase();
}
