import { type DescField, isFieldSet, type Message } from "@bufbuild/protobuf";
import { ExpressionError } from "./error.ts";
import { Type, Uint } from "./value.ts";

/** CEL's optional: a value or none. A box, since a value that is absent is `undefined` already. */
export class Optional<T> {
  readonly inner: T | undefined;

  constructor(inner: T | undefined) {
    this.inner = inner;
  }
}

/** `undefined` gives none. */
export function optionalOf<T>(value: T | undefined): Optional<T> {
  return new Optional(value);
}

export function optionalNone(): Optional<never> {
  return new Optional<never>(undefined);
}

/** Throws ExpressionError when there is none. */
export function optionalValue<T>(inner: T | undefined): T {
  if (inner === undefined) throw new ExpressionError("optional.none() dereference");
  return inner;
}

/** `first ?? other()`, but that null is a value. */
export function orElse<T>(first: T | undefined, other: () => T): T {
  return first === undefined ? other() : first;
}

export function orNull<T>(inner: T | undefined): T | null {
  return inner === undefined ? null : inner;
}

/** The elements that an optional adds to a list: one or none. */
export function given<T>(inner: T | undefined): T[] {
  return inner === undefined ? [] : [inner];
}

/** The entries that an optional adds to a map: one or none. */
export function givenEntry<K, V>(key: K, inner: V | undefined): [K, V][] {
  return inner === undefined ? [] : [[key, inner]];
}

/** The field that an optional gives to a message literal, or none. */
export function givenField<N extends string, V>(name: N, inner: V | undefined): { [K in N]?: V } {
  const field: { [K in N]?: V } = {};
  if (inner !== undefined) field[name] = inner;
  return field;
}

/** What the optionals of a list hold; none is left out. */
export function unwrapped<T>(list: readonly Optional<T>[]): T[] {
  return list.flatMap(({ inner }) => given(inner));
}

/** A member of a oneof in a message literal; `undefined` and null leave the oneof unset. */
export function memberOf<C extends string, T>(
  name: C,
  value: T | null | undefined,
): { case: C; value: T } | { case: undefined } {
  return value === undefined || value === null ? { case: undefined } : { case: name, value };
}

/** The value, `undefined` when it is the zero of its type: "", 0, false, null, nothing in it (cel-go's `optional.ofNonZeroValue`). */
export function nonZero<T>(value: T): T | undefined {
  return isZero(value) ? undefined : value;
}

function isZero(value: unknown): boolean {
  if (typeof value !== "object") return !value && !Number.isNaN(value);
  if (value === null) return true;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  if (value instanceof Optional) return value.inner === undefined;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Type) return false;
  if (!("$typeName" in value)) return Object.keys(value).length === 0;
  return Object.entries(value).every(([name, field]) => name.startsWith("$") || isUnset(field));
}

/** A field without a value of its own. A message that is set is set whatever is in it. */
function isUnset(field: unknown): boolean {
  if (typeof field !== "object" || field === null) return !field && !Number.isNaN(field);
  if ("$typeName" in field) return false;
  return "case" in field ? field.case === undefined : isZero(field);
}

/** Throws ExpressionError for null, and for a wrapper that is not set. */
export function required<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new ExpressionError("no such overload: the value is null");
  return value;
}

export function unlessNull<T, R>(value: T | null | undefined, convert: (value: T) => R): R | null {
  return value === null || value === undefined ? null : convert(value);
}

export function unlessUnset<T, R>(value: T | undefined, convert: (value: T) => R): R | undefined {
  return value === undefined ? undefined : convert(value);
}

/** The member `name` of a oneof, undefined when another or none is set. */
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
