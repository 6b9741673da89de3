import { type CelInput, celList, celMap, celUint, isCelMap } from "@bufbuild/cel";
import type { DescField } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { Invalid } from "../invalid.ts";

/** A value on the way of a pure path, or `unset` when an optional, message, wrapper or oneof member on the way is. */
export type Walked = { readonly unset: false; readonly value: CelInput } | { readonly unset: true };

/** Walks fields from a message, as defined by "Presence" in language.md. */
export function walk(from: CelInput, path: readonly string[]): Walked {
  let value: CelInput = from;
  for (const name of path) {
    if (isCelMap(value)) {
      const next: CelInput | undefined = value.get(name);
      if (next === undefined) throw new Invalid(`no such key: ${name}`);
      value = next;
      continue;
    }
    if (!isReflectMessage(value)) throw new Invalid(`no field ${name} on a value without fields`);
    const message: ReflectMessage = value;
    const field = message.desc.fields.find((f) => f.name === name);
    if (field === undefined) throw new Error(`no field ${name} in ${message.desc.typeName}`);
    if (
      field.presence !== IMPLICIT &&
      !message.isSet(field) &&
      field.fieldKind !== "list" &&
      field.fieldKind !== "map"
    ) {
      return { unset: true };
    }
    value = fieldValue(message, field);
  }
  return { unset: false, value };
}

// FeatureSet_FieldPresence
const IMPLICIT = 2;
const LEGACY_REQUIRED = 3;

/** Reports whether readers of a field can detect that it is unset, or whether it is empty then. */
export function canBeAbsent(field: DescField): boolean {
  if (field.fieldKind === "list" || field.fieldKind === "map") return true;
  return field.presence !== IMPLICIT && field.presence !== LEGACY_REQUIRED;
}

/** Reports whether an absent field differs from a zero; false for lists and maps. */
export function hasPresence(field: DescField): boolean {
  return field.fieldKind !== "list" && field.fieldKind !== "map" && field.presence !== IMPLICIT;
}

export function fieldValue(message: ReflectMessage, field: DescField): CelInput {
  switch (field.fieldKind) {
    case "list":
      return celList(message.get(field));
    case "map":
      return celMap(message.get(field));
    case "enum":
      return BigInt(message.get(field));
    case "message":
      return message.get(field);
    case "scalar":
      return scalarValue(field.scalar, message.get(field));
  }
}

function scalarValue(type: number, value: unknown): CelInput {
  if (typeof value === "number" && type !== 1 && type !== 2)
    return isUnsigned(type) ? celUint(BigInt(value)) : BigInt(value);
  if (typeof value === "bigint" && isUnsigned(type)) return celUint(value);
  return value as CelInput;
}
// ScalarType: UINT64 4, FIXED64 6, FIXED32 7, UINT32 13; DOUBLE 1, FLOAT 2.
function isUnsigned(type: number): boolean {
  return type === 4 || type === 6 || type === 7 || type === 13;
}
