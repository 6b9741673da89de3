// Merged policies with the defaults filled in (runtime.md).
import type { DescService } from "@bufbuild/protobuf";
import { Code, Identify } from "@protobff/messages/options.js";
import type { Sourced } from "../../diagnostic/diagnostic.ts";
import type { IrPurged, IrShard, IrUpstream } from "../../ir/step.ts";
import { retryIfOverSteps } from "../../resolve/model/blocks.ts";
import type { Branch, Call } from "../../resolve/model/call.ts";
import { DEFAULT_ATTEMPTS } from "../../resolve/policies/context.ts";
import { entriesAround, entriesOf, nearest, protocolName } from "../../resolve/policies/entries.ts";
import { DEFAULT_SHARDS, shardsOf } from "../../resolve/policies/shards.ts";
import {
  DEFAULT_CONSECUTIVE,
  DEFAULT_STREAMS,
  type Leaf,
  type PlanBalance,
  type PlanBranch,
  type PlanBreaker,
  type PlanCallPolicy,
  type PlanShard,
  type PlanUpstream,
} from "../model/calls.ts";

type Setting<T> = Sourced<T> & Pick<Leaf<T>, "env">;
const leaf = <T>(setting: Setting<T> | undefined, standard: T): Leaf<T> =>
  setting === undefined ? { value: standard, at: undefined } : leafOf(setting);

/** The leaf at the nearest level, or its default. */
const nearestLeaf = <L, T>(levels: readonly L[], standard: T, of: (level: L) => Setting<T> | undefined): Leaf<T> =>
  leaf(nearest(levels, of), standard);

const leafOf = <T>({ value, at, env }: Setting<T>): Leaf<T> => ({ value, at, ...(env && { env }) });

/** Default upper bound of an adaptive limit, as in Envoy. */
export const ADAPTIVE_MOST = 1_000;

/** @param ofCalls declarations of the upstream's calls; `follows`: true if any of the calls is followed */
export function planUpstream(
  name: string,
  service: DescService,
  entries: readonly IrUpstream[],
  { follows, ...ofCalls }: Pick<PlanUpstream, "branches" | "http"> & { readonly follows: boolean },
): PlanUpstream {
  const serviceEntries = entriesAround(entries, service);
  const adaptive = nearestLeaf(serviceEntries, false, ({ policy }) => policy.limit?.adaptive);
  const streams = nearest(serviceEntries, ({ policy }) => policy.limit?.streams);
  return {
    name,
    service,
    breaker: breaker(serviceEntries),
    retryBudget: retryBudget(serviceEntries),
    balance: balance(serviceEntries),
    protocol: nearest(serviceEntries, protocolName),
    shard: shardLeaves(shardsOf(entries, service)),
    ...ofCalls,
    methods: methodBreakers(service, entries, serviceEntries),
    limit: {
      concurrent: nearestLeaf(
        serviceEntries,
        adaptive.value ? ADAPTIVE_MOST : 100,
        ({ policy }) => policy.limit?.concurrent,
      ),
      queued: nearestLeaf(serviceEntries, 1_000, ({ policy }) => policy.limit?.queued),
      adaptive,
      streams: follows || streams !== undefined ? leaf(streams, DEFAULT_STREAMS) : undefined,
    },
  };
}

function shardLeaves(shard: IrShard | undefined): PlanShard | undefined {
  if (shard === undefined) return undefined;
  return {
    by: shard.by && leafOf(shard.by),
    max: leaf(shard.max, DEFAULT_SHARDS),
    hash: leaf(shard.hash, "rendezvous"),
  };
}

function retryBudget(entries: readonly IrUpstream[]): PlanUpstream["retryBudget"] {
  const maxTokens = nearest(entries, (entry) => entry.retryBudget?.maxTokens);
  const tokenRatio = nearest(entries, (entry) => entry.retryBudget?.tokenRatio);
  if (maxTokens === undefined && tokenRatio === undefined) return undefined;
  return { maxTokens: leaf(maxTokens, 10), tokenRatio: leaf(tokenRatio, 0.1) };
}

function balance(entries: readonly IrUpstream[]): PlanBalance | undefined {
  const levels = entries.flatMap((entry) => entry.balance ?? []);
  if (levels.length === 0) return undefined;
  const subset = nearest(levels, (level) => level.subset);
  return {
    ejectAfter: leaf(
      nearest(levels, (level) => level.ejectAfter),
      5,
    ),
    ejectMs: leaf(
      nearest(levels, (level) => level.ejectFor),
      30_000,
    ),
    maxEjected: leaf(
      nearest(levels, (level) => level.maxEjected),
      0.5,
    ),
    refreshMs: leaf(
      nearest(levels, (level) => level.refresh),
      5_000,
    ),
    connections: leaf(
      nearest(levels, (level) => level.connections),
      1,
    ),
    subset: subset && leafOf(subset),
  };
}

/** Returns the breakers of single methods: an entry with `method` and a breaker field creates one for that RPC. */
function methodBreakers(
  service: DescService,
  entries: readonly IrUpstream[],
  serviceEntries: readonly IrUpstream[],
): PlanUpstream["methods"] {
  return service.methods.flatMap((method) => {
    const ofMethod = entriesOf(entries, method).filter((entry) => entry.breaker !== undefined);
    return ofMethod.length === 0 ? [] : [{ name: method.name, breaker: breaker([...ofMethod, ...serviceEntries]) }];
  });
}

