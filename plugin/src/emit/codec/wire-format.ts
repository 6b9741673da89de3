// Fields on the wire: tags, wire types, and the methods of the runtime's Reader and Writer.
import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

export const LENGTH = 2;
export const tagOf = (number: number, wireType: number): number => number * 8 + wireType;

/** Enums are written as int32; undefined for messages. */
export function scalarOf(field: DescField): ScalarType | undefined {
  if (field.message !== undefined) return undefined;
  return field.enum !== undefined ? ScalarType.INT32 : field.scalar;
}
export function methodOf(field: DescField): string {
  return scalarName(scalarOf(field) ?? ScalarType.BYTES);
}
export function wireTypeOf(scalar: ScalarType | undefined): number {
  switch (scalar) {
    case undefined:
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return LENGTH;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 1;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 5;
    default:
      return 0;
  }
}
/** Types that forbid some of their values. The values inside of a Struct are of such a type. */
export const CHECKED: ReadonlySet<string> = new Set(
  ["Any", "Duration", "FieldMask", "Timestamp", "Value"].map((name) => `google.protobuf.${name}`),
);
/** A wrapper (google.protobuf.StringValue) that protobuf-es shows as the value inside. */
export function isUnwrapped(field: DescField): boolean {
  return field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(field.message);
}

/** Name of a scalar type in the methods of Reader and Writer. */
export const scalarName = (scalar: ScalarType): string => (ScalarType[scalar] ?? "").toLowerCase();
export const KEYED_BY_NUMBER: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT32,
  ScalarType.UINT32,
  ScalarType.SINT32,
  ScalarType.FIXED32,
  ScalarType.SFIXED32,
]);
