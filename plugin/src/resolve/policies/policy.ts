// The policy of one call.

import { fault } from "../../diagnostic/diagnostic.ts";
import type { Ir, IrMethod } from "../../ir/ir.ts";
import type { IrCall, IrPolicy } from "../../ir/step.ts";
import { lowest } from "../../text/amount.ts";
import type { CacheTag, Effects, Policy } from "../model/call.ts";
import { checkCondition, ERROR, withoutMessage } from "../scope/scope.ts";
import { checkAdaptive } from "./adaptive.ts";
import { branchesOf } from "./branches.ts";
import { DEFAULT_BUDGET_MS, DEFAULT_PARTS_MS, type PolicyContext, sendsParts } from "./context.ts";
import { nearest, timeoutOf } from "./entries.ts";
import { checkHedge, mergeHedge } from "./hedge.ts";
import { checkStale } from "./stale-after-ttl.ts";

interface MergedCall {
  readonly ir: IrCall;
  /** Policies of the call and then of its entries, nearest first. */
  readonly policies: readonly IrPolicy[];
  readonly effects: Effects;
  readonly tags: readonly CacheTag[];
  readonly shard: Policy["shard"];
}

/**
 * Merges the policies of the entries and the call leaf by leaf, the nearest first. Impossible settings are reported.
 */
export function mergePolicy(cx: PolicyContext, { ir, policies, effects, tags, shard }: MergedCall): Policy {
  const callRetry = ir.policy.retry;
  if (callRetry !== undefined && effects === "once" && (callRetry.attempts?.value ?? 3) > 1) {
    fault(cx.scope.report, "BFF501", callRetry.attempts?.at ?? callRetry.at, {
      message: `"${ir.method?.value}" may have side effects, so it must not be retried`,
      hint: "remove `retry`; or set `read_only: true` if it only reads, `idempotent: true` if a repetition does no harm",
    });
  }
  const hedge = mergeHedge(policies);
  const cache = {
    ttl: nearest(policies, (policy) => policy.cache?.ttl),
    stale: nearest(policies, (policy) => policy.cache?.stale),
    tags,
    purged: nearest(policies, (policy) => policy.cache?.purged),
  };
  checkTimes(cx, ir, policies, effects);
  checkHedge(cx, ir, policies, hedge, effects);
  checkCache(cx, ir, cache, effects);
  const text = nearest(policies, (policy) => policy.retry?.if);
  // The condition belongs to the policy, not to the message.
  const condition = text && checkCondition(withoutMessage(cx.scope), text, "`retry.if`", [ERROR]);
  const inner = policies.filter(
    (policy, i) =>
      i === 0 || cx.governing.entries.some((entry) => entry.policy === policy && entry.method !== undefined),
  );
  const concurrent = nearest(inner, (policy) => policy.limit?.concurrent);
  const queued = nearest(inner, (policy) => policy.limit?.queued);
  const adaptive = nearest(inner, (policy) => policy.limit?.adaptive);
  checkAdaptive(
    ir.policy.limit,
    inner.slice(1).flatMap(({ limit }) => limit ?? []),
    cx.scope.report,
  );
  const limits = concurrent !== undefined || queued !== undefined || adaptive?.value === true;
  const shared = policies.slice(1).filter((policy) => !inner.includes(policy));
  return {
    timeout: nearest(policies, (policy) => policy.timeout),
    retry: {
      attempts: nearest(policies, (policy) => policy.retry?.attempts),
      on: nearest(policies, (policy) => (policy.retry?.on.length ? policy.retry.on : undefined)),
      initial: nearest(policies, (policy) => policy.retry?.initial),
      max: nearest(policies, (policy) => policy.retry?.max),
      multiplier: nearest(policies, (policy) => policy.retry?.multiplier),
      if: condition,
    },
    hedge,
    cache,
    streams: nearest(inner, (policy) => policy.limit?.streams),
    limit: limits ? { concurrent, queued, adaptive } : undefined,
    adaptive: adaptive?.value === true || nearest(shared, (policy) => policy.limit?.adaptive)?.value === true,
    identify: nearest(policies, (policy) => policy.identify),
    branches: branchesOf(cx.scope, policies, cx.run.ir),
    shard,
    forward: nearest(policies, (policy) => (policy.forward.length > 0 ? policy.forward : undefined)) ?? [],
  };
}

