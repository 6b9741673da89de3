// Tags of cached answers (runtime.md, "Tags").
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

/** Reports whether no tag has a purge after the beginning of the fetch. */
export function isCurrent({ tags, since }: Tagged): boolean {
  for (const { purgedAt } of tags) if (purgedAt > since) return false;
  return true;
}
