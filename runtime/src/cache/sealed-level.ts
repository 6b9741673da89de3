import type { Sealer } from "../sealing/sealer.ts";
import type { LeaseKey } from "./lease/fetch-wait.ts";
import type { Found, LookUp, SecondLevel, StoredTags } from "./second-level.ts";

/**
 * A level for answers that may contain sensitive values. It seals them for their names. A name reveals nothing of its
 * request either: it is a digest that requires the key.
 *
 * @example
 * new Cache({ second, sealed: new SealedLevel(second, new Sealer(keys)) });
 */
export class SealedLevel implements SecondLevel {
  readonly #level: SecondLevel;
  readonly #sealer: Sealer;

  constructor(level: SecondLevel, sealer: Sealer) {
    this.#level = level;
    this.#sealer = sealer;
  }
  /** An entry that does not open is a miss. */
  async get(key: string): Promise<Found | LookUp | undefined> {
    let missed: LookUp | undefined;
    for (const name of this.#sealer.names(key)) {
      const result = await this.#level.get(name);
      const tagged = result !== undefined && "counter" in result ? result : undefined;
      missed ??= tagged && { counter: tagged.counter }; // the first: a later one would hide purges in between
      const found = tagged === undefined ? (result as Found | undefined) : tagged.found;
      const bytes = found && this.#sealer.openBytes(found.bytes, name);
      if (found === undefined || bytes === undefined) continue;
      const opened = { bytes, ageMs: found.ageMs };
      return missed === undefined ? opened : { ...missed, found: opened };
    }
    return missed;
  }
  async set(key: string, bytes: Uint8Array, lifeMs: number, tags?: StoredTags): Promise<void> {
    const [name = ""] = this.#sealer.names(key);
    await this.#level.set(name, this.#sealer.seal(bytes, name), lifeMs, tags);
  }
  lease(key: string): LeaseKey | undefined {
    return this.#level.lease?.(this.#sealer.names(key)[0] ?? "");
  }
}
