// Lists and maps. A map of protobuf is an object, one that CEL has made a `Map`.
import type { JsonValue } from "@bufbuild/protobuf";
import { toJson } from "@bufbuild/protobuf";
import { type ListValue, type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import { entriesOf, equal, isMessage } from "./equal.ts";
import { ExpressionError } from "./error.ts";
import { asInt, asUint } from "./integer.ts";

/** The element of a list. Throws ExpressionError when there is none. */
export function at<T>(list: readonly T[], index: number | bigint): T {
  const found = list[Number(index)];
  if (found === undefined) throw new ExpressionError(`index out of bounds: ${index}`);
  return found;
}

type Key = string | number | bigint | boolean;

/** The value of a key. Throws ExpressionError when there is none. */
export function entry<K, V>(map: ReadonlyMap<K, V> | { readonly [key: string]: V }, key: Key): V {
  const found = lookUp(map, key);
  if (found === undefined) throw new ExpressionError(`no such key: ${key}`);
  return found;
}

export function hasKey(map: object, key: Key): boolean {
  if (!(map instanceof Map)) return Object.hasOwn(map, String(key));
  return map.has(typeof key === "number" && Number.isInteger(key) ? BigInt(key) : key);
}

function lookUp<K, V>(map: ReadonlyMap<K, V> | { readonly [key: string]: V }, key: Key): V | undefined {
  // A double finds the integer that equals it.
  if (map instanceof Map) return map.get(typeof key === "number" && Number.isInteger(key) ? BigInt(key) : key);
  return Object.hasOwn(map, String(key)) ? Object(map)[String(key)] : undefined;
}

/** An index into a list or a key of a map, whichever `container` is. Throws ExpressionError when there is no such element. */
export function index(container: unknown, key: unknown): unknown {
  if (Array.isArray(container)) {
    const position = typeof key === "bigint" ? Number(key) : key;
    if (typeof position !== "number" || !Number.isInteger(position)) throw new ExpressionError("invalid index");
    return at(container, position);
  }
  if (typeof container === "object" && container !== null && !isMessage(container)) {
    const found = entriesOf(container).find(([candidate]) => equal(candidate, key));
    if (found === undefined) throw new ExpressionError(`no such key: ${String(key)}`);
    return found[1];
  }
  throw new ExpressionError("no such overload: only lists and maps have elements");
}

/** A key of a map of which no more is known. Throws ExpressionError when there is no such key. */
export function select(container: unknown, name: string): unknown {
  if (!hasField(container, name)) throw new ExpressionError(`no such key: ${name}`);
  return index(container, name);
}

export function hasField(container: unknown, name: string): boolean {
  if (typeof container === "object" && container !== null && !isMessage(container) && !Array.isArray(container)) {
    return hasKey(container, name);
  }
  throw new ExpressionError(`no such field: ${name}`);
}

/** What a macro goes through: the elements of a list, the keys of a map. */
export function items(container: unknown): unknown[] {
  if (Array.isArray(container)) return container;
  if (typeof container === "object" && container !== null && !isMessage(container)) {
    return entriesOf(container).map(([key]) => key);
  }
  throw new ExpressionError("no such overload: only lists and maps can be gone through");
}

/** The first `count` elements. Throws ExpressionError for a negative count. */
export function take<T>(list: readonly T[], count: number | bigint): T[] {
  if (count < 0) throw new ExpressionError("take needs a count that is not negative");
  return list.slice(0, Number(count));
}

export function sum(list: readonly number[]): number {
  return list.reduce((total, item) => total + item, 0);
}

/** Throws ExpressionError when the sum does not fit into 64 bits. */
export function sumInt(list: readonly (number | bigint)[]): bigint {
  return list.reduce((total: bigint, item) => asInt(total + BigInt(item)), 0n);
}

/** Throws ExpressionError when the sum does not fit into 64 bits. */
export function sumUint(list: readonly (number | bigint)[]): bigint {
  return list.reduce((total: bigint, item) => asUint(total + BigInt(item)), 0n);
}

/** A map literal whose keys are not all constants. Throws ExpressionError when a key is there twice. */
export function mapOf<K, V>(...entries: readonly (readonly [K, V])[]): Map<K, V> {
  const map = new Map(entries);
  if (map.size < entries.length) throw new ExpressionError("a key is there twice");
  return map;
}

/** A map of protobuf as one of CEL. */
export function toMap<V, K>(record: { readonly [key: string]: V }, key: (key: string) => K): Map<K, V>;
export function toMap<V, K, W>(
  record: { readonly [key: string]: V },
  key: (key: string) => K,
  value: (value: V) => W,
): Map<K, W>;
export function toMap(
  record: { readonly [key: string]: unknown },
  key: (key: string) => unknown,
  value = (item: unknown) => item,
): Map<unknown, unknown> {
  return new Map(Object.entries(record).map(([name, item]) => [key(name), value(item)]));
}

/** A map of CEL as one of protobuf. */
export function toRecord<V>(map: ReadonlyMap<unknown, V>): { [key: string]: V };
export function toRecord<V, W>(map: ReadonlyMap<unknown, V>, value: (value: V) => W): { [key: string]: W };
export function toRecord(
  map: ReadonlyMap<unknown, unknown>,
  value = (item: unknown) => item,
): { [key: string]: unknown } {
  return Object.fromEntries([...map].map(([key, item]) => [String(key), value(item)]));
}

export function mapValues<V, W>(record: { readonly [key: string]: V }, value: (value: V) => W): { [key: string]: W } {
  return Object.fromEntries(Object.entries(record).map(([key, item]) => [key, value(item)]));
}

export function convertMap<K, V, L, W>(map: ReadonlyMap<K, V>, key: (key: K) => L, value: (value: V) => W): Map<L, W> {
  return new Map([...map].map(([name, item]) => [key(name), value(item)]));
}

/** What a google.protobuf.Value stands for; null when it is unset. */
export function fromJsonValue(value: Value | undefined): JsonValue {
  return value?.kind.case === undefined ? null : toJson(ValueSchema, value);
}

/** What a google.protobuf.ListValue holds; nothing when it is unset. */
export function fromListValue(value: ListValue | undefined): JsonValue[] {
  return value === undefined ? [] : value.values.map(fromJsonValue);
}
