// Values of CEL for which JavaScript has no type.
import { ExpressionError } from "./error.ts";

/** A uint in a value of unknown type (dyn), where a `bigint` is an int. */
export class Uint {
  /** 0 to 2^64 - 1. */
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** Boxes a number as a uint in a value of unknown type (dyn). */
export function uint(value: number | bigint): Uint {
  return new Uint(BigInt(value));
}

/** A map with keys of type uint in a value of unknown type. In any other `Map`, `bigint` keys are ints. */
export class UintMap<V> extends Map<bigint, V> {}

/** A map with keys of type uint that becomes a dyn. */
export function uintKeys<V>(map: ReadonlyMap<bigint, V>): UintMap<V> {
  return new UintMap(map);
}

/** A map of entries whose keys may be boxed. */
export function mapFrom<K, V>(entries: readonly (readonly [K, V])[]): Map<K, V> {
  if (!entries.some(([key]) => key instanceof Uint)) return new Map(entries);
  const opened = entries.map(([key, value]) => [key instanceof Uint ? key.value : key, value] as const);
  const map = entries.every(([key]) => key instanceof Uint) ? new UintMap(opened as [bigint, V][]) : new Map(opened);
  return map as Map<K, V>;
}

/** Returns the entries of a map with boxed keys of type uint. */
export function boxedEntries(map: ReadonlyMap<unknown, unknown>): [unknown, unknown][] {
  return [...map].map(([key, value]) => [map instanceof UintMap ? new Uint(key as bigint) : key, value]);
}

/** Result of `type(x)` (CEL spec, "Type Denotations"): a name such as "int" or "acme.v1.User". */
export class Type {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Returns the type of this name, as `type(x)` does. */
export function typeNamed(name: string): Type {
  return new Type(name);
}

/** Key of a map of CEL: a text, an integer or a bool. */
export type Key = string | bigint | boolean;

/** A key as a `Map` of CEL has it: any number that is an integer as a `bigint`. Undefined for what no key equals. */
export function keyOf(value: unknown): Key | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : undefined;
  if (value instanceof Uint) return value.value;
  return typeof value === "string" || typeof value === "bigint" || typeof value === "boolean" ? value : undefined;
}

/**
 * Returns a key of a new map. Throws ExpressionError for types that keys cannot have: doubles, lists, messages … (CEL
 * spec, "Maps").
 */
export function newKey(value: unknown): Key {
  const key = typeof value === "number" ? undefined : keyOf(value);
  if (key === undefined) throw new ExpressionError("unsupported key type");
  return key;
}
