// A finding for a review: one change of the running behaviour, and its severity.

import { count as countOf } from "../terminal.ts";

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

// Findings of comparisons. Each function returns none if both sides are alike.

/** A finding without its place. */
export type FoundChange = Omit<Finding, "where">;

/** Makes changes of one kind. A message that is one text needs no list. */
interface ChangeMaker {
  of(level: Level, message: Phrase | string, before?: Phrase, after?: Phrase): FoundChange;
  /** A change if a condition holds. */
  when(holds: boolean, level: Level, message: Phrase | string): readonly FoundChange[];
  /** A change if the texts of both sides differ. */
  between(level: Level, message: Phrase | string, before: Phrase, after: Phrase): readonly FoundChange[];
  /** A change if the values of both sides differ, with the texts that show them. */
  changed<T>(
    level: Level,
    message: Phrase | string,
    from: T,
    to: T,
    text: (value: T) => Phrase,
  ): readonly FoundChange[];
  /** A change that lists names, if there are any. */
  names(level: Level, names: readonly string[], message: (names: Phrase) => Phrase): readonly FoundChange[];
}

/** Returns the functions that make changes of this kind. */
export function changesOf(kind: Kind): ChangeMaker {
  const of: ChangeMaker["of"] = (level, message, before, after) => ({
    kind,
    level,
    message: typeof message === "string" ? [message] : message,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  });
  return {
    of,
    when: (holds, level, message) => (holds ? [of(level, message)] : []),
    between: (level, message, before, after) => (same(before, after) ? [] : [of(level, message, before, after)]),
    changed: (level, message, from, to, text) => (same(from, to) ? [] : [of(level, message, text(from), text(to))]),
    names: (level, names, message) => (names.length === 0 ? [] : [of(level, message(list(names)))]),
  };
}

/** True for equal JSON. */
export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Returns the members of one list that another lacks. */
export const without = <T>(all: readonly T[] = [], other: readonly T[] = []): readonly T[] =>
  all.filter((member) => !other.includes(member));

/** A text of the compared sources; undefined: there is none. */
export const code = (text: string | undefined): Phrase => (text === undefined ? ["none"] : [{ code: text }]);

/** Returns a time in the notation of people: `400 ms`, `1.8 s`; null: no bound. */
export function time(ms: number | null): string {
  if (ms === null) return "none";
  return ms >= 1_000 && ms % 10 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}

/** null: nothing bounds it. */
export function count(n: number | null, noun: string): string {
  return n === null ? `any number of ${noun}s` : countOf(n, noun);
}

/** Returns the growth in per cent; null is more than any number. */
export function growth(before: number | null, after: number | null): number {
  const [from, to] = [before ?? Number.POSITIVE_INFINITY, after ?? Number.POSITIVE_INFINITY];
  if (from === to) return 0;
  return from === 0 ? Number.POSITIVE_INFINITY : (to / from - 1) * 100;
}
