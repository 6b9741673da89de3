import { restsOn } from "../../resolve/model/effects.ts";
import type { Permit, Step } from "../../resolve/model/model.ts";
import type { PlanStep } from "../model/messages.ts";
import type { PermitPart, PlanPermit } from "../model/plan.ts";
import { stepNames } from "../names/step-names.ts";
import { type MessageSurroundings, membersOf, planSteps } from "./plan-message.ts";

/**
 * Undefined where nothing is left to decide once the credential has been judged.
 *
 * @param limited whether limits stand between what is known at once and what calls have to say
 */
export function planPermit(
  permit: Permit,
  around: Omit<MessageSurroundings, "nameOf" | "needs" | "admits">,
  limited: boolean,
): PlanPermit | undefined {
  if (permit.steps.length === 0) return undefined;
  const functions = around.functions(permit.desc.file);
  const nameOf = stepNames(permit, functions.scope);
  const { steps, declared } = planSteps(permit, { ...around, nameOf, needs: undefined, admits: undefined }, new Set());
  const judge = functions.permit(permit.rpc.desc);
  const split = limited ? splitSteps(steps) : { judge: steps, decide: [] };
  const parts: readonly PermitPart[] = [
    { gate: "judge", name: judge, steps: split.judge },
    { gate: "decide", name: functions.decide(permit.rpc.desc), steps: split.decide },
  ];
  return {
    composed: permit,
    parts: parts.filter((part) => part.steps.length > 0),
    callers: permit.callers,
    steps,
    declared,
    effectful: false,
    optionalArgs: [],
    ...membersOf(around),
    functions: functions.scope,
  };
}

/** Conditions over what is there at once, and all others with the decisions; what both read stands in both. */
function splitSteps(steps: readonly PlanStep[]): Readonly<Record<"judge" | "decide", readonly PlanStep[]>> {
  const at = steps.filter((step) => step.immediate);
  const later = steps.filter((step) => !step.immediate && (!step.sync || step.step.source.kind === "guard"));
  const rests = (of: readonly PlanStep[]): ReadonlySet<Step> =>
    new Set(of.flatMap(({ step }) => [step, ...restsOn(step)]));
  const [judge, decide] = [rests(at), rests(later)];
  return {
    judge: steps.filter(({ step }) => judge.has(step)),
    // What nothing reads is taken all the same.
    decide: steps.filter(({ step }) => decide.has(step) || !judge.has(step)),
  };
}
