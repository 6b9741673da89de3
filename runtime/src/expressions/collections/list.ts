// cel-go's `lists` and `sets` extensions, and protobff's list functions.

import { noOverload } from "../conversion/dynamic.ts";
import { compare, equal } from "../conversion/equal.ts";
import { checkSize, MAX_ELEMENTS } from "../value/bounds.ts";
import { ExpressionError } from "../value/error.ts";
import { spend } from "../value/meter.ts";
import { Optional, optionalOf } from "../value/optional.ts";
import { keyOf, Uint } from "../value/value.ts";

type Int = number | bigint;

/**
 * Returns the elements from `start` up to `end`, which is excluded. Throws ExpressionError for a range outside the list
 * or in reverse order.
 */
export function slice<L extends readonly unknown[]>(list: L, start: Int, end: Int): L[number][] {
  if (start < 0 || end < start || end > list.length) throw new ExpressionError("cannot slice the list there");
  return list.slice(Number(start), Number(end));
}

/**
 * Replaces elements that are lists by their elements, `depth` levels deep. Throws ExpressionError for a negative depth.
 */
export function flatten(list: readonly unknown[], depth: Int = 1): unknown[] {
  if (depth < 0) throw new ExpressionError("flatten needs a depth that is not negative");
  let result = list.slice();
  for (let level = 0; level < depth && result.some(Array.isArray); level++) {
    for (const item of result) if (Array.isArray(item)) spend(item.length);
    result = result.flat();
  }
  return result;
}

/** Returns the elements of all lists. */
export function flat<T>(lists: readonly (readonly T[])[]): T[] {
  for (const list of lists) spend(list.length);
  return lists.flat() as T[];
}

/** Returns the list without elements that equal an earlier one. */
export function distinct<L extends readonly unknown[]>(list: L): L[number][] {
  const keys = new Set<unknown>();
  const others: unknown[] = [];
  const exact = areExact(list);
  return list.filter((item) => {
    const key = exact ? keyOf(item) : undefined;
    if (key !== undefined) return !keys.has(key) && keys.add(key) !== undefined;
    spend(others.length);
    if (others.some((other) => equal(other, item))) return false;
    others.push(item);
    return true;
  });
}

/**
 * Sorts in ascending order; the sort is stable. Throws ExpressionError if elements have no order or are of different
 * types.
 */
export function sort<L extends readonly unknown[]>(list: L): L[number][] {
  return sortBy(list, (item) => item);
}

/** As `sort`, for a dyn. Throws ExpressionError also for a value that is not a list. */
export function sortAny(list: unknown): unknown[] {
  if (!Array.isArray(list)) throw noOverload("sort", list);
  return sort(list);
}

/** As `sort`, in descending order. */
export function sortDesc<L extends readonly unknown[]>(list: L): L[number][] {
  return sortByDesc(list, (item) => item);
}

/** As `sortDesc`, for a dyn. Throws ExpressionError also for a value that is not a list. */
export function sortDescAny(list: unknown): unknown[] {
  if (!Array.isArray(list)) throw noOverload("sortDesc", list);
  return sortDesc(list);
}

/** Sorts by a key of each element, in ascending order; the sort is stable. Throws ExpressionError as `sort`. */
export function sortBy<L extends readonly unknown[]>(list: L, key: (item: L[number]) => unknown): L[number][] {
  return ordered(list, key, compare);
}

/** As `sortBy`, in descending order; the sort is stable. */
export function sortByDesc<L extends readonly unknown[]>(list: L, key: (item: L[number]) => unknown): L[number][] {
  return ordered(list, key, (a, b) => compare(b, a));
}

function ordered<T>(list: readonly T[], key: (item: T) => unknown, order: typeof compare): T[] {
  const keyed = list.map((item) => ({ item, key: key(item) }));
  const [first] = keyed;
  if (first === undefined) return [];
  // Even a single element must be of an ordered type.
  compare(first.key, first.key);
  const kind = kindOf(first.key);
  if (keyed.some((item) => kindOf(item.key) !== kind))
    throw new ExpressionError("sort: the elements are of different types");
  spend(keyed.length * Math.ceil(Math.log2(keyed.length)));
  return keyed.sort((a, b) => order(a.key, b.key)).map(({ item }) => item);
}

/**
 * Returns the result of applying `step` to each item in turn. Throws ExpressionError for a result of more than 1 MiB,
 * or ten million elements.
 */
export function reduce<T, R>(list: readonly T[], begin: R, step: (result: R, item: T) => R): R {
  let result = begin;
  for (const item of list) {
    result = step(result, item);
    if (typeof result === "string" || typeof result === "object") checkSize(result);
  }
  return result;
}

function kindOf(value: unknown): string {
  return value instanceof Uint ? "uint" : typeof value;
}

/** 0 to `count` - 1. Throws ExpressionError for a negative count and beyond ten million. */
export function range(count: Int): number[] {
  if (count < 0 || count > MAX_ELEMENTS) throw new ExpressionError("lists.range of such a count");
  spend(Number(count));
  return Array.from({ length: Number(count) }, (_, index) => index);
}

/** Returns the first item of a list; an empty optional for an empty list. */
export function first<T>(list: readonly T[]): Optional<T> {
  return list.length === 0 ? new Optional<T>(undefined) : optionalOf(list[0] as T);
}

/** Returns the last item of a list; an empty optional for an empty list. */
export function last<T>(list: readonly T[]): Optional<T> {
  return list.length === 0 ? new Optional<T>(undefined) : optionalOf(list[list.length - 1] as T);
}

/** Returns true if every element of `part` is in `whole`. */
export function containsAll(whole: readonly unknown[], part: readonly unknown[]): boolean {
  const isIn = lookUpIn(whole, part.length);
  return part.every(isIn);
}

/** Returns true if each list has every element of the other. */
export function equivalent(a: readonly unknown[], b: readonly unknown[]): boolean {
  return containsAll(a, b) && containsAll(b, a);
}

/** Returns true if the lists have an element in common. */
export function intersects(a: readonly unknown[], b: readonly unknown[]): boolean {
  return b.some(lookUpIn(a, b.length));
}

/** True if equal numbers have one key: beyond 2^53 a double equals all integers of which it is the nearest. */
function areExact(list: readonly unknown[]): boolean {
  return !list.some((item) => typeof item === "number" && Number.isInteger(item) && !Number.isSafeInteger(item));
}

/** Many look-ups of plain values go by a Set. */
function lookUpIn(list: readonly unknown[], count: number): (item: unknown) => boolean {
  const slow = (item: unknown) => {
    spend(list.length);
    return list.some((other) => equal(other, item));
  };
  if (list.length * count < 64 || !areExact(list)) return slow;
  const keys = new Set(list.map(keyOf));
  return (item) => {
    const key = areExact([item]) ? keyOf(item) : undefined;
    return key === undefined ? slow(item) : keys.has(key);
  };
}
