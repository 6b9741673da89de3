import { type LimitReport, limitReport } from "../edge/limit-report.ts";
import type { PlanLimits } from "./plan-limits.ts";

/** In the order in which they are charged. */
export function limitReports(limits: PlanLimits | undefined): readonly LimitReport[] {
  return [...(limits?.early ?? []), ...(limits?.late ?? [])].map(({ use }) => limitReport(use));
}
