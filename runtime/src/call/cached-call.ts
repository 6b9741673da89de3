import type { Cache, Entry, Receiver, SharedFetch } from "../cache/cache.ts";
import type { Timer } from "../clock.ts";
import { asFailure, breakerOpen, type Failure, invalid, MASKED, OVER, timedOut } from "../failure.ts";
import type { Waiter } from "../guard/limit.ts";
import type { PoolWaiter } from "../guard/pool.ts";
import type { CacheEvent, JoinEvent } from "../observer-calls.ts";
import type { Cause } from "../scope/causes.ts";
import type { Running } from "../scope/scope.ts";
import type { Sink } from "../scope/sink.ts";
import { type Transitions, transition } from "../states.ts";
import { LEAST_MS } from "./attempt.ts";
import { callKey } from "./call-key.ts";
import { budgetOf, type CallContext } from "./context.ts";
import { Fetch, type FetchRequest } from "./fetch.ts";
import { reportJoin } from "./join-sink.ts";
import type { OutgoingCall } from "./outgoing-call.ts";
import type { CallCaching } from "./policy.ts";
import type { Rpc } from "./upstream.ts";

/** Places of a call in the limit of its response. A call that ends in the queue leaves it. */
export const PLACE_TRANSITIONS: Transitions<"outside" | "queued" | "inside"> = {
  outside: ["queued", "inside"],
  queued: ["inside"],
  inside: [],
};

/**
 * A call whose answer may come from the cache. If it begins a fetch, it takes a place in the pools of its response, as a
 * call to the upstream would. The fetch takes the places of the process.
 */
export class CachedCall<Res> implements Running, PoolWaiter, Waiter, Receiver {
  slot = 0;
  ended = false;
  readonly #cx: CallContext;
  readonly #rpc: Rpc<never, Res>;
  readonly #sink: Sink<Res>;
  readonly #cache: Cache;
  readonly #fetchRequest: FetchRequest;
  critical: boolean;
  deadline = 0;
  #timer: Timer | undefined;
  #leavePools: (() => void)[] | undefined;
  #place: keyof typeof PLACE_TRANSITIONS = "outside";
  #fetch: SharedFetch | undefined;
  #joined: { readonly fetch: SharedFetch; readonly at: number } | undefined;

