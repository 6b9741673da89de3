import {
  create,
  type DescExtension,
  type DescField,
  type DescMessage,
  type Message,
  type Registry,
  setExtension,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { readMessage } from "../wire/reader.ts";
import type { JsonTree } from "./json-tree.ts";
import { fieldReader } from "./read-field.ts";
import type { Fields, Readers, Reading } from "./reading.ts";

/** Reports whether the contents of a type are items, which protobuf-es does not read. */
export const isMessageSet = ({ proto }: DescMessage): boolean => proto.options?.messageSetWireFormat === true;

/** Returns the extension of a message that `[package.name]` names. Undefined if the registry has none. */
export function extensionNamed(desc: DescMessage, name: string, registry: Registry): DescExtension | undefined {
  const extension = /^\[.*\]$/s.test(name) ? registry.getExtension(name.slice(1, -1)) : undefined;
  return extension?.extendee.typeName === desc.typeName ? extension : undefined;
}

export function readExtension(
  extension: DescExtension,
  message: Message,
  json: JsonTree,
  reading: Reading,
  readers: Readers,
): void {
  if (isMessageSet(extension.extendee)) throw reading.fault("expected no extension: a MessageSet has no items in JSON");
  const [holderDesc, field] = holderOf(extension);
  const holder = create(holderDesc) as unknown as Fields;
  try {
    if (json === null) return;
    fieldReader(field, readers)(holder, json, reading);
  } catch (thrown) {
    throw reading.within(thrown, `[${extension.typeName}]`, field);
  }
  setExtension(message, extension, holder[field.localName] as never);
}

/** Returns the type of messages with the extension as their only field. */
function holderOf(extension: DescExtension): readonly [DescMessage, DescField] {
  const { extendee, typeName } = extension;
  const field = { ...extension, kind: "field", parent: extendee, localName: typeName } as unknown as DescField;
  const desc = { ...extendee, fields: [field], members: [field], oneofs: [] };
  return [desc as DescMessage, field];
}

/** Returns the known extensions of whose content a message has bytes. */
export function extensionsIn(desc: DescMessage, { $unknown = [] }: Message, registry: Registry): DescExtension[] {
  return [...new Set($unknown.map(({ no }) => no))].flatMap((no) => registry.getExtensionFor(desc, no) ?? []);
}

/**
 * Returns a message with an extension as its only field, read as fields are: `getExtension` reads it whatever its wire
 * type. Undefined if it is unset.
 *
 * @throws an Error for bytes that are no value of the extension's type
 */
export function readHeld(
  { $unknown = [] }: Message,
  extension: DescExtension,
): { readonly holder: ReflectMessage; readonly field: DescField } | undefined {
  const bytes = new BinaryWriter();
  for (const { no, wireType, data } of $unknown) if (no === extension.number) bytes.tag(no, wireType).raw(data);
  const [desc, field] = holderOf(extension);
  const holder = reflect(desc, readMessage(desc, bytes.finish()));
  return holder.isSet(field) ? { holder, field } : undefined;
}
