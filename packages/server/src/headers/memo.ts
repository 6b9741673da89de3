const MAX_REMEMBERED = 256;

/** Clients choose the keys: so many are kept, and no more. */
export function memoized<T>(known: Map<string, T>, key: string, make: () => T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  if (known.size < MAX_REMEMBERED) known.set(key, made);
  return made;
}
