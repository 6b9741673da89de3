import type { RestRule } from "@protobff/runtime/internal/http-rule/rule";

/** The path of a request, taken apart once for all that look at it. */
export interface RestPathParts {
  /** Segments between the slashes, as received. */
  readonly raw: readonly string[];
  /** Percent-decoded segments. A segment that cannot be decoded stays as received. */
  readonly decoded: readonly string[];
  /** Fault of a segment that clients may not send: not UTF-8, `.`, `..`, or invisible characters. */
  readonly fault: string | undefined;
}

/** A rule that a request is for. */
export interface RestMatch<T> {
  readonly value: T;
  /** The segments, without the verb. */
  readonly raw: readonly string[];
  readonly decoded: readonly string[];
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  any: Node<T> | undefined;
  /** By verb, "" for none: templates that end here, and templates that end with `**`. */
  ends: Map<string, T> | undefined;
  rests: Map<string, T> | undefined;
}
const node = <T>(): Node<T> => ({ literals: new Map(), any: undefined, ends: undefined, rests: undefined });

const ANY_METHOD = "*";

/**
 * Templates of paths. From left to right a literal takes precedence over `*`, and `*` over `**`. A template with a verb
 * takes precedence over one that would read the verb as text, a longer verb over a shorter one, and a method over `*`.
 * The cost of a look-up depends on the length of the path and on common parts of templates.
 */
export class RestMatcher<T> {
  readonly #roots = new Map<string, Node<T>>();
  readonly #verbs = new Set<string>();
  /** Most colons of a path's end that belong to a verb, the colon in front included. */
  #colons = 0;

  /** @throws TypeError for a template that is there already */
  add({ method, segments, verb = "" }: RestRule, value: T): void {
    let at = this.#roots.get(method);
    if (at === undefined) {
      at = node();
      this.#roots.set(method, at);
    }
    let ends: Map<string, T> | undefined;
    for (const segment of segments) {
      if (ends !== undefined) throw new TypeError(`something follows "**" in /${segments.join("/")}`);
      if (segment === "**") {
        at.rests ??= new Map();
        ends = at.rests;
      } else if (segment === "*") {
        at.any ??= node();
        at = at.any;
      } else {
        const next: Node<T> = at.literals.get(segment) ?? node();
        at.literals.set(segment, next);
        at = next;
      }
    }
    if (ends === undefined) {
      at.ends ??= new Map();
      ends = at.ends;
    }
    if (ends.has(verb))
      throw new TypeError(`two rpcs have one path: ${method} /${segments.join("/")}${verb === "" ? "" : `:${verb}`}`);
    ends.set(verb, value);
    if (verb === "") return;
    this.#verbs.add(verb);
    this.#colons = Math.max(this.#colons, verb.split(":").length);
  }

  /**
   * Returns the rule for a request. Undefined: no rule for this method or for any method matches. Rules for GET also
   * match HEAD.
   */
  match(method: string, path: RestPathParts): RestMatch<T> | undefined {
    return (
      this.#matchIn(this.#roots.get(method), path) ??
      (method === "HEAD" ? this.#matchIn(this.#roots.get("GET"), path) : undefined) ??
      this.#matchIn(this.#roots.get(ANY_METHOD), path)
    );
  }
  /** The methods that have a rule for it. */
  methods(path: RestPathParts): readonly string[] {
    return [...this.#roots].flatMap(([method, root]) => (this.#matchIn(root, path) === undefined ? [] : [method]));
  }

  #matchIn(root: Node<T> | undefined, { raw, decoded }: RestPathParts): RestMatch<T> | undefined {
    if (root === undefined) return undefined;
    const last = raw[raw.length - 1] ?? "";
    for (const { colon, verb } of this.#verbsOf(last)) {
      const text = last.slice(0, colon);
      const short = [...decoded.slice(0, -1), decodedSegment(text) ?? text];
      const value = found(root, short, 0, verb);
      if (value !== undefined) return { value, raw: [...raw.slice(0, -1), text], decoded: short };
    }
    const value = found(root, decoded, 0, "");
    return value === undefined ? undefined : { value, raw, decoded };
  }
  /** Returns the known verbs at the end of a segment, the longest first, and the colons in front of them. */
  #verbsOf(segment: string): readonly { readonly colon: number; readonly verb: string }[] {
    const verbs: { readonly colon: number; readonly verb: string }[] = [];
    for (let n = 0, colon = segment.length; n < this.#colons; n++) {
      colon = segment.lastIndexOf(":", colon - 1);
      if (colon < 1) break;
      const text = segment.slice(colon + 1);
      const verb = decodedSegment(text) ?? text;
      if (this.#verbs.has(verb)) verbs.unshift({ colon, verb });
    }
    return verbs;
  }
}

/**
 * Each node is visited at most once, because all paths to it have the same length. The depth is that of the longest
 * template.
 */
function found<T>(at: Node<T>, segments: readonly string[], i: number, verb: string): T | undefined {
  const segment = segments[i];
  if (segment === undefined) return at.ends?.get(verb) ?? at.rests?.get(verb);
  const literal = at.literals.get(segment);
  const value = (literal && found(literal, segments, i + 1, verb)) ?? (at.any && found(at.any, segments, i + 1, verb));
  return value ?? at.rests?.get(verb);
}

/** Returns the segments of a path. Undefined if no template can match it: it has an empty segment, or none. */
export function partsOf(path: string): RestPathParts | undefined {
  if (path.charCodeAt(0) !== 0x2f || path.length === 1) return undefined;
  if (path.endsWith("/") || path.includes("//")) return undefined;
  const raw = path.slice(1).split("/");
  let fault: string | undefined;
  const decoded = raw.map((segment) => {
    const text = decodedSegment(segment);
    fault ??= faultOf(text);
    return text ?? segment;
  });
  return { raw, decoded, fault };
}

function decodedSegment(segment: string): string | undefined {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that are looked for
const UNSEEN = /[\x00-\x1f\x7f]/;
function faultOf(segment: string | undefined): string | undefined {
  if (segment === undefined) return "a segment of the path is not UTF-8, percent-encoded";
  if (segment === "." || segment === "..") return "a segment of the path is . or .., which proxies take out of it";
  return UNSEEN.test(segment) ? "the path holds control characters" : undefined;
}

/**
 * Returns the segments of a variable as one text. In several segments, `%2F` stays as it is (google/api/http.proto).
 */
export function variableText(
  { segments }: Pick<RestRule, "segments">,
  { from, to }: { readonly from: number; readonly to: number },
  { raw, decoded }: Pick<RestMatch<unknown>, "raw" | "decoded">,
): string {
  const open = to === segments.length && segments[to - 1] === "**";
  if (!open && to - from === 1) return decoded[from] ?? "";
  return raw
    .slice(from, open ? undefined : to)
    .map((segment) => segment.split(/(%2f)/i).map(keptSlash).join(""))
    .join("/");
}
const keptSlash = (piece: string, i: number): string => (i % 2 === 1 ? piece : (decodedSegment(piece) ?? piece));
