import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { recordOf } from "./record.ts";

const known = new WeakMap<DescMessage, boolean>();

/** Returns true if a message of this type may contain a map. */
function holdsMaps(desc: DescMessage): boolean {
  let holds = known.get(desc);
  if (holds === undefined) {
    const inside = new Set([desc]);
    for (const { fields } of inside) for (const { message } of fields) if (message !== undefined) inside.add(message);
    holds = [...inside].some(({ fields }) => fields.some(({ fieldKind }) => fieldKind === "map"));
    known.set(desc, holds);
  }
  return holds;
}

/** Returns a message that encodes to equal bytes for equal contents: the entries of its maps are in order. */
export function withSortedMaps<M extends Message>(desc: DescMessage, message: M): M {
  if (!holdsMaps(desc)) return message;
  void message.$unknown; // a message that is passed on unread has its fields from the first reading on
  const copy: Record<string, unknown> & M = { ...message };
  for (const field of desc.fields) {
    const { oneof, localName } = field;
    if (oneof === undefined) {
      if (Object.hasOwn(message, localName)) Object.assign(copy, { [localName]: sorted(field, copy[localName]) });
      continue;
    }
    const member = copy[oneof.localName] as { readonly case?: string; readonly value?: unknown } | undefined;
    if (member?.case === localName)
      Object.assign(copy, { [oneof.localName]: { case: localName, value: sorted(field, member.value) } });
  }
  return copy;
}

function sorted(field: DescField, value: unknown): unknown {
  const { message: desc } = field;
  const isJson = desc?.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value";
  const inside = (part: unknown): unknown => {
    if (desc === undefined) return part;
    if (isJson) return sortedJson(part);
    return isMessage(part) ? withSortedMaps(desc, part) : part;
  };
  if (field.fieldKind === "map") return inOrder(value, inside);
  return Array.isArray(value) ? value.map(inside) : inside(value);
}

/** The objects of a google.protobuf.Struct in a field are plain. */
function sortedJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedJson);
  return typeof value === "object" && value !== null ? inOrder(value, sortedJson) : value;
}

function inOrder(value: unknown, inside: (part: unknown) => unknown): unknown {
  const entries = Object.entries(value ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return recordOf(entries.map(([key, part]) => [key, inside(part)]));
}

function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "$typeName" in value;
}
