import { create, type DescField, type DescMessage, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";

/** Returns the JSON of a `response_body` field that is unset or has its default: `0`, `[]`, `{}`; null if its type has no JSON for that. */
export function emptyJson(output: DescMessage, { jsonName, message }: DescField): JsonValue {
  const all = toJson(output, create(output), { alwaysEmitImplicit: true }) as JsonObject;
  return all[jsonName] ?? (message === undefined || message.typeName.startsWith("google.protobuf.") ? null : {});
}
