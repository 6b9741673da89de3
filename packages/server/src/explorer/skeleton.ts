import type { DescField, DescMessage, JsonValue } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";

const DEEPEST = 3;
const MAX_FIELDS = 200;

/** A request to begin with: JSON with every field of its first three levels, of a oneof the first member. */
export function skeletonOf(desc: DescMessage): string {
  return JSON.stringify(messageOf(desc, 0, { left: MAX_FIELDS }), undefined, 2);
}

function messageOf(desc: DescMessage, depth: number, room: { left: number }): JsonValue {
  const known = WELL_KNOWN[desc.typeName];
  if (known !== undefined) return known;
  if (depth >= DEEPEST) return {};
  const object: { [name: string]: JsonValue } = {};
  for (const field of desc.fields) {
    if (field.oneof !== undefined && field.oneof.fields[0] !== field) continue;
    if (room.left-- <= 0) break;
    object[field.jsonName] = fieldOf(field, depth, room);
  }
  return object;
}

function fieldOf(field: DescField, depth: number, room: { left: number }): JsonValue {
  switch (field.fieldKind) {
    case "list":
      return [];
    case "map":
      return {};
    case "message":
      return messageOf(field.message, depth + 1, room);
    case "enum":
      return field.enum.values[0]?.name ?? 0;
    case "scalar":
      return scalarOf(field.scalar);
  }
}

function scalarOf(scalar: ScalarType): JsonValue {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return "";
    case ScalarType.BOOL:
      return false;
    // 64 bits are texts in JSON.
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return "0";
    default:
      return 0;
  }
}

const MAX_PATHS = 60;

/** Returns paths of the fields of an answer and of its messages; a map's messages are those of its values. */
export function fieldPaths({ fields }: DescMessage): readonly string[] {
  const all = fields.flatMap(({ name, fieldKind, message }) => {
    const inside = message === undefined || message.typeName in WELL_KNOWN ? [] : message.fields;
    const prefix = fieldKind === "map" ? `${name}.*` : name;
    return [name, ...inside.map((field) => `${prefix}.${field.name}`)];
  });
  return all.slice(0, MAX_PATHS);
}

const WELL_KNOWN: Readonly<Record<string, JsonValue>> = {
  "google.protobuf.Timestamp": "2026-01-01T00:00:00Z",
  "google.protobuf.Duration": "1s",
  "google.protobuf.FieldMask": "",
  "google.protobuf.Struct": {},
  "google.protobuf.Value": null,
  "google.protobuf.ListValue": [],
  "google.protobuf.Any": {},
  "google.protobuf.Empty": {},
  "google.protobuf.StringValue": "",
  "google.protobuf.BytesValue": "",
  "google.protobuf.BoolValue": false,
  "google.protobuf.Int32Value": 0,
  "google.protobuf.UInt32Value": 0,
  "google.protobuf.Int64Value": "0",
  "google.protobuf.UInt64Value": "0",
  "google.protobuf.FloatValue": 0,
  "google.protobuf.DoubleValue": 0,
};
