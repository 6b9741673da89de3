// Events of upstream calls, the cache and resolvers, for observers.
import type { Failure, Fault } from "./failure.ts";
import type { Trace } from "./observer-requests.ts";

/** Start of a call, when all values that it depends on are ready. */
export interface CallStartEvent {
  /** As in the call's other events. */
  readonly request: object;
  readonly call: object;
  readonly fetch?: object | undefined;
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** The shard of the service; undefined: the service has none. */
  readonly shard?: string | undefined;
  /** `package.Service/Method` */
  readonly method: string;
  readonly startedAt: number;
  /** Trace that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/** One attempt of a call, at its end. Attempts that were never sent have no event. */
export interface AttemptEvent {
  /** The same object in all events of the call. */
  readonly call: object;
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** The shard of the service; undefined: the service has none. */
  readonly shard?: string | undefined;
  /** `package.Service/Method` */
  readonly method: string;
  /** 1 for the first of its call. */
  readonly number: number;
  /** True if it was sent while another attempt was under way. */
  readonly hedge: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
  /**
   * `unprocessed`: the upstream did not process it; `expired`: the call's deadline has passed; `cancelled`: no caller
   * waited for it any more.
   */
  readonly outcome: "ok" | "cancelled" | "expired" | "unprocessed" | "refused" | Fault;
  /** Trace that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/**
 * One upstream call, after its last attempt. Times are those of the `Clock`, in milliseconds. Calls that the cache or an
 * equal call has answered have no event.
 */
export interface CallEvent {
  /**
   * The request that the call was made for: the same object in all of its events. If the call is a fetch of the cache,
   * this is the request that began the fetch. That request may end before the call.
   */
  readonly request: object;
  /** The same object in all events of the call. */
  readonly call: object;
  /** The fetch, if the call is one of the cache: the same object in the cache's events of all requests that wait for it. */
  readonly fetch?: object | undefined;
  /** Returns an incoming header of that request; "" when absent. */
  header(name: string): string;
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** The shard of the service; undefined: the service has none. */
  readonly shard?: string | undefined;
  /** `package.Service/Method` */
  readonly method: string;
  /** Number of keys, if the call is a batch. */
  readonly items?: number | undefined;
  /**
   * Number of received items, if the call is a server stream. A stream is one call from its opening to its end, and its
   * `ok` has an empty message.
   */
  readonly stream?: { readonly items: number } | undefined;
  /** Encoded request message. */
  readonly message: Uint8Array;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Number of attempts that were sent; 0 if this process refused the call. */
  readonly attempts: number;
  readonly outcome:
    | { readonly ok: true; readonly message: Uint8Array }
    | { readonly ok: false; readonly failure: Failure };
  /** Trace that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/** Lookup of a call in the cache. */
export interface CacheEvent {
  /** As in the request's other events. */
  readonly request: object;
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** The shard of the service; undefined: the service has none. */
  readonly shard?: string | undefined;
  /** `package.Service/Method` */
  readonly method: string;
  /**
   * `fresh`: an answer within its ttl; `stale`: an answer past it, while a refresh runs or after one failed; `joined`:
   * another caller's fetch was under way; `missed`: a fetch began.
   */
  readonly outcome: "fresh" | "stale" | "joined" | "missed";
  /**
   * The fetch that began or was under way, even if it renews a stale answer: as in the events of its call. No call may
   * follow, because the second level of the cache may have the answer.
   */
  readonly fetch?: object | undefined;
  /** Age of a `fresh` or `stale` answer since its fetch, in milliseconds. */
  readonly ageMs?: number | undefined;
  /** Trace that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/**
 * Call of a request that shares a result: that of an equal call of the same request, or of a fetch of the cache. It has
 * waited for the result, or found it ready.
 */
export interface JoinEvent {
  /** As in the request's other events. */
  readonly request: object;
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** The shard of the service; undefined: the service has none. */
  readonly shard?: string | undefined;
  /** `package.Service/Method` */
  readonly method: string;
  /** The equal call, as `call` of its events. */
  readonly call?: object | undefined;
  /** The fetch, as `fetch` of its events. */
  readonly fetch?: object | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: { readonly ok: true } | { readonly ok: false; readonly failure: Failure };
  /** Trace that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/** One run of a resolver. If the function threw no status, the thrown value is the failure's `cause`. */
export interface ResolverEvent {
  /** As in the events of the request's calls. */
  readonly request: object;
  header(name: string): string;
  /** Full name of the message or field that the resolver supplies. */
  readonly name: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: { readonly ok: true } | { readonly ok: false; readonly failure: Failure };
  /** Trace that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/** A field of an answer that a mirror returns with another value. */
export interface Difference {
  /** Proto names, without positions: `items[*].price`. `(status)` for the status codes. */
  readonly path: string;
  /** Text of at most 200 characters. Undefined: the field is not set. */
  readonly served: string | undefined;
  readonly copy: string | undefined;
}

/** A copy of a call for a mirror of its upstream, or the control pair of one. */
export interface MirrorEvent {
  /** Full service name. */
  readonly service: string;
  /** Name of the mirror. */
  readonly branch: string;
  /** `package.Service/Method` */
  readonly method: string;
  /** `control`: the copy went to the address that serves, to measure how often its own answers differ. */
  readonly pair: "mirror" | "control";
  /**
   * `same`, `differs`: of two compared answers; `copied`: not compared; `failed`: no answer of the mirror; `dropped`:
   * not sent, or nothing to compare with.
   */
  readonly outcome: "same" | "differs" | "copied" | "failed" | "dropped";
  /**
   * Only of dropped copies. `busy`: too many were in flight; `breaker`: the mirror's is open; `size`: an answer is too
   * large to compare; `unanswered`: the call, or the control pair, had no answer.
   */
  readonly reason?: "busy" | "breaker" | "size" | "unanswered";
  /** At most 100, one per path. */
  readonly differences: readonly Difference[];
  /** Time until the served call's end in milliseconds, if it has ended. */
  readonly servedMs?: number;
  /** Time until the copy's end in milliseconds, if it was sent. */
  readonly copyMs?: number;
}
