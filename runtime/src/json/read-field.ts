import { create, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { recordOf, setOwn } from "../wire/record.ts";
import { isMembers, type JsonTree } from "./json-tree.ts";
import { enumReader, keyReader, LEFT_OUT, scalarReader } from "./read-scalar.ts";
import type { Fields, Readers, Reading } from "./reading.ts";
import { readStruct } from "./special-types.ts";

/** Returns a value as messages hold it, or LEFT_OUT. */
type ValueReader = (json: JsonTree, reading: Reading, before: unknown) => unknown;

/** A field, or an extension under the name of a property. */
type FieldLike = DescField;

/** Returns the function that reads a value into a field. */
export function fieldReader(
  field: FieldLike,
  readers: Readers,
): (into: Fields, json: JsonTree, reading: Reading) => void {
  const { localName, oneof } = field;
  if (field.fieldKind === "list") return listReader(field, readers);
  if (field.fieldKind === "map") return mapReader(field, readers);
  const read = valueReader(field, readers);
  if (oneof === undefined)
    return (into, json, reading) => {
      const value = read(json, reading, into[localName]);
      if (value !== LEFT_OUT) into[localName] = value;
    };
  return (into, json, reading) => {
    const chosen = into[oneof.localName] as { readonly case: string; readonly value: unknown };
    const value = read(json, reading, chosen.case === localName ? chosen.value : undefined);
    if (value !== LEFT_OUT) into[oneof.localName] = { case: localName, value };
  };
}

function listReader(field: FieldLike & { readonly fieldKind: "list" }, readers: Readers) {
  const { localName } = field;
  const read = valueReader(field, readers);
  return (into: Fields, json: JsonTree, reading: Reading): void => {
    if (!Array.isArray(json)) throw reading.fault("expected a list");
    const items = into[localName] as unknown[];
    let i = 0;
    try {
      for (; i < json.length; i++) {
        const value = read(json[i] as JsonTree, reading, undefined);
        if (value !== LEFT_OUT) items.push(value);
      }
    } catch (thrown) {
      throw reading.within(thrown, `[${i}]`);
    }
  };
}

function mapReader(field: FieldLike & { readonly fieldKind: "map" }, readers: Readers) {
  const { localName } = field;
  const read = valueReader(field, readers);
  const keyOf = keyReader(field.mapKey);
  const isText = keyOf("a") === "a";
  return (into: Fields, json: JsonTree, reading: Reading): void => {
    if (!isMembers(json)) throw reading.fault("expected an object");
    const entries = into[localName] as Fields;
    const seen = isText ? undefined : new Set<string>();
    try {
      for (const name of reading.namesOf(json)) {
        reading.checkName(name);
        const key = keyOf(name);
        if (key === undefined) throw reading.fault("expected a key of the map's type");
        if (seen?.has(key)) throw reading.fault("expected each key once");
        seen?.add(key);
        const value = read(json[name] as JsonTree, reading, undefined);
        if (value !== LEFT_OUT) setOwn(entries, key, value);
      }
    } catch (thrown) {
      throw reading.within(thrown, "[…]");
    }
  };
}

/** Returns a reader of single values, items and entries. Null is a value of few types. */
function valueReader(field: FieldLike, readers: Readers): ValueReader {
  const { message, enum: values, scalar } = field;
  if (message !== undefined) return messageValueReader(field, message, readers);
  if (values !== undefined) {
    const { read, expected } = enumReader(values);
    const isNull = values.typeName === "google.protobuf.NullValue";
    return (json, reading) => {
      if (json === null && isNull) return 0;
      const value = read(json, reading.options.ignoreUnknownEnums === true);
      if (value === undefined) throw reading.fault(expected);
      return value;
    };
  }
  const longAsString = "longAsString" in field && field.longAsString;
  const { read, expected } = scalarReader(scalar, longAsString);
  return (json, reading) => {
    const value = read(json);
    if (value === undefined) throw reading.fault(expected);
    return value;
  };
}

function messageValueReader(field: FieldLike, desc: DescMessage, readers: Readers): ValueReader {
  const { typeName } = desc;
  // protobuf-es keeps a Struct in a field as JSON, and a single wrapper as its value.
  if (typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value")
    return (json, reading, before) => {
      const members = readStruct(json, reading);
      return before === undefined ? members : recordOf(Object.entries({ ...(before as object), ...members }));
    };
  const read = readers.of(desc);
  const isNullable = typeName === "google.protobuf.Value";
  const readMessage = (json: JsonTree, reading: Reading, before: unknown): Message => {
    if (json === null && !isNullable) throw reading.fault("expected no null");
    const message = (before ?? create(desc)) as Message;
    read(message, json, reading);
    return message;
  };
  if (field.fieldKind !== "message" || field.oneof !== undefined || !isWrapperDesc(desc)) return readMessage;
  const [{ localName }] = desc.fields;
  return (json, reading) => (readMessage(json, reading, undefined) as unknown as Fields)[localName];
}
