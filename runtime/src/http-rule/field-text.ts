// Single values as texts of a path or a query, as ProtoJSON has them.
import { createRegistry, type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { jsonOf } from "../json/write-json.ts";

/** A value of a scalar field, or of a list of them; 64-bit numbers as bigint. */
export function scalarText(scalar: ScalarType, value: unknown): string {
  if (scalar === ScalarType.BYTES) return base64Encode(value as Uint8Array);
  return Object.is(value, -0) ? "-0" : String(value);
}

/** By its name; a number that has none as it is. */
export function enumText(desc: DescEnum, number: number): string {
  return desc.value[number]?.name ?? String(number);
}

/** Returns the text of a field in a path. Bytes are URL-safe base64, since a slash in a path separates segments. */
export function pathText(field: DescField, value: unknown): string {
  if (field.enum !== undefined) return enumText(field.enum, value as number);
  if (field.scalar === ScalarType.BYTES)
    return base64Encode(value as Uint8Array)
      .replaceAll("+", "-")
      .replaceAll("/", "_");
  return scalarText(field.scalar ?? ScalarType.STRING, value);
}

const NUMBERS = ["Bool", "Int32", "UInt32", "Int64", "UInt64", "Float", "Double"];
/** The well-known types that are one value in ProtoJSON. */
const VALUES: ReadonlySet<string> = new Set(
  ["Timestamp", "Duration", "FieldMask", ...["String", "Bytes", ...NUMBERS].map((of) => `${of}Value`)].map(
    (name) => `google.protobuf.${name}`,
  ),
);

/** Reports whether it is one value in ProtoJSON, so that a parameter can hold it. */
export function isValue({ typeName }: DescMessage): boolean {
  return VALUES.has(typeName);
}

const NO_TYPES = createRegistry();

/** @throws for a value that has no JSON, such as a date before the year 1 */
export function valueText(message: ReflectMessage): string {
  const json = jsonOf(message.desc, message.message, NO_TYPES);
  return Object.is(json, -0) ? "-0" : String(json);
}
