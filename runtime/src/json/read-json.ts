// The only reader of ProtoJSON, for all protocols and formats.
import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import type { JsonTree } from "./json-tree.ts";
import { parseExact } from "./parse-exact.ts";
import { namesIn, parseQuick } from "./parse-quick.ts";
import { readInto, readTree } from "./read-message.ts";
import { type JsonReadOptions, Reading } from "./reading.ts";

export type { JsonReadOptions };

/**
 * Returns the message of a ProtoJSON text. Numbers keep all digits that their types have. Duplicate names are refused.
 *
 * Most texts are parsed by `JSON.parse`. Texts that it could change, and broken ones, are parsed by `parseExact`.
 *
 * @throws JsonError
 * @example
 * const item = readJson(ItemSchema, '{"id":"9007199254740993"}', { registry, ignoreUnknownFields: true });
 */
export function readJson(desc: DescMessage, text: string, options: JsonReadOptions): Message {
  return quickly(desc, text, options, whole) ?? readJsonExactly(desc, text, options);
}

/** Like `readJson`, without `JSON.parse`. */
export function readJsonExactly(desc: DescMessage, text: string, options: JsonReadOptions): Message {
  return readTree(desc, parseExact(text), new Reading(options, false));
}

/**
 * Returns a message with one field, whose value is the text (`body` and `response_body` of google.api.http).
 *
 * @param takesNull true: null leaves the field unset; false: null is refused if it is no value of the field's type
 * @throws JsonError
 */
export function readJsonField(
  desc: DescMessage,
  { jsonName, message, enum: values }: DescField,
  text: string,
  options: JsonReadOptions & { readonly takesNull: boolean },
): Message {
  const isValue = message?.typeName === "google.protobuf.Value" || values?.typeName === "google.protobuf.NullValue";
  const wrapped = (json: JsonTree, reading: Reading): JsonTree => {
    if (json === null && !isValue && !options.takesNull) throw reading.fault("expected a value, not null");
    return { [jsonName]: json };
  };
  const read = quickly(desc, text, options, wrapped);
  if (read !== undefined) return read;
  const reading = new Reading(options, false);
  return readTree(desc, wrapped(parseExact(text), reading), reading);
}

type Wrap = (json: JsonTree, reading: Reading) => JsonTree;
const whole: Wrap = (json) => json;

/** Returns undefined if the exact reader must read the text. */
function quickly(desc: DescMessage, text: string, options: JsonReadOptions, wrap: Wrap): Message | undefined {
  const json = parseQuick(text);
  let names = json === undefined ? -1 : namesIn(text);
  if (json === undefined || names === -1) return undefined;
  const reading = new Reading(options, true);
  try {
    const wrapped = wrap(json, reading);
    if (wrapped !== json) names++;
    const message = readTree(desc, wrapped, reading);
    return reading.members === names ? message : undefined; // a duplicate name leaves fewer members than names
  } catch {
    return undefined;
  }
}

/**
 * Returns the message of a tree of `parseExact`.
 *
 * @throws JsonError
 */
export function readJsonTree(desc: DescMessage, json: JsonTree, options: JsonReadOptions): Message {
  return readTree(desc, json, new Reading(options, false));
}

/**
 * Reads a tree into a message, whose lists and maps it extends.
 *
 * @throws JsonError
 */
export function mergeJson(desc: DescMessage, message: Message, json: JsonTree, options: JsonReadOptions): void {
  readInto(desc, message, json, new Reading(options, false));
}
