// Values that the author's code supplies. It may have copied JSON of a client, whose keys may be `$typeName`.
import { create, type DescField, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { fieldValue, setFieldValue, shallowCopy } from "../selection/field-value.ts";
import { holdsField } from "../wire/holds-field.ts";
import { markedRecords, recordOf } from "../wire/record.ts";

/**
 * Returns the message that a resolver supplies. The result is always a copy, because the response code writes into it.
 *
 * @example
 * const run = supplied(RunSchema, { id: "r-1" });
 */
export function supplied<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): MessageShape<Desc> {
  const message = messageOf(schema, init);
  settle(schema, message);
  // `messageOf` returned a message of this type.
  return message as MessageShape<Desc>;
}

/** Returns the JSON or the map that a resolver supplies: none of its objects is a message. */
export const suppliedJson: <T>(value: T) => T = markedRecords;

/** Returns a copy that is a whole message, whatever its `$typeName`. */
function messageOf(schema: DescMessage, init: object): object {
  const { $typeName, ...fields } = init as { readonly $typeName?: unknown };
  return $typeName === schema.typeName && isWhole(schema, init) ? shallowCopy(init) : create(schema, fields);
}
/** Reports whether a message has all properties that `create` sets. */
const isWhole = (schema: DescMessage, message: object): boolean =>
  schema.members.every((member) =>
    member.kind === "oneof" ? isCase(message, member.localName) : !isAlwaysSet(member) || member.localName in message,
  );
const isCase = (message: object, name: string): boolean =>
  typeof (message as Readonly<Record<string, unknown>>)[name] === "object";
const isAlwaysSet = ({ fieldKind, presence }: DescField): boolean =>
  fieldKind === "list" || fieldKind === "map" || presence === FeatureSet_FieldPresence.IMPLICIT;

const isStruct = ({ message, parent }: DescField): boolean =>
  message?.typeName === "google.protobuf.Struct" && parent.typeName !== "google.protobuf.Value";
const hasKeys = (field: DescField): boolean => field.fieldKind === "map" || isStruct(field);
const settled = new WeakMap<DescMessage, readonly DescField[]>();
/** Returns the fields that hold JSON or maps. */
function fieldsOf(desc: DescMessage): readonly DescField[] {
  let fields = settled.get(desc);
  if (fields === undefined) {
    fields = desc.fields.filter(
      (field) => hasKeys(field) || (field.message !== undefined && holdsField(field.message, hasKeys)),
    );
    settled.set(desc, fields);
  }
  return fields;
}

/** Marks JSON and maps in a message, which is changed, and in copies of messages inside of it. */
function settle(desc: DescMessage, message: object): void {
  for (const field of fieldsOf(desc)) {
    const value = fieldValue(message, field);
    if (value !== undefined) setFieldValue(message, field, settledValue(field, value));
  }
}
function settledValue(field: DescField, value: unknown): unknown {
  const { message: desc, fieldKind } = field;
  if (desc === undefined || isStruct(field)) return markedRecords(value);
  const settledMessage = (inside: unknown): unknown => {
    if (typeof inside !== "object" || inside === null || desc.typeName.startsWith("google.protobuf.")) return inside;
    const copy = messageOf(desc, inside);
    settle(desc, copy);
    return copy;
  };
  if (Array.isArray(value)) return value.map(settledMessage);
  if (fieldKind !== "map") return settledMessage(value);
  return recordOf(Object.entries(value as object).map(([key, inside]) => [key, settledMessage(inside)]));
}
