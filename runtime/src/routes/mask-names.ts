import type { DescField, Registry } from "@bufbuild/protobuf";
import { ANY_NAME } from "./count-json.ts";

const MASK = "google.protobuf.FieldMask";

/** Returns the names under which a JSON text may have a field mask, as far as these types reach: see `countJson`. */
export function maskNames(registry: Registry): ReadonlySet<string> {
  const names = new Set<string>();
  for (const type of registry) {
    if (type.kind !== "message") continue;
    if (type.typeName === MASK) names.add("value"); // in an Any
    for (const field of type.fields) {
      if (field.message?.typeName === MASK) for (const name of namesOf(field)) names.add(name);
    }
  }
  return names;
}
const namesOf = (field: DescField): string[] => (field.fieldKind === "map" ? [ANY_NAME] : [field.name, field.jsonName]);