function breaker(entries: readonly IrUpstream[]): PlanBreaker | undefined {
  const levels = entries.map((entry) => entry.breaker);
  if (nearest(levels, (level) => level?.off)?.value === true) return undefined;
  const slow = nearest(levels, (level) => level?.slow);
  return {
    errorRate: nearestLeaf(levels, 0.5, (level) => level?.errorRate),
    windowMs: nearestLeaf(levels, 10_000, (level) => level?.window),
    minimum: nearestLeaf(levels, 20, (level) => level?.minimum),
    openMs: nearestLeaf(levels, 5_000, (level) => level?.openFor),
    probes: nearestLeaf(levels, 1, (level) => level?.probes),
    slowMs: slow && { value: slow.value, at: slow.at },
    slowRate: slow && nearestLeaf(levels, 0.5, (level) => level?.slowRate),
    consecutive: nearestLeaf(levels, DEFAULT_CONSECUTIVE, (level) => level?.consecutive),
  };
}

export function planCallPolicy({
  policy,
  effects,
  method: { methodKind },
  sensitive,
}: Pick<Call, "policy" | "effects" | "method" | "sensitive">): PlanCallPolicy {
  const follows = methodKind !== "unary";
  const { retry, timeout, forward, identify, limit, hedge, cache } = policy;
  const how = identify && IDENTITY_FORMS[identify.value];
  const hedges = hedge.delay !== undefined && hedge.max?.value !== 0 && effects !== "once";
  const caches = cache.ttl !== undefined && cache.ttl.value > 0 && effects === "none";
  const attempts = leaf(retry.attempts, DEFAULT_ATTEMPTS);
  const [[first], [firstOn] = []] = [forward, retry.on];
  return {
    timeoutMs: timeout && leafOf(timeout),
    retry:
      follows || effects === "once" || attempts.value <= 1
        ? undefined
        : {
            attempts,
            on: { value: retry.on?.map((code) => code.value) ?? [Code.UNAVAILABLE], at: firstOn?.at },
            initialMs: leaf(retry.initial, 20),
            maxMs: leaf(retry.max, 200),
            multiplier: leaf(retry.multiplier, 2),
            when: retryIfOverSteps({ policy, effects }) === undefined ? retry.if : undefined,
          },
    hedge:
      hedges && hedge.delay
        ? {
            delayMs: leafOf(hedge.delay),
            max: leaf(hedge.max, 1),
            budget: hedge.budget && leafOf(hedge.budget),
          }
        : undefined,
    cache:
      caches && cache.ttl
        ? {
            ttlMs: leafOf(cache.ttl),
            staleMs: cache.stale && cache.stale.value > 0 ? leafOf(cache.stale) : undefined,
            tags: cache.tags,
            purged: purgedLeaf(cache.purged),
            singleFetch: cache.singleFetch?.value === false ? { value: false, at: cache.singleFetch.at } : undefined,
            sensitive,
          }
        : undefined,
    sensitive,
    forward: first && { value: forward.map((name) => name.value), at: first.at },
    identify: how && { value: how, at: identify.at },
    branches: policy.branches.map(planBranch),
    shard: policy.shard?.rule,
    copied: !follows && effects === "none" && policy.branches.some(({ ir }) => ir.mirror?.value === true),
    limit,
    streams: follows ? policy.streams : undefined,
    adaptive: policy.adaptive,
  };
}
function planBranch({ ir, if: condition, by, ignored }: Branch): PlanBranch {
  const way = ir.compare?.value === true ? "compare" : "copy";
  return {
    name: ir.name.value,
    at: ir.at,
    if: condition,
    share: ir.share?.value,
    by,
    mirror: ir.mirror?.value === true ? way : undefined,
    ignore: ignored.map(({ field, at }) => ({ field, name: { value: `${field.parent.typeName}.${field.name}`, at } })),
    protocol: protocolName(ir),
  };
}

/** Returns the use of purged answers, unless it is the default. */
function purgedLeaf(setting: Sourced<IrPurged> | undefined): Leaf<"spare" | "counted"> | undefined {
  if (setting === undefined || setting.value === "gone") return undefined;
  return { value: setting.value, at: setting.at };
}
const IDENTITY_FORMS: { readonly [how in Identify]?: "signed" | "token" | "plain" } = {
  [Identify.SIGNED]: "signed",
  [Identify.TOKEN]: "token",
  [Identify.PLAIN]: "plain",
};

const tagsKey = ({ tags, purged }: NonNullable<PlanCallPolicy["cache"]>): readonly unknown[] =>
  tags.length === 0 && purged === undefined ? [] : [tags.map(({ text }) => text.value), purged?.value];

/** The number or the name of its variable. */
const amountKey = (amount: Leaf<number> | undefined): number | string | undefined => amount?.env?.name ?? amount?.value;

/** Equal for calls that can share an entry of the app object. */
export function policyKey(policy: PlanCallPolicy): string {
  const { timeoutMs, retry, forward, identify, limit, streams, hedge, cache, sensitive } = policy;
  return JSON.stringify([
    amountKey(timeoutMs),
    hedge && [amountKey(hedge.delayMs), hedge.max.value, hedge.budget?.value],
    cache && [amountKey(cache.ttlMs), amountKey(cache.staleMs), ...tagsKey(cache), cache.singleFetch?.value],
    retry && [
      retry.attempts.value,
      retry.on.value,
      retry.initialMs.value,
      retry.maxMs.value,
      retry.multiplier.value,
      retry.when?.text.value,
    ],
    forward?.value,
    identify?.value,
    amountKey(limit?.concurrent),
    limit?.queued?.value,
    limit?.adaptive?.value,
    streams?.value,
    sensitive,
  ]);
}
