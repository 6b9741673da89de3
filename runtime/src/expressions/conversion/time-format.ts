// Formats of times, by the patterns of Unicode TR 35, "Date Format Patterns". Letters are those that
// java.time.format.DateTimeFormatter, ICU, Swift and date-fns read alike. Names are English.

import { local, offsetAt } from "../time/zone.ts";
import { ExpressionError } from "../value/error.ts";
import type { Time } from "../value/shape.ts";
import { isTimestamp, noOverload } from "./dynamic.ts";
import { format } from "./format.ts";

const MONTHS = [
  ...["January", "February", "March", "April", "May", "June"],
  ...["July", "August", "September", "October", "November", "December"],
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** A moment as it is printed. `date`: its UTC parts are the local ones. */
interface Moment {
  readonly date: Date;
  /** 0 to 999,999,999. */
  readonly nanos: number;
  /** Minutes ahead of UTC. */
  readonly offset: number;
  readonly zone: string;
}

/** Formatter of each letter, for `count` repetitions. Undefined: an invalid number of repetitions. */
const LETTERS: Readonly<Record<string, (moment: Moment, count: number) => string | undefined>> = {
  y: ({ date }, count) =>
    count === 2 ? padded(date.getUTCFullYear() % 100, 2) : upTo(4, date.getUTCFullYear(), count),
  Q: ({ date }, count) => {
    const quarter = Math.floor(date.getUTCMonth() / 3) + 1;
    return count === 3 ? `Q${quarter}` : upTo(2, quarter, count);
  },
  M: ({ date }, count) => named(MONTHS[date.getUTCMonth()], count) ?? upTo(2, date.getUTCMonth() + 1, count),
  d: ({ date }, count) => upTo(2, date.getUTCDate(), count),
  D: ({ date }, count) => (count === 2 ? undefined : upTo(3, dayOfYear(date), count)),
  E: ({ date }, count) => named(DAYS[date.getUTCDay()], Math.max(count, 3)),
  a: ({ date }, count) => (count > 1 ? undefined : halfOfDay(date)),
  H: ({ date }, count) => upTo(2, date.getUTCHours(), count),
  h: ({ date }, count) => upTo(2, ((date.getUTCHours() + 11) % 12) + 1, count),
  m: ({ date }, count) => upTo(2, date.getUTCMinutes(), count),
  s: ({ date }, count) => upTo(2, date.getUTCSeconds(), count),
  S: ({ nanos }, count) => (count > 9 ? undefined : padded(nanos, 9).slice(0, count)),
  X: ({ offset }, count) => (offset === 0 && count <= 3 ? "Z" : offsetText(offset, count)),
  x: ({ offset }, count) => offsetText(offset, count),
  V: ({ zone }, count) => (count === 2 ? zone : undefined),
};

/**
 * Formats a time by a pattern, in a zone or in UTC. Throws ExpressionError for a pattern with a letter that has no
 * meaning, an invalid zone, and a malformed timestamp.
 */
export function formatTime(time: Time, pattern: string, zone?: string): string {
  const date = local(time, zone);
  const utc = Number(time.seconds) * 1000;
  // Seconds of an offset, as before 1900, are not printed.
  const offset = Math.trunc(offsetAt(utc, zone) / 60_000);
  const moment = { date, nanos: time.nanos, offset, zone: zone === undefined || zone === "" ? "UTC" : zone };
  return pattern.replace(
    /'((?:[^']|'')*)'|([A-Za-z])\2*|['[\]{}#]/g,
    (part, quoted: string | undefined, letter = "") => {
      if (quoted !== undefined) return quoted === "" ? "'" : quoted.replaceAll("''", "'");
      const text = LETTERS[letter]?.(moment, part.length);
      if (text === undefined) throw new ExpressionError("no such part of a time");
      return text;
    },
  );
}

/** Applies `format` to a text or a timestamp. Throws ExpressionError for anything else. */
export function formatAny(value: unknown, by: unknown): string {
  if (typeof value === "string" && Array.isArray(by)) return format(value, by);
  if (isTimestamp(value) && typeof by === "string") return formatTime(value, by);
  throw noOverload("format", value, by);
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}

function upTo(most: number, value: number, count: number): string | undefined {
  return count <= most ? padded(value, count) : undefined;
}

const halfOfDay = (date: Date): string => (date.getUTCHours() < 12 ? "AM" : "PM");

/** Three letters of a name, or with a count of four all of it. */
function named(name = "", count: number): string | undefined {
  if (count === 4) return name;
  return count === 3 ? name.slice(0, 3) : undefined;
}

/** One letter: hours, and minutes if there are some. Two: both. Three: both with a colon between them. */
function offsetText(offset: number, count: number): string | undefined {
  if (count > 3) return undefined;
  const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const sign = offset < 0 ? "-" : "+";
  const rest = count === 1 && minutes === 0 ? "" : `${count === 3 ? ":" : ""}${padded(minutes, 2)}`;
  return `${sign}${padded(hours, 2)}${rest}`;
}

function dayOfYear(date: Date): number {
  const first = new Date(date);
  first.setUTCMonth(0, 1);
  return Math.round((date.getTime() - first.getTime()) / 86_400_000) + 1;
}
