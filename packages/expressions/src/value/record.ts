// JSON objects and maps of protobuf. Their keys come from outside, and may be names of JavaScript or of protobuf-es.

/**
 * Returns an object with these properties. An object with a property `$typeName` has no prototype, unlike every message.
 *
 * @example
 * recordOf([["a", 1]]); // { a: 1 }
 */
export function recordOf<V>(entries: Iterable<readonly [PropertyKey, V]>): { [key: string]: V } {
  const record: { [key: string]: V } = Object.fromEntries(entries);
  return Object.hasOwn(record, "$typeName") ? Object.setPrototypeOf(record, null) : record;
}

/**
 * Sets a property of the object itself, also one that is called `__proto__`. An object with a property `$typeName` loses its
 * prototype, as in `recordOf`.
 *
 * @example
 * setOwn({}, "__proto__", 1);
 */
export function setOwn(object: object, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else {
    if (key === "$typeName") Object.setPrototypeOf(object, null);
    (object as Record<string, unknown>)[key] = value;
  }
}
