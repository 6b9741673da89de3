/** Returns the first result that is found for an item. Undefined: there is none. */
export function first<Item, T>(items: readonly Item[], find: (item: Item) => T | undefined): T | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
