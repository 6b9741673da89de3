import type { Permit } from "../resolve/model/model.ts";
import type { PlanPermit } from "./plan.ts";
import { type MessageSurroundings, planSteps } from "./plan-message.ts";
import { stepNames } from "./step-names.ts";

/** Undefined where nothing is left to decide once the credential has been judged. */
export function planPermit(
  permit: Permit,
  around: Omit<MessageSurroundings, "nameOf" | "needs" | "admits">,
): PlanPermit | undefined {
  if (permit.steps.length === 0) return undefined;
  const functions = around.functions(permit.desc.file);
  const nameOf = stepNames(permit, functions.scope);
  const { steps } = planSteps(permit, { ...around, nameOf, needs: undefined, admits: undefined }, new Set());
  return {
    composed: permit,
    name: functions.permit(permit.rpc.desc),
    callers: permit.callers,
    steps,
    effectful: false,
    optionalArgs: [],
    calls: around.calls,
    resolvers: around.resolvers,
    ranks: around.ranks,
    functions: functions.scope,
    sharedNames: around.sharedNames,
  };
}
