// How calls and streams of upstreams are made.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { CachePolicy } from "../cache/cache.ts";
import type { BreakerPolicy } from "../guard/breaker.ts";
import type { LimitPolicy } from "../guard/limit.ts";
import type { RetryPolicy } from "../guard/retry.ts";
import type { ThrottlePolicy } from "../guard/throttle.ts";
import type { Identify } from "../identity/identify-kind.ts";
import type { Peer } from "../identity/incoming.ts";

/** What all calls of one upstream share in a process. */
export interface UpstreamPolicy {
  /** None: no breaker. */
  readonly breaker?: BreakerPolicy | undefined;
  /** None: no limit. */
  readonly limit?: LimitPolicy | undefined;
  /** At most so many open streams; default 1,000. They take no place of `limit`. */
  readonly streams?: number | undefined;
  /** When to stop retrying and hedging; default ten tokens, of which a success gives back a tenth. */
  readonly retryBudget?: ThrottlePolicy | undefined;
  /** Methods, by their own name, with a breaker of their own in place of the service's; none in it: no breaker. */
  readonly methods?: Readonly<Record<string, { readonly breaker?: BreakerPolicy | undefined }>> | undefined;
}

/** When another attempt is sent beside one that is out. */
export interface HedgePolicy {
  /** How long after the one before, in milliseconds. */
  readonly delayMs: number;
  /** At most so many beside the first. */
  readonly max: number;
}

/** How the calls of one rpc are made (runtime.md). Times are in milliseconds. */
export interface CallPolicy {
  /** In milliseconds, from ready to result: queueing, attempts and backoff included. None: what the request's budget leaves. */
  readonly timeoutMs?: number | undefined;
  readonly retry?: RetryPolicy | undefined;
  readonly hedge?: HedgePolicy | undefined;
  /** Only for calls without side effects. */
  readonly cache?: CachePolicy | undefined;
  /** Equal calls of one response are made once. Only for calls without side effects; not needed beside `cache`. */
  readonly coalesce?: boolean | undefined;
  /** What comes beside an answer is kept for `answerHeader` and `answerTrailer`. Not beside `cache`, which keeps messages alone. */
  readonly received?: boolean | undefined;
  /** Names of incoming headers to pass on. */
  readonly forward?: readonly string[] | undefined;
  /** How the upstream is told who calls; none: it is not. */
  readonly identify?: Identify | undefined;
  /** A limit of this rpc's own, inside the upstream's: both must admit. */
  readonly limit?: LimitPolicy | undefined;
  /** Which requests' calls go to a branch of the upstream, the first that holds; those of branches without an address do not. */
  readonly branches?: readonly BranchRule<never>[] | undefined;
}

/** How the streams of one server-streaming method are opened. */
export interface StreamPolicy {
  /** Names of incoming headers to pass on. */
  readonly forward?: readonly string[] | undefined;
  /** How the upstream is told who follows; none: it is not. */
  readonly identify?: Identify | undefined;
  /** At most so many open at a time, inside the upstream's: both must admit. */
  readonly streams?: number | undefined;
  /** As of `CallPolicy`. */
  readonly branches?: readonly BranchRule<never>[] | undefined;
}

/** Whose request it is, as the rules of branches see it. */
export interface BranchContext<Principal> {
  /** An incoming header by its lower-case name; "" when absent. */
  header(name: string): string;
  now(): Timestamp;
  readonly principal: Principal;
  readonly peer: Peer;
}

/** Which requests have their calls of an upstream made to another address: those for which all of this holds (edge.md, "Branches"). */
export interface BranchRule<Principal = undefined> {
  readonly name: string;
  /** Only requests whose caller is known. */
  readonly known?: boolean | undefined;
  /** A throw counts as false. */
  readonly if?: ((cx: BranchContext<Principal>) => boolean) | undefined;
  /** Of the requests, more than 0 and at most 1; none: all. */
  readonly share?: number | undefined;
  /** Requests with equal values are on one side; "", or a throw: not on the branch. None: each request draws. */
  readonly by?: ((cx: BranchContext<Principal>) => string) | undefined;
}
