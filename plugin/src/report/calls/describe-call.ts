// Report of a call: its request, its timeout, and the handling of its failure.

import { fullName } from "../../model/full-name.ts";
import { pathName } from "../../model/path-name.ts";
import { attemptsOf } from "../../plan/check/max-calls.ts";
import type { PlanCallPolicy } from "../../plan/model/calls.ts";
import type { PlanBlock } from "../../plan/model/messages.ts";
import { codeName } from "../../read/values/values.ts";
import type { Batch, Call, LimitLeaves } from "../../resolve/model/call.ts";
import { defined } from "../../text/json-member.ts";
import { type VariableNumbers, variableNumbers } from "../../text/variable-numbers.ts";
import { perCaller } from "./caller-differences.ts";
import { type FailReport, failReport } from "./describe-source.ts";
import { effectSources } from "./effect-sources.ts";

/** Names are the names in the JSON; expressions appear as written. */
export interface CallReport extends VariableNumbers {
  readonly method: string;
  readonly timeout_ms: number | null;
  /** Maximum number of attempts, with retries and hedges. */
  readonly attempts: number;
  /** Maximum wait between attempts in total; part of the timeout. */
  readonly backoff_ms: number;
  /** Conditions of a retry; present only if the call is retried. */
  readonly retry?: { readonly on: readonly string[]; readonly if?: string };
  /** `delay_ms` 0: two attempts leave at once, always. `budget`: hedges per call. */
  readonly hedge?: { readonly delay_ms: number; readonly max: number; readonly budget?: number };
  /** `key`: the field of an item with its key, or the expression of the key; left out for a map of items. */
  readonly batch?: {
    readonly keys: string;
    readonly max: number;
    readonly by: string;
    readonly wrap?: string;
    readonly items: string;
    readonly key?: string;
  };
  /** Key or name of its shard; present only if the upstream has shards. */
  readonly shard?: { readonly by: string } | { readonly name: string };
  /**
   * Sources of the absence of side effects if the rpc's proto does not declare it: `read_only`, or rpcs with
   * NO_SIDE_EFFECTS.
   */
  readonly vouched_by?: readonly string[];
  /** `per_caller`: properties of a caller in the key; without them all callers share its answers. */
  readonly cache?: {
    readonly ttl_ms: number;
    readonly stale_ms?: number;
    /** Present only if answers have tags. */
    readonly tags?: readonly string[];
    /** Use of purged answers; absent if there is none. */
    readonly purged?: "spare" | "counted";
    /** Present only if each process fetches for itself. */
    readonly single_fetch?: false;
    /** Present only if answers or their requests may contain sensitive values: in Redis they are sealed. */
    readonly sensitive?: true;
    readonly per_caller?: readonly string[];
  };
  /** Its own limit, within that of the upstream. */
  readonly limit?: { readonly concurrent?: number; readonly queued?: number };
  /** Its limit, or that of the upstream, adapts to the upstream's capacity; supplementary calls are refused first. */
  readonly adaptive_limit?: true;
  /** The request that `set` adds to. */
  readonly request?: string;
  readonly set?: readonly BindReport[];
  readonly metadata?: readonly BindReport[];
  /** Incoming headers that are passed on. */
  readonly forward?: readonly string[];
  /** Form in which the upstream receives the caller; omitted: the upstream does not receive it. */
  readonly identify?: "signed" | "token" | "plain";
  /** In the order in which they are tried. */
  readonly on_error?: readonly ErrorRuleReport[];
}
/** A field of a request and the expression that sets it. */
export interface BindReport {
  readonly name: string;
  readonly by: string;
  readonly if?: string;
}
/** One `on_error` rule of a call. */
export interface ErrorRuleReport {
  /** Left out: any. */
  readonly on?: readonly string[];
  readonly if?: string;
  readonly then: "ignore" | "fallback" | "fail";
  readonly fallback?: string;
  readonly fail?: FailReport;
}

function hedgeReport({ delayMs, max, budget }: NonNullable<PlanCallPolicy["hedge"]>): CallReport["hedge"] {
  const isDelayed = delayMs.value > 0;
  return { delay_ms: delayMs.value, max: max.value, ...(isDelayed && { budget: budget?.value ?? DEFAULT_HEDGES }) };
}
/** Default of `Hedge.budget`. */
const DEFAULT_HEDGES = 0.1;

