import type { Clock } from "../clock.ts";
import type { Limit, ShareRule } from "../guard/limit.ts";
import type { Pool } from "../guard/pool.ts";
import type { RetryContext } from "../guard/retry.ts";
import type { Identify } from "../identity/identify-kind.ts";
import type { IdentityHeader } from "../identity/propagation/propagator.ts";
import type { Trace } from "../observer-requests.ts";
import type { Budget, Scope } from "../scope/scope.ts";
import type { OutgoingHeaders } from "../transport/call-headers.ts";
import type { ResponseMetadata } from "./response-metadata.ts";
import type { SharedResults } from "./shared-result.ts";

/** The request, or the part of one, that calls are made for. */
export interface CallContext extends RetryContext {
  /** Scope of the calls, which fails and is cancelled with this context. */
  readonly scope: Scope;
  /** Pools that an unbatched call enters, in this order. */
  readonly pools: readonly Pool[];
  /** The whole request; the same object in all of its events. */
  readonly root: CallContext;
  readonly exchange: CallExchange;
  /** True if the response can do without the calls in this context. */
  readonly supplementary: boolean;
  /** The same, for calls that the response does without. */
  readonly aside: CallContext;
  /**
   * Returns the same request as a whole, through these pools. It is for a call that others may await when this part has
   * failed.
   */
  shared(): CallContext;
  /**
   * Returns a context that resembles this request but is not a part of it. It has a separate budget, and ends only when
   * `end` is called.
   *
   * @param fetch the fetch that it serves, for observers
   * @param supplementary whether all waiters can do without the result
   */
  detached(fetch: object, clock: Clock, supplementary: boolean): DetachedContext;
}

/** Context that its creator has to end. */
export interface DetachedContext extends CallContext {
  readonly exchange: CallExchange & { end(): void };
}

/** State that the calls of one request share. Times are those of the clock, in milliseconds. */
export interface CallExchange extends Budget {
  /** True if the request itself is no retry: only the outermost party retries. */
  readonly mayRetry: boolean;
  /** The fetch, if this is the exchange of a fetch of the cache. */
  readonly fetch: object | undefined;
  /** Trace that its calls belong to. */
  readonly trace: Trace | undefined;
  /** A header that an expression has read, and that gRPC cannot carry. */
  readonly unsendable: string | undefined;
  /** True if it has used an answer past its ttl. */
  stale: boolean;
  /** The calls of this response that are made only once. */
  readonly coalesced: SharedResults;
  /** Decides the party of the request, its `root`, in fair queues. Undefined: all are one party. */
  readonly share?: ShareRule<never> | undefined;
  /** Branches of upstreams that this request has chosen. */
  readonly sides: Sides;
  /** Metadata of answers whose metadata expressions read, by the decoded message. */
  readonly received: Map<unknown, ResponseMetadata>;
  /** Returns a random number of this request, from 0 (included) to 1 (excluded): one for each name of a branch. */
  drawn(branch: string): number;
  /** An incoming header by its lower-case name; "" when absent. */
  header(name: string): string;
  /**
   * The incoming headers of these names, to be passed on.
   *
   * @throws Failure (INVALID_ARGUMENT) for credentials that gRPC cannot carry
   */
  forwarded(names: readonly string[]): OutgoingHeaders | undefined;
  /**
   * Returns the headers of a call with the request's id, if it has one. An id that the headers already contain takes
   * precedence.
   */
  identified(headers: OutgoingHeaders | undefined): OutgoingHeaders | undefined;
  /**
   * Returns the header that identifies the caller to a service; undefined if the caller is unknown or has no such
   * identity.
   *
   * @param service its full name
   */
  identityHeader(how: Identify, service: string): IdentityHeader | undefined;
  /** The limit of this response on one upstream. */
  limitOf(upstream: object): Limit;
  /** Records that a call is sent. */
  sends(): void;
  /** An answer waits until all side effects that began in its scope have ended. */
  effectBegins(scope: Scope): void;
  effectEnds(scope: Scope): void;
}

/** Returns the budget for a call of this part of a request. */
export function budgetOf({ scope, exchange }: Pick<CallContext, "scope" | "exchange">): Budget {
  return scope.budget ?? exchange;
}

/**
 * Branches that one request has chosen. It chooses once per upstream, so that all of its calls there go to one side.
 */
export type Sides = Map<object, string>;
