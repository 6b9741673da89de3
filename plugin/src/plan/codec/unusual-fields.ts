import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isInherited } from "../../cel/index.ts";

/**
 * Returns the reason why protobuf-es handles a message; undefined: nothing in it is unusual, apart from messages inside
 * it.
 */
export function unusual(desc: DescMessage): string | undefined {
  if (desc.file.edition !== PROTO3) return "not proto3";
  for (const field of desc.fields) {
    const why = unusualField(field);
    if (why !== undefined) return `${why}: ${field.name}`;
  }
  return undefined;
}
const PROTO3 = 999;

function unusualField(field: DescField): string | undefined {
  if (isInherited(field)) return "the name of what every object has";
  if ("longAsString" in field && field.longAsString) return "64 bits as a string";
  if (field.enum?.open === false) return "a closed enum";
  if ("delimitedEncoding" in field && field.delimitedEncoding) return "a group";
  if (field.message?.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value")
    return "JSON";
  return undefined;
}