  private constructor(cx: CallContext, rpc: Rpc<never, Res>, policy: CallCaching, out: OutgoingCall, sink: Sink<Res>) {
    this.#cx = cx;
    this.#rpc = rpc;
    this.#sink = sink;
    this.#cache = rpc.upstream.cache;
    this.critical = !cx.supplementary;
    this.#fetchRequest = { cx, rpc, policy, outgoing: out, key: callKey(rpc, out) };
  }
  /**
   * Starts a call in the scope of `cx`, which has to be alive. Its end goes to the sink, perhaps before this function
   * returns.
   */
  static start<Res>(
    cx: CallContext,
    rpc: Rpc<never, Res>,
    policy: CallCaching,
    out: OutgoingCall,
    sink: Sink<Res>,
  ): Running | undefined {
    const call = new CachedCall(cx, rpc, policy, out, sink);
    if (call.#look()) return undefined;
    call.#start();
    return call;
  }
  /** Serves an entry of the cache, if there is one; reports whether there was. */
  #look(): boolean {
    const { key, policy } = this.#fetchRequest;
    const entry = this.#cache.look(key, policy);
    if (entry === undefined) return false;
    this.#serve(entry);
    return true;
  }
  #start(): void {
    const { scope } = this.#cx;
    const { callsUntil } = budgetOf(this.#cx);
    const { clock } = this.#rpc.upstream;
    const now = clock.now();
    const deadline = Math.min(now + this.#rpc.timeoutMs, callsUntil);
    this.deadline = deadline;
    scope.enter(this);
    if (deadline - now < LEAST_MS) {
      this.failed(timedOut(this.#rpc.method, "no time left"));
      return;
    }
    if (deadline < callsUntil) this.#timer = clock.setTimeout(expire, deadline - now, this);
    // Callers that join a fetch make no call: places that they took would hold up other calls of their response.
    if (this.#cache.running(this.#fetchRequest.key, this.#rpc.policy) !== undefined) this.#join();
    else this.#enterPools();
  }
  #enterPools(): void {
    const next = this.#cx.pools[this.#leavePools?.length ?? 0];
    if (next !== undefined) {
      next.enter(this);
      return;
    }
    const entry = this.#cx.exchange.calls.limitOf(this.#rpc.upstream).enter(this);
    if (entry === "go") this.admitted();
    else this.#place = transition(PLACE_TRANSITIONS, this.#place, "queued");
  }
  entered(leave: () => void): void {
    if (this.#leavePools === undefined) this.#leavePools = [leave];
    else this.#leavePools.push(leave);
    this.#enterPools();
  }
  admitted(): void {
    this.#place = transition(PLACE_TRANSITIONS, this.#place, "inside");
    if (this.#cx.scope.over) this.cancel();
    else if (budgetOf(this.#cx).callsUntil - this.#rpc.upstream.clock.now() < LEAST_MS) this.expire();
    if (!this.ended && !this.#look()) this.#join(); // unless another one has fetched it meanwhile
  }
  #join(): void {
    const fetch = Fetch.join(this.#cache, this.#fetchRequest, this);
    if (!this.ended) this.#fetch = fetch; // it may have ended at once, and this with it
  }
  waits(fetch: SharedFetch, begun: boolean): void {
    this.#observe(begun ? "missed" : "joined", undefined, fetch);
    this.#joined = begun ? undefined : { fetch, at: this.#rpc.upstream.clock.now() };
  }

  received(bytes: Uint8Array): void {
    this.#resolve(bytes, undefined);
  }
  found(entry: Entry): void {
    this.#serve(entry);
  }
  outdated(): void {
    if (!this.ended && !this.#look()) this.#join();
  }
  spared(entry: Entry): void {
    this.#serveOld(entry, entry.failed);
  }
  failed(failure: Failure): void {
    if (this.ended) return;
    this.#end();
    this.#reportJoin({ ok: false, failure });
    this.#sink.reject(failure);
    this.#free();
  }
  #serve(entry: Entry): void {
    const { policy } = this.#fetchRequest;
    const ageMs = this.#cache.age(entry);
    if (policy.purged === "counted" && this.#cache.isPurged(entry))
      this.#cache.purges?.counts.purgedHit(this.#rpc.method);
    if (this.#cache.isFresh(entry, policy)) {
      this.#observe("fresh", ageMs);
      this.#resolve(entry.bytes, undefined);
      return;
    }
    const { breaker } = this.#rpc;
    const refused = breaker?.refuses === true;
    const renewal = refused ? undefined : Fetch.renew(this.#cache, this.#fetchRequest);
    this.#serveOld(entry, entry.failed ?? (refused ? breakerOpen(this.#rpc.method) : undefined), renewal);
  }
  #serveOld(entry: Entry, failure: Failure | undefined, renewal?: SharedFetch): void {
    const ageMs = this.#cache.age(entry);
    this.#cx.exchange.calls.stale = true;
    this.#observe("stale", ageMs, renewal);
    this.#resolve(entry.bytes, failure && { failure, incomplete: false, staleMs: ageMs });
  }
  #resolve(bytes: Uint8Array, cause: Cause | undefined): void {
    if (this.ended) return;
    let value: Res;
    try {
      value = this.#rpc.codec.decode(bytes); // for each anew: nobody shares a value
    } catch (error) {
      this.failed(this.#rpc.policy.sensitive === true ? invalid("", MASKED, error) : asFailure(error));
      return;
    }
    this.#end();
    this.#reportJoin({ ok: true });
    this.#sink.resolve(value, cause);
    this.#free();
  }
  urge(): void {
    this.critical = true;
    this.#fetch?.urge();
  }
  cancel(): void {
    this.failed(OVER);
  }
  expire(): void {
    const { key, policy } = this.#fetchRequest;
    const late = timedOut(this.#rpc.method, "no answer in time");
    const spare = this.#cache.spare(key, policy);
    if (spare === undefined) this.failed(late);
    else this.#serveOld(spare, late);
  }
  #end(): void {
    this.ended = true;
    const { upstream } = this.#rpc;
    const { exchange, scope } = this.#cx;
    if (this.#timer !== undefined) upstream.clock.clearTimeout(this.#timer);
    if (this.#place === "queued") exchange.calls.limitOf(upstream).leave(this);
    scope.leave(this);
  }
  /** Releases what it shares: other calls continue at once. */
  #free(): void {
    this.#fetch?.leave(this);
    if (this.#place === "inside") this.#cx.exchange.calls.limitOf(this.#rpc.upstream).release();
    if (this.#leavePools !== undefined) for (const leave of this.#leavePools) leave();
  }
  #reportJoin(outcome: JoinEvent["outcome"]): void {
    if (this.#joined === undefined) return;
    const { fetch, at } = this.#joined;
    reportJoin(this.#cx, this.#rpc, { fetch, startedAt: at, outcome });
  }
  #observe(outcome: CacheEvent["outcome"], ageMs?: number, fetch?: object): void {
    const { upstream, method } = this.#rpc;
    const { root: request } = this.#cx;
    upstream.observer?.cache?.({
      request,
      service: upstream.service,
      branch: upstream.branch,
      shard: upstream.shard,
      method,
      outcome,
      fetch,
      ageMs,
      trace: this.#cx.exchange.trace,
    });
  }
}

const expire = (call: { expire(): void }): void => call.expire();
