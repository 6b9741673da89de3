// Propagates failures to their readers, and derives the Degradation entries.
import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";

export const Effect = { MISSING: 1, REPLACED: 2, INCOMPLETE: 3, STALE: 4 } as const;
export const Reason = { TIMEOUT: 1, UNAVAILABLE: 2, BREAKER_OPEN: 3, LIMITED: 4, REJECTED: 5, INVALID: 6 } as const;

/** Why, and where it began. */
export interface Cause {
  readonly reason: number;
  /** Full service name; "" when no upstream was at fault. */
  readonly upstream: string;
  /** True if an old value from the cache remained in place. */
  readonly stale?: true;
}

/** A failure that has reached a value. */
export interface Taint {
  readonly cause: Cause;
  /** The position in `let` of the step that failed; undefined when it came with the arguments: language.md gives these no order. */
  readonly rank: number | undefined;
  /** Items are left out of a list, and nothing else; "either": of a list inside a composed value. */
  readonly leftOut: boolean | "either";
  /** The value was read where another value was absent: language.md leaves open whether the taint left the item out. */
  readonly beside?: true;
  /**
   * The taint came only with an `each`'s variable: language.md leaves open whether an item carries the taint of its
   * list.
   */
  readonly soft: boolean;
  /** The taint is inside of an item that an `each` passes to a message: language.md leaves open which field is touched. */
  readonly item?: true;
  /** The field of a composed message; undefined: the taint is that of the value itself. */
  readonly place?: { readonly message: Message; readonly field: string };
}

/** A Degradation as expected; several effects or causes: any of them. */
export interface Entry {
  readonly path: string;
  readonly effects: readonly number[];
  readonly causes: readonly Cause[];
  /** May be left out. */
  readonly optional: boolean;
  /** Field numbers, list positions and map keys along the path. */
  readonly order: readonly (number | string)[];
}

export const invalid: Cause = { reason: Reason.INVALID, upstream: "" };

export function asArgument(taints: readonly Taint[]): Taint[] {
  return taints.map(({ item, ...taint }) => ({ ...taint, rank: undefined, soft: taint.soft || item === true }));
}
/** The taint inside of an argument. */
export function passedOn(taints: readonly Taint[]): Taint[] {
  return taints.map(({ item: _, ...taint }) => ({ ...taint, rank: undefined }));
}
export function asLeftOut(taints: readonly Taint[]): Taint[] {
  return taints.map((taint) => ({ ...taint, leftOut: taint.beside ? ("either" as const) : true }));
}
export function asBeside(taints: readonly Taint[]): Taint[] {
  return taints.map((taint) => ({ ...taint, beside: true as const }));
}
/** The effect is INCOMPLETE or REPLACED. */
export const either = (taint: Taint): Taint => ({ ...taint, leftOut: "either" });
export function asItem(taints: readonly Taint[]): Taint[] {
  return taints.map((taint) => ({ ...taint, soft: true }));
}
/** The entry for a field that `taints` have reached; undefined when there are none. */
export function entry(field: DescField, present: boolean, taints: readonly Taint[]): Entry | undefined {
  if (taints.length === 0) return undefined;
  const hard = taints.filter((taint) => !taint.soft);
  const several = field.fieldKind === "list" || field.fieldKind === "map";
  const sets = (hard.length > 0 && hard.length < taints.length ? [hard, taints] : [taints]).map(worst);
  return {
    path: field.name,
    effects: [...new Set(sets.flatMap((set) => effects(several, present, set)))],
    causes: sets.flatMap(first),
    optional: hard.length === 0,
    order: [field.number],
  };
}

/** A failure counts before a stale answer. */
function worst(taints: readonly Taint[]): readonly Taint[] {
  const failures = taints.filter(({ cause }) => cause.stale === undefined);
  return failures.length > 0 ? failures : taints;
}

function effects(several: boolean, present: boolean, taints: readonly Taint[]): number[] {
  if (taints.every(({ cause }) => cause.stale)) return [Effect.STALE];
  if (!present) return [Effect.MISSING];
  // The effect is that of the named cause. A step with both effects has replaced a value.
  const named = firstOf(taints);
  const step = named.filter(({ rank }) => rank !== undefined);
  return [...named.filter(({ rank }) => rank === undefined).map((taint) => [taint]), step].flatMap((of) => {
    if (of.length === 0) return [];
    if (of.every(({ leftOut }) => !leftOut)) return [Effect.REPLACED];
    // Open: the effect of a value over a list that lost items and has replaced values, too.
    if (!of.every(({ leftOut }) => leftOut)) return several ? [Effect.REPLACED] : [Effect.INCOMPLETE, Effect.REPLACED];
    return of.some(({ leftOut }) => leftOut === "either") ? [Effect.INCOMPLETE, Effect.REPLACED] : [Effect.INCOMPLETE];
  });
}

/** The causes that may be named. */
function first(taints: readonly Taint[]): Cause[] {
  return firstOf(taints).map(({ cause }) => cause);
}
/** Returns the taints of the first declared step, and those without an order. */
function firstOf(taints: readonly Taint[]): Taint[] {
  const lowest = Math.min(...taints.flatMap((taint) => taint.rank ?? []));
  return taints.filter((taint) => taint.rank === undefined || taint.rank === lowest);
}

/** Position of a composed value in its field: a list position, a string key, another key as text, or alone. */
export type Position = number | string | { readonly key: string } | undefined;

/** An entry of a composed value, seen from the field that holds the value. */
export function nested(field: DescField, at: Position, inner: Entry): Entry {
  const text = typeof at === "object" ? at.key : typeof at === "string" ? JSON.stringify(at) : at;
  const order = typeof at === "object" ? at.key : at;
  return {
    ...inner,
    path: `${field.name}${text === undefined ? "" : `[${text}]`}.${inner.path}`,
    order: [field.number, ...(order === undefined ? [] : [order]), ...inner.order],
  };
}

/** An entry of what is composed in place of a declared response; undefined when that does not have the field. */
export function ofDeclared(schema: DescMessage, entry: Entry): Entry | undefined {
  let at: DescMessage | undefined = schema;
  let number: number | undefined;
  for (const name of entry.path.replace(/\[("(\\.|[^"\\])*"|[^\]]*)\]/g, "").split(".")) {
    const field: DescField | undefined = at?.fields.find((candidate) => candidate.name === name);
    if (field === undefined) return undefined;
    number ??= field.number;
    at = field.message;
  }
  return { ...entry, order: [number ?? 0, ...entry.order.slice(1)] };
}

export function inOrder(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => compare(a.order, b.order));
}
function compare(a: Entry["order"], b: Entry["order"]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i], b[i]];
    if (x === undefined || y === undefined || x === y) continue;
    if (typeof x === "number" && typeof y === "number") return x - y;
    return String(x) < String(y) ? -1 : 1;
  }
  return a.length - b.length;
}

/** The paths of the `bff-degraded` header: indexes and keys folded, deduplicated. */
export function foldedPaths(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => path.replace(/\[("(\\.|[^"\\])*"|[^\]]*)\]/g, "[*]")))];
}

/** Comma-separated, at most 1 KiB and then how many more; "" for none. */
export function degradedHeader(paths: readonly string[]): string {
  const folded = foldedPaths(paths);
  let header = "";
  for (const [i, path] of folded.entries()) {
    const longer = header === "" ? path : `${header},${path}`;
    if (Buffer.byteLength(longer) > 1024) return `${header},+${folded.length - i}`;
    header = longer;
  }
  return header;
}
