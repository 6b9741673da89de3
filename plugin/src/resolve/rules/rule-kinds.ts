// Kinds of rules for fields: the name of their message's field in `FieldRules`.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

const MESSAGES: Readonly<Record<string, string>> = {
  "google.protobuf.Any": "any",
  "google.protobuf.Duration": "duration",
  "google.protobuf.Timestamp": "timestamp",
  "google.protobuf.FieldMask": "field_mask",
  "google.protobuf.FloatValue": "float",
  "google.protobuf.DoubleValue": "double",
  "google.protobuf.Int32Value": "int32",
  "google.protobuf.Int64Value": "int64",
  "google.protobuf.UInt32Value": "uint32",
  "google.protobuf.UInt64Value": "uint64",
  "google.protobuf.BoolValue": "bool",
  "google.protobuf.StringValue": "string",
  "google.protobuf.BytesValue": "bytes",
};

/** Returns the kind of rules for a field, or for the contents of a list or a map. Undefined: only rules in CEL fit. */
export function kindOf(field: DescField, part?: "key" | "value"): string | undefined {
  if (part === "key") return field.fieldKind === "map" ? scalarKind(field.mapKey) : undefined;
  switch (field.fieldKind) {
    case "list":
      return part === undefined ? "repeated" : singular(field);
    case "map":
      return part === undefined ? "map" : singular(field);
    default:
      return singular(field);
  }
}

function singular(field: {
  readonly scalar?: ScalarType | undefined;
  readonly enum?: unknown;
  readonly message?: DescMessage | undefined;
}): string | undefined {
  if (field.scalar !== undefined) return scalarKind(field.scalar);
  if (field.message !== undefined) return MESSAGES[field.message.typeName];
  return "enum";
}

const scalarKind = (scalar: ScalarType): string => (ScalarType[scalar] ?? "").toLowerCase();
