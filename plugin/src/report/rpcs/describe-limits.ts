import { type LimitFacts, limitFacts } from "../../lock/limit-facts.ts";
import type { PlanLimits } from "../../plan/model/limits.ts";

/** Returns the limits in the order in which they are charged. */
export function limitReports(limits: PlanLimits | undefined): readonly LimitFacts[] {
  return [...(limits?.early ?? []), ...(limits?.late ?? [])].map(({ use }) => limitFacts(use));
}
