// Results of steps that neither call nor repeat: switches and functions of the user.
import type { SourceBehaviour, StepBehaviour } from "../behaviour.ts";
import { type Cause, dead, NO_LOCALS, type Result, type Taint, tainted, valueResult } from "../values/results.ts";
import { fromReport } from "../values/values.ts";
import type { Composition } from "./composition.ts";
import { read } from "./expressions.ts";

/** DEADLINE_EXCEEDED */
const LATE = 4;

export function switchResult(at: Composition, source: SourceBehaviour & { readonly kind: "switch" }): Result {
  let taint: readonly Taint[] = [];
  for (const branch of source.cases) {
    const condition = at.condition(branch.if);
    if (condition.state !== "value") return tainted(condition, taint);
    taint = [...taint, ...condition.taint];
    if (condition.value === true) return tainted(at.evaluate(branch.by), taint);
  }
  return source.default === undefined ? { state: "absent", taint } : tainted(at.evaluate(source.default), taint);
}

/**
 * Returns the result of a user function: always its sample, for any arguments. It does not run when no time is left.
 */
export function suppliedResult(
  at: Composition,
  step: StepBehaviour,
  { reads, gives }: SourceBehaviour & { readonly kind: "resolver" },
): Result {
  const taint: Taint[] = [];
  for (const arg of at.args.values()) if (arg.state === "value" || arg.state === "absent") taint.push(...arg.taint);
  for (const name of reads) {
    const result = read(at, name, NO_LOCALS);
    if (result?.state === "failed" || result?.state === "dead") return dead;
    if (result === undefined) continue;
    if (result.late) at.waits(step);
    taint.push(...result.taint, ...(result.state === "value" ? result.inner : []));
  }
  if (!at.isLate(step)) return valueResult(fromReport(gives), taint);
  const cause: Cause = { reason: "TIMEOUT", upstream: "" };
  return { state: "failed", failures: [{ code: LATE, cause, why: { ...cause, code: LATE } }], taint };
}
