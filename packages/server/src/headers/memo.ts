const MAX_REMEMBERED = 256;

/** Returns the value of a key, from the memo if possible. Clients choose the keys, so the memo is bounded. */
export function memoized<T>(known: Map<string, T>, key: string, make: () => T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  const value = make();
  if (known.size < MAX_REMEMBERED) known.set(key, value);
  return value;
}
