import type { DescField, DescMessage, JsonValue } from "@bufbuild/protobuf";
import { defaultsOf } from "../json/write-json.ts";

/** Returns the JSON of a `response_body` field that is unset or has its default: `0`, `[]`, `{}`; null if its type has no JSON for that. */
export function emptyJson(output: DescMessage, { jsonName, message }: DescField): JsonValue {
  return (
    defaultsOf(output)[jsonName] ??
    (message === undefined || message.typeName.startsWith("google.protobuf.") ? null : {})
  );
}
