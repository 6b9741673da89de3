// Values that their own type forbids: protobuf's JSON cannot represent them, and its binary format can.
import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Any, Duration, FieldMask, ListValue, Struct, Timestamp, Value } from "@bufbuild/protobuf/wkt";
import { holdsField } from "./holds-field.ts";

/** Returns why a value is forbidden; undefined for one that is not. */
type Check = (message: never) => string | undefined;

const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;
const MAX_SECONDS = 315_576_000_000n;
export const MAX_NANOS = 999_999_999;

/** Paths that lowerCamelCase does not represent: they have capitals, or `_` before anything but a letter. */
const IRREVERSIBLE = /[A-Z]|_(?![a-z])/;

const CHECKS: Readonly<Record<string, Check>> = {
  "google.protobuf.Timestamp": ({ seconds, nanos }: Timestamp) => {
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND) return "a time outside of the years 0001 to 9999";
    return nanos < 0 || nanos > MAX_NANOS ? "nanos of a time below 0 or of a second and more" : undefined;
  },
  "google.protobuf.Duration": ({ seconds, nanos }: Duration) => {
    if (seconds < -MAX_SECONDS || seconds > MAX_SECONDS) return "a duration of more than 10,000 years";
    if (Math.abs(nanos) > MAX_NANOS) return "nanos of a duration of a second and more";
    return (seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0) ? "a duration with mixed signs" : undefined;
  },
  "google.protobuf.FieldMask": ({ paths }: FieldMask) =>
    paths.some((path) => IRREVERSIBLE.test(path)) ? "a path of a field mask that JSON does not represent" : undefined,
  "google.protobuf.Any": ({ typeUrl, value }: Any) =>
    typeUrl === "" && value.length > 0 ? "an Any with a value and without a type_url" : undefined,
  "google.protobuf.Value": valueFault,
  "google.protobuf.Struct": structFault,
  "google.protobuf.ListValue": listFault,
};

function valueFault({ kind }: Value): string | undefined {
  switch (kind.case) {
    case "structValue":
      return structFault(kind.value);
    case "listValue":
      return listFault(kind.value);
    default:
      return ownFault(kind);
  }
}
/** For a value without those inside of it. */
function ownFault(kind: Value["kind"]): string | undefined {
  if (kind.case === undefined) return "a value without a kind";
  return kind.case !== "numberValue" || Number.isFinite(kind.value)
    ? undefined
    : "a number that is not finite, in JSON";
}
function structFault({ fields }: Struct): string | undefined {
  return firstFault(Object.values(fields), valueFault);
}
function listFault({ values }: ListValue): string | undefined {
  return firstFault(values, valueFault);
}
/** For a Struct in a field, which is JSON. A value without a kind is `undefined`. */
export function jsonFault(json: unknown): string | undefined {
  if (json === undefined) return "a value without a kind";
  if (typeof json === "number") return Number.isFinite(json) ? undefined : "a number that is not finite, in JSON";
  return typeof json === "object" && json !== null ? firstFault(Object.values(json), jsonFault) : undefined;
}
function firstFault<T>(values: readonly T[], faultOf: (value: T) => string | undefined): string | undefined {
  for (const value of values) {
    const fault = faultOf(value);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Returns why a type forbids the value of a message; undefined if it does not. Fields of the message do not count. */
export const faultOfValue = ({ typeName }: DescMessage, message: object): string | undefined =>
  CHECKS[typeName]?.(message as never);
/** Returns the same for a message whose inner values were checked before. */
export const faultOfRead = (message: Message): string | undefined =>
  message.$typeName === "google.protobuf.Value"
    ? ownFault((message as Value).kind)
    : CHECKS[message.$typeName]?.(message as never);

/** Reports whether a type forbids some values. */
export const isChecked = ({ typeName }: DescMessage): boolean => Object.hasOwn(CHECKS, typeName);
const holding = new WeakMap<DescMessage, boolean>();
/** Reports whether a type, or one inside of it, forbids some values. */
export function holdsChecked(desc: DescMessage): boolean {
  const known =
    holding.get(desc) ??
    (isChecked(desc) || holdsField(desc, ({ message }) => message !== undefined && isChecked(message)));
  holding.set(desc, known);
  return known;
}
