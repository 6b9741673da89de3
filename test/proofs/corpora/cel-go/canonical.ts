// Formats values as text, the same as go/main.go: it distinguishes types, but not the order of map entries and of
// fields.
import type { DescField, Message } from "@bufbuild/protobuf";
import { isReflectMessage, reflect, type ScalarValue } from "@bufbuild/protobuf/reflect";
import { type Any, anyUnpack, type Duration, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { CelType } from "../../../../plugin/src/cel/index.ts";
import { fromAny, fromMessage } from "../../../../runtime/src/expressions/index.ts";
import { Optional } from "../../../../runtime/src/expressions/value/optional.ts";
import { boxedEntries, Type, Uint } from "../../../../runtime/src/expressions/value/value.ts";
import { registry } from "./environment.ts";

const BAD = "?";

/** Formats the result of compiled code for an expression of a type. A value of another type begins with "?". */
export function canonical(value: unknown, type: CelType): string {
  switch (type.kind) {
    case "int":
    case "uint":
      if (value instanceof Uint && type.kind === "uint") return byItself(value);
      return isInteger(value) ? `${type.kind}:${BigInt(value)}` : `${BAD}${type.kind} ${byItself(value)}`;
    case "double":
      return typeof value === "number" ? double(value) : `${BAD}double ${byItself(value)}`;
    case "wrapper":
      if (value === null || value === undefined) return "null";
      return isMessage(value) ? byItself(value) : canonical(value, type.of);
    case "list":
      return Array.isArray(value) ? listOf(value.map((element) => canonical(element, type.element))) : byItself(value);
    case "map":
      return mapOf(value, type.key, type.value) ?? byItself(value);
    case "optional":
      if (!(value instanceof Optional)) return `${BAD}optional ${byItself(value)}`;
      return value.inner === undefined ? "opt:none" : `opt:(${canonical(value.inner, type.of)})`;
    default:
      return byItself(value);
  }
}

function isInteger(value: unknown): value is bigint | number | string {
  if (typeof value === "string") return /^-?\d+$/.test(value);
  return typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
}

function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "$typeName" in value;
}

function mapOf(value: unknown, key: CelType, of: CelType): string | undefined {
  if (value instanceof Map) {
    const keyed = (entryKey: unknown) =>
      typeof entryKey === "bigint" && key.kind === "uint" ? `uint:${entryKey}` : byItself(entryKey);
    return entries(boxedEntries(value).map(([k, v]) => [keyed(k), canonical(v, of)]));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value) || isMessage(value)) return undefined;
  const named = (name: string) =>
    key.kind === "bool" ? name : key.kind === "int" || key.kind === "uint" ? `${key.kind}:${name}` : text(name);
  return entries(Object.entries(value).map(([k, v]) => [named(k), canonical(v, of)]));
}

function byItself(value: unknown): string {
  switch (typeof value) {
    case "bigint":
      return `int:${value}`;
    case "number":
      return double(value);
    case "string":
      return text(value);
    case "boolean":
      return String(value);
    case "object":
      return value === null ? "null" : object(value);
    default:
      return `${BAD}${typeof value}`;
  }
}

function object(value: object): string {
  if (value instanceof Uint) return `uint:${value.value}`;
  if (value instanceof Type) return `type:${value.name}`;
  if (value instanceof Optional) return value.inner === undefined ? "opt:none" : `opt:(${byItself(value.inner)})`;
  if (value instanceof Uint8Array) return bytes(value);
  if (Array.isArray(value)) return listOf(value.map(byItself));
  if (value instanceof Map) return entries(boxedEntries(value).map(([k, v]) => [byItself(k), byItself(v)]));
  if (isMessage(value)) return plain(value);
  return entries(Object.entries(value).map(([k, v]) => [text(k), byItself(v)]));
}

/** A message as a value of CEL's: well-known ones are what they hold. */
function plain(message: Message): string {
  const { $typeName } = message;
  if ($typeName === "google.protobuf.Timestamp" || $typeName === "google.protobuf.Duration") {
    const { seconds, nanos } = message as Timestamp | Duration;
    return `${$typeName.endsWith("Timestamp") ? "ts" : "dur"}:${seconds}.${nanos}`;
  }
  if ($typeName === "google.protobuf.Any") {
    try {
      return byItself(fromAny(message as Any, registry));
    } catch {
      return canonicalMessage(message);
    }
  }
  if (/^google\.protobuf\.(\w*Value|Struct)$/.test($typeName)) return byItself(fromMessage(message));
  return canonicalMessage(message);
}

export function canonicalMessage(message: Message): string {
  if (message.$typeName === "google.protobuf.Any") return packed(message as Any);
  const reflected = reflect(registry.getMessage(message.$typeName)!, message);
  const fields = reflected.sortedFields
    .filter((field) => reflected.isSet(field))
    .map((field) => {
      if (field.fieldKind === "map") {
        const pairs = [...reflected.get(field)].map(([k, v]): [string, string] => [
          scalar(field.mapKey, k as ScalarValue),
          held(field, v),
        ]);
        return `${field.name}:${entries(pairs)}`;
      }
      if (field.fieldKind === "list")
        return `${field.name}:${listOf([...reflected.get(field)].map((element) => held(field, element)))}`;
      return `${field.name}:${held(field, reflected.get(field))}`;
    });
  return `msg:${message.$typeName}{${fields.join(", ")}}`;
}

function packed(any: Any): string {
  const name = any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
  const schema = registry.getMessage(name);
  try {
    const message = schema === undefined ? undefined : anyUnpack(any, schema);
    if (message !== undefined) return `any(${name} ${canonicalMessage(message)})`;
  } catch {
    // It holds something else.
  }
  return `any(${any.typeUrl} ${Buffer.from(any.value).toString("base64")})`;
}

function held(field: DescField, value: unknown): string {
  if (isReflectMessage(value)) return canonicalMessage(value.message);
  if (field.enum !== undefined) return `int:${value}`;
  return scalar(field.scalar ?? 0, value as ScalarValue);
}

const DOUBLES = [1, 2];
const UNSIGNED = [4, 6, 7, 13];

/** `type`: a protobuf ScalarType. */
function scalar(type: number, value: ScalarValue): string {
  if (typeof value === "boolean") return String(value);
  if (value instanceof Uint8Array) return bytes(value);
  if (type === 9) return text(String(value));
  if (DOUBLES.includes(type)) return double(Number(value));
  return `${UNSIGNED.includes(type) ? "uint" : "int"}:${value}`;
}

function text(value: string): string {
  const shown = Array.from(value, (character) => {
    const point = character.codePointAt(0) ?? 0;
    return point < 0x20 || point > 0x7e || character === '"' || character === "\\"
      ? `\\u{${point.toString(16)}}`
      : character;
  });
  return `"${shown.join("")}"`;
}

function double(value: number): string {
  if (Number.isNaN(value)) return "double:NaN";
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  return `double:${bits.getBigUint64(0).toString(16).padStart(16, "0")}`;
}

function bytes(value: Uint8Array): string {
  return `bytes:${Buffer.from(value).toString("hex")}`;
}

function listOf(elements: readonly string[]): string {
  return `[${elements.join(", ")}]`;
}

function entries(pairs: readonly (readonly [string, string])[]): string {
  const sorted = pairs.map(([key, value]) => Buffer.from(`${key}=>${value}`)).sort(Buffer.compare);
  return `{${sorted.map(String).join(", ")}}`;
}
