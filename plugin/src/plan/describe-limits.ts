import type { PlanLimits } from "./plan-limits.ts";

/** A limit as it is told: names are those of the JSON, expressions stand as they are written. */
export interface LimitReport {
  /** Limits of one name in a package are one counter. */
  readonly name: string;
  readonly rate: number;
  /** Either: a duration, or a unit of the calendar in UTC. */
  readonly per_ms?: number;
  readonly per?: "day" | "month";
  readonly burst: number;
  readonly key: string;
  readonly if?: string;
  readonly cost?: string;
  readonly settle?: string;
  /** It is charged before credentials are judged. */
  readonly early?: true;
  /** It does not apply to callers that nobody knows: the rpc answers them, and the limit reads the principal. */
  readonly spares_unknown?: true;
  readonly local?: true;
  readonly closed?: true;
}

/** In the order in which they are charged. */
export function limitReports(limits: PlanLimits | undefined): readonly LimitReport[] {
  return [...(limits?.early ?? []), ...(limits?.late ?? [])].map(({ limit, use }) => ({
    name: limit.name,
    rate: limit.rate,
    ...(typeof limit.per === "string" ? { per: limit.per } : { per_ms: limit.per }),
    burst: limit.burst,
    key: use.key.text.value,
    ...(use.if !== undefined && { if: use.if.text.value }),
    ...(use.cost !== undefined && { cost: use.cost.text.value }),
    ...(use.settle !== undefined && { settle: use.settle.text.value }),
    ...(use.early && { early: true as const }),
    ...(use.spares && { spares_unknown: true as const }),
    ...(limit.local && { local: true as const }),
    ...(limit.closed && { closed: true as const }),
  }));
}
