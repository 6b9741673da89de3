import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { isFieldError, protoCamelCase } from "@bufbuild/protobuf/reflect";

/** Maximum nesting depth of a payload. */
export const MAX_DEPTH = 32;

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
  const payload = JSON.parse(text, keepDigits) as Exact;
  const fields = fieldsByName(desc);
  const json = exact(payload, desc) as JsonObject;
  for (const [name, value] of Object.entries(json)) {
    const field = fields.get(name);
    if (field !== undefined) json[name] = fitted(name, value, field);
  }
  return fromJson(desc, json, { ignoreUnknownFields: true });
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
  for (let at = error; at instanceof Error; at = at.cause)
    if (isFieldError(at)) {
      const field = at.field();
      return field.kind === "oneof" ? field.name : claimName(field);
    }
  return undefined;
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

/** A whole number as it was written, where a `number` would have another value. */
class Digits {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
type Exact = JsonValue | Digits | Exact[] | { [name: string]: Exact };

function keepDigits(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  return typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
    ? new Digits(source)
    : value;
}

/** JSON with exact numbers as ProtoJSON has them: in quotes, for fields of 64 bits. */
function exact(value: Exact, want: DescField | DescMessage | undefined): JsonValue {
  if (value instanceof Digits) return isOf64Bits(want) ? value.text : Number(value.text);
  if (Array.isArray(value)) return value.map((item) => exact(item, want));
  if (typeof value !== "object" || value === null) return value;
  const inside = want?.kind === "field" && want.fieldKind !== "map" ? want.message : want;
  const fields = inside?.kind === "message" ? fieldsByName(inside) : undefined;
  const entries = Object.entries(value).map(([name, item]) => [name, exact(item, fields?.get(name) ?? mapOf(inside))]);
  return Object.fromEntries(entries) as JsonObject;
}

/** The values of a map have the type of its field. */
const mapOf = (want: DescField | DescMessage | undefined) =>
  want?.kind === "field" && want.fieldKind === "map" ? (want.message ?? want) : undefined;

const WRAPPERS: ReadonlySet<string> = new Set(["google.protobuf.Int64Value", "google.protobuf.UInt64Value"]);

function isOf64Bits(want: DescField | DescMessage | undefined): boolean {
  if (want?.kind === "message") return WRAPPERS.has(want.typeName);
  if (want?.message !== undefined) return WRAPPERS.has(want.message.typeName);
  return want?.scalar !== undefined && LONG.has(want.scalar);
}
const LONG: ReadonlySet<ScalarType> = new Set([
  ...[ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64],
]);
const WHOLE: ReadonlySet<ScalarType> = new Set([
  ...[ScalarType.INT32, ScalarType.UINT32, ScalarType.SINT32, ScalarType.FIXED32, ScalarType.SFIXED32, ...LONG],
]);

const TIMES: ReadonlySet<string> = new Set(["exp", "nbf", "iat", "auth_time", "updated_at"]);
const WORDS: ReadonlySet<string> = new Set(["scope", "scp"]);

function fitted(name: string, value: JsonValue, field: DescField): JsonValue {
  const { fieldKind, scalar } = field;
  if (fieldKind === "list" && scalar === ScalarType.STRING && typeof value === "string") {
    if (WORDS.has(name)) return words(value);
    if (name === "aud") return [value];
  }
  if (fieldKind === "scalar" && scalar === ScalarType.STRING && isListOfTexts(value)) {
    if (WORDS.has(name)) return value.join(" ");
    if (name === "aud" && value.length === 1) return value[0] ?? "";
  }
  if (fieldKind === "scalar" && WHOLE.has(scalar) && TIMES.has(name) && typeof value === "number")
    return Math.floor(value);
  return value;
}

function isListOfTexts(value: JsonValue): value is string[] {
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
