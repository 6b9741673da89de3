// Matches of paths, as Gateway API defines them (HTTPPathMatch): a whole path, or its first segments.
import type { ServedPath } from "./served-server.ts";

/** A whole path, or the first segments of paths. */
export interface PathMatch {
  readonly type: "Exact" | "PathPrefix";
  /** Percent-encoded, with a slash at its beginning. */
  readonly value: string;
}

/**
 * Returns the narrowest match that every request for the path takes. Gateway API has no variables for single segments,
 * and its regular expressions differ between implementations. `**` in front of a verb has at least one segment.
 */
export function matchOf(path: ServedPath): PathMatch {
  const segments = textsOf(path);
  const wild = segments.findIndex(isWild);
  const literals = (wild < 0 ? segments : segments.slice(0, wild)).map(encoded);
  return { type: wild < 0 ? "Exact" : "PathPrefix", value: `/${literals.join("/")}` };
}

/**
 * Returns true if every request for the path takes the match.
 *
 * @example
 * covers({ type: "PathPrefix", value: "/v1" }, { methods: ["GET"], segments: ["v1", "*"], verb: undefined }); // true
 */
export function covers(match: PathMatch, path: ServedPath): boolean {
  const segments = textsOf(path);
  const matched = segmentsOf(match);
  if (match.type === "Exact" && matched.length !== segments.length) return false;
  return matched.every((text, i) => text === segments[i] && !isWild(text));
}

/**
 * Returns true if a request for the path may take the match.
 *
 * @example
 * mayTake({ type: "Exact", value: "/v1/a" }, { methods: ["GET"], segments: ["v1", "*"], verb: undefined }); // true
 */
export function mayTake(match: PathMatch, path: ServedPath): boolean {
  const segments = textsOf(path);
  const matched = segmentsOf(match);
  const rest = segments.at(-1)?.startsWith("**") === true ? segments.length - 1 : undefined;
  if (match.type === "Exact") {
    const fixed = rest ?? segments.length;
    if (rest === undefined ? matched.length !== fixed : matched.length < fixed) return false;
    return (
      matched.slice(0, fixed).every((text, i) => fits(segments[i] ?? "", text)) &&
      (rest === undefined || fits(segments[rest] ?? "", matched.at(-1) ?? ""))
    );
  }
  return matched.every((text, i) => (rest !== undefined && i >= rest) || fits(segments[i] ?? "", text));
}

/**
 * Returns the number of segments that decide, which makes the longest prefix win. A whole path wins over prefixes.
 *
 * @example
 * rankOf({ type: "PathPrefix", value: "/v1/books" }); // 2
 */
export const rankOf = (match: PathMatch): number =>
  match.type === "Exact" ? Number.POSITIVE_INFINITY : segmentsOf(match).length;

/** Returns the segments as texts, the last one with the verb. */
function textsOf({ segments, verb }: ServedPath): readonly string[] {
  if (verb === undefined) return segments;
  return [...segments.slice(0, -1), `${segments.at(-1) ?? ""}:${verb}`];
}

const WILD = /^\*\*?(:.*)?$/s;
const isWild = (text: string): boolean => WILD.test(text);

/** Returns true if a segment's pattern matches a text. A verb is part of the text. */
function fits(pattern: string, text: string): boolean {
  const found = WILD.exec(pattern);
  return found === null ? pattern === text : text.endsWith(found[1] ?? "");
}

/** Paths of a match are compared with those of every rpc. */
const KNOWN = new WeakMap<PathMatch, readonly string[]>();

/** Returns the decoded segments of a match. A slash at the end of a prefix does not count. */
function segmentsOf(match: PathMatch): readonly string[] {
  const known = KNOWN.get(match);
  if (known !== undefined) return known;
  const segments = match.value.split("/").slice(1).map(decoded);
  if (match.type === "PathPrefix" && segments.at(-1) === "") segments.pop();
  KNOWN.set(match, segments);
  return segments;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Encodes what RFC 3986 does not allow in a segment of a path (section 3.3). */
function encoded(segment: string): string {
  return encodeURIComponent(segment).replaceAll(/%(?:24|26|2B|2C|3A|3B|3D|40)/g, (text) => decodeURIComponent(text));
}
