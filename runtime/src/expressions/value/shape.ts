// Determines the type of a value at run time.
import type { DescMessage } from "@bufbuild/protobuf";

/** The messages that are known by name: a `Registry` of protobuf-es. */
export interface AnyTypes {
  readonly getMessage: (typeName: string) => DescMessage | undefined;
}

export interface Time {
  readonly seconds: bigint;
  readonly nanos: number;
}

export function isTime(value: unknown): value is Time & { readonly $typeName: string } {
  return (
    isMessage(value) &&
    (value.$typeName === "google.protobuf.Timestamp" || value.$typeName === "google.protobuf.Duration")
  );
}

/** False for JSON and maps with a key `$typeName`: these have no prototype, see `recordOf`. */
export function isMessage(value: unknown): value is object & { readonly $typeName: string } {
  if (typeof value !== "object" || value === null || !("$typeName" in value)) return false;
  return typeof value.$typeName === "string" && Object.getPrototypeOf(value) !== null;
}

/**
 * True for a map in either form: an object of protobuf or JSON, or a `Map`. Boxes, which are objects too, are no maps.
 */
export function isMap(value: unknown): value is object {
  if (value instanceof Map) return true;
  if (typeof value !== "object" || value === null || isMessage(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The entries of a map in either form; the keys of an object are strings. */
export function entriesOf(map: object): [unknown, unknown][] {
  return map instanceof Map ? [...map] : Object.entries(map);
}
