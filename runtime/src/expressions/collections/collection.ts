// Lists and maps. A map of protobuf is an object, a map created by CEL a `Map`.

import { recordOf } from "../../wire/record.ts";
import { toInt } from "../conversion/conversion.ts";
import { fieldOf, isFieldOfSet } from "../conversion/message.ts";
import { ExpressionError } from "../value/error.ts";
import { asInt, asUint } from "../value/integer.ts";
import { spend } from "../value/meter.ts";
import { Optional, optionalOf } from "../value/optional.ts";
import { type AnyTypes, entriesOf, isMap, isMessage } from "../value/shape.ts";
import { boxedEntries, keyOf, mapFrom, newKey, UintMap, uintKeys } from "../value/value.ts";

/** Returns the element of a list. Throws ExpressionError if it does not exist. */
export function at<L extends readonly unknown[]>(list: L, index: number | bigint): L[number] {
  const found = list[Number(index)];
  if (found === undefined) throw new ExpressionError("index out of bounds");
  return found;
}

/** Returns the element of a list, or undefined if it does not exist. */
export function elementAt<L extends readonly unknown[]>(list: L, index: number | bigint): L[number] | undefined {
  return list[Number(index)];
}

/** Returns the value of a key. Throws ExpressionError if it does not exist. */
export function entry<K, V>(map: ReadonlyMap<K, V> | { readonly [key: string]: V }, key: unknown): V {
  const found = lookUp(map, key);
  if (found === undefined) throw new ExpressionError("no such key");
  return found;
}

/** Returns the value of a key, or undefined if it does not exist. */
export function valueAt<K, V>(map: ReadonlyMap<K, V> | { readonly [key: string]: V }, key: unknown): V | undefined {
  return lookUp(map, key);
}

/** Reports whether a map has a key: `key in map`. A double finds the integer that equals it. */
export function hasKey(map: object, key: unknown): boolean {
  // A double finds the integer that equals it.
  const known = keyOf(key);
  if (known === undefined) return false;
  return map instanceof Map ? map.has(known) : Object.hasOwn(map, String(known));
}

function lookUp<K, V>(map: ReadonlyMap<K, V> | { readonly [key: string]: V }, key: unknown): V | undefined {
  const known = keyOf(key);
  if (known === undefined) return undefined;
  if (map instanceof Map) return map.get(known);
  const name = String(known);
  return Object.hasOwn(map, name) ? (map as { readonly [key: string]: V })[name] : undefined;
}

/**
 * Returns the element at an index of a list, or the value of a map's key. For an optional, it reads the optional's
 * value and returns an optional. Throws ExpressionError if there is no such element.
 */
export function index(container: unknown, key: unknown): unknown {
  if (container instanceof Optional) return findOptional(container, key);
  const found = find(container, key);
  if (found === undefined) throw new ExpressionError("no such key");
  return found;
}

/**
 * Returns the position in a list of a dyn: a number of any type that is an int. Throws ExpressionError for anything
 * else.
 */
export function position(key: unknown): bigint {
  const known = keyOf(key);
  if (typeof known !== "bigint") throw new ExpressionError("invalid index");
  return toInt(typeof key === "number" ? key : known);
}

/** As `index`, but undefined if there is no such element. */
export function find(container: unknown, key: unknown): unknown {
  if (container instanceof Optional) return container.inner === undefined ? undefined : find(container.inner, key);
  const known = keyOf(key);
  if (Array.isArray(container)) return container[Number(position(key))];
  if (!isMap(container)) throw new ExpressionError("no such overload: only lists and maps have elements");
  if (known === undefined && typeof key !== "number") throw new ExpressionError("unsupported key type");
  return known === undefined ? undefined : lookUp(container as ReadonlyMap<unknown, unknown>, known);
}

/** As `find`, as an optional. */
export function findOptional(container: unknown, key: unknown): Optional<unknown> {
  return optionalOf(find(container, key));
}

/**
 * Returns the value of a map's key or of a message's field. For an optional, it selects from the value and returns an
 * optional. `types` has the fields of messages. Throws ExpressionError if the key or field does not exist.
 */
export function select(container: unknown, name: string, types?: AnyTypes): unknown {
  if (container instanceof Optional) return optionalOf(findField(container, name, types));
  if (isMessage(container)) return fieldOf(container, name, types);
  if (!isMap(container)) throw new ExpressionError(`no such field: ${name}`);
  return index(container, name);
}

/** As `select`, but undefined for a missing key or an unset field. */
export function findField(container: unknown, name: string, types?: AnyTypes): unknown {
  if (container instanceof Optional) {
    return container.inner === undefined ? undefined : findField(container.inner, name, types);
  }
  if (isMessage(container)) return isFieldOfSet(container, name, types) ? fieldOf(container, name, types) : undefined;
  return find(container, name);
}

/**
 * Returns true if a key is in a map, or a field of a message is set. Throws ExpressionError for anything else and for
 * an unknown field.
 */
export function hasField(container: unknown, name: string, types?: AnyTypes): boolean {
  if (isMessage(container)) return isFieldOfSet(container, name, types);
  if (!isMap(container)) throw new ExpressionError(`no such field: ${name}`);
  return hasKey(container, name);
}

