// Patterns with wildcards, over characters or over the segments of a path.

/** A pattern: `any` matches any number of items, a predicate one item. */
export type Wildcards<T> = readonly ("any" | ((item: T) => boolean))[];

/** Returns true if a pattern matches all items. The time is at most the product of both lengths. */
export function matchesAll<T>(pattern: Wildcards<T>, items: readonly T[]): boolean {
  let [p, i] = [0, 0];
  let retry: { readonly p: number; i: number } | undefined;
  while (i < items.length) {
    const part = pattern[p];
    if (part === "any") {
      p += 1;
      retry = { p, i };
    } else if (part?.(items[i] as T)) {
      p += 1;
      i += 1;
    } else if (retry !== undefined) {
      // The last `any` takes one more item.
      retry.i += 1;
      p = retry.p;
      i = retry.i;
    } else return false;
  }
  return pattern.slice(p).every((part) => part === "any");
}
