// A finding for a review: one change of the running behaviour, and its severity.

/** Kinds of changes, in the order in which equally severe ones are reported. `--fail-on` takes each of them. */
export const KINDS = {
  clients: "fields that clients read",
  breaking: "buf breaking",
  upstreams: "upstream calls",
  criticality: "failures of the response",
  absence: "missing values",
  calls: "number of calls",
  "critical-path": "critical path",
  deadlines: "deadlines",
  policies: "policies",
  forwarded: "data sent to upstreams",
  identity: "caller identity",
  permits: "permits",
  cache: "caches",
  exposure: "exposure",
  "side-effects": "side effects",
  refusals: "refusals",
  limits: "rate limits",
  api: "API",
  tools: "tools for agents",
  values: "values",
  renames: "renames",
} as const;
export type Kind = keyof typeof KINDS;

/** Worst first. */
export const LEVELS = ["worse", "different", "better"] as const;
export type Level = (typeof LEVELS)[number];

/** Own text, or a piece of the compared sources, which may contain anything. */
export type Part = string | { readonly code: string };
export type Phrase = readonly Part[];

export interface Finding {
  readonly kind: Kind;
  readonly level: Level;
  readonly message: Phrase;
  /** Text of the old side, and in `after` of the new side; only if both are comparable. */
  readonly before?: Phrase;
  readonly after?: Phrase;
  /** Each as `Service/Rpc` or `Message.step`. */
  readonly where: readonly string[];
  /** The affected RPCs, if `where` does not name them. */
  readonly rpcs?: readonly string[];
  /** Growth in per cent, for `--fail-on=calls+20%`. */
  readonly percent?: number;
}

/** Returns a text in which each interpolated value is a piece of the compared sources. */
export function phrase(texts: TemplateStringsArray, ...pieces: readonly (string | number | Phrase)[]): Phrase {
  return texts.flatMap((text, i): Part[] => {
    const piece = pieces[i];
    const plain = text === "" ? [] : [text];
    if (piece === undefined) return plain;
    if (typeof piece === "object") return [...plain, ...piece];
    return [...plain, { code: String(piece) }];
  });
}

/** Several pieces, with commas between them. */
export function list(pieces: readonly string[], most = 8): Phrase {
  const shown = pieces.slice(0, most).flatMap((code, i): Part[] => [...(i === 0 ? [] : [", "]), { code }]);
  return pieces.length <= most ? shown : [...shown, ` and ${pieces.length - most} more`];
}

/**
 * Sorts findings: worst first, then by kind, then in the order of discovery. Equal findings at several places are
 * joined.
 */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const kinds = Object.keys(KINDS);
  const joined = new Map<string, Finding>();
  for (const finding of findings) {
    const { where: _, rpcs = [], ...what } = finding;
    const key = JSON.stringify(what);
    const known = joined.get(key);
    const all = [...new Set([...(known?.rpcs ?? []), ...rpcs])];
    const where = [...new Set([...(known?.where ?? []), ...finding.where])];
    joined.set(key, { ...what, where, ...(all.length > 0 && { rpcs: all }) });
  }
  const rank = ({ level, kind }: Finding): number => LEVELS.indexOf(level) * kinds.length + kinds.indexOf(kind);
  return [...joined.values()].sort((a, b) => rank(a) - rank(b));
}
