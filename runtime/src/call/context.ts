import type { Clock } from "../clock.ts";
import type { Pool } from "../guard/pool.ts";
import type { RetryContext } from "../guard/retry.ts";
import type { Trace } from "../observer-requests.ts";
import type { Budget, Scope } from "../scope/scope.ts";
import type { RequestHeaders } from "./headers.ts";
import type { ResponseCalls } from "./response-calls.ts";

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

/** State that the calls of one request share. */
export interface CallExchange {
  readonly budget: Budget;
  readonly headers: RequestHeaders;
  readonly calls: ResponseCalls;
  /** The fetch, if this is the exchange of a fetch of the cache. */
  readonly fetch: object | undefined;
  /** Trace that its calls belong to. */
  readonly trace: Trace | undefined;
  /** Returns a random number of this request, from 0 (included) to 1 (excluded): one for each name of a branch. */
  drawn(branch: string): number;
  /** Ends a side effect that has begun in the scope. An answer waits until all of them have ended. */
  effectEnds(scope: Scope): void;
}

/** Returns the budget for a call of this part of a request. */
export function budgetOf({ scope, exchange }: Pick<CallContext, "scope" | "exchange">): Budget {
  return scope.budget ?? exchange.budget;
}
