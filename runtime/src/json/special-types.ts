// Well-known types whose JSON is not an object of their fields.
import { create, type DescMessage, type JsonObject, type JsonValue, type Message, toBinary } from "@bufbuild/protobuf";
import {
  type Any,
  isWrapperDesc,
  ListValueSchema,
  NullValue,
  StructSchema,
  type Value,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { setOwn } from "../wire/record.ts";
import { isMembers, type JsonMembers, type JsonTree } from "./json-tree.ts";
import { double } from "./numbers.ts";
import { scalarReader } from "./read-scalar.ts";
import type { Fields, MessageReader, Readers, Reading } from "./reading.ts";
import { DURATION, durationOf, FIELD_MASK, maskPathsOf, TIMESTAMP, timestampOf } from "./well-known.ts";

/** Returns undefined for other types. */
export function specialReader(desc: DescMessage, readers: Readers): MessageReader | undefined {
  const { typeName } = desc;
  if (typeName === "google.protobuf.Any") return (any, json, reading) => readAny(any as Any, json, reading, readers);
  return isWrapperDesc(desc) ? wrapperReader(desc) : SPECIAL.get(typeName);
}

const texts =
  (expected: string, partsOf: (text: string) => object | undefined): MessageReader =>
  (into, json, reading) => {
    const parts = typeof json === "string" ? partsOf(json) : undefined;
    if (parts === undefined) throw reading.fault(expected);
    Object.assign(into, parts);
  };
const pathsOf = (text: string): object | undefined => {
  const paths = maskPathsOf(text);
  return paths && { paths };
};

const SPECIAL: ReadonlyMap<string, MessageReader> = new Map([
  ["google.protobuf.Timestamp", texts(TIMESTAMP, timestampOf)],
  ["google.protobuf.Duration", texts(DURATION, durationOf)],
  ["google.protobuf.FieldMask", texts(FIELD_MASK, pathsOf)],
  ["google.protobuf.Value", (into, json, reading) => readValue(into as Value, json, reading)],
  ["google.protobuf.Struct", readFieldsOfStruct],
  ["google.protobuf.ListValue", readItems],
]);

/** Reports whether the JSON of a type is not an object of its fields. */
const isSpecial = (desc: DescMessage): boolean =>
  desc.typeName === "google.protobuf.Any" || isWrapperDesc(desc) || SPECIAL.has(desc.typeName);

function wrapperReader({ fields: [field] }: DescMessage): MessageReader {
  const { localName, scalar } = field as typeof field & { readonly scalar: never };
  const { read, expected } = scalarReader(scalar);
  return (message, json, reading) => {
    const value = read(json);
    if (value === undefined) throw reading.fault(expected);
    (message as unknown as Fields)[localName] = value;
  };
}

// ---- Value, ListValue, Struct ----

function readValue(value: Value, json: JsonTree, reading: Reading): void {
  value.kind = kindOf(json, reading);
}
function kindOf(json: JsonTree, reading: Reading): Value["kind"] {
  if (json === null) return { case: "nullValue", value: NullValue.NULL_VALUE };
  if (typeof json === "string") return { case: "stringValue", value: json };
  if (typeof json === "boolean") return { case: "boolValue", value: json };
  if (Array.isArray(json)) {
    const list = create(ListValueSchema);
    readItems(list, json, reading);
    return { case: "listValue", value: list };
  }
  if (isMembers(json)) {
    const struct = create(StructSchema);
    readFieldsOfStruct(struct, json, reading);
    return { case: "structValue", value: struct };
  }
  return { case: "numberValue", value: numberOf(json, reading) };
}
function numberOf(json: JsonTree, reading: Reading): number {
  const value = double(json);
  if (value === undefined) throw reading.fault("expected a number that is a double");
  return value;
}

function readItems(list: Message, json: JsonTree, reading: Reading): void {
  if (!Array.isArray(json)) throw reading.fault("expected a list");
  const { values } = list as Message & { readonly values: Value[] };
  for (let i = 0; i < json.length; i++) values.push(nested(json[i] as JsonTree, reading, `[${i}]`, newValue));
}
function readFieldsOfStruct(struct: Message, json: JsonTree, reading: Reading): void {
  if (!isMembers(json)) throw reading.fault("expected an object");
  const { fields } = struct as Message & { readonly fields: { [name: string]: Value } };
  for (const name of reading.namesOf(json)) {
    reading.checkName(name);
    setOwn(fields, name, nested(json[name] as JsonTree, reading, "[…]", newValue));
  }
}
function newValue(json: JsonTree, reading: Reading): Value {
  const value = create(ValueSchema);
  readValue(value, json, reading);
  return value;
}

/** Reads a value in another: its depth counts. */
function nested<T>(json: JsonTree, reading: Reading, step: string, read: (json: JsonTree, reading: Reading) => T): T {
  reading.enter();
  try {
    const value = read(json, reading);
    reading.leave();
    return value;
  } catch (thrown) {
    throw reading.within(thrown, step);
  }
}

/** Returns a google.protobuf.Struct as protobuf-es holds it in fields. */
export function readStruct(json: JsonTree, reading: Reading): JsonObject {
  if (!isMembers(json)) throw reading.fault("expected an object");
  const members: JsonObject = {};
  for (const name of reading.namesOf(json)) {
    reading.checkName(name);
    setOwn(members, name, nested(json[name] as JsonTree, reading, "[…]", plainValue));
  }
  return members;
}
function plainValue(json: JsonTree, reading: Reading): JsonValue {
  if (json === null || typeof json === "string" || typeof json === "boolean") return json;
  if (Array.isArray(json)) return json.map((item, i) => nested(item, reading, `[${i}]`, plainValue));
  return isMembers(json) ? readStruct(json, reading) : numberOf(json, reading);
}

// ---- Any ----

function readAny(any: Any, json: JsonTree, reading: Reading, readers: Readers): void {
  if (!isMembers(json)) throw reading.fault("expected an object of google.protobuf.Any");
  const { "@type": typeUrl } = json;
  if (typeUrl === undefined && Object.keys(json).length === 0) return;
  const name = typeof typeUrl === "string" ? typeUrl.slice(typeUrl.lastIndexOf("/") + 1) : "";
  const desc = name === "" ? undefined : reading.options.registry.getMessage(name);
  if (desc === undefined) throw reading.fault("expected the URL of a known type as @type");
  const message = create(desc) as Message;
  const { "@type": _, ...rest } = json;
  if (isSpecial(desc)) readSpecial(desc, message, rest, reading, readers);
  else {
    reading.members++; // @type
    readers.of(desc)(message, rest, reading);
  }
  any.typeUrl = typeUrl as string;
  any.value = toBinary(desc, message);
}

function readSpecial(
  desc: DescMessage,
  message: Message,
  members: JsonMembers,
  reading: Reading,
  readers: Readers,
): void {
  const { value, ...rest } = members;
  if (value === undefined) throw reading.fault(`expected the value of ${desc.typeName} as value`);
  if (Object.keys(rest).length > 0) {
    if (!reading.options.ignoreUnknownFields) throw reading.fault("expected no other names than @type and value");
    if (reading.isQuick) reading.countInside(rest);
  }
  reading.members += 2;
  try {
    readers.of(desc)(message, value, reading);
  } catch (thrown) {
    throw reading.within(thrown, "value");
  }
}
