// Upstreams with their policies, and the calls of an app.

import type { DescField, DescMethod, DescService } from "@bufbuild/protobuf";
import type { Code } from "@protobff/messages/options.js";
import type { Expression, Overload } from "../../cel/index.ts";
import type { Origin } from "../../diagnostic/diagnostic.ts";
import type { IrTopic, ShardHash } from "../../ir/step.ts";
import type { Batch, CacheTag, LimitLeaves, MetadataBinding, ShardRule } from "../../resolve/model/call.ts";
import type { Composed, ResolverSource, Step, Topic } from "../../resolve/model/model.ts";
import type { RestRule } from "../../resolve/model/rest.ts";
import type { ProtocolName } from "../../resolve/policies/entries.ts";
import type { AmountEnv } from "../../text/amount.ts";

/** A value with its place in the source; undefined: a default. */
export interface Leaf<T> {
  readonly value: T;
  readonly at: Origin | undefined;
  /** The variable that has the number; undefined: none. `value` is then the largest allowed one. */
  readonly env?: AmountEnv | undefined;
}

export interface PlanUpstream {
  /** `billing`, for billing.v1.BillingService. */
  readonly name: string;
  readonly service: DescService;
  readonly breaker: PlanBreaker | undefined;
  readonly limit: PlanLimit;
  readonly retryBudget: { readonly maxTokens: Leaf<number>; readonly tokenRatio: Leaf<number> } | undefined;
  /** Undefined: not declared. */
  readonly balance: PlanBalance | undefined;
  /** Undefined: not declared, which selects gRPC. */
  readonly protocol: Leaf<ProtocolName> | undefined;
  /** RPCs that are called over HTTP, in the order of the service. */
  readonly http: readonly PlanHttpRpc[];
  /** Methods with separate breakers, by name; undefined: no breaker for that method. */
  readonly methods: readonly { readonly name: string; readonly breaker: PlanBreaker | undefined }[];
  /** In the order in which they are tried. */
  readonly branches: readonly PlanBranch[];
  /** Undefined: all of its addresses hold the same data. */
  readonly shard: PlanShard | undefined;
}

/** Shards of an upstream. */
export interface PlanShard {
  /** Expression of the key; undefined: each call has its own key. */
  readonly by: Leaf<string> | undefined;
  readonly max: Leaf<number>;
  readonly hash: Leaf<ShardHash>;
}

export interface PlanHttpRpc {
  readonly method: DescMethod;
  readonly rule: RestRule;
}

/** An alternative destination for a part of the requests. */
export interface PlanBranch {
  readonly name: string;
  readonly at: Origin;
  readonly if: Expression | undefined;
  /** Undefined: all for which `if` holds. */
  readonly share: number | undefined;
  /** A text that selects the share; undefined: a random draw per request. */
  readonly by: Expression | undefined;
  /** Undefined: it serves requests. `compare`: answers of copies are compared. */
  readonly mirror: "copy" | "compare" | undefined;
  /** Fields that are not compared. */
  readonly ignore: readonly PlanIgnored[];
  /** Undefined: that of the upstream. */
  readonly protocol: Leaf<ProtocolName> | undefined;
}

/** A field that comparisons leave out. */
interface PlanIgnored {
  readonly field: DescField;
  readonly name: Leaf<string>;
}

export interface PlanBreaker {
  readonly errorRate: Leaf<number>;
  readonly windowMs: Leaf<number>;
  readonly minimum: Leaf<number>;
  readonly openMs: Leaf<number>;
  readonly probes: Leaf<number>;
  /** Undefined: slow answers are no fault. */
  readonly slowMs: Leaf<number> | undefined;
  readonly slowRate: Leaf<number> | undefined;
  /** Number of failed calls in a row that open it; 0: none does. */
  readonly consecutive: Leaf<number>;
}

export interface PlanBalance {
  readonly ejectAfter: Leaf<number>;
  readonly ejectMs: Leaf<number>;
  readonly maxEjected: Leaf<number>;
  readonly refreshMs: Leaf<number>;
  readonly connections: Leaf<number>;
  /** Undefined: the default of the runtime. */
  readonly subset: Leaf<number> | undefined;
}

/** Number of failed calls in a row that open a breaker, if no option sets it. The runtime has the same default. */
export const DEFAULT_CONSECUTIVE = 5;
/** Number of streams of an upstream that are followed at a time, if no option sets it. */
export const DEFAULT_STREAMS = 1_000;

