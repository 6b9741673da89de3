// Shows messages and headers with their secrets masked.
import type { DescField, DescMessage, JsonValue, Message, Registry } from "@bufbuild/protobuf";
import { jsonOf } from "@protobff/runtime/internal/json/write-json";
import { rulesOf } from "@protobff/runtime/internal/samples/wire-rules";
import { readMessage } from "@protobff/runtime/internal/wire/reader";
import { MASK } from "./page-data.ts";

/** Headers that may be shown, and whether their values may. */
const HEADERS: readonly (readonly [name: string, secret: boolean])[] = [
  ["x-request-id", false],
  ["user-agent", false],
  ["content-type", false],
  ["accept-language", false],
  ["origin", false],
  ["traceparent", false],
  ["grpc-timeout", false],
  ["connect-timeout-ms", false],
  ["authorization", true],
  ["cookie", true],
  ["x-api-key", true],
];
const SECRET =
  /^(authorization|proxy-authorization|cookie|set-cookie|x-api-key|x-bff-principal)$|token|secret|password|credential/;
const MAX_CHARACTERS = 500;
const DEEPEST = 100;

/** @param header the value of one; "" when absent */
export function shownHeaders(header: (name: string) => string): readonly (readonly [string, string])[] {
  return HEADERS.flatMap(([name, secret]) => {
    const value = header(name);
    return value === "" ? [] : [[name, secret ? MASK : value.slice(0, MAX_CHARACTERS)] as const];
  });
}

/** Returns true for the names of headers whose values are credentials. */
export const isSecretHeader = (name: string): boolean => SECRET.test(name.toLowerCase());

/** A header of an answer. */
export function shownHeader(name: string, value: string): string {
  return isSecretHeader(name) ? MASK : value.slice(0, MAX_CHARACTERS);
}

/** Numbers of `(bff.v1.field)` among the options of fields, and of its `reveal`. */
const [FIELD_RULE, REVEAL] = [61_001, 9];

/** Returns true if the field has `debug_redact`, or a sensitive value by `reveal`. */
export const isSecretField = (field: DescField): boolean =>
  field.proto.options?.debugRedact === true || rulesOf(field, FIELD_RULE)?.has(REVEAL) === true;

/** Returns true if values of this type may contain a secret field. A google.protobuf.Any may contain any. */
export function holdsRedacted(desc: DescMessage): boolean {
  const seen = new Set([desc]);
  for (const { typeName, fields } of seen) {
    if (typeName === "google.protobuf.Any") return true;
    for (const field of fields) {
      if (isSecretField(field)) return true;
      if (field.message !== undefined) seen.add(field.message);
    }
  }
  return false;
}

/** The message in these bytes as JSON, with secret fields masked; why not, where it cannot be. */
export function shownMessage(desc: DescMessage, bytes: Uint8Array, registry: Registry): string {
  let json: JsonValue;
  try {
    json = jsonOf(desc, readMessage(desc, bytes) as Message, registry);
  } catch (thrown) {
    if (holdsRedacted(desc)) return `cannot be shown: no valid ${desc.typeName}`; // the error may quote a value
    return `cannot be shown: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
  return JSON.stringify(masked(json, desc, registry), undefined, 2);
}

/** This JSON of such a message, with secret fields masked. Neither is changed. */
export function masked(json: JsonValue, desc: DescMessage, registry: Registry, depth = 0): JsonValue {
  if (depth > DEEPEST) return MASK;
  if (json === null || typeof json !== "object" || Array.isArray(json)) return json;
  if (desc.typeName === "google.protobuf.Any") return maskedAny(json, registry, depth);
  // The JSON of well-known types is no object of their fields, and none of them is secret.
  if (desc.typeName.startsWith("google.protobuf.")) return json;
  const fields = new Map(desc.fields.flatMap((field) => [[field.jsonName, field] as const, [field.name, field]]));
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => {
      if (name.startsWith("[")) return [name, MASK]; // an extension, of which nothing is known here
      return [name, maskedField(value, fields.get(name), registry, depth + 1)];
    }),
  );
}

function maskedField(value: JsonValue, field: DescField | undefined, registry: Registry, depth: number): JsonValue {
  if (field === undefined) return value;
  if (isSecretField(field)) return MASK;
  const { message } = field;
  if (message === undefined || value === null) return value;
  const inner = (item: JsonValue): JsonValue => masked(item, message, registry, depth);
  if (field.fieldKind === "list") return Array.isArray(value) ? value.map(inner) : value;
  if (field.fieldKind !== "map") return inner(value);
  if (typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item)]));
}

/** A message of a type that is not known could hold anything. */
function maskedAny(json: { [name: string]: JsonValue }, registry: Registry, depth: number): JsonValue {
  const type = json["@type"];
  const desc = typeof type === "string" ? registry.getMessage(type.slice(type.lastIndexOf("/") + 1)) : undefined;
  if (desc === undefined) return { "@type": type ?? null, value: MASK };
  return masked(json, desc, registry, depth + 1);
}
