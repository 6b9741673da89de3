// Messages in two worlds that differ in values of redacted fields alone.
import { type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { seeded } from "../../../bffs/second/random-message.ts";

/** The texts that redacted values end with: of equal lengths, and in the same order beside all other texts. */
export const WORLDS = ["ä", "ö"] as const;
export type World = (typeof WORLDS)[number];

type Fields = Readonly<Record<string, unknown>>;

export const isRedacted = ({ proto }: DescField): boolean => proto.options?.debugRedact === true;

/** Returns a message in which most texts in redacted fields belong to a world. Numbers stay, since bools follow from them. */
export function inWorld<T extends object>(desc: DescMessage, message: T, world: World): T {
  return replaced(desc, message, (field, value) => (isRedacted(field) ? ofWorld(value, world, field) : undefined));
}

/** Returns a message without some of its fields. */
export function without<T extends object>(desc: DescMessage, message: T, leavesOut: (field: DescField) => boolean): T {
  return replaced(desc, message, (field) => (leavesOut(field) ? "left out" : undefined));
}

/** Returns a value as it is in the first world. */
export function canonical<T>(value: T): T {
  return texts(value, (text) => text.replaceAll(WORLDS[1], WORLDS[0])) as T;
}

/** @param replace returns another value of a field; undefined: its messages are replaced inside */
function replaced<T extends object>(
  desc: DescMessage,
  message: T,
  replace: (field: DescField, value: unknown) => unknown,
): T {
  const copy: Record<string, unknown> = Object.fromEntries(Object.entries(message));
  for (const field of desc.fields) {
    const { oneof, localName } = field;
    const member = oneof && (copy[oneof.localName] as { readonly case?: string; readonly value?: unknown } | undefined);
    const value = oneof === undefined ? copy[localName] : member?.case === localName ? member.value : undefined;
    if (value === undefined) continue;
    const other = replace(field, value) ?? inside(field, value, replace);
    copy[oneof?.localName ?? localName] = oneof === undefined ? other : { case: localName, value: other };
  }
  return copy as T;
}

function inside(
  { message, fieldKind }: DescField,
  value: unknown,
  replace: (field: DescField, value: unknown) => unknown,
): unknown {
  if (message === undefined || typeof value !== "object" || value === null) return value;
  const inside = (part: unknown): unknown =>
    typeof part === "object" && part !== null ? replaced(message, part, replace) : part;
  if (Array.isArray(value)) return value.map(inside);
  return fieldKind === "map"
    ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inside(part)]))
    : inside(value);
}

function ofWorld(value: unknown, world: World, field: DescField): unknown {
  const isVaried = (text: string): boolean => seeded("varied", field.name, text)() < 0.8;
  const hasTextKeys = field.fieldKind === "map" && field.mapKey === ScalarType.STRING;
  return texts(value, (text) => (isVaried(text) ? text + world : text), hasTextKeys);
}

/** @param keys whether keys of the object are texts of it, as those of a map are */
function texts(value: unknown, change: (text: string) => string, keys = false): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((part) => texts(part, change));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value as Fields).map(([name, part]) => [
      keys ? change(name) : name,
      NAMES.has(name) && !keys ? part : texts(part, change),
    ]),
  );
}
const NAMES = new Set(["$typeName", "case"]);

/** Returns one text of a message or of any other data. */
export function textOf(value: Message | unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "bigint") return `${part}n`;
    return part instanceof Uint8Array ? Buffer.from(part).toString("hex") : part;
  });
}
