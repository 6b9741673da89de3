/** Names like `spiffe://acme.example/ns/*` + `/sa/web`: `*` stands for one or more characters within a segment, once in each. */
export class SegmentPatterns {
  readonly #patterns: readonly (readonly string[])[];

  /** @param patterns one of which has to match */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) => pattern.split("/"));
  }

  match(name: string): boolean {
    const segments = name.split("/");
    return this.#patterns.some(
      (pattern) => pattern.length === segments.length && pattern.every((part, at) => matches(part, segments[at] ?? "")),
    );
  }
}

function matches(pattern: string, segment: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === segment;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return segment.length > before.length + after.length && segment.startsWith(before) && segment.endsWith(after);
}
