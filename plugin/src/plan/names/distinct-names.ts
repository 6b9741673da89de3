import type { NameScope } from "./name-scope.ts";

/**
 * Assigns distinct names. Each key lists its wishes, from the preferred name to longer ones. All keys with the same
 * wish move to their next wish together, so that no name depends on the order of keys. If the wishes run out, the name
 * is the first wish with `_` after it.
 */
export function distinctNames<K>(wishes: ReadonlyMap<K, readonly string[]>, scope: NameScope): ReadonlyMap<K, string> {
  const at = new Map([...wishes.keys()].map((key) => [key, 0]));
  const wish = (key: K): string | undefined => wishes.get(key)?.[at.get(key) ?? 0];
  for (let moved = true; moved; ) {
    moved = false;
    const counts = new Map<string, number>();
    for (const key of at.keys()) counts.set(wish(key) ?? "", (counts.get(wish(key) ?? "") ?? 0) + 1);
    const clashing = [...at.keys()].filter((key) => {
      const name = wish(key);
      return name !== undefined && (scope.has(name) || (counts.get(name) ?? 0) > 1);
    });
    for (const key of clashing) {
      at.set(key, (at.get(key) ?? 0) + 1);
      moved = true;
    }
  }
  const settled = [...at.keys()].filter((key) => wish(key) !== undefined);
  const names = new Map(settled.map((key) => [key, scope.take(wish(key) ?? "")]));
  for (const [key, [first = "_"]] of wishes) if (!names.has(key)) names.set(key, scope.take(first));
  return names;
}
