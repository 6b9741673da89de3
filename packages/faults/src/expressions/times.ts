// Timestamps and durations in expressions: computed in nanoseconds, in UTC.
import { EvaluationError, MessageValue, UNKNOWN, type Value } from "../values/values.ts";

type Function = (args: readonly Value[]) => Value;

const TIMESTAMP = "google.protobuf.Timestamp";
const DURATION = "google.protobuf.Duration";
const SECOND = 1_000_000_000n;
/** Seconds of 0001-01-01T00:00:00Z and of 9999-12-31T23:59:59Z. */
const [FIRST, LAST] = [-62_135_596_800n, 253_402_300_799n];

/** Undefined: not a time, or unknown. */
export function nanoseconds(value: Value | undefined): bigint | undefined {
  if (!(value instanceof MessageValue) || (value.type !== TIMESTAMP && value.type !== DURATION)) return undefined;
  const [seconds, nanos] = [value.fields.get("seconds") ?? 0n, value.fields.get("nanos") ?? 0n];
  return typeof seconds === "bigint" && typeof nanos === "bigint" ? seconds * SECOND + nanos : undefined;
}

export function timestamp(ns: bigint): MessageValue {
  const seconds = floor(ns);
  if (seconds < FIRST || seconds > LAST) throw new EvaluationError("a timestamp is out of range");
  return made(TIMESTAMP, seconds, ns - seconds * SECOND);
}
function duration(ns: bigint): MessageValue {
  const seconds = ns / SECOND;
  if (ns !== BigInt.asIntN(64, ns)) throw new EvaluationError("a duration is out of range");
  return made(DURATION, seconds, ns - seconds * SECOND);
}
function made(type: string, seconds: bigint, nanos: bigint): MessageValue {
  const fields: readonly (readonly [string, Value])[] = [
    ["seconds", seconds],
    ["nanos", nanos],
  ];
  return new MessageValue(type, new Map(fields));
}
const floor = (ns: bigint): bigint => ns / SECOND - (ns % SECOND < 0n ? 1n : 0n);

const both =
  (run: (a: bigint, b: bigint) => Value): Function =>
  ([first, second]) => {
    const [a, b] = [nanoseconds(first), nanoseconds(second)];
    return a === undefined || b === undefined ? UNKNOWN : run(a, b);
  };
/** Reads a part of a UTC time. */
const part =
  (read: (date: Date) => number): Function =>
  ([of, zone = "UTC"]) => {
    const ns = nanoseconds(of);
    return ns === undefined || zone !== "UTC" ? UNKNOWN : BigInt(read(dateOf(ns)));
  };
const dateOf = (ns: bigint): Date =>
  new Date(Number(floor(ns)) * 1000 + Number((ns - floor(ns) * SECOND) / 1_000_000n));
const span =
  (unit: bigint): Function =>
  ([of]) => {
    const ns = nanoseconds(of);
    return ns === undefined ? UNKNOWN : ns / unit;
  };

const milliseconds: Function = ([of]) => {
  const ns = nanoseconds(of);
  return ns === undefined ? UNKNOWN : (ns % SECOND) / 1_000_000n;
};

/** Formats times and durations as protobuf's JSON does: a fraction has three, six or nine digits. */
const text =
  (write: (ns: bigint) => string): Function =>
  ([of]) => {
    const ns = nanoseconds(of);
    return ns === undefined ? UNKNOWN : write(ns);
  };
function decimal(ns: bigint): string {
  const whole = ns < 0n ? -ns : ns;
  return `${ns < 0n ? "-" : ""}${whole / SECOND}${fraction(whole % SECOND)}`;
}
const fraction = (nanos: bigint): string =>
  nanos === 0n
    ? ""
    : `.${String(nanos)
        .padStart(9, "0")
        .replace(/(000){1,2}$/, "")}`;
const timestampText = (ns: bigint): string =>
  `${dateOf(ns).toISOString().slice(0, 19)}${fraction(ns - floor(ns) * SECOND)}Z`;

const DAY_MS = 86_400_000;
const dayOfYear = (date: Date): number => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS);

