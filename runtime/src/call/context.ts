import type { Clock } from "../clock.ts";
import type { Limit } from "../guard/limit.ts";
import type { Pool } from "../guard/pool.ts";
import type { RetryContext } from "../guard/retry.ts";
import type { Identify } from "../identity/identify-kind.ts";
import type { IdentityHeader } from "../identity/propagation/propagator.ts";
import type { Trace } from "../observer.ts";
import type { Budget, Scope } from "../scope/scope.ts";
import type { OutgoingHeaders } from "../transport/call-headers.ts";
import type { ResponseMetadata } from "./response-metadata.ts";
import type { SharedResults } from "./shared-result.ts";

/** What calls know of whom they are made for: a request, or a part of one. */
export interface CallContext extends RetryContext {
  /** What fails with this, and is cancelled with it. */
  readonly scope: Scope;
  /** What an unbatched call has to enter, in this order. */
  readonly pools: readonly Pool[];
  /** The whole request; the same object in all that observers are told of it. */
  readonly root: CallContext;
  readonly exchange: CallExchange;
  /** Whether the response does without what is called for in it. */
  readonly supplementary: boolean;
  /** The same, for calls that the response does without. */
  readonly aside: CallContext;
  /** The same request as a whole, through these pools: for a call that others may wait for when this part has failed. */
  shared(): CallContext;
  /**
   * A context that looks like this request and is no part of it: it has a budget of its own, and ends when it is told to.
   *
   * @param fetch what it is for, as observers are told
   * @param supplementary whether all who wait for it do without
   */
  detached(fetch: object, clock: Clock, supplementary: boolean): DetachedContext;
}

/** Whoever asked for it has to end it. */
export interface DetachedContext extends CallContext {
  readonly exchange: CallExchange & { end(): void };
}

/** What the calls of one request share. Times are those of the clock, in milliseconds. */
export interface CallExchange extends Budget {
  /** Whether the request is itself no retry: only the outermost party retries. */
  readonly mayRetry: boolean;
  /** What it is, where it is a fetch of the cache. */
  readonly fetch: object | undefined;
  /** What its calls are told to be part of. */
  readonly trace: Trace | undefined;
  /** A header that an expression has read, and that gRPC cannot carry. */
  readonly unsendable: string | undefined;
  /** Whether it has used an answer past its ttl. */
  stale: boolean;
  /** The calls of this response that are made once. */
  readonly coalesced: SharedResults;
  /** Which branch of an upstream this request has chosen. */
  readonly sides: Sides;
  /** What came beside answers that expressions read more of than the message, by the decoded message. */
  readonly received: Map<unknown, ResponseMetadata>;
  /** A random number from 0 to 1, 1 left out, of this request: one for each name of a branch. */
  drawn(branch: string): number;
  /** An incoming header by its lower-case name; "" when absent. */
  header(name: string): string;
  /**
   * The incoming headers of these names, to be passed on.
   *
   * @throws Failure (INVALID_ARGUMENT) for credentials that gRPC cannot carry
   */
  forwarded(names: readonly string[]): OutgoingHeaders | undefined;
  /** The headers of a call with the id that the request is known by, where it has one; those that say one have their way. */
  identified(headers: OutgoingHeaders | undefined): OutgoingHeaders | undefined;
  /**
   * What tells a service who is calling; undefined where nobody is known, or has nothing of the kind.
   *
   * @param service its full name
   */
  identityHeader(how: Identify, service: string): IdentityHeader | undefined;
  /** The limit of this response on one upstream. */
  limitOf(upstream: object): Limit;
  /** A call goes out. */
  sends(): void;
  /** An answer waits until as many side effects of its scope have ended as have begun. */
  effectBegins(scope: Scope): void;
  effectEnds(scope: Scope): void;
}

/** How long a call of this part of a request may take. */
export function budgetOf({ scope, exchange }: Pick<CallContext, "scope" | "exchange">): Budget {
  return scope.budget ?? exchange;
}

/** What one request has chosen: it is asked once for each upstream, so that all of its calls there go to one side. */
export type Sides = Map<object, string>;
