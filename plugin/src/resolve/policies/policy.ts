// The policy of one call.

import { typeName, type Variable } from "../../cel/index.ts";
import { fault } from "../../diagnostic/diagnostic.ts";
import type { Ir, IrMethod } from "../../ir/ir.ts";
import type { IrBranch, IrCall, IrPolicy } from "../../ir/step.ts";
import { lowest } from "../../text/amount.ts";
import type { Branch, CacheTag, Effects, Policy } from "../model/call.ts";
import { lookupField } from "../names/lookup.ts";
import { check, checkCondition, ERROR, type MessageScope, where, withoutMessage } from "../scope/scope.ts";
import { checkAdaptive } from "./adaptive.ts";
import { DEFAULT_BUDGET_MS, DEFAULT_PARTS_MS, type PolicyContext, sendsParts } from "./context.ts";
import { nearest, timeoutOf } from "./entries.ts";
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
    singleFetch: nearest(policies, (policy) => policy.cache?.singleFetch),
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
function checkCache(cx: PolicyContext, ir: IrCall, cache: Policy["cache"], effects: Effects): undefined {
  const callCache = ir.policy.cache;
  if (callCache !== undefined && effects !== "none" && callCache.ttl?.value !== 0)
    return fault(cx.scope.report, "BFF511", callCache.at, {
      message: `"${ir.method?.value}" has side effects, so its answers must not be cached`,
      hint: `remove \`cache\`${effects === "once" ? ", or set `read_only: true` if it only reads" : ""}`,
    });
  if (effects !== "none" || cache.ttl?.value === 0) return;
  const use = cache.stale ?? cache.tags[0]?.text ?? cache.singleFetch;
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

// The branches of an upstream: which requests go to another address.

/** Resolves the branches of the nearest level that has any. */
function branchesOf(scope: MessageScope, policies: readonly IrPolicy[], ir: Ir): readonly Branch[] {
  const nearestBranches = nearest(policies, ({ branches }) => (branches.length > 0 ? branches : undefined)) ?? [];
  if (nearestBranches.length === 0) return [];
  const inside = ofRequests(scope);
  return nearestBranches.map((branch) => {
    const condition = branch.if && checkCondition(inside, branch.if, "`if` of a branch");
    const by = branch.by && checkBy(where(inside, condition), branch.by);
    const ignored = branch.ignore.flatMap((text) => {
      const field = lookupField(ir, text, scope.report);
      return field === undefined ? [] : [{ field, at: text.at }];
    });
    return { ir: branch, if: condition, by, ignored };
  });
}

function checkBy(scope: MessageScope, text: NonNullable<IrBranch["by"]>): Branch["by"] {
  const found = check(scope, text);
  if (found === undefined || found.type.kind === "string") return found;
  const convertible = ["int", "uint", "double", "bool", "bytes", "timestamp", "duration"].includes(found.type.kind);
  return fault(scope.report, "BFF270", text.at, {
    message: `\`by\` of a branch is ${typeName(found.type)}, not string`,
    hint: convertible ? `write string(${text.value})` : "write text, such as principal.subject",
  });
}

/**
 * Returns the scope of values that belong to the request and not to one of its calls: `headers`, `env`, `now`, `peer`
 * and `principal`. `principal` is present, because a branch that reads it is skipped for anonymous requests.
 */
function ofRequests(scope: MessageScope): MessageScope {
  const outside = withoutMessage(scope);
  const principal = outside.builtins.get("principal");
  const known: ReadonlySet<Variable> = principal === undefined ? new Set() : new Set([principal]);
  return { ...outside, steps: new Map(), known };
}

// The hedge of one call.

/** Merges the hedges of the levels, the nearest first. A delay of 0: two attempts leave at once. */
function mergeHedge(policies: readonly IrPolicy[]): Policy["hedge"] {
  const max = nearest(policies, ({ hedge }) => hedge?.max);
  const timed = policies.find(({ hedge }) => hedge?.delay !== undefined || hedge?.atOnce !== undefined)?.hedge;
  // The nearest of `delay` and `at_once` applies. `at_once: false` leaves an inherited delay.
  if (timed?.atOnce?.value === true)
    return { delay: { value: 0, at: timed.atOnce.at }, max: max?.value === 0 ? max : undefined, budget: undefined };
  return {
    delay: nearest(policies, ({ hedge }) => hedge?.delay),
    max,
    budget: nearest(policies, ({ hedge }) => hedge?.budget),
  };
}

/** Reports a hedge without a repeatable call, a delay, or time for the second attempt. */
function checkHedge(
  cx: PolicyContext,
  ir: IrCall,
  policies: readonly IrPolicy[],
  hedge: Policy["hedge"],
  effects: Effects,
): undefined {
  const callHedge = ir.policy.hedge;
  const name = ir.method?.value;
  if (callHedge !== undefined && effects === "once" && callHedge.max?.value !== 0)
    return fault(cx.scope.report, "BFF508", callHedge.at, {
      message: `"${name}" may have side effects, so it must not be hedged`,
      hint: "remove `hedge`; or set `read_only: true` if it only reads, `idempotent: true` if a repetition does no harm",
      derived: true,
    });
  if (effects === "once" || hedge.max?.value === 0) return;
  const { budget, max } = hedge;
  const set = max ?? budget;
  if (hedge.delay === undefined && set !== undefined) {
    fault(cx.scope.report, "BFF509", set.at, {
      message: "this hedge has no delay",
      hint: "add `delay`, such as the time of most answers",
    });
  }
  const most = max?.value ?? 1;
  if (budget !== undefined && !(budget.value > 0 && budget.value <= most)) {
    fault(cx.scope.report, "BFF523", budget.at, {
      message: `the budget of this hedge is ${budget.value} per call, and a call has at most ${most}`,
      ...(max !== undefined && { related: [{ at: max.at, message: "the maximum" }] }),
      hint: `write a \`budget\` above 0 and at most ${most}; \`max: 0\` turns hedging off`,
    });
  }
  const timeout = nearest(policies, (policy) => policy.timeout);
  if (hedge.delay === undefined || timeout === undefined || hedge.delay.value < lowest(timeout)) return;
  // An inherited hedge does not apply to a shorter call. An author who sets both needs the report.
  const together = policies.some((policy) => policy.hedge?.delay === hedge.delay && policy.timeout === timeout);
  if (callHedge?.delay === undefined && !together) return;
  fault(cx.scope.report, "BFF510", hedge.delay.at, {
    message: `a hedge after ${hedge.delay.value}ms is never sent: the call may take ${lowest(timeout)}ms`,
    related: [{ at: timeout.at, message: "the timeout of the call" }],
    hint: "lower the delay of the hedge, or raise the timeout of the call",
  });
}
