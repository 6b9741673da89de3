// The well-known types that are one string in ProtoJSON.
import { protoSnakeCase } from "@bufbuild/protobuf/reflect";

/** Expected for a google.protobuf.Timestamp. */
export const TIMESTAMP = "expected a time of RFC 3339 in the years 1 to 9999, such as 2024-02-29T12:00:00Z";
/** Expected for a google.protobuf.Duration. */
export const DURATION = 'expected seconds with up to nine decimals, such as "1.5s", within ±10,000 years';
/** Expected for a google.protobuf.FieldMask. */
export const FIELD_MASK = "expected names in lowerCamelCase, separated by commas";

interface Time {
  readonly seconds: bigint;
  readonly nanos: number;
}

const RFC_3339 =
  /^(\d{4}-\d\d-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-4]):([0-5]\d|60))$/;
const FIRST_SECOND = Date.parse("0001-01-01T00:00:00Z") / 1000;
const LAST_SECOND = Date.parse("9999-12-31T23:59:59Z") / 1000;

/** Returns undefined for a text that is no time of RFC 3339, or of another year than 1 to 9999. */
export function timestampOf(text: string): Time | undefined {
  const [, local = "", day = "", fraction = "", sign = "", hours = "0", minutes = "0"] = RFC_3339.exec(text) ?? [];
  const ms = Date.parse(`${local}Z`);
  // A day that its month does not have becomes one of the next month.
  if (Number.isNaN(ms) || new Date(ms).getUTCDate() !== Number(day)) return undefined;
  const offset = 3600 * Number(hours) + 60 * Number(minutes);
  const seconds = ms / 1000 - (sign === "-" ? -offset : offset);
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) return undefined;
  return { seconds: BigInt(seconds), nanos: nanosOf(fraction) };
}
const nanosOf = (fraction: string): number => (fraction === "" ? 0 : Number(fraction.padEnd(9, "0")));

const SECONDS = /^([+-]?)(\d{1,12})(?:\.(\d{0,9}))?s$/;
const MAX_SECONDS = 315_576_000_000;

/** Returns undefined for a text that is no duration of ProtoJSON. */
export function durationOf(text: string): Time | undefined {
  const [, sign = "", whole = "", fraction = ""] = SECONDS.exec(text) ?? [];
  if (whole === "" || Number(whole) > MAX_SECONDS) return undefined;
  const nanos = nanosOf(fraction);
  const isNegative = sign === "-";
  return { seconds: BigInt(isNegative ? `-${whole}` : whole), nanos: isNegative && nanos !== 0 ? -nanos : nanos };
}

/** Returns the paths in a mask by proto names; undefined for a text that is no mask. */
export function maskPathsOf(text: string): string[] | undefined {
  if (text.includes("_")) return undefined;
  return text === "" ? [] : text.split(",").map(protoSnakeCase);
}

const BASE64 = /^(?:[A-Za-z\d+/_-]{4})*(?:[A-Za-z\d+/_-]{2}(?:==)?|[A-Za-z\d+/_-]{3}=?)?$/;
/** Reports whether a text is base64 in one of both alphabets, with or without padding. */
export const isBase64 = (text: string): boolean => BASE64.test(text);
