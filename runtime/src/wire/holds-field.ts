import type { DescField, DescMessage } from "@bufbuild/protobuf";

/** Reports whether a message of the type, or one inside of it, may have a field that matches. */
export function holdsField(root: DescMessage, matches: (field: DescField) => boolean): boolean {
  const found = new Set([root]);
  for (const { fields } of found)
    for (const field of fields) {
      if (matches(field)) return true;
      if (field.message !== undefined) found.add(field.message);
    }
  return false;
}
