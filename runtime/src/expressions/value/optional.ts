import { type DescField, type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { ExpressionError } from "./error.ts";
import { type AnyTypes, isMessage } from "./shape.ts";
import { Type, Uint } from "./value.ts";

/** CEL's optional: a value or none. It is a box, because `undefined` already represents an absent value. */
export class Optional<T> {
  readonly inner: T | undefined;

  constructor(inner: T | undefined) {
    this.inner = inner;
  }
}

/** `undefined` becomes an empty optional. */
export function optionalOf<T>(value: T | undefined): Optional<T> {
  return new Optional(value);
}

/** Returns an empty optional. */
export function optionalNone<T = never>(): Optional<T> {
  return new Optional<T>(undefined);
}

/** Returns the value of an optional. Throws ExpressionError if it is empty. */
export function optionalValue<T>(inner: T | undefined): T {
  if (inner === undefined) throw new ExpressionError("optional.none() dereference");
  return inner;
}

/** `first ?? other()`, but that null is a value. */
export function orElse<T, U>(first: T | undefined, other: () => U): T | U {
  return first === undefined ? other() : first;
}

/** Returns the value, or null in place of `undefined`. */
export function orNull<T>(inner: T | undefined): T | null {
  return inner === undefined ? null : inner;
}

/** Returns the elements that an optional adds to a list: one or none. */
export function optionalElement<T>(inner: T): Exclude<T, undefined>[] {
  return inner === undefined ? [] : [inner as Exclude<T, undefined>];
}

/** Returns the entries that an optional adds to a map: one or none. */
export function optionalEntry<K, V>(key: K, inner: V | undefined): [K, Exclude<V, undefined>][] {
  return inner === undefined ? [] : [[key, inner as Exclude<V, undefined>]];
}

/** Returns the field that an optional adds to a message literal, or none. */
export function optionalField<N extends string, V>(name: N, inner: V | undefined): { [K in N]?: V } {
  const field: { [K in N]?: V } = {};
  if (inner !== undefined) field[name] = inner;
  return field;
}

/** Returns the values of the optionals that have one. */
export function unwrapped<L extends readonly Optional<unknown>[]>(list: L): Exclude<L[number]["inner"], undefined>[] {
  return list.flatMap(({ inner }) => optionalElement(inner)) as Exclude<L[number]["inner"], undefined>[];
}

/** A member of a oneof in a message literal; `undefined` and null leave the oneof unset. */
export function memberOf<C extends string, T>(
  name: C,
  value: T,
): { case: C; value: NonNullable<T> } | { case: undefined } {
  return value === undefined || value === null ? { case: undefined } : { case: name, value };
}

/**
 * Returns the value, or `undefined` if it is the zero of its type: "", 0, false, null, or an empty container (cel-go's
 * `optional.ofNonZeroValue`). `types` has the fields of messages; a message of unknown type is not zero.
 */
export function nonZero<T>(value: T, types?: AnyTypes): T | undefined {
  if (!isMessage(value)) return isZero(value) ? undefined : value;
  const schema = types?.getMessage(value.$typeName);
  return schema === undefined ? value : nonZeroMessage(value as T & Message, schema);
}

/** Returns the message, or `undefined` if none of its fields is set. */
export function nonZeroMessage<M extends Message>(message: M | null, schema: DescMessage): M | undefined {
  if (message === null) return undefined;
  const set = schema.fields.some((field) => isFieldSet(message, field)) || (message.$unknown ?? []).length > 0;
  return set ? message : undefined;
}

function isZero(value: unknown): boolean {
  if (typeof value !== "object") return !value && !Number.isNaN(value);
  if (value === null) return true;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  if (value instanceof Optional) return value.inner === undefined;
  if (value instanceof Uint) return value.value === 0n;
  return !(value instanceof Type) && Object.keys(value).length === 0;
}

/** Throws ExpressionError for null, and for a wrapper that is not set. */
export function required<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new ExpressionError("no such overload: the value is null");
  return value;
}

/** Converts a value. Null stays null, and `undefined` becomes null. */
export function unlessNull<T, R>(value: T | null | undefined, convert: (value: T) => R): R | null {
  return value === null || value === undefined ? null : convert(value);
}

/** Converts a value. `undefined` stays `undefined`. */
export function unlessUnset<T, R>(value: T | undefined, convert: (value: T) => R): R | undefined {
  return value === undefined ? undefined : convert(value);
}

/** Returns the member `name` of a oneof, or undefined if it is not set. */
export function oneofValue<O extends { readonly case: string | undefined; readonly value?: unknown }, C extends string>(
  oneof: O | undefined,
  name: C,
): Extract<O, { readonly case: C }>["value"] | undefined {
  return oneof?.case === name ? oneof.value : undefined;
}

/** A field that has a default (proto2), undefined when it is not set. */
export function ifFieldSet<M extends Message, K extends keyof M>(
  message: M | undefined,
  field: DescField,
  name: K,
): M[K] | undefined {
  return message !== undefined && isFieldSet(message, field) ? message[name] : undefined;
}
