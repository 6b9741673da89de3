// Arguments of a tool, as a message of its rpc's request.
import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  type Registry,
} from "@bufbuild/protobuf";
import { isObject } from "./json-rpc.ts";
import type { Tool } from "./tool.ts";

/** Types whose JSON is not an object of their fields. */
const isSpecial = ({ typeName }: DescMessage): boolean => typeName.startsWith("google.protobuf.");

/**
 * Reads the arguments of a call. Hidden arguments are refused with the text of unknown ones, so that agents learn of
 * none.
 *
 * @returns the text for the agent if they are wrong
 */
export function readArguments(
  desc: DescMessage,
  json: JsonObject,
  { hidden = [], registry }: Pick<Tool, "hidden"> & { readonly registry: Registry },
): Message | string {
  const unknown = unknownName(desc, json, hidden);
  if (unknown !== undefined) return `${unknown} is no argument of this tool`;
  try {
    return fromJson(desc, json, { registry, ignoreUnknownFields: false });
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** @param hidden paths of fields, in proto names */
function unknownName(desc: DescMessage, json: JsonObject, hidden: readonly string[]): string | undefined {
  for (const [name, value] of Object.entries(json)) {
    const field = desc.fields.find((candidate) => candidate.name === name || candidate.jsonName === name);
    if (field === undefined || hidden.includes(field.name)) return name;
    const below = hidden.flatMap((path) =>
      path.startsWith(`${field.name}.`) ? path.slice(field.name.length + 1) : [],
    );
    const inside = unknownInside(field, value, below);
    if (inside !== undefined) return `${name}.${inside}`;
  }
  return undefined;
}

function unknownInside(field: DescField, value: JsonValue, hidden: readonly string[]): string | undefined {
  const { message, fieldKind } = field;
  if (message === undefined || isSpecial(message)) return undefined;
  if (fieldKind === "message") return isObject(value) ? unknownName(message, value, hidden) : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const inside = isObject(item) ? unknownName(message, item, []) : undefined;
    if (inside !== undefined) return `${key}.${inside}`;
  }
  return undefined;
}
