// Results of steps, arguments and expressions, and the effects of failures on them.
import { EvaluationError, type MessageValue, type Value } from "./values.ts";

export type Reason = "TIMEOUT" | "UNAVAILABLE" | "BREAKER_OPEN" | "LIMITED" | "REJECTED" | "INVALID";
export type Effect = "MISSING" | "REPLACED" | "INCOMPLETE" | "STALE";

/** Numbers of bff.v1.Degradation.Reason. */
export const REASONS: Readonly<Record<Reason, bigint>> = {
  TIMEOUT: 1n,
  UNAVAILABLE: 2n,
  BREAKER_OPEN: 3n,
  LIMITED: 4n,
  REJECTED: 5n,
  INVALID: 6n,
};

export interface Cause {
  readonly reason: Reason;
  /** Full service name; "" when no upstream was at fault. */
  readonly upstream: string;
  readonly stale?: true;
}
/** A failure that has reached a value. */
export interface Taint {
  readonly cause: Cause;
  /** Rank of the failed step in its message. -1: the failure came with an argument. */
  readonly rank: number;
  /** True if only items of a list are left out; "either": somewhere inside. */
  readonly leftOut: boolean | "either";
  /** True if it came with an item's list, or with a choice: it may be recorded or not. */
  readonly soft: boolean;
  /** The field of a composed message that it has touched; undefined: the value itself. */
  readonly place?: { readonly message: MessageValue; readonly field: string };
}
/** One field that a failure has touched, with any of the effects. */
export interface Damage {
  readonly path: string;
  readonly effects: readonly Effect[];
  readonly causes: readonly Cause[];
  /** May be left out. */
  readonly optional: boolean;
}
/** Value of `failure(step)`. */
export interface Why extends Cause {
  readonly code: number;
  /** Message of a status. Messages of the runtime are left out. */
  readonly message?: string | undefined;
}
export interface Failure {
  readonly code: number;
  readonly cause: Cause;
  readonly why: Why;
}

export type Result = (
  | ValueResult
  | { readonly state: "absent"; readonly taint: readonly Taint[]; readonly why?: Why | undefined }
  | { readonly state: "failed"; readonly failures: readonly Failure[]; readonly taint: readonly Taint[] }
  /** It depends on a step that fails the response. */
  | { readonly state: "dead" }
) &
  Timed;
/** `late`: the result is known only when the time for calls is over, so no call that waits for it is sent. */
interface Timed {
  readonly late?: boolean | undefined;
}
export interface ValueResult extends Timed {
  readonly state: "value";
  readonly value: Value;
  readonly taint: readonly Taint[];
  /** Inside of composed values. */
  readonly inner: readonly Taint[];
  /** A path with something unset on its way. */
  readonly unset: boolean;
  readonly why?: Why | undefined;
}

/** Variables of an `each`, and `error` of a rule. */
export type Locals = ReadonlyMap<string, Result>;
export const NO_LOCALS: Locals = new Map();

export function lateIf(result: Result, late: boolean): Result {
  return late && !result.late ? { ...result, late } : result;
}
export const dead: Result = { state: "dead" };
const INTERNAL = 13;
const INVALID_ARGUMENT = 3;
const INVALID: Cause = { reason: "INVALID", upstream: "" };

export function valueResult(value: Value, taint: readonly Taint[] = [], more: Partial<ValueResult> = {}): ValueResult {
  return { state: "value", value, taint, inner: [], unset: false, ...more };
}
export function invalid(taint: readonly Taint[] = [], code = INTERNAL): Result {
  return { state: "failed", failures: [{ code, cause: INVALID, why: { ...INVALID, code } }], taint };
}
export const tooMany = (taint: readonly Taint[], fromClient: boolean): Result =>
  invalid(taint, fromClient ? INVALID_ARGUMENT : INTERNAL);
/** Throws what is no error of an expression. */
export function failed(error: unknown, taint: readonly Taint[] = []): Result {
  if (!(error instanceof EvaluationError)) throw error;
  return invalid(taint);
}
export function tainted(result: Result, taint: readonly Taint[]): Result {
  return result.state === "dead" || taint.length === 0 ? result : { ...result, taint: [...taint, ...result.taint] };
}
export const asArgument = (taints: readonly Taint[]): Taint[] => taints.map((taint) => ({ ...taint, rank: -1 }));
export const asLeftOut = (taints: readonly Taint[]): Taint[] => taints.map((taint) => ({ ...taint, leftOut: true }));
export const asSoft = (taints: readonly Taint[]): Taint[] => taints.map((taint) => ({ ...taint, soft: true }));

// ---- entries ----

/** The entry for a field that `taints` have reached. */
export function entryOf(path: string, present: boolean | undefined, taints: readonly Taint[]): Damage | undefined {
  if (taints.length === 0) return undefined;
  const hard = taints.filter((taint) => !taint.soft);
  const sets = (hard.length > 0 && hard.length < taints.length ? [hard, taints] : [taints]).map(worst);
  return {
    path,
    effects: [...new Set(sets.flatMap((set) => effectsOf(present, set)))],
    causes: distinct(sets.flatMap(first)),
    optional: hard.length === 0,
  };
}
/** A failure counts before a stale answer. */
function worst(taints: readonly Taint[]): readonly Taint[] {
  const failures = taints.filter(({ cause }) => cause.stale === undefined);
  return failures.length > 0 ? failures : taints;
}
/** @param present undefined: it is unknown */
function effectsOf(present: boolean | undefined, taints: readonly Taint[]): Effect[] {
  if (taints.every(({ cause }) => cause.stale)) return ["STALE"];
  if (present === undefined) return ["MISSING", "REPLACED"];
  if (!present) return ["MISSING"];
  if (!taints.every((taint) => taint.leftOut)) return ["REPLACED"];
  return taints.some((taint) => taint.leftOut === "either") ? ["INCOMPLETE", "REPLACED"] : ["INCOMPLETE"];
}
/** Returns the causes of the first declared step, and those that came with arguments. */
function first(taints: readonly Taint[]): Cause[] {
  const lowest = Math.min(...taints.flatMap(({ rank }) => (rank < 0 ? [] : [rank])));
  return taints.filter(({ rank }) => rank < 0 || rank === lowest).map(({ cause }) => cause);
}
export function distinct<T>(all: readonly T[]): T[] {
  return [...new Map(all.map((item) => [JSON.stringify(item), item])).values()];
}

/** Entries of composed values, by value. */
export type Touched = Map<MessageValue, readonly Damage[]>;
