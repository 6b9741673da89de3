// Equality and order of CEL values in any of their forms: an int may be a `number` or a `bigint`, a map an object or a `Map`.
import type { Any } from "@bufbuild/protobuf/wkt";
import { ExpressionError } from "../value/error.ts";
import { Optional } from "../value/optional.ts";
import { type AnyTypes, entriesOf, isMap, isMessage, isTime, type Time } from "../value/shape.ts";
import { keyOf, Type, Uint } from "../value/value.ts";
import { fromAny } from "./message.ts";

/**
 * CEL's `==` (CEL spec, "Equality"). Numbers are equal across types by value, NaN to nothing; messages when they are of one type and all
 * fields are equal. `types`: the messages that a google.protobuf.Any may hold, for comparing them by what they hold.
 */
export function equal(a: unknown, b: unknown, types?: AnyTypes): boolean {
  if (isNumeric(a) && isNumeric(b)) return typeof a === typeof b ? a === b : Number(a) === Number(b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    if (a instanceof Uint) return equal(a.value, b);
    return b instanceof Uint ? equal(a, b.value) : a === b;
  }
  if (a instanceof Uint || b instanceof Uint) return a instanceof Uint && b instanceof Uint && a.value === b.value;
  if (a instanceof Type || b instanceof Type) return a instanceof Type && b instanceof Type && a.name === b.name;
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && compareBytes(a, b) === 0;
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => equal(item, b[index], types));
  }
  if (a instanceof Optional || b instanceof Optional) {
    return a instanceof Optional && b instanceof Optional && equal(a.inner, b.inner, types);
  }
  if (isMessage(a) !== isMessage(b)) return false;
  return isMessage(a) && isMessage(b) ? equalMessages(a, b, types) : equalMaps(a, b, types);
}

/** Reports whether two values differ: the negation of `equal`. */
export function unequal(a: unknown, b: unknown, types?: AnyTypes): boolean {
  return !equal(a, b, types);
}

/** CEL's `in` for any list or map. Throws ExpressionError for anything else. */
export function isIn(value: unknown, container: unknown): boolean {
  if (Array.isArray(container)) return container.some((item) => equal(item, value));
  if (isMap(container)) {
    const key = keyOf(value);
    if (key === undefined) return false;
    return container instanceof Map ? container.has(key) : Object.hasOwn(container, String(key));
  }
  throw new ExpressionError("`in` needs a list or a map");
}

/**
 * Less than, equal or greater than zero, NaN beside a NaN. An integer is compared with a double as a double, as in cel-go. Throws
 * ExpressionError when the values have no order.
 */
export function compare(a: unknown, b: unknown): number {
  if (isNumeric(a) && isNumeric(b)) {
    if (typeof a !== typeof b) return compare(Number(a), Number(b));
    if (a < b) return -1;
    if (a > b) return 1;
    return a === b ? 0 : Number.NaN;
  }
  if (a instanceof Uint) return compare(a.value, b);
  if (b instanceof Uint) return compare(a, b.value);
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (isTime(a) && isTime(b) && a.$typeName === b.$typeName) return compareTime(a, b);
  throw new ExpressionError("no such overload: these values have no order");
}

/** By code points; JavaScript's own order is by UTF-16 code units. */
export function compareText(a: string, b: string): number {
  const left = a[Symbol.iterator]();
  const right = b[Symbol.iterator]();
  for (;;) {
    const x = left.next();
    const y = right.next();
    if (x.done || y.done) return Number(y.done ?? false) - Number(x.done ?? false);
    const difference = (x.value.codePointAt(0) ?? 0) - (y.value.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
}

/** Compares bytes in lexicographical order. Negative: `a` is before `b`. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (const [index, byte] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (byte !== other) return byte - other;
  }
  return a.length - b.length;
}

/** For timestamps as for durations. */
export function compareTime(a: Time, b: Time): number {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds ? -1 : 1;
  return a.nanos - b.nanos;
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function equalMessages(
  a: object & { readonly $typeName: string },
  b: object & { readonly $typeName: string },
  types: AnyTypes | undefined,
): boolean {
  if (a.$typeName !== b.$typeName) return false;
  if (types !== undefined && a.$typeName === "google.protobuf.Any") return sameAny(a, b, types);
  if (!equal(unknownOf(a), unknownOf(b))) return false;
  const left = fieldsOf(a);
  const right = fieldsOf(b);
  return (
    left.size === right.size &&
    [...left].every(([name, value]) => right.has(name) && equal(value, right.get(name), types))
  );
}

/** Whether two google.protobuf.Any hold the same; compared byte by byte when what they hold is not known. */
function sameAny(a: object, b: object, types: AnyTypes): boolean {
  const left = a as Any;
  const right = b as Any;
  if (left.typeUrl === right.typeUrl && compareBytes(left.value, right.value) === 0) return true;
  try {
    return equal(fromAny(left, types), fromAny(right, types), types);
  } catch {
    return false;
  }
}

/** Fields that the schema does not know, by number and bytes. */
function unknownOf(message: object): unknown {
  return "$unknown" in message ? (message.$unknown ?? []) : [];
}

/** The fields that are set, a default on the prototype left out (proto2). */
function fieldsOf(message: object): Map<string, unknown> {
  const fields = Object.entries(message).filter(([name, value]) => value !== undefined && !name.startsWith("$"));
  return new Map(fields);
}

function equalMaps(a: object, b: object, types: AnyTypes | undefined): boolean {
  const left = entriesOf(a);
  // The keys of an object are strings, those of a `Map` may not be.
  const same = a instanceof Map && b instanceof Map;
  const right = new Map(same ? b : entriesOf(b).map(([key, value]) => [String(key), value]));
  return (
    left.length === right.size &&
    left.every(([name, value]) => {
      const key = same ? name : String(name);
      return right.has(key) && equal(value, right.get(key), types);
    })
  );
}
