/** A pattern of SPIFFE ids or DNS names, in which `*` stands for one segment. */
export type NamePattern = (name: string) => boolean;

/**
 * Names that match a pattern segment by segment. DNS names are compared without case (RFC 4343), SPIFFE ids as they stand but for scheme and
 * trust domain (SPIFFE-ID, 2): only where both are lower case.
 *
 * @param pattern `spiffe://acme.example/ns/*`, `*.internal.example`
 */
export function namePattern(pattern: string): NamePattern {
  const isUri = pattern.includes("://");
  const separator = isUri ? "/" : ".";
  const folded = (name: string): string => (isUri ? name : name.toLowerCase().replace(/\.$/, ""));
  const wanted = folded(pattern).split(separator);
  return (name) => {
    if (name.includes("://") !== isUri) return false;
    const segments = folded(name).split(separator);
    return (
      segments.length === wanted.length &&
      wanted.every((segment, i) => (segment === "*" ? isSegment(segments[i] ?? "") : segment === segments[i]))
    );
  };
}

/** A `*` stands for what SPIFFE ids and DNS names are made of (SPIFFE-ID, 2): nothing encoded, no other pattern, and no way out. */
const isSegment = (segment: string): boolean =>
  /^[A-Za-z0-9._-]+$/.test(segment) && segment !== "." && segment !== "..";

/** The first of these names that one of the patterns matches. */
export function matching(names: readonly string[], patterns: readonly NamePattern[]): string | undefined {
  return names.find((name) => patterns.some((pattern) => pattern(name)));
}