function parsedTimestamp([text]: readonly Value[]): Value {
  if (typeof text !== "string") return UNKNOWN;
  const [, fraction = "", zone] =
    /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const ms =
    zone === undefined ? Number.NaN : Date.parse(`${text.slice(0, 10)}T${text.slice(11, 19)}${zone.toUpperCase()}`);
  if (Number.isNaN(ms)) throw new EvaluationError(`not of this form: ${text}`);
  return timestamp(BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0")));
}

const UNITS: Readonly<Record<string, bigint>> = {
  h: 3600n * SECOND,
  m: 60n * SECOND,
  s: SECOND,
  ms: 1_000_000n,
  us: 1_000n,
  µs: 1_000n,
  ns: 1n,
};
function parsedDuration([text]: readonly Value[]): Value {
  if (typeof text !== "string") return UNKNOWN;
  const [, sign, rest = ""] = /^([+-]?)(0|(?:\d+(?:\.\d*)?(?:h|ms|m|s|us|µs|ns))+)$/.exec(text) ?? [];
  if (sign === undefined) throw new EvaluationError(`not of this form: ${text}`);
  let sum = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of rest.matchAll(/(\d+)(?:\.(\d*))?(h|ms|m|s|us|µs|ns)/g)) {
    const of = UNITS[unit] ?? 0n;
    sum += BigInt(whole) * of + (BigInt(fraction || "0") * of) / 10n ** BigInt(fraction.length);
  }
  return duration(sign === "-" ? -sum : sum);
}

const compared = (name: string, holds: (a: bigint, b: bigint) => boolean): [string, Function][] =>
  ["timestamp", "duration"].map((of) => [`${name}_${of}`, both(holds)]);
const getter = (name: string, read: (date: Date) => number): [string, Function] => [`timestamp_${name}`, part(read)];

/** Functions by the names of their overloads. */
export const TIMES: readonly [string, Function][] = [
  ...compared("less", (a, b) => a < b),
  ...compared("less_equals", (a, b) => a <= b),
  ...compared("greater", (a, b) => a > b),
  ...compared("greater_equals", (a, b) => a >= b),
  ["add_duration_duration", both((a, b) => duration(a + b))],
  ["add_duration_timestamp", both((a, b) => timestamp(a + b))],
  ["add_timestamp_duration", both((a, b) => timestamp(a + b))],
  ["subtract_duration_duration", both((a, b) => duration(a - b))],
  ["subtract_timestamp_duration", both((a, b) => timestamp(a - b))],
  ["subtract_timestamp_timestamp", both((a, b) => duration(a - b))],
  ["string_to_timestamp", parsedTimestamp],
  ["string_to_duration", parsedDuration],
  ["timestamp_to_int64", ([of]) => (nanoseconds(of) === undefined ? UNKNOWN : floor(nanoseconds(of) ?? 0n))],
  ["timestamp_to_string", text(timestampText)],
  ["duration_to_string", text((ns) => `${decimal(ns)}s`)],
  ["duration_to_int64", span(SECOND)],
  ["int64_to_duration", ([of]) => (typeof of === "bigint" ? duration(of * SECOND) : UNKNOWN)],
  ["int64_to_timestamp", ([of]) => (typeof of === "bigint" ? timestamp(of * SECOND) : UNKNOWN)],
  getter("getFullYear", (date) => date.getUTCFullYear()),
  getter("getMonth", (date) => date.getUTCMonth()),
  getter("getDate", (date) => date.getUTCDate()),
  getter("getDayOfMonth", (date) => date.getUTCDate() - 1),
  getter("getDayOfWeek", (date) => date.getUTCDay()),
  getter("getDayOfYear", dayOfYear),
  getter("getHours", (date) => date.getUTCHours()),
  getter("getMinutes", (date) => date.getUTCMinutes()),
  getter("getSeconds", (date) => date.getUTCSeconds()),
  getter("getMilliseconds", (date) => date.getUTCMilliseconds()),
  ["duration_getHours", span(3600n * SECOND)],
  ["duration_getMinutes", span(60n * SECOND)],
  ["duration_getSeconds", span(SECOND)],
  ["duration_getMilliseconds", milliseconds],
];
