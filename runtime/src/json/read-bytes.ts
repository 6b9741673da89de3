// Values that messages hold as bytes: contents of a google.protobuf.Any, and extensions. protobuf-es reads them when it
// writes JSON: a field whatever its wire type, and an Any with a value and without a type_url as an empty one.
import {
  clone,
  type DescField,
  type DescMessage,
  type Message,
  type Registry,
  setExtension,
  toBinary,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { readMessage } from "../wire/reader.ts";
import { extensionsIn, isMessageSet, readHeld } from "./extensions.ts";
import { messagesIn } from "./messages-in.ts";
import type { Fields } from "./reading.ts";

/**
 * Returns a copy of a message whose bytes hold what our reader reads in them. It has no unknown fields.
 *
 * @throws Error for bytes that are no message of their type, and for an Any with a value and without a type_url
 */
export function withReadBytes(desc: DescMessage, message: Message, registry: Registry): Message {
  const copy = reflect(desc, clone(desc, message));
  readBytes(copy, registry);
  return copy.message;
}

function readBytes(message: ReflectMessage, registry: Registry): void {
  const { desc, message: plain } = message;
  if (desc.typeName === AnySchema.typeName) readAny(plain as Any, registry);
  if (isMessageSet(desc) && plain.$unknown?.some(({ no }) => no === ITEM)) throw new Error(NO_SET);
  const held = extensionsIn(desc, plain, registry).map((extension) => [extension, readHeld(plain, extension)] as const);
  plain.$unknown = undefined;
  for (const [extension, read] of held) {
    if (read === undefined) continue;
    const { holder, field } = read;
    readField(holder, field, registry);
    setExtension(plain, extension, (holder.message as unknown as Fields)[field.localName] as never);
  }
  for (const field of message.fields) if (message.isSet(field)) readField(message, field, registry);
}
function readField(message: ReflectMessage, field: DescField, registry: Registry): void {
  if (field.message === undefined) return;
  for (const [, inner] of messagesIn(message, field)) readBytes(inner, registry);
}

function readAny(any: Any, registry: Registry): void {
  const { typeUrl, value } = any;
  if (typeUrl === "" && value.length > 0) throw new Error(NO_TYPE);
  const desc = registry.getMessage(typeUrl.slice(typeUrl.lastIndexOf("/") + 1));
  if (desc === undefined) return; // protobuf-es reports it
  const content = reflect(desc, readMessage(desc, value));
  readBytes(content, registry);
  any.value = toBinary(desc, content.message);
}
/** Number of the group that is an item. */
const ITEM = 1;
const NO_SET = "cannot encode the items of a MessageSet to JSON";
const NO_TYPE = "cannot encode message google.protobuf.Any to JSON: it has a value without a type_url";
