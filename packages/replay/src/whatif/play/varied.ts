// Distinct messages from one sample.
import { clone, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";

/**
 * Returns a copy whose texts and integers differ for each number. Fields with rules of buf.validate stay, because
 * another value may break the rules. 0: the message itself.
 *
 * @example
 * varied(GetUserRequestSchema, { id: "id-1" }, 7); // { id: "id-1-7" }
 */
export function varied<T extends Message>(desc: DescMessage, message: T, number: number): T {
  if (number === 0) return message;
  const copy = clone(desc, message);
  const into = reflect(desc, copy);
  for (const field of desc.fields) vary(into, field, number);
  return copy as T;
}

/** Returns a copy in which each list with one entry has `count` distinct entries. */
export function listed<T extends Message>(desc: DescMessage, message: T, count: number): T {
  const copy = clone(desc, message);
  const into = reflect(desc, copy);
  for (const field of desc.fields) {
    if (field.fieldKind !== "list") continue;
    const list = into.get(field);
    const first = list.size === 1 ? list.get(0) : undefined;
    for (let i = 1; first !== undefined && i < count; i++) list.add(element(field, first, i));
  }
  return copy as T;
}

function element(field: DescField & { fieldKind: "list" }, first: unknown, number: number): unknown {
  if (field.listKind !== "message") return other(first, number);
  const copy = clone(field.message, (first as ReflectMessage).message);
  const into = reflect(field.message, copy);
  for (const inner of field.message.fields) vary(into, inner, number);
  return into;
}

function vary(into: ReflectMessage, field: DescField, number: number): void {
  if (field.fieldKind !== "scalar" || !into.isSet(field) || hasRules(field) || !VARIED.has(field.scalar)) return;
  into.set(field, other(into.get(field), number));
}
const VARIED: ReadonlySet<ScalarType> = new Set([
  ScalarType.STRING,
  ScalarType.INT32,
  ScalarType.INT64,
  ScalarType.UINT32,
  ScalarType.UINT64,
]);

function other(value: unknown, number: number): unknown {
  if (typeof value === "string") return `${value}-${number}`;
  if (typeof value === "number") return value + number;
  return typeof value === "bigint" ? value + BigInt(number) : value;
}

/** Number of the extension `(buf.validate.field)`. */
const RULES = 1159;
const hasRules = ({ proto }: DescField): boolean => proto.options?.$unknown?.some(({ no }) => no === RULES) === true;
