// Declarations of steps, calls and their policies.
import type { Code, Identify, Protocol } from "@protobff/messages/options.js";
import type { Origin, Sourced, Text } from "../diagnostic/diagnostic.ts";
import type { AmountEnv, AmountValue } from "../text/amount.ts";

// ---- steps ----

export interface IrStep {
  readonly kind: "step";
  readonly at: Origin;
  /** Position in the `let`, from 0. */
  readonly index: number;
  readonly name: Text | undefined;
  readonly if: Text | undefined;
  /** Undefined only after a diagnostic. */
  readonly source: IrSource | undefined;
  readonly supplementary: Sourced<boolean> | undefined;
  readonly fallback: Text | undefined;
  readonly autobind: Sourced<boolean> | undefined;
  readonly after: readonly Text[];
  readonly unordered: Sourced<boolean> | undefined;
  /** Fields that depend on it may arrive later; never false. */
  readonly defer: Sourced<boolean> | undefined;
  /** True for a side effect of an alias that starts in any case, as in the whole message. */
  readonly started?: true;
}

export type IrSource = IrBy | IrCall | IrCompose | IrEach | IrSwitch | IrGuard | IrLatest;

interface IrBy {
  readonly kind: "by";
  readonly by: Text;
}

export interface IrCompose {
  readonly kind: "compose";
  readonly message: Text | undefined;
  readonly args: readonly IrBind[];
}

export interface IrEach {
  readonly kind: "each";
  readonly var: Text | undefined;
  readonly in: Text | undefined;
  readonly if: Text | undefined;
  readonly source: IrBy | IrCall | IrCompose | undefined;
  readonly key: Text | undefined;
  readonly partial: Sourced<boolean> | undefined;
  readonly concurrent: Sourced<number> | undefined;
  readonly max: Sourced<number> | undefined;
  readonly min: Sourced<number> | undefined;
  readonly enough: Sourced<number> | undefined;
}

export interface IrSwitch {
  readonly kind: "switch";
  readonly cases: readonly { readonly at: Origin; readonly if: Text | undefined; readonly by: Text | undefined }[];
  readonly default: Text | undefined;
}

export interface IrGuard {
  readonly kind: "guard";
  readonly if: Text | undefined;
  readonly fail: IrFailure | undefined;
}

/** The newest item of a topic, as the source of a step. */
export interface IrLatest {
  readonly kind: "latest";
  /** Undefined only after a diagnostic. */
  readonly topic: Text | undefined;
  readonly key: Text | undefined;
}

export interface IrFailure {
  readonly kind: "failure";
  readonly at: Origin;
  readonly code: Sourced<Code> | undefined;
  readonly message: Text | undefined;
  readonly details: readonly Text[];
  /** Parts that are not declared here are the upstream's; never false. */
  readonly asIs: Sourced<boolean> | undefined;
}

// ---- calls and policies ----

export interface IrBind {
  readonly kind: "bind";
  readonly at: Origin;
  readonly name: Text | undefined;
  readonly by: Text | undefined;
  readonly if: Text | undefined;
  readonly spread: Text | undefined;
  /** Reason for which a sensitive value may go there. */
  readonly reveal: Text | undefined;
  /** The value is a FieldMask of the fields that are read; never false. */
  readonly fields: Sourced<boolean> | undefined;
}

export interface IrCall {
  readonly kind: "call";
  readonly at: Origin;
  readonly method: Text | undefined;
  readonly set: readonly IrBind[];
  readonly request: Text | undefined;
  readonly policy: IrPolicy;
  readonly batch: IrBatch | undefined;
  readonly shard: IrShardKey | undefined;
}

/** The shard of one call, in place of the upstream's rule. */
export interface IrShardKey {
  readonly at: Origin;
  readonly text: Text;
  /** True: the text is the name of a shard. False: it is a key. */
  readonly isName: boolean;
}

