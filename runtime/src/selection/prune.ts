import { clearField, create, type DescField, type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { recordOf } from "../wire/record.ts";
import { fieldValue, setFieldValue } from "./field-value.ts";
import type { Chosen, Selection } from "./selection.ts";

/**
 * Returns a message with the selected fields only: the message itself if it has no others, unknown ones included. A
 * message is never changed, because caches and other responses may share it.
 */
export function pruned<M extends object>(desc: DescMessage, message: M, selection: Selection): M {
  // Well-known types have special shapes in TypeScript.
  if (selection.whole || desc.typeName.startsWith("google.protobuf.")) return message;
  const { $unknown }: { readonly $unknown?: unknown } = message;
  let copy = $unknown === undefined ? undefined : copyOf(desc, message);
  for (const field of desc.fields) {
    if (!selection.has(field.name)) {
      if (!isFieldSet(message as unknown as Message, field)) continue;
      copy ??= copyOf(desc, message);
      clearField(copy as unknown as Message, field);
    } else if (field.message !== undefined) {
      const value = fieldValue(message, field);
      const inside = prunedValue(field, field.message, value, selection.of(field.name));
      if (inside === value) continue;
      copy ??= copyOf(desc, message);
      setFieldValue(copy, field, inside);
    }
  }
  return copy ?? message;
}

/** Returns an answer as its client receives it, of one that headers, limits and meters may read. */
export function asShown<M extends object>(desc: DescMessage, message: M, { shown, composed }: Chosen): M {
  return shown === composed ? message : pruned(desc, message, shown);
}

function prunedValue({ fieldKind }: DescField, desc: DescMessage, value: unknown, selection: Selection): unknown {
  if (selection.whole) return value;
  const item = (of: unknown): unknown => (isObject(of) ? pruned(desc, of, selection) : of);
  if (fieldKind === "message") return item(value);
  if (Array.isArray(value)) {
    const items = value.map(item);
    return items.some((of, i) => of !== value[i]) ? items : value;
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, of]) => [key, of, item(of)] as const);
  return entries.some(([, of, less]) => of !== less) ? recordOf(entries.map(([key, , less]) => [key, less])) : value;
}

/** Returns a copy whose fields may change. Messages with accessors are rebuilt. */
function copyOf<M extends object>(desc: DescMessage, message: M): M {
  if (Object.getPrototypeOf(message) === Object.prototype) {
    const { $unknown: _, ...known }: M & { readonly $unknown?: unknown } = message;
    return known as unknown as M;
  }
  const copy = create(desc) as unknown as M;
  for (const field of desc.fields)
    if (isFieldSet(message as unknown as Message, field)) setFieldValue(copy, field, fieldValue(message, field));
  return copy;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
