import { type LimitFacts, limitFacts } from "../../lock/limit-facts.ts";
import type { PlanLimits } from "../../plan/model/limits.ts";

/** Report of an rpc's usage events: expressions appear as written. */
interface UsageReport {
  /** Absent: events are appended to a file. */
  readonly subject?: string;
  readonly fields?: readonly { readonly name: string; readonly by: string }[];
}

/** Report of an rpc's limits; members are present only if it has some. */
export interface LimitsReport {
  /** In the order in which they are charged. */
  readonly limits?: readonly LimitFacts[];
  /** Events about their charges. */
  readonly usage?: UsageReport;
}

export function limitsReport(limits: PlanLimits | undefined): LimitsReport {
  const usage = usageReport(limits);
  return {
    ...(limits !== undefined && { limits: limitReports(limits) }),
    ...(usage !== undefined && { usage }),
  };
}

function usageReport(limits: PlanLimits | undefined): UsageReport | undefined {
  const usage = limits?.usage;
  if (usage === undefined) return undefined;
  const { ir, fields } = usage;
  return {
    ...(ir.subject !== undefined && { subject: ir.subject.value }),
    ...(fields.length > 0 && { fields: fields.map(({ name, by }) => ({ name, by: by.text.value })) }),
  };
}

/** Returns the same report in lines. */
export function usageLines({ limits }: { readonly limits: PlanLimits | undefined }): readonly string[] {
  const usage = usageReport(limits);
  if (usage === undefined) return [];
  const fields = (usage.fields ?? []).map(({ name, by }) => `${name} ${by}`);
  const place = usage.subject === undefined ? "in BFF_USAGE_FILE" : `to ${usage.subject}`;
  return [`usage events ${place}${fields.length === 0 ? "" : `: ${fields.join(", ")}`}`];
}

/** Returns the limits in the order in which they are charged. */
export function limitReports(limits: PlanLimits | undefined): readonly LimitFacts[] {
  return [...(limits?.early ?? []), ...(limits?.late ?? [])].map(({ use }) => limitFacts(use));
}
