import type { PlanFile, PlanMethod } from "../../plan/model/plan.ts";
import { type LimitsReport, limitsReport } from "./describe-limits.ts";

/** Limits of an rpc, and its turn in queues. */
export interface LimitsOfRpc extends LimitsReport {
  /** Party of its requests in fair queues; present only if declared. */
  readonly fair_share?: ShareReport;
}
export function limitsOfRpc(planned: PlanMethod, file: PlanFile): LimitsOfRpc {
  const share = shareReport(planned, file);
  return { ...limitsReport(planned.limits), ...(share === undefined ? {} : { fair_share: share }) };
}

/** Party of an rpc's requests in fair queues; expressions appear as written. */
interface ShareReport {
  readonly key: string;
  readonly weight?: string;
  /** Maximum number of waiters of one key at one place. */
  readonly queue: number;
}

/** Returns undefined if all requests are one party. */
function shareReport({ share }: PlanMethod, { fairShare }: PlanFile): ShareReport | undefined {
  if (share === undefined || fairShare === undefined) return undefined;
  const { key, weight } = share.of;
  return { key: key.text.value, ...(weight !== undefined && { weight: weight.text.value }), queue: fairShare.queue };
}

/** `waits in turn by principal.tenant, with weight 3.0, at most 100 at once` */
export function shareLines(planned: PlanMethod, file: PlanFile): string[] {
  const report = shareReport(planned, file);
  if (report === undefined) return [];
  const { key, weight, queue } = report;
  return [`waits in turn by ${key}${weight === undefined ? "" : `, with weight ${weight}`}, at most ${queue} at once`];
}
