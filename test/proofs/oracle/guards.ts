// Guards: which ones precede every call, whether a guard holds, and its status.
import type { IrFailure, IrGuard, IrStep } from "../../../plugin/src/ir/step.ts";
import { expression } from "./cel/expression.ts";
import type { Composition } from "./compose.ts";
import { holes, readsOfFailure, readsOfStep } from "./reads.ts";
import type { Missing, Status } from "./response.ts";
import { INTERNAL, type Locals, noLocals, type Result, value } from "./result.ts";
import { BEFORE } from "./service-steps.ts";
import { isSupplementary } from "./static.ts";

export type Verdict = "passed" | "held" | "pending";

/** Reports whether a guard, with its status, reads only args, headers and env: then it is decided before any call. */
export function isImmediate(at: Composition, step: IrStep): boolean {
  if (step.source?.kind !== "guard" || step.if !== undefined) return false;
  const { reads } = expression(step.source.if?.value ?? "false");
  return [...reads, ...readsOfFailure(step.source.fail)].every(({ name }) => atHand(at, name));
}
/** Reports whether a name is no step, or a step that is computed from immediately available values. */
function atHand(at: Composition, name: string): boolean {
  const { computed, shared } = at.response;
  const isShared = at.place.shared !== undefined;
  const step = at.named(name);
  if (step === undefined) {
    const other = isShared ? undefined : shared?.named(name);
    return other === undefined || (computed === "all" && shared !== undefined && atHand(shared, name));
  }
  if (computed === "none" || (computed === "service" && !isShared)) return false;
  return step.source?.kind === "by" && readsOfStep(step).every((read) => atHand(at, read.name));
}

export function evaluateGuard(at: Composition, step: IrStep, guard: IrGuard): Verdict {
  const rank = at.parent !== undefined ? undefined : at.place.shared === undefined ? step.index : BEFORE + step.index;
  const pending = (missing: readonly Missing[]): Verdict => {
    if (rank !== undefined) at.response.pending.push({ rank, missing });
    return "pending";
  };
  // The guard also waits for the inputs of its status, and reports no status if one of these steps has failed.
  for (const { name } of readsOfFailure(guard.fail)) {
    const read = at.evaluate(name);
    if (read.state === "dead") return pending(read.missing);
  }
  for (const condition of [step.if, guard.if]) {
    if (condition === undefined) continue;
    const result = at.evaluate(condition.value);
    if (result.state === "dead") {
      if (condition === guard.if && holdsAnyhow(at, condition.value))
        at.response.guards.push({ rank: undefined, status: statusOf(at, guard.fail, undefined, noLocals) });
      return pending(result.missing);
    }
    if (result.state === "failed") {
      at.response.guards.push({ rank, status: { code: INTERNAL, message: undefined } });
      return "held";
    }
    if (result.state === "absent" || result.value !== true) return "passed";
  }
  at.response.guards.push({ rank, status: statusOf(at, guard.fail, undefined, noLocals) });
  return "held";
}

/**
 * Reports whether the condition holds whatever the other steps result in, because it tests a step that is always
 * present: the compiler detects that.
 */
function holdsAnyhow(at: Composition, condition: string): boolean {
  const names = expression(condition).reads.map(({ name }) => name);
  const read = (name: string): Result | undefined => at.read(name, noLocals);
  const lost = names.filter((name) => read(name)?.state === "dead");
  const there = names.filter((name) => {
    const step = at.named(name);
    return step !== undefined && !isSupplementary(step) && step.if === undefined && read(name)?.state === "value";
  });
  const absent: Result = { state: "absent", taint: [] };
  const holds = (without: readonly string[]): boolean =>
    [absent, value(null)].every((of) => {
      const locals: Locals = new Map([
        ...lost.map((name) => [name, of] as const),
        ...without.map((name) => [name, absent] as const),
      ]);
      const result = at.evaluate(condition, locals);
      return result.state === "value" && result.value === true;
    });
  const computed = names.every((name) => at.named(name) !== undefined);
  return there.length > 0 && holds([]) && (computed || !holds(there));
}

/**
 * Returns the status of a `fail`. `error`: the status from the upstream, if any; its text is undefined when the failure
 * was ours.
 */
export function statusOf(
  at: Composition,
  fail: IrFailure | undefined,
  error: { code: number; message?: string; unsaid?: boolean | undefined } | undefined,
  locals: Locals,
): Status {
  const statusCode = fail?.code?.value ?? error?.code ?? INTERNAL;
  const text = fail?.asIs === undefined || error?.unsaid ? undefined : error?.message;
  if (fail?.message === undefined) return { code: statusCode, message: text };
  let message = "";
  for (const part of holes(fail.message.value)) {
    if (!part.hole) {
      message += part.text;
      continue;
    }
    const result = at.evaluate(`string(${part.text})`, locals);
    if (result.state === "failed") return { code: INTERNAL, message: undefined };
    if (result.state !== "value") return { code: statusCode, message: undefined };
    message += String(result.value);
  }
  return { code: statusCode, message };
}