export interface IrUpstream {
  readonly kind: "upstream";
  readonly at: Origin;
  /** Neither `service` nor `method`: every upstream. */
  readonly service: Text | undefined;
  readonly method: Text | undefined;
  readonly policy: IrPolicy;
  readonly breaker: IrBreaker | undefined;
  readonly retryBudget: IrRetryBudget | undefined;
  readonly balance: IrBalance | undefined;
  /** Never PROTOCOL_UNSPECIFIED. */
  readonly protocol: Sourced<Protocol> | undefined;
  readonly shard: IrShard | undefined;
  /** True if the entry declares nothing: it gives resolvers access to a service. */
  readonly bare: boolean;
}

/** Policy of a call or of an upstream entry. Times are milliseconds. */
export interface IrPolicy {
  readonly timeout: Amount | undefined;
  readonly retry: IrRetry | undefined;
  readonly hedge: IrHedge | undefined;
  readonly cache: IrCache | undefined;
  readonly limit: IrLimit | undefined;
  readonly metadata: readonly IrBind[];
  readonly forward: readonly Text[];
  readonly onError: readonly IrErrorRule[];
  readonly idempotent: Sourced<boolean> | undefined;
  readonly readOnly: Sourced<boolean> | undefined;
  /** Form in which the upstream receives the caller's identity; never IDENTIFY_UNSPECIFIED. */
  readonly identify: Sourced<Identify> | undefined;
  /** Branches of an entry of a service, or of all upstreams. */
  readonly branches: readonly IrBranch[];
}

/** Another address of an upstream, and which requests go there. */
export interface IrBranch {
  readonly at: Origin;
  readonly name: Text;
  readonly if: Text | undefined;
  readonly share: Sourced<number> | undefined;
  readonly by: Text | undefined;
  /** True: the branch receives only copies of calls. */
  readonly mirror: Sourced<boolean> | undefined;
  readonly compare: Sourced<boolean> | undefined;
  /** Full names of fields. */
  readonly ignore: readonly Text[];
  readonly protocol: Sourced<Protocol> | undefined;
}

/** Addresses of an upstream that each hold a part of the data. */
export interface IrShard {
  readonly at: Origin;
  /** The key of a call; undefined: each call has its own. */
  readonly by: Text | undefined;
  readonly max: Sourced<number> | undefined;
  readonly hash: Sourced<ShardHash> | undefined;
}
/** Rule by which a key selects its shard, as the runtime names it. */
export type ShardHash = "rendezvous" | "modulo";

export interface IrRetry {
  readonly at: Origin;
  readonly attempts: Sourced<number> | undefined;
  readonly on: readonly Sourced<Code>[];
  readonly initial: Sourced<number> | undefined;
  readonly max: Sourced<number> | undefined;
  readonly multiplier: Sourced<number> | undefined;
  readonly if: Text | undefined;
}

export interface IrHedge {
  readonly at: Origin;
  readonly delay: Amount | undefined;
  /** Attempts beside the first; 0: none. */
  readonly max: Sourced<number> | undefined;
  readonly atOnce: Sourced<boolean> | undefined;
  /** Extra attempts per call. */
  readonly budget: Sourced<number> | undefined;
}

export interface IrCache {
  readonly at: Origin;
  /** 0: not cached. */
  readonly ttl: Amount | undefined;
  readonly stale: Amount | undefined;
  /** Texts with holes. */
  readonly tags: readonly Text[];
  readonly purged: Sourced<IrPurged> | undefined;
  readonly singleFetch: Sourced<boolean> | undefined;
}
/** Use of purged answers, as the runtime names it. */
export type IrPurged = "gone" | "spare" | "counted";

export interface IrRetryBudget {
  readonly at: Origin;
  readonly maxTokens: Sourced<number> | undefined;
  readonly tokenRatio: Sourced<number> | undefined;
}

export interface IrLimit {
  readonly concurrent: Amount | undefined;
  readonly queued: Sourced<number> | undefined;
  readonly adaptive: Sourced<boolean> | undefined;
  /** Maximum number of streams that are followed at a time. */
  readonly streams: Sourced<number> | undefined;
}

