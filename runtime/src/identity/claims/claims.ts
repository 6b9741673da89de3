import { createRegistry, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import { JsonError } from "../../json/json-error.ts";
import { isMembers, type JsonTree, NumberText } from "../../json/json-tree.ts";
import { wholeNumber } from "../../json/numbers.ts";
import { parseExact } from "../../json/parse-exact.ts";
import { readJsonTree } from "../../json/read-json.ts";

const NO_TYPES = createRegistry();
/** Maximum nesting depth of a payload. */
const MAX_DEPTH = 32;

/**
 * Decodes a token's payload by ProtoJSON into the message that an author has declared for it. Claims without a field
 * are ignored.
 *
 * Beyond ProtoJSON, a claim that is a text or a list of texts (`aud`, RFC 7519 section 4.1.3) fits a field of either
 * kind. A list of words in a text (`scope`, RFC 8693 section 4.2) also fits a repeated field. Times with a fraction fit
 * fields of whole numbers. Whole numbers of 64 bits lose no digit.
 *
 * @param text of a JSON object
 * @throws Error if a claim is of another type than its field, or the payload is nested too deep
 */
export function decodeClaims(desc: DescMessage, text: string): Message {
  if (depthOf(text) > MAX_DEPTH) throw new Error("is nested too deep");
  const fields = fieldsByName(desc);
  const json = parseExact(text);
  if (!isMembers(json)) throw new Error("is no object");
  for (const [name, value] of Object.entries(json)) {
    const field = fields.get(name);
    if (field !== undefined) json[name] = fitted(name, value, field);
  }
  return readJsonTree(desc, json, { registry: NO_TYPES, ignoreUnknownFields: true });
}

/**
 * Returns the name of the claim that a field is decoded from: that of the field, or the `json_name` that an author
 * wrote.
 */
export function claimName({ name, jsonName }: DescField): string {
  return jsonName === protoCamelCase(name) ? name : jsonName;
}

/**
 * Returns the claim whose value does not fit its field; undefined if it is unknown. The value is left out, because it
 * belongs to the caller.
 */
export function claimIn(error: unknown): string | undefined {
  return error instanceof JsonError && error.field !== undefined ? claimName(error.field) : undefined;
}

/** Returns the deepest nesting of a JSON text. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  // Strings are skipped, including their escape sequences.
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{\]}]/g)) {
    if (token === "[" || token === "{") deepest = Math.max(deepest, ++depth);
    else if (token === "]" || token === "}") depth--;
  }
  return deepest;
}

const WHOLE: ReadonlySet<ScalarType> = new Set([
  ...[ScalarType.INT32, ScalarType.UINT32, ScalarType.SINT32, ScalarType.FIXED32, ScalarType.SFIXED32],
  ...[ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64],
]);

const TIMES: ReadonlySet<string> = new Set(["exp", "nbf", "iat", "auth_time", "updated_at"]);
const WORDS: ReadonlySet<string> = new Set(["scope", "scp"]);

function fitted(name: string, value: JsonTree, field: DescField): JsonTree {
  const { fieldKind, scalar } = field;
  if (fieldKind === "list" && scalar === ScalarType.STRING && typeof value === "string") {
    if (WORDS.has(name)) return words(value);
    if (name === "aud") return [value];
  }
  if (fieldKind === "scalar" && scalar === ScalarType.STRING && isListOfTexts(value)) {
    if (WORDS.has(name)) return value.join(" ");
    if (name === "aud" && value.length === 1) return value[0] ?? "";
  }
  if (fieldKind === "scalar" && WHOLE.has(scalar) && TIMES.has(name) && value instanceof NumberText)
    return wholeNumber(value) === undefined ? new NumberText(String(Math.floor(Number(value.text)))) : value;
  return value;
}

function isListOfTexts(value: JsonTree): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** Returns the words of a text, which are separated by spaces. */
export function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

const names = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();
/** Returns the fields by the names that ProtoJSON reads them under. */
function fieldsByName(desc: DescMessage): ReadonlyMap<string, DescField> {
  const known = names.get(desc);
  if (known !== undefined) return known;
  const made = new Map(
    desc.fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field] as const]),
  );
  names.set(desc, made);
  return made;
}
