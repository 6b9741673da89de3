import {
  create,
  type DescExtension,
  type DescField,
  type DescMessage,
  type Message,
  setExtension,
} from "@bufbuild/protobuf";
import type { JsonTree } from "./json-tree.ts";
import { fieldReader } from "./read-field.ts";
import type { Fields, Readers, Reading } from "./reading.ts";

/** Reads the member `[package.name]`. Returns false if the registry has no such extension of the message. */
export function readExtension(
  desc: DescMessage,
  message: Message,
  name: string,
  json: JsonTree,
  reading: Reading,
  readers: Readers,
): boolean {
  const extension = name.endsWith("]") ? reading.options.registry.getExtension(name.slice(1, -1)) : undefined;
  if (extension?.extendee.typeName !== desc.typeName) return false;
  const [holder, field] = holderOf(extension);
  try {
    if (json === null) return true;
    fieldReader(field, readers)(holder, json, reading);
  } catch (thrown) {
    throw reading.within(thrown, name, field);
  }
  setExtension(message, extension, holder[field.localName] as never);
  return true;
}

/** A message with the extension as its only field. */
function holderOf(extension: DescExtension): readonly [Fields, DescField] {
  const { extendee, typeName } = extension;
  const field = { ...extension, kind: "field", parent: extendee, localName: typeName } as unknown as DescField;
  const desc = { ...extendee, fields: [field], members: [field], oneofs: [] };
  return [create(desc as DescMessage) as unknown as Fields, field];
}
