// Messages of JSON trees, by ProtoJSON (https://protobuf.dev/programming-guides/json). A reader of each type is made once.
import { create, type DescField, type DescMessage, type DescOneof, type Message } from "@bufbuild/protobuf";
import { extensionNamed, readExtension } from "./extensions.ts";
import { isMembers, type JsonTree } from "./json-tree.ts";
import { fieldReader } from "./read-field.ts";
import type { Fields, MessageReader, Readers, Reading } from "./reading.ts";
import { specialReader } from "./special-types.ts";

const readers = new WeakMap<DescMessage, MessageReader>();

/** Returns the function that reads values into messages of a type, besides what these hold. */
function messageReader(desc: DescMessage): MessageReader {
  const known = readers.get(desc);
  if (known !== undefined) return known;
  const special = specialReader(desc, READERS);
  const fields = new Map<string, KnownField>();
  const expected = `expected an object of ${desc.typeName}`;
  const read =
    special ??
    ((message: Message, json: JsonTree, reading: Reading) => {
      if (!isMembers(json)) throw reading.fault(expected);
      readFields(desc, fields, message as Fields, json, reading);
    });
  const counted: MessageReader = (message, json, reading) => {
    reading.enter();
    read(message, json, reading);
    reading.leave();
  };
  readers.set(desc, counted); // before the fields: types may hold themselves
  if (special === undefined) {
    for (const field of desc.fields) {
      const { oneof } = field;
      const known: KnownField = { field, oneof, read: fieldReader(field, READERS), isNullable: isNullable(field) };
      fields.set(field.name, known).set(field.jsonName, known);
    }
  }
  return counted;
}
const READERS: Readers = { of: messageReader };

interface KnownField {
  readonly field: DescField;
  readonly oneof: DescOneof | undefined;
  readonly read: (into: Fields, json: JsonTree, reading: Reading) => void;
  /** True if null is a value of its type; for other fields, it is no value. */
  readonly isNullable: boolean;
}
/** Lists of such values are read as by protobuf's packages for Go and Python: null is no list. */
const isNullable = ({ fieldKind, message, enum: values }: DescField): boolean =>
  fieldKind !== "map" &&
  (message?.typeName === "google.protobuf.Value" || values?.typeName === "google.protobuf.NullValue");

function readFields(
  desc: DescMessage,
  fields: ReadonlyMap<string, KnownField>,
  message: Fields,
  json: { readonly [name: string]: JsonTree },
  reading: Reading,
): void {
  let choices: Set<DescOneof> | undefined;
  for (const name of reading.namesOf(json)) {
    const value = json[name] as JsonTree;
    const known = fields.get(name);
    if (known === undefined) {
      readUnknown(desc, message, name, value, reading);
      continue;
    }
    const { field, oneof } = known;
    try {
      if (name !== field.jsonName && Object.hasOwn(json, field.jsonName))
        throw reading.fault("expected by one of its names, but given by both");
      if (value === null && !known.isNullable) continue;
      if (oneof !== undefined) {
        choices ??= new Set();
        if (choices.has(oneof)) throw reading.fault(`expected one field of the oneof ${oneof.name} only`);
        choices.add(oneof);
      }
      known.read(message, value, reading);
    } catch (thrown) {
      throw reading.within(thrown, field.jsonName, field);
    }
  }
}

function readUnknown(desc: DescMessage, message: Fields, name: string, json: JsonTree, reading: Reading): void {
  reading.checkName(name);
  const extension = extensionNamed(desc, name, reading.options.registry);
  if (extension !== undefined) {
    readExtension(extension, message as Message, json, reading, READERS);
    return;
  }
  if (!reading.options.ignoreUnknownFields)
    throw reading.fault(`expected no other names than those of the fields of ${desc.typeName}`);
  if (reading.isQuick) reading.countInside(json);
}

/** Reads a tree into a message, whose lists and maps it extends. */
export function readInto(desc: DescMessage, message: Message, json: JsonTree, reading: Reading): void {
  messageReader(desc)(message, json, reading);
}

/** Returns a new message. */
export function readTree(desc: DescMessage, json: JsonTree, reading: Reading): Message {
  const message = create(desc) as Message;
  readInto(desc, message, json, reading);
  return message;
}
