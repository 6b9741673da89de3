// A google.protobuf.Struct in a field is JSON, as protobuf-es represents it.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Struct, Value } from "@bufbuild/protobuf/wkt";
import { setOwn } from "./record.ts";

export function jsonOfStruct({ fields }: Struct): JsonObject {
  const json: JsonObject = {};
  for (const [key, value] of Object.entries(fields)) setOwn(json, key, jsonOfValue(value));
  return json;
}
function jsonOfValue({ kind }: Value): JsonValue {
  switch (kind.case) {
    case "structValue":
      return jsonOfStruct(kind.value);
    case "listValue":
      return kind.value.values.map(jsonOfValue);
    case "nullValue":
      return null;
    case undefined:
      return undefined as never; // protobuf-es writes it as a value without a kind, which JSON does not have
    default:
      return kind.value;
  }
}
