import { DEFAULT_CONSECUTIVE, type PlanBreaker, type PlanShard } from "../../plan/model/calls.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import { defined } from "../../text/json-member.ts";
import { type VariableNumbers, variableNumbers } from "../../text/variable-numbers.ts";

/** State of an upstream that all requests share; names are the names in the JSON. */
export interface UpstreamReport extends VariableNumbers {
  readonly upstream: string;
  /** null: off. */
  readonly breaker: BreakerReport | null;
  /** Methods with separate breakers. */
  readonly methods?: readonly { readonly method: string; readonly breaker: BreakerReport | null }[];
  /** `streams`: the maximum number that are followed at a time; present only if declared. */
  readonly limit: {
    readonly concurrent: number;
    readonly queued: number;
    readonly adaptive?: true;
    readonly streams?: number;
  };
  readonly retry_budget?: { readonly max_tokens: number; readonly token_ratio: number };
  readonly protocol?: "GRPC" | "HTTP_JSON" | "CONNECT";
  /** Present only if it has shards. `by`: the key of calls that have no own. */
  readonly shards?: { readonly max: number; readonly hash: "RENDEZVOUS" | "MODULO"; readonly by?: string };
}
/** Settings of a circuit breaker. Times are in milliseconds; rates are shares from 0 to 1. */
export interface BreakerReport extends VariableNumbers {
  readonly error_rate: number;
  readonly window_ms: number;
  readonly minimum: number;
  readonly open_ms: number;
  readonly probes: number;
  readonly slow_ms?: number;
  readonly slow_rate?: number;
  /** Number of failed calls in a row that open it; 0: none does. Present only if it is not 5. */
  readonly consecutive?: number;
}

/** Returns the reports in the order of their names. */
export function upstreamReports({ upstreams }: PlanFile): readonly UpstreamReport[] {
  return upstreams
    .map(({ service, breaker, methods, limit, retryBudget, protocol, shard }) => ({
      upstream: service.typeName,
      breaker: breakerReport(breaker),
      ...(methods.length > 0 && {
        methods: methods.map((method) => ({ method: method.name, breaker: breakerReport(method.breaker) })),
      }),
      ...variableNumbers({ "limit.concurrent": limit.concurrent }),
      limit: {
        concurrent: limit.concurrent.value,
        queued: limit.queued.value,
        ...(limit.adaptive.value && { adaptive: true as const }),
        ...defined("streams", limit.streams?.at && limit.streams.value),
      },
      ...(retryBudget !== undefined && {
        retry_budget: { max_tokens: retryBudget.maxTokens.value, token_ratio: retryBudget.tokenRatio.value },
      }),
      ...defined("protocol", protocol?.value),
      ...defined("shards", shard && shardsReport(shard)),
    }))
    .sort((a, b) => (a.upstream < b.upstream ? -1 : 1));
}

function shardsReport({ max, hash, by }: PlanShard): NonNullable<UpstreamReport["shards"]> {
  return { max: max.value, hash: hash.value === "modulo" ? "MODULO" : "RENDEZVOUS", ...defined("by", by?.value) };
}

function breakerReport(breaker: PlanBreaker | undefined): BreakerReport | null {
  if (breaker === undefined) return null;
  return {
    error_rate: breaker.errorRate.value,
    ...variableNumbers({ window_ms: breaker.windowMs, open_ms: breaker.openMs }),
    window_ms: breaker.windowMs.value,
    minimum: breaker.minimum.value,
    open_ms: breaker.openMs.value,
    probes: breaker.probes.value,
    ...defined("slow_ms", breaker.slowMs?.value),
    ...defined("slow_rate", breaker.slowRate?.value),
    ...(breaker.consecutive.value !== DEFAULT_CONSECUTIVE && { consecutive: breaker.consecutive.value }),
  };
}
