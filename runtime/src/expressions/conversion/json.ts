// google.protobuf.Struct, Value and ListValue are JSON to CEL (CEL spec, "JSON Data Conversion").
import { create, isMessage, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import {
  DurationSchema,
  EmptySchema,
  type FieldMask,
  FieldMaskSchema,
  type ListValue,
  ListValueSchema,
  NullValue,
  type Struct,
  StructSchema,
  TimestampSchema,
  type Value,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { recordOf } from "../../wire/record.ts";
import { timeText } from "../time/time.ts";
import { ExpressionError } from "../value/error.ts";
import { entriesOf, isMap } from "../value/shape.ts";
import { Uint } from "../value/value.ts";
import { typeName } from "./conversion.ts";

/** Returns the JSON value of a google.protobuf.Value; null if it is unset. */
export function fromJsonValue(value: Value | undefined): JsonValue {
  switch (value?.kind.case) {
    case "numberValue":
    case "stringValue":
    case "boolValue":
      return value.kind.value;
    case "structValue":
      return fromStruct(value.kind.value);
    case "listValue":
      return value.kind.value.values.map(fromJsonValue);
    default:
      return null;
  }
}

/** Returns the values of a google.protobuf.ListValue; none if it is unset. */
export function fromListValue(value: ListValue | undefined): JsonValue[] {
  return value === undefined ? [] : value.values.map(fromJsonValue);
}

/** Returns the fields of a google.protobuf.Struct message as JSON. */
export function fromStruct(value: Struct): JsonObject {
  return recordOf(Object.entries(value.fields).map(([key, item]) => [key, fromJsonValue(item)]));
}

/**
 * Returns a value of CEL as JSON: integers beyond ±(2^53 - 1) as strings, bytes as base64. Throws ExpressionError for a
 * value without JSON.
 */
export function toJsonValue(value: unknown): JsonValue {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "number":
      return value;
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case "object":
      break;
    default:
      throw new ExpressionError("a value that has no JSON");
  }
  if (value === null) return null;
  if (value instanceof Uint) return toJsonValue(value.value);
  if (value instanceof Uint8Array) return base64Encode(value);
  if (Array.isArray(value)) return value.map(toJsonValue);
  // First: the keys of a map may be those of a message.
  if (isMap(value)) return toJsonObject(value);
  if (isMessage(value, TimestampSchema) || isMessage(value, DurationSchema)) return timeText(value);
  if (isMessage(value, FieldMaskSchema)) return maskText(value);
  if (isMessage(value, EmptySchema)) return {};
  if (isMessage(value, ValueSchema)) return fromJsonValue(value);
  throw new ExpressionError(`a value that has no JSON: ${typeName(value)}`);
}

/** Throws ExpressionError for a path that JSON has no way to write. */
function maskText(mask: FieldMask): JsonValue {
  try {
    return toJson(FieldMaskSchema, mask);
  } catch {
    throw new ExpressionError("a field mask that has no JSON");
  }
}

/** Throws ExpressionError for what has no JSON. */
export function toJsonList(list: readonly unknown[]): JsonValue[] {
  return list.map(toJsonValue);
}

/** A map of CEL for a field of type google.protobuf.Struct. Throws ExpressionError for what has no JSON. */
export function toJsonObject(map: unknown): JsonObject {
  if (!isMap(map)) throw new ExpressionError("only a map is a JSON object");
  return recordOf(entriesOf(map).map(([key, item]) => [String(key), toJsonValue(item)]));
}

/** Returns the value of a field of type google.protobuf.Value. Throws ExpressionError for a value without JSON. */
export function toValue(value: unknown): Value {
  return ofJson(toJsonValue(value));
}

/** Returns the value of a field of type google.protobuf.ListValue. Throws ExpressionError for a value without JSON. */
export function toListValue(list: readonly unknown[]): ListValue {
  return create(ListValueSchema, { values: list.map(toValue) });
}

/** A google.protobuf.Struct where it is a message. Throws ExpressionError for what has no JSON. */
export function toStruct(map: object): Struct {
  const fields = recordOf(Object.entries(toJsonObject(map)).map(([key, item]) => [key, ofJson(item)]));
  return create(StructSchema, { fields });
}

function ofJson(json: JsonValue): Value {
  if (json === null) return create(ValueSchema, { kind: { case: "nullValue", value: NullValue.NULL_VALUE } });
  switch (typeof json) {
    case "string":
      return create(ValueSchema, { kind: { case: "stringValue", value: json } });
    case "boolean":
      return create(ValueSchema, { kind: { case: "boolValue", value: json } });
    case "number":
      return create(ValueSchema, { kind: { case: "numberValue", value: json } });
  }
  if (Array.isArray(json)) {
    const list = create(ListValueSchema, { values: json.map(ofJson) });
    return create(ValueSchema, { kind: { case: "listValue", value: list } });
  }
  const fields = recordOf(Object.entries(json).map(([key, item]) => [key, ofJson(item)]));
  return create(ValueSchema, { kind: { case: "structValue", value: create(StructSchema, { fields }) } });
}
