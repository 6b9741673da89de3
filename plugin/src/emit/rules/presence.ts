// Tests of a field's presence, and its value if it is set, in messages of protobuf-es.

import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { presenceOf } from "../../cel/index.ts";
import { is64Bit } from "../../model/is-64-bit.ts";
import type { Line } from "../text/lines.ts";

/** Prints a test that a field is set; without presence, that it is not the zero value. */
export function isSet(field: DescField, message: string): Line {
  const member = `${message}.${field.localName}`;
  switch (presenceOf(field)) {
    case "oneof":
      return [`${message}.${field.oneof?.localName}.case === ${JSON.stringify(field.localName)}`];
    case "optional":
      return [`${member} !== undefined`];
    case "default":
      return [`Object.hasOwn(${message}, ${JSON.stringify(field.localName)})`];
    case "implicit":
      return [notZero(field, member)];
  }
}

/** The value of a field that is set. */
export function memberOf(field: DescField, message: string): string {
  return field.oneof === undefined ? `${message}.${field.localName}` : `${message}.${field.oneof.localName}.value`;
}

function notZero(field: DescField, value: string): string {
  if (field.fieldKind === "list") return `${value}.length > 0`;
  if (field.fieldKind === "map") return `Object.keys(${value}).length > 0`;
  return unlikeZero(field, value);
}

/** Prints a test that a scalar or an enum, of a field or of its elements, is not zero. */
export function unlikeZero(
  field: Pick<DescField, "enum" | "scalar"> & { readonly longAsString?: boolean | undefined },
  value: string,
): string {
  if (field.enum !== undefined) return `(${value} as number) !== ${field.enum.values[0]?.number ?? 0}`;
  switch (field.scalar) {
    case ScalarType.STRING:
      return `${value} !== ""`;
    case ScalarType.BYTES:
      return `${value}.length > 0`;
    case ScalarType.BOOL:
      return value;
    default:
      if (!is64Bit(field.scalar)) return `${value} !== 0`;
      return field.longAsString === true ? `${value} !== "0"` : `${value} !== 0n`;
  }
}
