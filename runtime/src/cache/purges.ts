// Tags of cached answers, and their purges in this process (runtime.md, "Tags and purges").
import { Lru } from "../lru.ts";
import { PurgeCounts } from "./purge-counts.ts";
import type { StoredTags } from "./second-level.ts";

/** Value in a tag: text of the declaration, or the value of a hole. Undefined: the hole has no value. */
export type TagPart = string | number | bigint | boolean | undefined;
/** Parts of one tag, which are joined. */
export type TagParts = readonly TagPart[];

/** Tag of every tagged answer. No other tag contains this character. */
export const EVERY_TAG = "*";
/** Limits on the tags of an answer; the length is in bytes, after encoding. */
export const MAX_TAGS = 16;
export const MAX_TAG_BYTES = 256;
/** Maximum number of tags whose purges a process remembers. */
const MAX_REMEMBERED = 100_000;

const OTHERS = /[^A-Za-z0-9:._~/@-]+/g;
const percent = (text: string): string =>
  Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");

/**
 * Returns the name of a tag: its text with other characters than `A-Za-z0-9:._~/@-` percent-encoded. Undefined if it is
 * empty or longer than 256 bytes.
 */
export function tagName(text: string): string | undefined {
  if (text.length > MAX_TAG_BYTES) return undefined;
  const name = text.replace(OTHERS, percent);
  return name === "" || name.length > MAX_TAG_BYTES ? undefined : name;
}

/** Returns the names of an answer's tags; undefined if a hole has no value or a limit is exceeded. */
export function tagNames(all: readonly TagParts[]): readonly string[] | undefined {
  const names = new Set<string>();
  for (const parts of all) {
    const name = parts.includes(undefined) ? undefined : tagName(parts.join(""));
    if (name === undefined) return undefined;
    names.add(name);
  }
  return names.size > MAX_TAGS ? undefined : [...names];
}

/** Returns the names of an answer's tags; undefined also if their evaluation throws. */
export function namesOf(tags: () => readonly TagParts[]): readonly string[] | undefined {
  try {
    return tagNames(tags());
  } catch {
    return undefined;
  }
}

/** A tag, shared by the answers that have it. */
export interface Tag {
  readonly name: string;
  /** The counter at the last purge. Infinite: forgotten, so answers that refer to it are misses. */
  purgedAt: number;
}

/** Tags of an answer, and the counter of purges when its fetch began. */
export interface Tagged {
  readonly tags: readonly Tag[];
  readonly since: number;
  /** For the second level; undefined: it has not answered before the fetch. */
  readonly stored?: StoredTags | undefined;
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
    for (const name of names) this.#tag(name).purgedAt = this.#now;
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

/** Reports whether no tag has a purge after the beginning of the fetch. */
export function isCurrent({ tags, since }: Tagged): boolean {
  for (const { purgedAt } of tags) if (purgedAt > since) return false;
  return true;
}
