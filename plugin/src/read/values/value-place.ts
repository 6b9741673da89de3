// The values inside a rule, each with its place. Names are those of the proto fields.
import type { Sourced, Text } from "../../diagnostic/diagnostic.ts";
import type { Place } from "../source/place.ts";

/** A message inside a rule and where it stands. */
export interface Declared<M> {
  readonly value: M;
  readonly place: Place;
}

export function child<M>(value: M | undefined, place: Place, name: string): Declared<M> | undefined {
  return value === undefined ? undefined : { value, place: place.field(name) };
}

export function children<M>(values: readonly M[], place: Place, name: string): readonly Declared<M>[] {
  return values.map((value, index) => ({ value, place: place.field(name, index) }));
}

export function text(value: string | undefined, place: Place, name: string): Text | undefined {
  return value === undefined ? undefined : place.field(name).text(value);
}

export function texts(values: readonly string[], place: Place, name: string): readonly Text[] {
  return values.map((value, index) => place.field(name, index).text(value));
}

export function sourced<T>(value: T | undefined, place: Place, name: string): Sourced<T> | undefined {
  return value === undefined ? undefined : { value, at: place.field(name).at };
}

export function sourcedList<T>(values: readonly T[], place: Place, name: string): readonly Sourced<T>[] {
  return values.map((value, index) => ({ value, at: place.field(name, index).at }));
}
