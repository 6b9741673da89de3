// Messages of captures in golden requests: without secrets, with samples in place of texts and numbers.
import { create, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { sample } from "@protobff/runtime/internal/samples";
import { isSecretField } from "@protobff/server/capture";

/** Messages that are one value. */
const VALUES = /^google\.protobuf\.(Any|Duration|FieldMask|ListValue|Struct|Timestamp|Value)$/;
/** A token opens nothing in another process. */
const isToken = ({ name }: DescField): boolean => /(^|_)page_token$/.test(name);

/**
 * Removes, at all depths, what no golden file has: masked fields, tokens of pages, and `google.protobuf.Any`.
 *
 * @returns names of the removed fields, and of those that the type does not know
 */
export function removeSecrets(desc: DescMessage, message: Message): ReadonlySet<string> {
  const removed = new Set<string>();
  remove(reflect(desc, message), removed);
  return removed;
}

function remove(message: ReflectMessage, removed: Set<string>): void {
  const { typeName } = message.desc;
  for (const { no } of message.message.$unknown ?? []) removed.add(`${typeName}.#${no}`);
  message.message.$unknown = undefined;
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    if (isSecretField(field) || isToken(field) || field.message?.typeName === "google.protobuf.Any") {
      removed.add(`${typeName}.${field.name}`);
      message.clear(field);
    } else for (const inner of messagesIn(message, field)) remove(inner, removed);
  }
}

function messagesIn(message: ReflectMessage, field: DescField): readonly ReflectMessage[] {
  if (field.fieldKind === "message") return [message.get(field)];
  if (field.fieldKind === "list" && field.listKind === "message") return [...message.get(field)] as ReflectMessage[];
  return field.fieldKind === "map" && field.mapKind === "message"
    ? ([...message.get(field).values()] as ReflectMessage[])
    : [];
}

/**
 * Returns a message of the same shape: the same fields, numbers of items, enums and flags, and other texts and numbers.
 * Zero and the empty text remain, because conditions depend on them; equal texts of a list remain equal.
 */
export function shapeOf(desc: DescMessage, message: Message): Message {
  if (VALUES.test(desc.typeName)) return sample(desc);
  const [from, samples, into] = [reflect(desc, message), reflect(desc, sample(desc)), reflect(desc, create(desc))];
  for (const field of from.fields) {
    if (!from.isSet(field)) continue;
    if (field.fieldKind === "list") {
      const [first] = samples.get(field);
      const items = [...from.get(field)];
      const numbers = numbered(items);
      for (const item of items) into.get(field).add(valueLike(field, item, first, numbers.get(item)));
    } else if (field.fieldKind === "map") {
      const entries = [...from.get(field)];
      const [[key, first] = []] = samples.get(field);
      for (const [i, [was, value]] of entries.entries())
        into.get(field).set(keyLike(was, key, i + 1), valueLike(field, value, first, i + 1));
    } else into.set(field, valueLike(field, from.get(field), samples.isSet(field) ? samples.get(field) : undefined));
  }
  return into.message;
}

/** Numbers values by their first place, from 1. */
function numbered(values: readonly unknown[]): ReadonlyMap<unknown, number> {
  const numbers = new Map<unknown, number>();
  for (const value of values) if (!numbers.has(value)) numbers.set(value, numbers.size + 1);
  return numbers;
}

function valueLike(field: DescField, value: unknown, model: unknown, number = 1): unknown {
  if (field.message !== undefined) {
    const { desc, message } = value as ReflectMessage;
    return reflect(desc, shapeOf(desc, message));
  }
  if (field.enum !== undefined || typeof value === "boolean") return value;
  if (typeof value === "string") return value === "" ? "" : textLike(field, model, number);
  if (value instanceof Uint8Array) return value.length === 0 ? value : (model ?? new Uint8Array([1]));
  if (value === 0 || value === 0n) return value;
  if (typeof model === typeof value) return model;
  return typeof value === "bigint" ? 1n : 1;
}

/** `id-1`, or what the rules of the field demand. Later ones are `id-2`. */
function textLike({ name }: DescField, model: unknown, number: number): string {
  const first = typeof model === "string" && model !== "" ? model : `${name.replaceAll("_", "-")}-1`;
  return number === 1 ? first : first.replace(/-1$/, `-${number}`);
}

function keyLike(key: unknown, model: unknown, number: number): string | number | bigint | boolean {
  if (typeof key === "boolean") return key;
  if (typeof key === "string") return (typeof model === "string" ? model : "key-1").replace(/-1$|$/, `-${number}`);
  return typeof key === "bigint" ? BigInt(number) : number;
}
