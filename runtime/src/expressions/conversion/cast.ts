// Casts of values of type dyn to certain types. Each function throws ExpressionError for a value of another type.
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { ExpressionError } from "../value/error.ts";
import type { Optional } from "../value/optional.ts";
import { entriesOf } from "../value/shape.ts";
import { boxedEntries, mapFrom, type Type, Uint } from "../value/value.ts";
import { typeName } from "./conversion.ts";

/** The types whose values are distinguishable at run time. */
interface Casts {
  readonly bool: boolean;
  readonly int: bigint;
  readonly uint: bigint;
  readonly double: number;
  readonly string: string;
  readonly bytes: Uint8Array;
  readonly list: unknown[];
  readonly null_type: null;
  readonly type: Type;
  readonly optional_type: Optional<unknown>;
  readonly "google.protobuf.Timestamp": Timestamp;
  readonly "google.protobuf.Duration": Duration;
}

/** A value of a type without parts, a list or an optional of anything. */
export function cast<K extends keyof Casts>(value: unknown, name: K): Casts[K];
export function cast(value: unknown, name: string): unknown {
  if (typeName(value) !== name) throw misfit(value, name);
  return value instanceof Uint ? value.value : value;
}

/** A message. */
export function castMessage<D extends DescMessage>(value: unknown, schema: D): MessageShape<D> {
  if (typeName(value) !== schema.typeName) throw misfit(value, schema.typeName);
  return value as MessageShape<D>;
}

/** Types of the keys of maps. */
interface Keys {
  readonly bool: boolean;
  readonly int: bigint;
  readonly uint: bigint;
  readonly string: string;
  readonly dyn: unknown;
}

/** Casts a map with keys of one type; `item` casts its values. */
export function castMap<K extends keyof Keys, V>(map: ReadonlyMap<unknown, V>, key: K): Map<Keys[K], V>;
export function castMap<K extends keyof Keys>(map: unknown, key: K): Map<Keys[K], unknown>;
export function castMap<K extends keyof Keys, V, W>(
  map: ReadonlyMap<unknown, V>,
  key: K,
  item: (value: V) => W,
): Map<Keys[K], W>;
export function castMap<K extends keyof Keys, W>(map: unknown, key: K, item: (value: unknown) => W): Map<Keys[K], W>;
export function castMap(map: unknown, key: keyof Keys, item?: (value: never) => unknown): Map<unknown, unknown> {
  if (typeof map !== "object" || map === null || typeName(map) !== "map") throw misfit(map, "map");
  const entries = map instanceof Map ? boxedEntries(map) : entriesOf(map);
  for (const [name] of entries) if (key !== "dyn" && typeName(name) !== key) throw misfit(name, key);
  return mapFrom(item === undefined ? entries : entries.map(([name, value]) => [name, item(value as never)]));
}

function misfit(value: unknown, expected: string): ExpressionError {
  return new ExpressionError(`no such overload: expected ${expected}, found ${typeName(value)}`);
}
