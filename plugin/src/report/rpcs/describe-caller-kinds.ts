// Kinds of callers of a public rpc: the calls and limits of each, and what is left out for it.
import { callerOutcome, type Expression, type Variable } from "../../cel/index.ts";
import { fullName } from "../../model/full-name.ts";
import { allSteps, reachedInOrder, rootsOf } from "../../plan/check/max-calls.ts";
import type { PlanBlock, PlanMessage, PlanStep } from "../../plan/model/messages.ts";
import type { PlanMethod } from "../../plan/model/plan.ts";
import { callInputs, callsOf, composesOf, sourceExpressions } from "../../resolve/model/blocks.ts";
import { stepName } from "../calls/describe-worst.ts";

/** One kind of caller. Names of steps and fields begin with their message or service. */
export interface CallerKindReport {
  readonly caller: "anonymous" | "identified";
  /** Methods that may be called, for the permit or the answer. */
  readonly calls: readonly string[];
  /** Limits that count these callers; present only if the rpc has limits. */
  readonly limits?: readonly string[];
  /** Steps that never run for these callers; present only if such steps exist. */
  readonly skips?: readonly string[];
  /** Fields that are always unset for them; present only if such fields exist. */
  readonly unset?: readonly string[];
}

/** Returns both kinds of callers of a public rpc; undefined: it has one kind. */
export function callerKinds(
  planned: PlanMethod,
  messages: ReadonlyMap<string, PlanMessage>,
): readonly CallerKindReport[] | undefined {
  if (planned.method.permit?.public === undefined) return undefined;
  return (["anonymous", "identified"] as const).map((caller) => kindOf(caller, planned, messages));
}

/** Returns one line for each kind, or one line if all callers are alike. */
export function callerKindLines(planned: PlanMethod, messages: ReadonlyMap<string, PlanMessage>): readonly string[] {
  const lines = (callerKinds(planned, messages) ?? []).map(({ limits, skips = [], unset = [] }) => {
    const parts = [
      ...(limits === undefined ? [] : [`limited by ${limits.length === 0 ? "nothing" : limits.join(", ")}`]),
      ...(skips.length === 0 ? [] : [`without step ${skips.join(", ")}`]),
      ...(unset.length === 0 ? [] : [`without field ${unset.join(", ")}`]),
    ];
    return parts.length === 0 ? "nothing is left out" : parts.join("; ");
  });
  const [anonymous, identified] = lines;
  if (anonymous === identified)
    return anonymous === undefined ? [] : [`anonymous callers, as all others: ${anonymous}`];
  return [`anonymous callers: ${anonymous}`, `identified callers: ${identified}`];
}

function kindOf(
  caller: CallerKindReport["caller"],
  planned: PlanMethod,
  messages: ReadonlyMap<string, PlanMessage>,
): CallerKindReport {
  const gone = new Set<Variable>();
  const isGone = (variable: Variable): boolean =>
    variable.role === "principal" ? caller === "anonymous" : gone.has(variable);
  const lacks = (expression: Expression | undefined): boolean => expression?.unsafe.some(isGone) ?? false;
  const fails = (condition: Expression | undefined): boolean =>
    condition !== undefined && (lacks(condition) || callerOutcome(condition, isGone) === false);
  const calls = new Set<string>();
  const skips: string[] = [];
  const unset: string[] = [];
  const composed = new Set<PlanBlock>(rootsOf(planned));
  for (const block of new Set([...composed, ...reachedInOrder([...composed], messages)])) {
    if (!composed.has(block)) continue;
    for (const { source, variable } of block.composed.shared)
      if (source.kind === "shared" && source.of.some((step) => step.variable && gone.has(step.variable)) && variable)
        gone.add(variable);
    const name = (of: string): string => `${block.composed.desc.name}.${of}`;
    for (const step of inOrder(block)) {
      const { source, fallback, variable } = step.step;
      const skipped = fails(step.step.if) || inputsOf(step).some(lacks);
      if (skipped && variable !== undefined && fallback === undefined) gone.add(variable);
      if (skipped) {
        if (callsOf(source).length + composesOf(source).length > 0) skips.push(name(stepName(step)));
        continue;
      }
      for (const call of callsOf(source)) calls.add(fullName(call.method));
      for (const { message, args } of composesOf(source)) {
        const child = messages.get(message.typeName);
        if (child === undefined) continue;
        const absent = args.filter((arg) => fails(arg.if) || lacks(arg.by)).map((arg) => arg.name);
        markArguments(child, absent, composed.has(child), gone);
        composed.add(child);
      }
    }
    for (const target of block.composed.targets)
      if (target.kind === "field" && lacks(target.bound.expression)) unset.push(name(target.field.name));
  }
  const uses = planned.limits === undefined ? [] : [...planned.limits.early, ...planned.limits.late];
  const limits = uses.flatMap(({ use }) => (fails(use.if) || lacks(use.key) ? [] : [use.ir.name.value]));
  return {
    caller,
    calls: [...calls],
    ...(planned.limits !== undefined && { limits }),
    ...(skips.length > 0 && { skips }),
    ...(unset.length > 0 && { unset }),
  };
}

/** Returns the steps, each behind those that it reads. */
function inOrder({ steps }: PlanBlock): readonly PlanStep[] {
  const found = new Set<PlanStep>();
  const all = allSteps(steps);
  const byStep = new Map(all.map((planned) => [planned.step, planned]));
  const visit = (planned: PlanStep): void => {
    if (found.has(planned)) return;
    for (const read of planned.step.reads) {
      const before = byStep.get(read);
      if (before !== undefined) visit(before);
    }
    found.add(planned);
  };
  for (const planned of all) visit(planned);
  return [...found];
}

/** Returns the expressions without which the step has no value, and makes no call. */
function inputsOf({ step: { source } }: PlanStep): readonly (Expression | undefined)[] {
  if (source.kind === "compose" || source.kind === "switch" || source.kind === "guard") return [];
  if (source.kind === "each") return [source.in, ...callsOf(source).flatMap(callInputs)];
  return sourceExpressions(source);
}

/** Marks arguments that are absent in every composition. */
function markArguments(
  { composed: { args } }: PlanMessage,
  absent: readonly string[],
  again: boolean,
  gone: Set<Variable>,
): void {
  for (const { name, variable } of args.members) {
    if (!absent.includes(name)) gone.delete(variable);
    else if (!again) gone.add(variable);
  }
}