export interface IrBreaker {
  readonly at: Origin;
  readonly errorRate: Sourced<number> | undefined;
  readonly window: Amount | undefined;
  readonly minimum: Sourced<number> | undefined;
  readonly openFor: Amount | undefined;
  readonly probes: Sourced<number> | undefined;
  readonly slow: Sourced<number> | undefined;
  readonly slowRate: Sourced<number> | undefined;
  readonly off: Sourced<boolean> | undefined;
  readonly consecutive: Sourced<number> | undefined;
}

export interface IrBalance {
  readonly at: Origin;
  readonly ejectAfter: Sourced<number> | undefined;
  readonly ejectFor: Sourced<number> | undefined;
  /** 0: nothing is ejected. */
  readonly maxEjected: Sourced<number> | undefined;
  readonly refresh: Sourced<number> | undefined;
  readonly connections: Sourced<number> | undefined;
  readonly subset: Sourced<number> | undefined;
}

export interface IrBatch {
  readonly at: Origin;
  readonly name: Text | undefined;
  readonly by: Text | undefined;
  readonly items: Text | undefined;
  readonly key: Text | undefined;
  /** Over `item`, in place of `key`. */
  readonly keyBy: Text | undefined;
  /** Over `key`. */
  readonly wrap: Text | undefined;
  readonly many: Sourced<boolean> | undefined;
  readonly max: Sourced<number> | undefined;
}

export interface IrErrorRule {
  readonly at: Origin;
  readonly on: readonly Sourced<Code>[];
  readonly if: Text | undefined;
  readonly then:
    | { readonly kind: "ignore"; readonly at: Origin }
    | { readonly kind: "fallback"; readonly by: Text }
    | { readonly kind: "fail"; readonly fail: IrFailure }
    | undefined;
}

// Declarations of streams: of an rpc that follows a source.

/** Source of a streaming rpc's messages: one message per item. Times are milliseconds. */
export interface IrStream {
  readonly kind: "stream";
  readonly at: Origin;
  readonly var: Text | undefined;
  /** Undefined only after a diagnostic. */
  readonly source: IrCall | IrFollow | undefined;
  readonly if: Text | undefined;
  readonly until: Text | undefined;
  /** Over the item alone. */
  readonly position: Text | undefined;
  readonly idle: Sourced<number> | undefined;
  readonly heartbeat: Sourced<number> | undefined;
  readonly maxAge: Sourced<number> | undefined;
  readonly ahead: Sourced<number> | undefined;
  readonly overflow: Sourced<IrOverflow> | undefined;
  readonly minInterval: Sourced<number> | undefined;
}
/** Triggers of a live answer. Times are milliseconds. */
export interface IrLive extends Pick<IrStream, "at" | "heartbeat" | "maxAge" | "minInterval"> {
  readonly kind: "live";
  readonly on: readonly Text[];
  readonly follows: readonly IrFollow[];
  readonly every: Sourced<number> | undefined;
  /** Part of `minInterval`. */
  readonly jitter: Sourced<number> | undefined;
}
export interface IrFollow {
  readonly kind: "follow";
  readonly at: Origin;
  /** Undefined only after a diagnostic. */
  readonly topic: Text | undefined;
  readonly key: Text | undefined;
}

/** A log of items by key. */
export interface IrTopic {
  readonly kind: "topic";
  readonly at: Origin;
  readonly name: Text;
  readonly type: Text | undefined;
  /** With `{key}`, once. With it there is a `jetstream`. */
  readonly subject: Text | undefined;
  readonly jetstream: Text | undefined;
  /** With it there is a `position`. */
  readonly call: IrCall | undefined;
  readonly position: Text | undefined;
  readonly until: Text | undefined;
  readonly keep: Sourced<number> | undefined;
}
export type IrOverflow = "wait" | "latest" | "fail";

/** A declared number, or the variable of the environment that has it. */
export interface Amount extends Sourced<number>, AmountValue {}

/** The number of an option before its variable is resolved. */
export const unresolved = (name: string, unit: AmountEnv["unit"], at: Origin): Amount => ({
  value: Number.NaN,
  at,
  env: { name, unit, min: Number.NaN, max: Number.NaN, initial: undefined },
});
