import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { fieldType, sameType } from "../../cel/index.ts";

/** A method that answers for several keys at once, with the fields to use. */
export interface BatchShaped {
  readonly method: DescMethod;
  /** The repeated request field for the keys. */
  readonly name: DescField;
  /** The repeated or map field of the response with the items. */
  readonly items: DescField;
  /** The item's field with the key; undefined for a map. */
  readonly key: DescField | undefined;
}

/**
 * Returns a sibling of `one` that takes a list of `key`. It answers with a list, or a map by key, of the answers of
 * `one`, or of their only message field. `others`: request fields that the sibling must have too.
 */
export function batchShaped(single: DescMethod, key: DescField, others: readonly DescField[]): BatchShaped | undefined {
  const wrapped = single.output.fields.filter((field) => field.fieldKind === "message");
  const answers = new Set([
    single.output.typeName,
    ...(wrapped.length === 1 ? wrapped.map((field) => field.message?.typeName) : []),
  ]);
  for (const method of single.parent.methods) {
    if (method === single || method.methodKind !== "unary" || method.idempotency === Level.IDEMPOTENT) continue;
    if (single.idempotency === Level.NO_SIDE_EFFECTS && method.idempotency !== Level.NO_SIDE_EFFECTS) continue;
    // Without a declaration, a method of another verb may do something else.
    if (single.idempotency !== Level.NO_SIDE_EFFECTS && !wordsOf(method.name).includes(wordsOf(single.name)[0] ?? ""))
      continue;
    const name = method.input.fields.find((field) => isListOf(field, key));
    const rest = others.every((other) =>
      method.input.fields.some((field) => field.name === other.name && field.fieldKind === other.fieldKind),
    );
    if (name === undefined || !rest) continue;
    for (const items of method.output.fields) {
      if (items.fieldKind === "map" && items.mapKind === "message" && answers.has(items.message.typeName)) {
        const map = fieldType(items).type;
        if (map.kind === "map" && sameType(map.key, fieldType(key).type))
          return { method, name, items, key: undefined };
      }
      if (items.fieldKind !== "list" || items.listKind !== "message" || !answers.has(items.message.typeName)) continue;
      const found = keyOf(items.message, key);
      if (found !== undefined) return { method, name, items, key: found };
    }
  }
  return undefined;
}

const wordsOf = (name: string): readonly string[] => name.match(/[A-Z][a-z0-9]*|[a-z0-9]+/g) ?? [];

function isListOf(field: DescField, key: DescField): boolean {
  const type = fieldType(field).type;
  return field.fieldKind === "list" && type.kind === "list" && sameType(type.element, fieldType(key).type);
}

/**
 * Returns the item's field for the requested key: the field with the same name, the field `id`, or the only field of
 * the type.
 */
function keyOf(item: DescMessage, key: DescField): DescField | undefined {
  const fields = item.fields.filter(
    (field) => field.fieldKind === key.fieldKind && sameType(fieldType(field).type, fieldType(key).type),
  );
  const named = fields.find((field) => field.name === key.name) ?? fields.find((field) => field.name === "id");
  return named ?? (fields.length === 1 ? fields[0] : undefined);
}
