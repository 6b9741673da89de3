import { restsOn } from "../../resolve/model/effects.ts";
import type { Permit, Step } from "../../resolve/model/model.ts";
import type { PlanStep } from "../model/messages.ts";
import type { PermitPart, PlanPermit } from "../model/plan.ts";
import { stepNames } from "../names/step-names.ts";
import { membersOf, type PlanContext, planSteps } from "./plan-message.ts";

/**
 * Plans a permit; undefined if the credential check decides all of it.
 * @param limited true if limits run between the immediate conditions and the conditions that depend on calls
 */
export function planPermit(
  permit: Permit,
  around: Omit<PlanContext, "nameOf" | "needs" | "admits">,
  limited: boolean,
): PlanPermit | undefined {
  if (permit.steps.length === 0) return undefined;
  const functions = around.functions(permit.desc.file);
  const nameOf = stepNames(permit, functions.scope);
  const { steps, declared } = planSteps(permit, { ...around, nameOf, needs: undefined, admits: undefined }, new Set());
  const permitName = functions.permit(permit.rpc.desc);
  const split = limited ? splitSteps(steps) : { check: steps, decide: [] };
  const parts: readonly PermitPart[] = [
    { gate: "check", name: permitName, steps: split.check },
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

/**
 * Splits the steps into immediate conditions, and all other conditions with the decisions. A step that both parts read
 * is in both.
 */
function splitSteps(steps: readonly PlanStep[]): Readonly<Record<"check" | "decide", readonly PlanStep[]>> {
  const at = steps.filter((step) => step.immediate);
  const later = steps.filter((step) => !step.immediate && (!step.sync || step.step.source.kind === "guard"));
  const rests = (of: readonly PlanStep[]): ReadonlySet<Step> =>
    new Set(of.flatMap(({ step }) => [step, ...restsOn(step)]));
  const [gateSteps, decide] = [rests(at), rests(later)];
  return {
    check: steps.filter(({ step }) => gateSteps.has(step)),
    // Steps that nothing reads still belong to a part.
    decide: steps.filter(({ step }) => decide.has(step) || !gateSteps.has(step)),
  };
}
