// Samples as data: what mocks answer by default (runtime/src/mock/sample.ts makes the same messages; test/faults holds the two together).
import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import type { ValueReport } from "../faults/behaviour.ts";

const MOST = 500;
const DEEPEST = 8;
/** 2026-01-02T03:04:05Z */
const MOMENT_S = "1767323045";

/**
 * A message of this type, always the same: texts are the field's name and 1 (`id-1`), numbers 1, enums their first value that is not 0, lists
 * and maps have one entry, of a oneof it is the first member. A message inside one of its own type is left out, as is what is nested more
 * than 8 deep and what comes after 500 messages.
 */
export function sampleOf(desc: DescMessage): ValueReport {
  return new Sampling().of(desc, []);
}

class Sampling {
  #left = MOST;

  of(desc: DescMessage, around: readonly DescMessage[]): ValueReport {
    this.#left--;
    const known = wellKnown(desc);
    if (known !== undefined) return { message: desc.typeName, fields: known };
    const inside = [...around, desc];
    const fields = desc.members.flatMap((member) => {
      const field = member.kind === "oneof" ? this.#firstOf(member.fields, inside) : member;
      const value = field === undefined ? undefined : this.#field(field, inside);
      return field === undefined || value === undefined ? [] : [[field.name, value] as const];
    });
    return { message: desc.typeName, fields: Object.fromEntries(fields) };
  }
  #firstOf(fields: readonly DescField[], around: readonly DescMessage[]): DescField | undefined {
    return fields.find((field) => field.message === undefined || this.#fits(field.message, around));
  }
  #fits(desc: DescMessage, around: readonly DescMessage[]): boolean {
    return this.#left > 0 && around.length < DEEPEST && !around.includes(desc);
  }
  #field(field: DescField, around: readonly DescMessage[]): ValueReport | undefined {
    const required = field.presence === Presence.LEGACY_REQUIRED;
    if (field.message !== undefined && !required && !this.#fits(field.message, around)) return undefined;
    if (field.fieldKind === "list") return [this.#one(field, around)];
    if (field.fieldKind !== "map") return this.#one(field, around);
    const key = field.mapKey === ScalarType.STRING ? "key-1" : scalarOf(field.mapKey, "");
    return { map: [[key, this.#one(field, around)]] };
  }
  #one(field: DescField, around: readonly DescMessage[]): ValueReport {
    if (field.message !== undefined) return this.of(field.message, around);
    if (field.enum !== undefined) return { int: String(firstOf(field.enum)) };
    return scalarOf(field.scalar ?? ScalarType.STRING, field.name);
  }
}

/** Those of google.protobuf whose fields mean something together. */
function wellKnown({ typeName }: DescMessage): { readonly [name: string]: ValueReport } | undefined {
  switch (typeName) {
    case "google.protobuf.Timestamp":
      return { seconds: { int: MOMENT_S } };
    case "google.protobuf.Duration":
      return { seconds: { int: "1" } };
    case "google.protobuf.Value":
      return { string_value: "value-1" };
    case "google.protobuf.Any":
    case "google.protobuf.Struct":
    case "google.protobuf.ListValue":
    case "google.protobuf.FieldMask":
      return {};
    default:
      return undefined;
  }
}

function firstOf({ values }: DescEnum): number {
  return (values.find(({ number }) => number !== 0) ?? values[0])?.number ?? 0;
}

function scalarOf(scalar: ScalarType, name: string): ValueReport {
  switch (scalar) {
    case ScalarType.STRING:
      return `${name}-1`;
    case ScalarType.BYTES:
      return { bytes: Buffer.from(`${name}-1`).toString("base64") };
    case ScalarType.BOOL:
      return true;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return { double: 1.5 };
    default:
      return { int: "1" };
  }
}

/** What a field that is unset reads as. */
export function zeroOf(field: DescField): ValueReport {
  if (field.fieldKind === "list") return [];
  if (field.fieldKind === "map") return { map: [] };
  if (field.message !== undefined) return { message: field.message.typeName, fields: {} };
  if (field.enum !== undefined) return { int: String(field.getDefaultValue() ?? field.enum.values[0]?.number ?? 0) };
  const preset = field.getDefaultValue();
  switch (field.scalar) {
    case ScalarType.STRING:
      return typeof preset === "string" ? preset : "";
    case ScalarType.BYTES:
      return { bytes: preset instanceof Uint8Array ? Buffer.from(preset).toString("base64") : "" };
    case ScalarType.BOOL:
      return preset === true;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return { double: typeof preset === "number" ? preset : 0 };
    default:
      return { int: String(preset ?? 0) };
  }
}
