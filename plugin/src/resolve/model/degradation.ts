import type { DescField } from "@bufbuild/protobuf";

const DEGRADATION = "bff.v1.Degradation";

/** Returns true for the field for a response's degradations. */
export function isDegradation(field: DescField): boolean {
  return field.fieldKind === "list" && field.message?.typeName === DEGRADATION;
}
