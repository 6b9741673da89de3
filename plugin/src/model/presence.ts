// Presence of fields: a field may be without a value.
import type { DescField } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { presenceOf } from "../cel/index.ts";

/** Returns true if a field can be without a value. */
export function canBeAbsent(field: DescField): boolean {
  if (field.fieldKind === "list" || field.fieldKind === "map") return true;
  return presenceOf(field) !== "implicit" && !isRequired(field);
}

/** `required` of proto2, and what editions have for it: a message without it cannot be sent. */
export function isRequired(field: DescField): boolean {
  return field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
}
