// Names derived from other names: each is a valid identifier, and all are distinct.

/** `list_topics` of `ListTopics`, `get_urls` of `GetURLs`, `shop_2` of `shop-2`. */
export function snakeCase(name: string): string {
  const words = name
    .replace(/[A-Z]{2}s(?![a-z])/g, (plural) => plural.toUpperCase())
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return /^[a-z]/.test(words) ? words : `x_${words}`.replace(/_$/, "");
}

/** Returns `ListTopics` for `list_topics`. A name without underscores keeps its capitals. */
export function pascalCase(name: string): string {
  const parts = name.split(/[^A-Za-z0-9]+/).filter((part) => part !== "");
  const joined = parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("");
  return /^[A-Z]/.test(joined) ? joined : `X${joined}`;
}

/** One scope of names. Two names that are equal in TypeScript or JSON (`item_id`, `itemId`) count as one. */
export class NameScope {
  readonly #taken = new Set<string>();

  has(name: string): boolean {
    return this.#taken.has(keyOf(name));
  }

  /** The first of the candidates that is free, or the last one with a number behind it; it is taken then. */
  take(...candidates: readonly [string, ...string[]]): string {
    const last = candidates.at(-1) ?? candidates[0];
    let name = candidates.find((candidate) => !this.has(candidate));
    for (let i = 2; name === undefined; i++) name = this.has(`${last}${i}`) ? undefined : `${last}${i}`;
    this.#taken.add(keyOf(name));
    return name;
  }
}

const keyOf = (name: string): string => name.replaceAll("_", "").toLowerCase();