/** Returns the items that a macro iterates over: the elements of a list, the keys of a map. */
export function items(container: unknown): unknown[] {
  if (Array.isArray(container)) return container;
  if (isMap(container)) return objectEntries(container).map(([key]) => key);
  throw new ExpressionError("no such overload: only lists and maps can be gone through");
}

function objectEntries(map: object): [unknown, unknown][] {
  return map instanceof Map ? boxedEntries(map) : entriesOf(map);
}

/** The first `count` elements. Throws ExpressionError for a negative count. */
export function take<L extends readonly unknown[]>(list: L, count: number | bigint): L[number][] {
  if (count < 0) throw new ExpressionError("take needs a count that is not negative");
  return list.slice(0, Number(count));
}

/** Returns the sum of doubles; 0 for an empty list. */
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

/**
 * Returns the pairs that a macro with two variables iterates over: the indices and elements of a list, the keys and
 * values of a map.
 */
export function pairs(container: unknown): [unknown, unknown][] {
  if (Array.isArray(container)) return container.map((item, position) => [BigInt(position), item]);
  if (isMap(container)) return objectEntries(container);
  throw new ExpressionError("no such overload: only lists and maps can be gone through");
}

/** The entries of a map of protobuf. */
export function entriesBy<V, K>(record: { readonly [key: string]: V }, key: (key: string) => K): [K, V][] {
  return Object.entries(record).map(([name, value]) => [key(name), value]);
}

/** The elements of a list with their positions. */
export function numbered<L extends readonly unknown[]>(list: L): [bigint, L[number]][] {
  return list.map((item, position) => [BigInt(position), item]);
}

/**
 * Returns a map with the same keys (CEL extension "two-variable comprehensions"). Entries for which `chosen` is false
 * are left out.
 */
export function transformMap<K, V, R>(
  entries: readonly (readonly [K, V])[],
  change: (entry: readonly [K, V]) => R,
  chosen?: (entry: readonly [K, V]) => boolean,
): Map<K, R> {
  const kept = chosen === undefined ? entries : entries.filter(chosen);
  return mapFrom(kept.map((item) => [item[0], change(item)] as const));
}

/** The maps that entries become, put together. Throws ExpressionError when a key is there twice. */
export function transformMapEntry<K, V, L, R>(
  entries: readonly (readonly [K, V])[],
  change: (entry: readonly [K, V]) => ReadonlyMap<L, R>,
  chosen?: (entry: readonly [K, V]) => boolean,
): Map<L, R> {
  const kept = chosen === undefined ? entries : entries.filter(chosen);
  const entriesOf = (item: readonly [K, V]): [L, R][] => {
    const map = change(item);
    spend(map.size);
    return boxedEntries(map) as [L, R][];
  };
  return mapOf(...kept.flatMap(entriesOf));
}

/**
 * Returns a map literal with keys of type dyn. Throws ExpressionError for a repeated key, or one of a type that keys
 * cannot have.
 */
export function mapOfAny<V>(...entries: readonly (readonly [unknown, V])[]): Map<unknown, V> {
  for (const [key] of entries) newKey(key);
  return mapOf(...entries);
}

/** A map literal whose keys are not all constants. Throws ExpressionError when a key is there twice. */
export function mapOf<K, V>(...entries: readonly (readonly [K, V])[]): Map<K, V> {
  const map = mapFrom(entries);
  if (map.size < entries.length) throw new ExpressionError("a key is there twice");
  return map;
}

/** Converts a map of protobuf to one of CEL. */
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

/** Converts a map of CEL to one of protobuf; `key` checks the range of keys. */
export function toRecord<V>(map: ReadonlyMap<unknown, V>): { [key: string]: V };
export function toRecord<K, V, W>(
  map: ReadonlyMap<K, V>,
  value: (value: V) => W,
  key?: (key: K) => unknown,
): { [key: string]: W };
export function toRecord(
  map: ReadonlyMap<unknown, unknown>,
  value = (item: unknown) => item,
  key = (name: unknown) => name,
): { [key: string]: unknown } {
  return recordOf([...map].map(([name, item]) => [String(key(name)), value(item)]));
}

/** The elements of a repeated field or the values of a map that are not null. */
export function withoutNulls<T>(list: readonly (T | null)[]): T[];
export function withoutNulls<T>(record: { readonly [key: string]: T | null }): { [key: string]: T };
export function withoutNulls(
  values: readonly unknown[] | { readonly [key: string]: unknown },
): unknown[] | { [key: string]: unknown } {
  if (Array.isArray(values)) return values.filter((item) => item !== null);
  return recordOf(Object.entries(values).filter(([, item]) => item !== null));
}

/** Converts the values of a map of protobuf, and keeps its keys. */
export function mapValues<V, W>(record: { readonly [key: string]: V }, value: (value: V) => W): { [key: string]: W } {
  return recordOf(Object.entries(record).map(([key, item]) => [key, value(item)]));
}

/** Converts the keys and values of a map of CEL. A map with keys of type uint keeps this type. */
export function convertMap<K, V, L, W>(map: ReadonlyMap<K, V>, key: (key: K) => L, value: (value: V) => W): Map<L, W> {
  const entries = [...map].map(([name, item]) => [key(name), value(item)] as const);
  return map instanceof UintMap ? (uintKeys(new Map(entries) as Map<never, W>) as Map<never, W>) : new Map(entries);
}
