// Tags of answers, as a CDN receives them.
import { namesOf, type TagParts } from "./tags.ts";

/** Separators of tags, by the header of a CDN. Names of tags contain neither. */
const SEPARATORS = { "cache-tag": ",", "surrogate-key": " " } as const;
export type CdnHeader = keyof typeof SEPARATORS;

/**
 * Returns the header with an answer's tags, as name and value; undefined if a tag has no value or exceeds a limit. The
 * limits of tags keep it below the 16 KiB that CDNs accept.
 */
export function cdnTags(header: CdnHeader, tags: () => readonly TagParts[]): readonly string[] | undefined {
  const names = namesOf(tags);
  return names && [header, names.join(SEPARATORS[header])];
}