interface PlanLimit {
  readonly concurrent: Leaf<number>;
  readonly queued: Leaf<number>;
  readonly adaptive: Leaf<boolean>;
  /** Maximum number of streams that are followed at a time; undefined: not declared, and no call is followed. */
  readonly streams: Leaf<number> | undefined;
}

export interface PlanCallPolicy {
  readonly timeoutMs: Leaf<number> | undefined;
  /** Undefined: no retries, because of one attempt or because the call must not be repeated. */
  readonly retry:
    | {
        readonly attempts: Leaf<number>;
        readonly on: Leaf<readonly Code[]>;
        readonly initialMs: Leaf<number>;
        readonly maxMs: Leaf<number>;
        readonly multiplier: Leaf<number>;
        readonly when: Expression | undefined;
      }
    | undefined;
  /** Undefined `budget`: the default of the runtime, or two attempts at once. */
  readonly hedge:
    | { readonly delayMs: Leaf<number>; readonly max: Leaf<number>; readonly budget: Leaf<number> | undefined }
    | undefined;
  readonly cache:
    | {
        readonly ttlMs: Leaf<number>;
        readonly staleMs: Leaf<number> | undefined;
        readonly tags: readonly CacheTag[];
        /** Undefined: purged answers are not used. */
        readonly purged: Leaf<"spare" | "counted"> | undefined;
        /** Undefined: one process fetches for all. */
        readonly singleFetch: Leaf<false> | undefined;
        /** True if entries or their requests may contain sensitive values: in Redis they are sealed. */
        readonly sensitive: boolean;
      }
    | undefined;
  /** True if requests or answers may contain sensitive values. */
  readonly sensitive: boolean;
  readonly forward: Leaf<readonly string[]> | undefined;
  /** Undefined: calls do not carry the caller's identity. */
  readonly identify: Leaf<"signed" | "token" | "plain"> | undefined;
  /** The same for all calls of an upstream. */
  readonly branches: readonly PlanBranch[];
  /** Rule for the shard of a call that has no own; undefined: none fits, or the upstream has no shards. */
  readonly shard: ShardRule | undefined;
  /** True if mirrors receive copies. */
  readonly copied: boolean;
  readonly limit: LimitLeaves | undefined;
  /** Limit on streams of a followed call. */
  readonly streams: Leaf<number> | undefined;
  /** True if a limit that it must pass is adaptive. */
  readonly adaptive: boolean;
}

/** One call or batch of the app object. */
export interface Entry {
  /** `getUsage`; a batch's `userById`. */
  readonly name: string;
  readonly method: DescMethod;
  readonly upstream: string;
  readonly policy: PlanCallPolicy;
  /** HTTP rule of the call; undefined: another protocol. */
  readonly http: RestRule | undefined;
  readonly batch: Batch | undefined;
  /** True if keys are grouped by the rest of the request, and by metadata. */
  readonly grouped: boolean;
  /** True if the batch sends metadata. */
  readonly metadata: boolean;
  /** Equal calls of one response are made once: it has no side effects, and one response may reach it twice. */
  readonly coalesce: boolean;
  /** Expressions read headers or trailers of its answers. */
  readonly received: boolean;
}

/** A log of items by key, as a member of the app object. */
export interface PlanTopic {
  /** `runTopic` */
  readonly name: string;
  readonly of: Topic;
  /** Entry of the topic's call. */
  readonly entry: Entry | undefined;
  readonly keep: Leaf<number>;
}

/** Topics by declaration. */
export type PlanTopics = ReadonlyMap<IrTopic, PlanTopic>;

/** A method that resolvers can call. */
export interface PlanClient extends Entry {
  /** Metadata over headers, `env` and `now`. */
  readonly sends: readonly MetadataBinding[];
  /** True if an upstream entry declares `read_only` for a method whose proto does not declare NO_SIDE_EFFECTS. */
  readonly readOnly: boolean;
}

/** A function of the user. */
export interface PlanResolver {
  /** `card`, `cardBadge`. */
  readonly name: string;
  readonly step: Step;
  readonly source: ResolverSource;
  readonly message: Composed;
}

/** A function of the user that expressions call. */
export interface PlanFunction {
  /** `slugOf`, for `slug.of`. */
  readonly name: string;
  readonly overload: Overload;
  readonly at: Origin;
}

/** Returns true if a breaker or a limit of an upstream reads a variable. */
export const readsEnv = (upstreams: readonly PlanUpstream[]): boolean =>
  upstreams.some(({ breaker, methods, limit }) =>
    [breaker, ...methods.map((method) => method.breaker), limit].some((group) =>
      Object.values(group ?? {}).some((leaf: Leaf<unknown> | undefined) => leaf?.env !== undefined),
    ),
  );
