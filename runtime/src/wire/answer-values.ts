// Values that their own type forbids, in answers of upstreams. Binary protocols could pass them on, and JSON could not:
// they are a failure of the call that received them, whatever the client's protocol.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { Any, Duration, FieldMask, ListValue, Struct, Timestamp, Value } from "@bufbuild/protobuf/wkt";
import { holdsField } from "./holds-field.ts";
import { opaqueBytes } from "./opaque-message.ts";
import { readMessage } from "./reader.ts";
import { CHECKED, checkValuesWith } from "./skip.ts";

/** Returns why a value is forbidden; undefined for one that is not. */
type Check = (message: never) => string | undefined;

const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;
const MAX_SECONDS = 315_576_000_000n;
const MAX_NANOS = 999_999_999;

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
    case undefined:
      return "a value without a kind";
    case "numberValue":
      return Number.isFinite(kind.value) ? undefined : "a number that is not finite, in JSON";
    case "structValue":
      return structFault(kind.value);
    case "listValue":
      return listFault(kind.value);
    default:
      return undefined;
  }
}
function structFault({ fields }: Struct): string | undefined {
  return firstFault(Object.values(fields), valueFault);
}
function listFault({ values }: ListValue): string | undefined {
  return firstFault(values, valueFault);
}
/** For a Struct in a field, which is JSON. A value without a kind is `undefined`. */
function jsonFault(json: unknown): string | undefined {
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

checkValuesWith((desc, bytes) => {
  const check = CHECKS[desc.typeName];
  return check !== undefined && check(readMessage(desc, bytes) as never) !== undefined;
});

/** A field of a message that is of such a type, or holds one. */
interface Place {
  readonly name: string;
  readonly check: Checker;
  /** Property of the message. */
  readonly key: string;
  /** Case of the oneof that is the property; undefined if the field is in none. */
  readonly inCase: string | undefined;
  readonly isMany: boolean;
}
/** @throws an Error with `name`, the name of the field that holds the value */
type Checker = (value: unknown, name: string) => void;
const checkers = new WeakMap<DescMessage, Checker>();

const isChecked = ({ message }: DescField): boolean => message !== undefined && CHECKED.has(message.typeName);
const holding = new WeakMap<DescMessage, boolean>();
function holds(desc: DescMessage): boolean {
  const known = holding.get(desc) ?? (CHECKED.has(desc.typeName) || holdsField(desc, isChecked));
  holding.set(desc, known);
  return known;
}

function placeOf(field: DescField): Place[] {
  const { message: type, name, oneof, localName, fieldKind, parent } = field;
  if (type === undefined || !holds(type)) return [];
  const isJson = type.typeName === "google.protobuf.Struct" && parent.typeName !== "google.protobuf.Value";
  const check: Checker = isJson ? (json) => fail(jsonFault(json), name) : checkerOf(type);
  const isMany = fieldKind === "list" || fieldKind === "map";
  return [{ name, check, key: oneof?.localName ?? localName, inCase: oneof && localName, isMany }];
}

function checkerOf(desc: DescMessage): Checker {
  const known = checkers.get(desc);
  if (known !== undefined) return known;
  const check = CHECKS[desc.typeName];
  let places: readonly Place[] | undefined; // found later, because a type may hold itself
  const checker: Checker = (value, name) => {
    const message = value as Readonly<Record<string, unknown>>;
    // A message that is passed on was checked with its bytes. Most have no class, which is found out sooner.
    if (Object.getPrototypeOf(message) !== Object.prototype && opaqueBytes(message) !== undefined) return;
    places ??= check === undefined ? desc.fields.flatMap(placeOf) : [];
    for (const place of places) if (message[place.key] !== undefined) checkPlace(place, message);
    if (check !== undefined) fail(check(message as never), name);
  };
  checkers.set(desc, checker);
  return checker;
}
/** Returns why a type forbids the value of a message; undefined if it does not. Fields of the message do not count. */
export const faultOfValue = ({ typeName }: DescMessage, message: object): string | undefined =>
  CHECKS[typeName]?.(message as never);

/** Reports whether a message holds a value that its own type forbids. Bytes that were checked do not count. */
export function isForbiddenIn(schema: DescMessage, message: object): boolean {
  if (!holds(schema)) return false;
  try {
    checkerOf(schema)(message, schema.name);
    return false;
  } catch {
    return true;
  }
}

/**
 * Returns a decoder that also fails for values that their own type forbids. It checks what the decoder returns, so
 * fields that are not read do not count. Types without such values have the same decoder.
 *
 * @throws an Error with the field's name, and no value
 */
export function checkedDecoder<T>(schema: DescMessage, decode: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  if (!holds(schema)) return decode;
  const check = checkerOf(schema);
  return (bytes) => {
    const message = decode(bytes);
    if (message !== undefined) check(message, schema.name);
    return message;
  };
}

function fail(fault: string | undefined, name: string): void {
  if (fault !== undefined) throw new Error(`${name}: ${fault}`);
}

function checkPlace({ name, check, key, inCase, isMany }: Place, message: Readonly<Record<string, unknown>>): void {
  let value = message[key];
  if (inCase !== undefined) {
    const set = value as { readonly case?: string; readonly value?: unknown } | undefined;
    value = set?.case === inCase ? set.value : undefined;
  }
  if (value === undefined) return;
  if (!isMany) check(value, name);
  else if (Array.isArray(value)) for (const item of value) check(item, name);
  else for (const item of Object.values(value as object)) check(item, name);
}
