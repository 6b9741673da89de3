// Settings of a plan that what-if runs may change: their names as in the options, their values, and their places.
import type { Origin } from "../../diagnostic/diagnostic.ts";
import type { Effects } from "../../resolve/model/call.ts";
import {
  DEFAULT_CONSECUTIVE,
  type Entry,
  type Leaf,
  type PlanBreaker,
  type PlanCallPolicy,
  type PlanUpstream,
} from "../model/calls.ts";
import type { PlanMethod } from "../model/plan.ts";

/** Unit of a value: milliseconds, a whole number, or a share from 0 to 1. */
export type Unit = "ms" | "count" | "share";

/** The policy of a call, with the strongest effects of its method. */
export interface EditedCall extends Pick<Entry, "policy"> {
  readonly effects: Effects;
}

/** One setting of an rpc, a call or an upstream. */
export interface Setting<T> {
  /** Path in the options, as in `cache.ttl`. */
  readonly key: string;
  readonly unit: Unit;
  /** Undefined: not set, and no default applies. */
  readonly read: (item: T) => Leaf<number> | undefined;
  /** Returns the changed item, or the reason why it cannot have the value. Undefined: off. */
  readonly write: (item: T, value: number | undefined) => T | string;
}

const leaf = (value: number): Leaf<number> => ({ value, at: undefined });
const ofValue = (value: number | undefined, at?: Origin): Leaf<number> | undefined =>
  value === undefined ? undefined : { value, at };

// ---- calls ----

const NEEDED = "it cannot be off";

function policySetting(
  key: string,
  unit: Unit,
  read: (policy: PlanCallPolicy) => Leaf<number> | undefined,
  write: (
    policy: PlanCallPolicy,
    value: Leaf<number> | undefined,
    effects: Effects,
  ) => Partial<PlanCallPolicy> | string,
): Setting<EditedCall> {
  return {
    key,
    unit,
    read: ({ policy }) => read(policy),
    write: (call, value) => {
      const changed = write(call.policy, ofValue(value), call.effects);
      return typeof changed === "string" ? changed : { ...call, policy: { ...call.policy, ...changed } };
    },
  };
}

const RETRY = { attempts: leaf(3), on: { value: [14], at: undefined }, initialMs: leaf(20), maxMs: leaf(200) } as const;
const retryOf = (policy: PlanCallPolicy): NonNullable<PlanCallPolicy["retry"]> =>
  policy.retry ?? { ...RETRY, multiplier: leaf(2), when: undefined };

function retrySetting(key: string, unit: Unit, name: "attempts" | "initialMs" | "maxMs" | "multiplier") {
  return policySetting(
    `retry.${key}`,
    unit,
    ({ retry }) => retry?.[name],
    (policy, value, effects) => {
      if (effects === "once") return "it has side effects that must not be repeated";
      if (value === undefined || (name === "attempts" && value.value <= 1)) return { retry: undefined };
      return { retry: { ...retryOf(policy), [name]: value } };
    },
  );
}

function hedgeSetting(key: "max" | "budget", unit: Unit): Setting<EditedCall> {
  return policySetting(
    `hedge.${key}`,
    unit,
    ({ hedge }) => hedge?.[key],
    ({ hedge }, value) => {
      if (hedge === undefined) return "it has no hedge: set hedge.delay first";
      return value === undefined ? NEEDED : { hedge: { ...hedge, [key]: value } };
    },
  );
}

