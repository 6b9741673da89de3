import type { Cache, CachePolicy } from "./cache.ts";
import type { Purges } from "./purges.ts";
import { isCurrent, namesOf, type Tagged, type TagParts } from "./tags.ts";

/** Tags of an answer that is being fetched. A purge after the beginning of the fetch makes the answer old. */
export class FetchTags {
  /** Number of the last purge when the fetch began. */
  readonly #since: number;
  readonly #purges: Purges;
  readonly #counted: boolean;
  #tagged: Tagged | undefined;
  /** Number of the last purge in the second level; undefined: unknown. */
  counter: string | undefined;

  private constructor(purges: Purges, policy: CachePolicy) {
    this.#purges = purges;
    this.#since = purges.now;
    this.#counted = policy.purged === "counted";
  }
  /** Returns the tags of a fetch that begins now; undefined if its answer has none. */
  static of(cache: Cache, policy: CachePolicy): FetchTags | undefined {
    const { purges } = cache;
    return purges === undefined || policy.tags === undefined ? undefined : new FetchTags(purges, policy);
  }
  /**
   * Returns the tags of the answer; undefined if it may not be kept.
   *
   * @param tags evaluates the declared tags; a throw counts as a tag without a value
   */
  settle(method: string, tags: () => readonly TagParts[]): Tagged | undefined {
    const names = namesOf(tags);
    if (names === undefined) {
      this.#purges.counts.tagFailed(method);
      return undefined;
    }
    this.#tagged = this.#purges.tagged(names, this.#since, this.counter);
    return this.#counted || isCurrent(this.#tagged) ? this.#tagged : undefined;
  }
  /** Tags of the answer cannot be evaluated, so none is kept. */
  get isNameless(): boolean {
    return this.#tagged === undefined;
  }
  /**
   * Reports whether the answer may be older than a purge that had returned at purge number `seen`. Without tags any
   * purge counts.
   */
  isOldAt(seen: number): boolean {
    if (this.#counted || seen <= this.#since) return false;
    return this.#tagged === undefined || !isCurrent(this.#tagged);
  }
}
