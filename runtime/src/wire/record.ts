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

/**
 * Returns JSON, or a map, in which no object is a message: copies of JSON with a key `$typeName` have a prototype again.
 * Values without such a key are returned themselves.
 *
 * @example
 * markedRecords([{ $typeName: "x" }]); // its object has no prototype
 */
export function markedRecords<T>(value: T): T {
  return marked(value) as T;
}
function marked(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(marked);
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype && !(value instanceof Map)) return value;
  const before: [string, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  const entries = before.map(([key, item]) => [key, marked(item)] as const);
  const isMarked = prototype === null || !Object.hasOwn(value, "$typeName");
  if (isMarked && entries.every(([, item], i) => item === before[i]?.[1])) return value;
  return value instanceof Map ? new Map(entries) : recordOf(entries);
}
