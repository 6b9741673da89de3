// Result of an expression in its block: its value, or that something it reads is absent, failed or unknown.
import type { ExpressionReport, TreeReport } from "../behaviour.ts";
import { evaluate, MissingField, type Sees, walked } from "../expressions/evaluate.ts";
import { fieldReads } from "../expressions/field-reads.ts";
import { held, meets } from "../expressions/inside.ts";
import { errorValue } from "../values/error-value.ts";
import {
  dead,
  failed,
  invalid,
  type Locals,
  lateIf,
  NO_LOCALS,
  type Result,
  type Taint,
  type ValueResult,
  valueResult,
  type Why,
} from "../values/results.ts";
import { EvaluationError, MapValue, MayFail, UNKNOWN, type Value } from "../values/values.ts";
import type { Composition } from "./composition.ts";

/** Source address of requests. */
export const ADDRESS = "192.0.2.1";
/** Steps of the service count as declared before those of messages. */
export const BEFORE = -1_000_000;
/** An argument that is not passed: an unset field of the request. */
const MISSING: Result = valueResult(UNKNOWN, [], { unset: true });

/** Evaluates a condition; an unknown one is decided. */
export function conditionOf(at: Composition, expression: ExpressionReport, locals: Locals): Result {
  const result = resultOf(at, expression, locals);
  if (result.state !== "value" || result.value !== UNKNOWN) return result;
  return { ...result, value: at.decide(expression, locals, false) };
}

/** Part of an expression; undefined where it is an error. */
export function partOf(at: Composition, tree: TreeReport): Value | undefined {
  try {
    return evaluate(tree, seenFrom(at, NO_LOCALS));
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof MayFail) return undefined;
    throw error;
  }
}

/** An expression, unless it reads unsafely what is absent. */
export function resultOf(at: Composition, expression: ExpressionReport, locals: Locals): Result {
  const found = new Map<string, Result>();
  for (const { name } of expression.reads) {
    const result = read(at, name, locals);
    if (result !== undefined) found.set(name, result);
  }
  const results = [...found.values()];
  const late = results.some((result) => result.late);
  return lateIf(evaluated(at, expression, found, locals), late);
}
function evaluated(
  at: Composition,
  expression: ExpressionReport,
  found: ReadonlyMap<string, Result>,
  locals: Locals,
): Result {
  const results = [...found.values()];
  if (results.some(({ state }) => state === "dead" || state === "failed")) return dead;
  const taint = results.flatMap((result) => (result.state === "dead" ? [] : result.taint));
  const inner = results.flatMap((result) => (result.state === "value" ? result.inner : []));
  const met = readInside(expression, found, false);
  if (expression.reads.some(({ name, safe }) => !safe && found.has(name) && found.get(name)?.state !== "value"))
    return { state: "absent", taint: [...taint, ...met], why: wanting(at, [expression], locals) };
  const sees = seenFrom(at, locals);
  try {
    // A path that is unset differs from one with a missing field.
    if (expression.path) evaluate(expression.tree, sees);
    const { value, unset } = expression.path
      ? walked(expression.tree, sees)
      : { value: evaluate(expression.tree, sees), unset: false };
    const read = value === UNKNOWN ? met : readInside(expression, found, true);
    return valueResult(value, [...taint, ...read], { inner: held(value, inner), unset });
  } catch (error) {
    const all = [...taint, ...met];
    if (error instanceof MissingField) return { state: "absent", taint: all };
    if (!(error instanceof MayFail)) return failed(error, all);
    return at.decide(expression, locals, true) ? invalid(all) : valueResult(UNKNOWN, all);
  }
}

/** @param without true if the insides of what the expression's value holds are left out */
function readInside(
  { tree }: ExpressionReport,
  found: ReadonlyMap<string, Result>,
  without: boolean,
): readonly Taint[] {
  if ([...found.values()].every((result) => result.state !== "value" || result.inner.length === 0)) return [];
  const reads = fieldReads(tree);
  return [...found].flatMap(([name, result]) => {
    if (result.state !== "value") return [];
    const ofName = (reads.get(name) ?? []).map((read) => (without && read.passed ? { ...read, whole: false } : read));
    return result.inner.filter((taint) => ofName.some((read) => meets(result.value, read, taint)));
  });
}

/**
 * Returns the reason why something is left out: the failure of the first declared step that it lacks and that has one.
 */
export function wanting(at: Composition, expressions: readonly ExpressionReport[], locals: Locals): Why | undefined {
  const lacking = expressions.flatMap(({ reads }) =>
    reads.flatMap(({ name, safe }) => {
      if (safe || locals.has(name) || name.startsWith("args.")) return [];
      const result = read(at, name, locals);
      const rank = at.named(name)?.index ?? BEFORE;
      return result?.state === "absent" && result.why !== undefined ? [{ rank, why: result.why }] : [];
    }),
  );
  return lacking.sort((a, b) => a.rank - b.rank)[0]?.why;
}

export function read(at: Composition, name: string, locals: Locals): Result | undefined {
  const local = locals.get(name);
  if (local !== undefined) return local;
  if (name.startsWith("args.")) return at.args.get(name.slice("args.".length)) ?? MISSING;
  const step = at.named(name);
  if (step === undefined) return ofService(at, name) ?? ofCaller(at, name);
  const result = at.step(step);
  return result.state === "failed" ? dead : result;
}
function ofCaller(at: Composition, name: string): Result | undefined {
  const { principal } = at.response;
  if (name === "peer.address") return valueResult(ADDRESS);
  if (name !== "principal") return undefined;
  return principal === undefined ? { state: "absent", taint: [] } : valueResult(principal);
}
/** Returns the result of a service's step. All its taints have the rank of that step. */
function ofService(at: Composition, name: string): Result | undefined {
  const { shared } = at.response;
  const step = at.starts === undefined ? shared?.named(name) : undefined;
  if (shared === undefined || step === undefined) return undefined;
  const result = shared.step(step);
  if (result.state === "failed" || result.state === "dead") return dead;
  const rank = BEFORE + step.index;
  const ranked = (taints: readonly Taint[]): Taint[] => taints.map((taint) => ({ ...taint, rank }));
  if (result.state === "absent") return { ...result, taint: ranked(result.taint) };
  return { ...result, taint: ranked(result.taint), inner: ranked(result.inner) };
}

function seenFrom(at: Composition, locals: Locals): Sees {
  const found = (name: string): ValueResult | undefined => {
    const result = read(at, name, locals);
    return result?.state === "value" ? result : undefined;
  };
  return {
    strict: at.strict,
    userFunction: (name) => at.response.functions.get(name) ?? UNKNOWN,
    value: (name) => {
      if (name === "args") return at.request ?? UNKNOWN;
      if (name === "now") return at.response.now;
      if (name === "headers") return at.response.headers;
      if (name.startsWith("env.")) return at.response.env.get(name.slice("env.".length)) ?? UNKNOWN;
      if (name.startsWith("error.")) {
        const error = found("error")?.value;
        const member = name.slice("error.".length);
        return error instanceof MapValue ? (error.entries.find(([key]) => key === member)?.[1] ?? UNKNOWN) : UNKNOWN;
      }
      const result = found(name);
      return result === undefined ? UNKNOWN : result.value;
    },
    ok: (name) => found(name) !== undefined,
    set: (name) => {
      const result = found(name);
      return result !== undefined && !result.unset;
    },
    failure: (name) => {
      const result = read(at, name, locals);
      const why = result?.state === "value" || result?.state === "absent" ? result.why : undefined;
      return why === undefined ? undefined : errorValue(why);
    },
  };
}