/** Returns the shortest time that an RPC leaves for a call, or for a deferred call the whole time of the RPC's parts. */
function timeIn(ir: Ir, method: IrMethod, deferred: boolean) {
  const setting = deferred ? method.partsTimeout : timeoutOf(ir, method);
  const ms = (setting && lowest(setting)) ?? (deferred ? DEFAULT_PARTS_MS : DEFAULT_BUDGET_MS);
  return { ms, setting, option: deferred ? "parts_timeout" : "timeout" };
}

/** Reports a call with more time than every RPC that it is part of, or with a first wait as long as its whole time. */
function checkTimes(cx: PolicyContext, ir: IrCall, policies: readonly IrPolicy[], effects: Effects): void {
  const callTimeout = ir.policy.timeout;
  const [longest] = cx.roots
    .map((root) => ({ root, ...timeIn(cx.run.ir, root, cx.deferred && sendsParts(root)) }))
    .sort((a, b) => b.ms - a.ms);
  if (callTimeout !== undefined && longest !== undefined && callTimeout.value > longest.ms) {
    fault(cx.scope.report, "BFF506", callTimeout.at, {
      message: `this call may take ${callTimeout.value}ms, but rpc "${longest.root.desc.name}" ends after ${longest.ms}ms`,
      related: [
        longest.setting === undefined
          ? { at: longest.root.at, message: `the default of ${longest.ms}ms applies to this rpc` }
          : { at: longest.setting.at, message: "the timeout of the rpc" },
      ],
      hint: `lower the timeout of the call, or raise that of the rpc with (bff.v1.method).${longest.option}`,
    });
  }
  const timeout = nearest(policies, (policy) => policy.timeout);
  const initial = nearest(policies, (policy) => policy.retry?.initial);
  const attempts = nearest(policies, (policy) => policy.retry?.attempts)?.value ?? 3;
  if (timeout === undefined || initial === undefined || attempts < 2 || effects === "once") return;
  if (initial.value < lowest(timeout)) return;
  fault(cx.scope.report, "BFF507", initial.at, {
    message: `the first wait of ${initial.value}ms leaves no time for a retry: the call may take ${lowest(timeout)}ms`,
    related: [{ at: timeout.at, message: "the timeout of the call" }],
    hint: "lower the wait, raise the timeout of the call, or turn retries off with `attempts: 1`",
  });
}
/** Reports a cache for a call with side effects, because its answers may not be reused. */
function checkCache(cx: PolicyContext, ir: IrCall, cache: Policy["cache"], effects: Effects): void {
  const callCache = ir.policy.cache;
  if (callCache !== undefined && effects !== "none" && callCache.ttl?.value !== 0) {
    fault(cx.scope.report, "BFF511", callCache.at, {
      message: `"${ir.method?.value}" has side effects, so its answers must not be cached`,
      hint: `remove \`cache\`${effects === "once" ? ", or set `read_only: true` if it only reads" : ""}`,
    });
    return;
  }
  if (effects !== "none" || cache.ttl?.value === 0) return;
  const use = cache.stale ?? cache.tags[0]?.text;
  if (cache.ttl === undefined && use !== undefined) {
    fault(cx.scope.report, "BFF512", use.at, {
      message: "this cache has no `ttl`",
      hint: "add `ttl`, the time for which an answer is fresh",
      derived: true, // from an entry whose `ttl` may be malformed
    });
  } else {
    checkStale(cache, cx.scope.report);
  }
}
