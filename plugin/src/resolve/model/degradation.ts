import type { DescField } from "@bufbuild/protobuf";
import { isPart, isPosition } from "../../model/stream-fields.ts";

const DEGRADATION = "bff.v1.Degradation";

/** Returns true for the field for a response's degradations. */
export function isDegradation(field: DescField): boolean {
  return field.fieldKind === "list" && field.message?.typeName === DEGRADATION;
}

/** Returns true for a field that the runtime fills. */
export const isFilled = (field: DescField): boolean => isDegradation(field) || isPosition(field) || isPart(field);
