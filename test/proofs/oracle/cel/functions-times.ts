// Functions of timestamps, by Intl's own parts of a moment.
import { type CelFunc, CelScalar, celMethod, objectType } from "@bufbuild/cel";
import { create } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";

const { INT, STRING } = CelScalar;
const TIME = objectType(TimestampSchema);
const HOUR = 3_600_000;

/** The local time of a moment as milliseconds of UTC. */
function localTime(moment: number, zone: string): number {
  const zoneName = /^[+-]/.test(zone) || zone === "" ? zone || "UTC" : zone;
  const format = new Intl.DateTimeFormat("en-CA", { timeZone: zoneName, hourCycle: "h23", ...ALL });
  const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type as string, Number(value)]));
  const part = (name: string) => parts.get(name) ?? 0;
  const fraction = ((moment % 1000) + 1000) % 1000;
  const seconds = [part("hour"), part("minute"), part("second"), fraction] as const;
  return Date.UTC(part("year"), part("month") - 1, part("day"), ...seconds);
}
const ALL = {
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
} as const;

/** The moment whose local time it is, as near as can be to the offset that `own` has. */
function moment(local: number, zone: string, origin: number): number {
  const offsets = [origin, local - 30 * HOUR, local + 30 * HOUR].map((at) => localTime(at, zone) - at);
  const found = offsets.find((offset) => localTime(local - offset, zone) === local);
  return local - (found ?? offsets[1] ?? 0);
}

function read(time: ReflectMessage): { readonly millis: number; readonly nanos: number } {
  const { seconds, nanos } = time.message as unknown as { seconds: bigint; nanos: number };
  return { millis: Number(seconds) * 1000 + Math.floor(nanos / 1e6), nanos };
}

function changed(time: ReflectMessage, zone: string, fraction: boolean, change: (local: Date) => Date) {
  const { millis, nanos } = read(time);
  const to = moment(change(new Date(localTime(millis, zone))).getTime(), zone, millis);
  const seconds = Math.floor(to / 1000);
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: fraction ? nanos : 0 });
}

function months(count: number): (local: Date) => Date {
  return (local) => {
    const of = new Date(local);
    of.setUTCMonth(of.getUTCMonth() + count);
    // Beyond the last day is in the next month.
    if (of.getUTCDate() !== local.getUTCDate()) of.setUTCDate(0);
    return of;
  };
}

function begin(unit: string): (local: Date) => Date {
  return (local) => {
    const [year, month] = [local.getUTCFullYear(), local.getUTCMonth()];
    const day = Math.floor(local.getTime() / (24 * HOUR));
    const lengths: Readonly<Record<string, number>> = { hour: HOUR, minute: 60_000, second: 1000, day: 24 * HOUR };
    const length = lengths[unit];
    if (length !== undefined) return new Date(Math.floor(local.getTime() / length) * length);
    if (unit === "week") return new Date((day - ((local.getUTCDay() + 6) % 7)) * 24 * HOUR);
    return new Date(Date.UTC(year, unit === "year" ? 0 : unit === "month" ? month : month - (month % 3), 1));
  };
}

function text(time: ReflectMessage, pattern: string, zone: string): string {
  const { millis, nanos } = read(time);
  const local = localTime(millis, zone);
  const at = new Date(local);
  const word = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat("en-US", { timeZone: "UTC", ...options }).format(at);
  const numbers: Readonly<Record<string, number>> = {
    y: at.getUTCFullYear(),
    M: at.getUTCMonth() + 1,
    d: at.getUTCDate(),
    H: at.getUTCHours(),
    h: at.getUTCHours() % 12 || 12,
    m: at.getUTCMinutes(),
    s: at.getUTCSeconds(),
  };
  return pattern.replace(/'([^']*)'|([A-Za-z])\2*/g, (part, quoted: string | undefined, letter: string) => {
    if (quoted !== undefined) return quoted || "'";
    if (letter === "M" && part.length > 2) return word({ month: part.length === 4 ? "long" : "short" });
    if (letter === "E") return word({ weekday: part.length === 4 ? "long" : "short" });
    if (letter === "a") return at.getUTCHours() < 12 ? "AM" : "PM";
    if (letter === "S") return String(nanos).padStart(9, "0").slice(0, part.length);
    if (part === "VV") return zone || "UTC";
    if (part === "XXX") return offset(local - millis);
    const number = numbers[letter];
    if (number === undefined) throw new Error(`the oracle prints no ${part}`);
    return part === "yy" ? String(number % 100).padStart(2, "0") : String(number).padStart(part.length, "0");
  });
}

function offset(millis: number): string {
  const pair = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.abs(millis) / 60_000;
  return millis === 0 ? "Z" : `${millis < 0 ? "-" : "+"}${pair(Math.floor(minutes / 60))}:${pair(minutes % 60)}`;
}

export const times: CelFunc[] = [
  celMethod("format", TIME, [STRING], STRING, function (pattern) {
    return text(this, pattern, "");
  }),
  celMethod("format", TIME, [STRING, STRING], STRING, function (pattern, zone) {
    return text(this, pattern, zone);
  }),
  celMethod("truncate", TIME, [STRING], TIME, function (unit) {
    return changed(this, "", false, begin(unit));
  }),
  celMethod("truncate", TIME, [STRING, STRING], TIME, function (unit, zone) {
    return changed(this, zone, false, begin(unit));
  }),
  ...(["addYears", "addMonths", "addDays"] as const).flatMap((name) => {
    const by = (count: bigint) => {
      if (name !== "addDays") return months(Number(count) * (name === "addYears" ? 12 : 1));
      return (local: Date) => new Date(local.getTime() + Number(count) * 24 * HOUR);
    };
    return [
      celMethod(name, TIME, [INT], TIME, function (count) {
        return changed(this, "", true, by(count));
      }),
      celMethod(name, TIME, [INT, STRING], TIME, function (count, zone) {
        return changed(this, zone, true, by(count));
      }),
    ];
  }),
];
