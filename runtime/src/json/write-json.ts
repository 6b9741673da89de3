// The only writer of ProtoJSON, for all protocols and formats.
import {
  create,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type Message,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import { holdsField } from "../wire/holds-field.ts";
import { isAnyOrExtended, jsonText } from "./json-text.ts";
import { withReadBytes } from "./read-bytes.ts";

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
  return toJson(desc, mayHoldBytes(desc) ? withReadBytes(desc, message, registry) : message, { registry }) as JsonValue;
}

/** Returns the JSON of an empty message, with the defaults of all fields that always have a value. */
export const defaultsOf = (desc: DescMessage): JsonObject =>
  toJson(desc, create(desc), { alwaysEmitImplicit: true }) as JsonObject;

const holding = new WeakMap<DescMessage, boolean>();
function mayHoldBytes(desc: DescMessage): boolean {
  let holds = holding.get(desc);
  if (holds === undefined) {
    holds =
      isAnyOrExtended(desc) || holdsField(desc, ({ message }) => message !== undefined && isAnyOrExtended(message));
    holding.set(desc, holds);
  }
  return holds;
}
