// Messages whose types are known only at run time: what a google.protobuf.Any holds, and what has become a dyn.
import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { isReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import {
  type Any,
  anyPack,
  BoolValueSchema,
  BytesValueSchema,
  DoubleValueSchema,
  Int64ValueSchema,
  type ListValue,
  ListValueSchema,
  StringValueSchema,
  type Struct,
  StructSchema,
  UInt64ValueSchema,
  type Value,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { readMessage } from "../../wire/reader.ts";
import { ExpressionError } from "../value/error.ts";
import { type AnyTypes, isMessage, isTime } from "../value/shape.ts";
import { mapFrom, Uint } from "../value/value.ts";
import { fromJsonValue, fromListValue, fromStruct, toListValue, toStruct, toValue } from "./json.ts";

/**
 * Returns the message of a google.protobuf.Any, as a value of CEL; null if it is unset. Throws ExpressionError for an
 * unknown or malformed message.
 */
export function fromAny(any: Any | undefined, types: AnyTypes): unknown {
  if (any === undefined) return null;
  return fromMessage(unpack(any, types));
}

function unpack(any: Any, types: AnyTypes): Message {
  const desc = types.getMessage(any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1));
  if (desc === undefined) throw new ExpressionError(`the message ${any.typeUrl} is not known here`);
  try {
    return readMessage(desc, any.value);
  } catch {
    throw new ExpressionError(`a malformed google.protobuf.Any of ${any.typeUrl}`);
  }
}

/**
 * Returns a message as a value of CEL: wrappers and JSON become their contents (CEL spec, "Protocol Buffer Data
 * Conversion").
 */
export function fromMessage(message: Message): unknown {
  switch (message.$typeName) {
    case "google.protobuf.Struct":
      return fromStruct(message as Struct);
    case "google.protobuf.Value":
      return fromJsonValue(message as Value);
    case "google.protobuf.ListValue":
      return fromListValue(message as ListValue);
  }
  const [, name] = /^google\.protobuf\.(\w+)Value$/.exec(message.$typeName) ?? [];
  if (name === undefined || !("value" in message)) return message;
  const { value } = message;
  if (name.startsWith("UInt")) return new Uint(BigInt(value as number | bigint));
  return name === "Int32" ? BigInt(value as number) : value;
}

/**
 * Returns the value of a field of type google.protobuf.Any, which null leaves unset. Throws ExpressionError for a
 * message of unknown type.
 */
export function anyUnlessNull(value: unknown, types: AnyTypes): Any | undefined {
  return value === null ? undefined : toAny(value, types);
}

/** A value of CEL in a google.protobuf.Any. Throws ExpressionError for a message that is not known. */
export function toAny(value: unknown, types: AnyTypes): Any {
  switch (typeof value) {
    case "bigint":
      return anyPack(Int64ValueSchema, create(Int64ValueSchema, { value }));
    case "number":
      return anyPack(DoubleValueSchema, create(DoubleValueSchema, { value }));
    case "string":
      return anyPack(StringValueSchema, create(StringValueSchema, { value }));
    case "boolean":
      return anyPack(BoolValueSchema, create(BoolValueSchema, { value }));
  }
  if (typeof value !== "object" || value === null) return anyPack(ValueSchema, toValue(value));
  if (value instanceof Uint) return anyPack(UInt64ValueSchema, create(UInt64ValueSchema, { value: value.value }));
  if (value instanceof Uint8Array) {
    return anyPack(BytesValueSchema, create(BytesValueSchema, { value: new Uint8Array(value) }));
  }
  if (Array.isArray(value)) return anyPack(ListValueSchema, toListValue(value));
  if (!isMessage(value)) return anyPack(StructSchema, toStruct(value));
  const desc = types.getMessage(value.$typeName);
  if (desc === undefined) throw new ExpressionError(`the message ${value.$typeName} is not known here`);
  return anyPack(desc, value as Message);
}

/** Returns a field of a message in a dyn. Throws ExpressionError if the field does not exist. */
export function fieldOf(message: { readonly $typeName: string }, name: string, types: AnyTypes | undefined): unknown {
  const [desc, field] = described(message, name, types);
  const value = reflect(desc, message as Message).get(field);
  if (field.fieldKind === "list") return [...Object(value)].map((item: unknown) => plain(field, item, types));
  if (field.fieldKind === "map") {
    const entries = [...Object(value)].map(([key, item]: [unknown, unknown]) => {
      const known = typeof key === "string" || typeof key === "boolean" ? key : keyValue(field.mapKey, key);
      return [known, plain(field, item, types)] as const;
    });
    return mapFrom(entries);
  }
  const set = isFieldOfSet(message, name, types);
  if (!set && field.message !== undefined && /^google\.protobuf\.(\w*Value|Any)$/.test(field.message.typeName)) {
    return field.message.typeName === ListValueSchema.typeName ? [] : null;
  }
  return plain(field, value, types);
}

function keyValue(type: ScalarType, key: unknown): bigint | Uint {
  const value = BigInt(key as number | bigint);
  return UNSIGNED.has(type) ? new Uint(value) : value;
}

const UNSIGNED: ReadonlySet<ScalarType> = new Set([
  ScalarType.UINT32,
  ScalarType.UINT64,
  ScalarType.FIXED32,
  ScalarType.FIXED64,
]);

/** Returns true if a field of a message in a dyn is set. Throws ExpressionError if the field does not exist. */
export function isFieldOfSet(
  message: { readonly $typeName: string },
  name: string,
  types: AnyTypes | undefined,
): boolean {
  const [desc, field] = described(message, name, types);
  return reflect(desc, message as Message).isSet(field);
}

function described(
  message: { readonly $typeName: string },
  name: string,
  types: AnyTypes | undefined,
): readonly [DescMessage, DescField] {
  // In CEL, a timestamp and a duration are no messages.
  const desc = isTime(message) ? undefined : types?.getMessage(message.$typeName);
  const field = desc?.fields.find((candidate) => candidate.name === name);
  if (desc === undefined || field === undefined) throw new ExpressionError(`no such field: ${name}`);
  return [desc, field];
}

/** Returns a value of reflection as one of CEL. */
function plain(field: DescField, value: unknown, types: AnyTypes | undefined): unknown {
  if (isReflectMessage(value)) {
    const { message } = value;
    return message.$typeName === "google.protobuf.Any" && types !== undefined
      ? fromAny(message as Any, types)
      : fromMessage(message);
  }
  if (field.enum !== undefined) return BigInt(Number(value));
  if (field.scalar !== undefined && UNSIGNED.has(field.scalar)) return new Uint(BigInt(value as number | bigint));
  switch (field.scalar) {
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return value;
    default:
      return typeof value === "number" ? BigInt(value) : value;
  }
}
