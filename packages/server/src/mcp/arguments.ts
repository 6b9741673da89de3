// Arguments of a tool, as a message of its rpc's request.
import type { DescField, DescMessage, Message, Registry } from "@bufbuild/protobuf";
import { isMembers, type JsonMembers, type JsonTree, treeText } from "@protobff/runtime/internal/json/json-tree";
import { readJson } from "@protobff/runtime/internal/json/read-json";
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
  json: JsonMembers,
  { hidden = [], registry }: Pick<Tool, "hidden"> & { readonly registry: Registry },
): Message | string {
  const unknown = unknownName(desc, json, hidden);
  if (unknown !== undefined) return `${unknown} is no argument of this tool`;
  try {
    return readJson(desc, treeText(json), { registry, ignoreUnknownFields: false });
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** @param hidden paths of fields, in proto names */
function unknownName(desc: DescMessage, json: JsonMembers, hidden: readonly string[]): string | undefined {
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

function unknownInside(field: DescField, value: JsonTree, hidden: readonly string[]): string | undefined {
  const { message, fieldKind } = field;
  if (message === undefined || isSpecial(message) || field.proto.options?.debugRedact === true) return undefined;
  if (fieldKind === "message") return isMembers(value) ? unknownName(message, value, hidden) : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const inside = isMembers(item) ? unknownName(message, item, []) : undefined;
    if (inside !== undefined) return `${key}.${inside}`;
  }
  return undefined;
}
