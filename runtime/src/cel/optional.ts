import { type DescField, isFieldSet, type Message } from "@bufbuild/protobuf";
import { ExpressionError } from "./error.ts";

/** CEL's optional: a value or none. A box, since a value that is absent is `undefined` already. */
export class Optional<T> {
  readonly inner: T | undefined;

  constructor(inner: T | undefined) {
    this.inner = inner;
  }
}

export function optionalOf<T>(value: T): Optional<T> {
  return new Optional(value);
}

export function optionalNone(): Optional<never> {
  return new Optional<never>(undefined);
}

export function optionalOr<T>(first: Optional<T>, second: Optional<T>): Optional<T> {
  return first.inner === undefined ? second : first;
}

/** Throws ExpressionError when there is none. */
export function optionalValue<T>(optional: Optional<T>): T {
  if (optional.inner === undefined) throw new ExpressionError("optional.none() dereference");
  return optional.inner;
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
