/** Matches SPIFFE ids or DNS names, with `*` for one segment. */
export type NamePattern = (name: string) => boolean;

/**
 * Returns a matcher of names by a pattern, segment by segment. DNS names are compared without case (RFC 4343). SPIFFE
 * ids are compared exactly; the match requires a lower-case scheme and trust domain (SPIFFE-ID, 2).
 *
 * @param pattern `spiffe://acme.example/ns/*`, `*.internal.example`
 */
export function namePattern(pattern: string): NamePattern {
  const isUri = pattern.includes("://");
  const separator = isUri ? "/" : ".";
  const folded = (name: string): string => (isUri ? name : name.toLowerCase().replace(/\.$/, ""));
  const expected = folded(pattern).split(separator);
  return (name) => {
    if (name.includes("://") !== isUri) return false;
    const segments = folded(name).split(separator);
    return (
      segments.length === expected.length &&
      expected.every((segment, i) => (segment === "*" ? isSegment(segments[i] ?? "") : segment === segments[i]))
    );
  };
}

/**
 * Reports whether `*` matches a segment: it may contain only characters of SPIFFE ids and DNS names (SPIFFE-ID, 2).
 * Encoded characters, patterns, "." and ".." do not match.
 */
const isSegment = (segment: string): boolean =>
  /^[A-Za-z0-9._-]+$/.test(segment) && segment !== "." && segment !== "..";

/** Returns the first of these names that one of the patterns matches. */
export function matching(names: readonly string[], patterns: readonly NamePattern[]): string | undefined {
  return names.find((name) => patterns.some((pattern) => pattern(name)));
}
