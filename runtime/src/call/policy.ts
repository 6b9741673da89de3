// Policies of calls and streams of upstreams.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { CachePolicy } from "../cache/cache.ts";
import type { TagPart, TagParts } from "../cache/tags.ts";
import type { BreakerPolicy } from "../guard/breaker.ts";
import type { ThrottlePolicy } from "../guard/budgets.ts";
import type { LimitPolicy } from "../guard/limit.ts";
import type { RetryPolicy } from "../guard/retry.ts";
import type { Identify } from "../identity/identify-kind.ts";
import type { Peer } from "../identity/incoming-request.ts";
import type { ComparedFields } from "./mirror/comparison.ts";

/** Policy that all calls of one upstream share in a process. */
export interface UpstreamPolicy {
  /** None: no breaker. */
  readonly breaker?: BreakerPolicy | undefined;
  /** None: no limit. */
  readonly limit?: LimitPolicy | undefined;
  /** Maximum number of open streams. Default: 1,000. Streams take no place of `limit`. */
  readonly streams?: number | undefined;
  /** Budget of retries and hedges. Default: ten tokens, of which a success returns a tenth. */
  readonly retryBudget?: ThrottlePolicy | undefined;
  /** Rule by which a key decides its shard, for a client with shards. Default: `rendezvous`. */
  readonly shardHash?: ShardHash | undefined;
  /** Methods, by simple name, with a breaker that replaces the service's; without `breaker`: no breaker. */
  readonly methods?: Readonly<Record<string, { readonly breaker?: BreakerPolicy | undefined }>> | undefined;
}

/** Conditions for an attempt beside one that is running. */
export interface HedgePolicy {
  /** Delay after the attempt before, in milliseconds. 0: both leave together, without a budget. */
  readonly delayMs: number;
  /** Maximum number of hedges beside the first attempt. */
  readonly max: number;
  /** Hedges per call to the upstream. Default: 0.1. */
  readonly budget?: number | undefined;
}

/** How answers of a call are used again. */
export interface CallCaching extends CachePolicy {
  /** Declared texts of the tags. They are part of keys: answers of another declaration have other tags. */
  readonly tag?: readonly string[] | undefined;
  /** Returns the tags of an answer. `holes`: values that the caller sends (`CallExtra`). */
  readonly tags?: ((answer: never, holes: readonly TagPart[]) => readonly TagParts[]) | undefined;
}

/** Policy of the calls of one RPC (runtime.md). Times are in milliseconds. */
export interface CallPolicy {
  /**
   * Time limit in milliseconds, from ready to result: queueing, attempts and backoff included. Undefined: the rest of
   * the request's budget.
   */
  readonly timeoutMs?: number | undefined;
  readonly retry?: RetryPolicy | undefined;
  readonly hedge?: HedgePolicy | undefined;
  /** Only for calls without side effects. */
  readonly cache?: Omit<CallCaching, "sensitive"> | undefined;
  /** Merges equal calls of one response into one. Only for calls without side effects; not needed beside `cache`. */
  readonly coalesce?: boolean | undefined;
  /**
   * True if metadata of an answer is kept for `answerHeader` and `answerTrailer`. Not allowed with `cache`, which keeps
   * messages alone.
   */
  readonly received?: boolean | undefined;
  /**
   * True if requests or answers may contain sensitive values. Texts of their failures are in no log, and their cached
   * answers are sealed. Default: false.
   */
  readonly sensitive?: boolean | undefined;
  /** Names of incoming headers to pass on. */
  readonly forward?: readonly string[] | undefined;
  /** Identification of the caller to the upstream; undefined: none. */
  readonly identify?: Identify | undefined;
  /** A limit of this rpc's own, inside the upstream's: both must admit. */
  readonly limit?: LimitPolicy | undefined;
  /**
   * Rules for the branch of a request's calls: the first that holds applies. Branches without an address receive no
   * calls.
   */
  readonly branches?: readonly BranchRule<never>[] | undefined;
  /**
   * Set if mirrors of the upstream receive copies of the calls. Only for calls without side effects. `reads`: the fields
   * in which answers are compared.
   */
  readonly copied?: { readonly reads: ComparedFields } | undefined;
  /** Shard of each call whose `extra` names none. A throw is a failure (INVALID). */
  readonly shard?: ShardRule | undefined;
}

/** Policy of the streams of one server-streaming method. */
export interface StreamPolicy {
  /** As of `CallPolicy`. */
  readonly sensitive?: boolean | undefined;
  /** Names of incoming headers to pass on. */
  readonly forward?: readonly string[] | undefined;
  /** Identification of the follower to the upstream; undefined: none. */
  readonly identify?: Identify | undefined;
  /** Maximum number of open streams, inside the upstream's limit: both must admit. */
  readonly streams?: number | undefined;
  /** As of `CallPolicy`. */
  readonly branches?: readonly BranchRule<never>[] | undefined;
  /** As of `CallPolicy`. */
  readonly shard?: ShardRule | undefined;
}

/** The request, as the rules of branches see it. */
export interface BranchContext<Principal> {
  /** An incoming header by its lower-case name; "" when absent. */
  header(name: string): string;
  now(): Timestamp;
  readonly principal: Principal;
  readonly peer: Peer;
}

/**
 * Rule for requests whose calls of an upstream use another address: all of its conditions hold (edge.md, "Branches").
 */
export interface BranchRule<Principal = undefined> {
  readonly name: string;
  /** Set if the branch receives only copies of calls. `compare`: answers of both sides are compared. */
  readonly mirror?: "copy" | "compare" | undefined;
  /** True if the rule holds only for requests with a known caller. */
  readonly known?: boolean | undefined;
  /** A throw counts as false. */
  readonly if?: ((cx: BranchContext<Principal>) => boolean) | undefined;
  /** Share of the requests, more than 0 and at most 1; undefined: all. */
  readonly share?: number | undefined;
  /**
   * Value by which requests are assigned: equal values are on one side; "", or a throw: not on the branch. Undefined:
   * each request draws.
   */
  readonly by?: ((cx: BranchContext<Principal>) => string) | undefined;
}

/** Value that decides the shard of a call. Equal values have equal shards in every process, release and language. */
export type ShardKey = string | bigint | number | Uint8Array;
/** The shard of a call, by a key or by its name. */
export type ShardChoice = { readonly by: ShardKey } | { readonly name: string };
/** `rendezvous`: a new shard takes over keys, and no other key moves. `modulo`: remainder of a whole number. */
export type ShardHash = "rendezvous" | "modulo";
/** Returns the shard of a call from its request. */
export type ShardRule = (request: never, cx: BranchContext<never>) => ShardChoice;
