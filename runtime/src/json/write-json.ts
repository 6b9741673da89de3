// The only writer of ProtoJSON, for all protocols and formats.
import { type DescMessage, type JsonValue, type Message, type Registry, toJson } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { holdsField } from "../wire/holds-field.ts";
import { jsonText } from "./json-text.ts";
import { messagesIn } from "./messages-in.ts";

/**
 * Returns the function that writes messages of a type as ProtoJSON texts.
 *
 * @throws Error for a message that has no JSON
 * @example
 * const write = jsonWriter(ItemSchema, registry);
 * write(create(ItemSchema, { id: 1n })); // {"id":"1"}
 */
export function jsonWriter(desc: DescMessage, registry: Registry): (message: Message) => string {
  const textOf = jsonText(desc);
  return (message) => textOf(jsonOf(desc, message, registry));
}

/**
 * Returns a message as ProtoJSON.
 *
 * @throws Error for a message that has no JSON
 */
export function jsonOf(desc: DescMessage, message: Message, registry: Registry): JsonValue {
  if (holdsAny(desc)) assertTypes(reflect(desc, message));
  return toJson(desc, message, { registry }) as JsonValue;
}

const holding = new WeakMap<DescMessage, boolean>();
function holdsAny(desc: DescMessage): boolean {
  let holds = holding.get(desc);
  if (holds === undefined) {
    holds = isAny(desc) || holdsField(desc, ({ message }) => message !== undefined && isAny(message));
    holding.set(desc, holds);
  }
  return holds;
}
const isAny = ({ typeName }: DescMessage): boolean => typeName === AnySchema.typeName;

/** An Any without a type would become `{}`, and lose its value. */
function assertTypes(message: ReflectMessage): void {
  if (isAny(message.desc)) {
    const { typeUrl, value } = message.message as Any;
    if (typeUrl === "" && value.length > 0) throw new Error(NO_TYPE);
    return;
  }
  for (const field of message.fields) {
    if (field.message === undefined || !message.isSet(field) || !holdsAny(field.message)) continue;
    for (const [, inner] of messagesIn(message, field)) assertTypes(inner);
  }
}
const NO_TYPE = "cannot encode message google.protobuf.Any to JSON: it has a value without a type_url";
