import { Lru } from "../lru.ts";
import { PurgeCounts } from "./purge-counts.ts";
import { EVERY_TAG, type Tag, type Tagged } from "./tags.ts";

/** Maximum number of tags whose purges a process remembers. */
const MAX_REMEMBERED = 100_000;

/** Receives the names of purged tags that it watches. It must not throw, nor change what is watched. */
export interface PurgeWatcher {
  purged(name: string): void;
}

/**
 * Purges of a process. Each has a number; an answer is current as long as none of its tags has a purge after the
 * beginning of its fetch. Answers share tags as objects, so a look-up compares one number per tag.
 *
 * @example
 * const since = purges.now;
 * const answer = purges.tagged(["order:7"], since);
 * purges.purge(["order:7"]);
 * isCurrent(answer); // false
 */
export class Purges {
  readonly counts = new PurgeCounts();
  /** Reports whether all purges of other processes have arrived. Otherwise no tagged answer of this process is used. */
  confirmed: () => boolean = () => true;
  #now = 0;
  /** No forgotten tag has a purge after this one. */
  #forgottenAt = 0;
  readonly #every: Tag = { name: EVERY_TAG, purgedAt: 0 };
  readonly #tags: Lru<Tag>;
  /** Watchers by the names of tags; undefined: none. */
  #watchers: Map<string, Set<PurgeWatcher>> | undefined;

  /** @param most maximum number of tags that are remembered */
  constructor(most: number = MAX_REMEMBERED) {
    this.#tags = new Lru<Tag>({ most, evicted: (tag) => this.#forget(tag) });
  }
  /** Number of the last purge. */
  get now(): number {
    return this.#now;
  }
  /** Purges all answers that have one of these tags, by their names. */
  purge(names: Iterable<string>): void {
    this.#now++;
    for (const name of new Set(names)) {
      this.#tag(name).purgedAt = this.#now;
      for (const watcher of this.#watchers?.get(name) ?? []) watcher.purged(name);
    }
  }
  /** Reports the purges of a tag to a watcher, until `unwatch`. */
  watch(name: string, watcher: PurgeWatcher): void {
    this.#watchers ??= new Map();
    const known = this.#watchers.get(name);
    if (known === undefined) this.#watchers.set(name, new Set([watcher]));
    else known.add(watcher);
  }
  unwatch(name: string, watcher: PurgeWatcher): void {
    const known = this.#watchers?.get(name);
    known?.delete(watcher);
    if (known?.size === 0) this.#watchers?.delete(name);
  }
  /** Returns the tags of an answer whose fetch began at purge `since`. */
  tagged(names: readonly string[], since: number, counter?: string): Tagged {
    const stored = counter === undefined ? undefined : { names, since: counter };
    return { tags: [this.#every, ...names.map((name) => this.#tag(name))], since, stored };
  }
  #tag(name: string): Tag {
    if (name === EVERY_TAG) return this.#every;
    const known = this.#tags.get(name);
    if (known !== undefined) return known;
    const tag: Tag = { name, purgedAt: this.#forgottenAt };
    this.#tags.set(name, tag);
    return tag;
  }
  #forget(tag: Tag): void {
    this.#forgottenAt = Math.max(this.#forgottenAt, tag.purgedAt);
    tag.purgedAt = Number.POSITIVE_INFINITY;
  }
}