/** Settings of calls, by the names in `Upstream` and `Call`. */
export const CALL_SETTINGS: readonly Setting<EditedCall>[] = [
  policySetting(
    "timeout",
    "ms",
    ({ timeoutMs }) => timeoutMs,
    (_, timeoutMs) => ({ timeoutMs }),
  ),
  retrySetting("attempts", "count", "attempts"),
  retrySetting("initial", "ms", "initialMs"),
  retrySetting("max", "ms", "maxMs"),
  policySetting(
    "hedge.delay",
    "ms",
    ({ hedge }) => hedge?.delayMs,
    ({ hedge }, delayMs, effects) => {
      if (effects === "once") return "it has side effects that must not be repeated";
      return { hedge: delayMs && { max: leaf(1), budget: undefined, ...hedge, delayMs } };
    },
  ),
  hedgeSetting("max", "count"),
  hedgeSetting("budget", "share"),
  policySetting(
    "cache.ttl",
    "ms",
    ({ cache }) => cache?.ttlMs,
    ({ cache, sensitive }, ttlMs, effects) => {
      if (effects !== "none") return "it has side effects, so its answers cannot be cached";
      const unset = { staleMs: undefined, tags: [], purged: undefined, singleFetch: undefined };
      return { cache: ttlMs && { ...unset, sensitive, ...cache, ttlMs } };
    },
  ),
  policySetting(
    "cache.stale",
    "ms",
    ({ cache }) => cache?.staleMs,
    ({ cache }, staleMs) =>
      cache === undefined ? "it has no cache: set cache.ttl first" : { cache: { ...cache, staleMs } },
  ),
];

// ---- upstreams ----

const BREAKER: PlanBreaker = {
  errorRate: leaf(0.5),
  windowMs: leaf(10_000),
  minimum: leaf(20),
  openMs: leaf(5_000),
  probes: leaf(1),
  slowMs: undefined,
  slowRate: undefined,
  consecutive: leaf(DEFAULT_CONSECUTIVE),
};

function breakerSetting(key: string, unit: Unit, name: keyof PlanBreaker): Setting<PlanUpstream> {
  return {
    key: `breaker.${key}`,
    unit,
    read: ({ breaker }) => breaker?.[name],
    write: (upstream, value) => {
      if (value === undefined && name === "consecutive")
        return { ...upstream, breaker: upstream.breaker && { ...upstream.breaker, consecutive: leaf(0) } };
      if (value === undefined) return name.startsWith("slow") ? NEEDED : { ...upstream, breaker: undefined };
      const slowRate = name === "slowMs" ? { slowRate: upstream.breaker?.slowRate ?? leaf(0.5) } : {};
      return { ...upstream, breaker: { ...(upstream.breaker ?? BREAKER), ...slowRate, [name]: leaf(value) } };
    },
  };
}

function limitSetting(key: "concurrent" | "queued"): Setting<PlanUpstream> {
  return {
    key: `limit.${key}`,
    unit: "count",
    read: ({ limit }) => limit[key],
    write: (upstream, value) =>
      value === undefined ? NEEDED : { ...upstream, limit: { ...upstream.limit, [key]: leaf(value) } },
  };
}

/** Settings of upstreams, by the names in `Upstream`. */
export const UPSTREAM_SETTINGS: readonly Setting<PlanUpstream>[] = [
  limitSetting("concurrent"),
  limitSetting("queued"),
  breakerSetting("error_rate", "share", "errorRate"),
  breakerSetting("window", "ms", "windowMs"),
  breakerSetting("minimum", "count", "minimum"),
  breakerSetting("open_for", "ms", "openMs"),
  breakerSetting("probes", "count", "probes"),
  breakerSetting("slow", "ms", "slowMs"),
  breakerSetting("consecutive", "count", "consecutive"),
];

// ---- rpcs of the BFF ----

/** Settings of the rpcs that the BFF serves, by the names in `Method`. */
export const RPC_SETTINGS: readonly Setting<PlanMethod>[] = [
  {
    key: "timeout",
    unit: "ms",
    read: ({ method }) => ({ ...method.timeout, at: undefined }),
    write: (planned, value) =>
      value === undefined ? NEEDED : { ...planned, method: { ...planned.method, timeout: { value } } },
  },
  {
    key: "cache.ttl",
    unit: "ms",
    read: ({ cache }) => cache && { ...cache.ttl, at: cache.at },
    write: ({ cache, ...planned }, value) => {
      if (cache === undefined) return "its answers are not cached: declare `cache` in its options";
      return { ...planned, cache: value === undefined ? undefined : { ...cache, ttl: { value } } };
    },
  },
];
