import type { DescField } from "@bufbuild/protobuf";

const DEGRADATION = "bff.v1.Degradation";

/** Whether it is where a response keeps its degradations. */
export function isDegradation(field: DescField): boolean {
  return field.fieldKind === "list" && field.message?.typeName === DEGRADATION;
}