export function callReport(call: Call, message: PlanBlock): CallReport {
  const policy = message.calls.get(call)?.policy;
  const vouchers = effectSources(call);
  return {
    method: fullName(call.method),
    timeout_ms: policy?.timeoutMs?.value ?? null,
    ...variableNumbers({
      timeout_ms: policy?.timeoutMs,
      "hedge.delay_ms": policy?.hedge?.delayMs,
      "cache.ttl_ms": policy?.cache?.ttlMs,
      "cache.stale_ms": policy?.cache?.staleMs,
      "limit.concurrent": policy?.limit?.concurrent,
    }),
    attempts: attemptsOf(policy),
    backoff_ms: backoffOf(policy),
    ...(policy?.retry && {
      retry: {
        on: policy.retry.on.value.map(codeName),
        ...defined("if", (policy.retry.when ?? call.policy.retry.if)?.text.value),
      },
    }),
    ...defined("hedge", policy?.hedge && hedgeReport(policy.hedge)),
    ...defined("batch", call.batch && batchReport(call.batch)),
    ...defined("shard", shardReport(call)),
    ...(vouchers.length > 0 && { vouched_by: vouchers }),
    ...defined("cache", policy?.cache && cacheReport(call, policy.cache)),
    ...defined("limit", policy?.limit && limitFacts(policy.limit)),
    ...(policy?.adaptive && { adaptive_limit: true as const }),
    ...defined("request", call.request?.expression.text.value),
    ...defined(
      "set",
      some([
        ...call.set.map(({ path, bound, if: condition }) => bindReport(pathName(path), bound.expression, condition)),
        ...call.masks.map(({ path }) => ({
          name: pathName(path),
          by: "the fields that are read",
        })),
      ]),
    ),
    ...defined("metadata", some(call.metadata.map(({ key, by, if: condition }) => bindReport(key, by, condition)))),
    ...defined("forward", policy?.forward?.value),
    ...defined("identify", policy?.identify?.value),
    ...defined("on_error", some(call.onError.map(ruleReport))),
  };
}

function batchReport({ keys, max, by, wrap, items, key, keyBy }: Batch): CallReport["batch"] {
  return {
    keys: keys.name,
    max,
    by: by.expression.text.value,
    ...defined("wrap", wrap?.element.expression.text.value),
    items: items.name,
    ...defined("key", key?.name ?? keyBy?.by.expression.text.value),
  };
}

/** Returns the key of a call, or the name of its shard; undefined: its upstream has no shards. */
export function shardReport({ shard, policy }: Pick<Call, "shard" | "policy">): CallReport["shard"] {
  if (shard?.isName === true) return { name: shard.by.text.value };
  const by = shard?.by ?? policy.shard?.rule?.by;
  return by && { by: by.text.value };
}

function backoffOf(policy: PlanCallPolicy | undefined): number {
  const { retry } = policy ?? {};
  let backoff = 0;
  for (let wait = retry?.initialMs.value ?? 0, i = 1; retry !== undefined && i < retry.attempts.value; i++) {
    backoff += Math.min(wait, retry.maxMs.value);
    wait *= retry.multiplier.value;
  }
  return backoff;
}

function cacheReport(
  call: Call,
  { ttlMs, staleMs, tags, purged, singleFetch, sensitive }: NonNullable<PlanCallPolicy["cache"]>,
): CallReport["cache"] {
  const callers = perCaller(call);
  return {
    ttl_ms: ttlMs.value,
    ...defined("stale_ms", staleMs?.value),
    ...(tags.length > 0 && { tags: tags.map(({ text }) => text.value) }),
    ...defined("purged", purged?.value),
    ...defined("single_fetch", singleFetch?.value),
    ...(sensitive && { sensitive }),
    ...(callers.length > 0 && { per_caller: callers }),
  };
}

function limitFacts({ concurrent, queued }: LimitLeaves): CallReport["limit"] {
  return { ...defined("concurrent", concurrent?.value), ...defined("queued", queued?.value) };
}

type Written = { readonly text: { readonly value: string } };
function bindReport(name: string, by: Written, condition: Written | undefined): BindReport {
  return { name, by: by.text.value, ...defined("if", condition?.text.value) };
}

function ruleReport({ on, if: condition, then }: Call["onError"][number]): ErrorRuleReport {
  return {
    ...(on.length > 0 && { on: on.map(codeName) }),
    ...defined("if", condition?.text.value),
    then: then.kind,
    ...(then.kind === "fallback" && { fallback: then.value.expression.text.value }),
    ...(then.kind === "fail" && { fail: failReport(then.fail) }),
  };
}

const some = <T>(all: readonly T[]): readonly T[] | undefined => (all.length === 0 ? undefined : all);
