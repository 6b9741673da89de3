import type { Cache, Entry, Receiver, SharedFetch } from "../cache/cache.ts";
import { FetchTags } from "../cache/fetch-tags.ts";
import type { FetchMark, FetchWait } from "../cache/lease/fetch-wait.ts";
import type { Level } from "../cache/second-level.ts";
import type { Tagged } from "../cache/tags.ts";
import type { Failure } from "../failure.ts";
import type { Sink } from "../scope/sink.ts";
import { Call } from "./call.ts";
import type { CallContext, DetachedContext } from "./context.ts";
import type { OutgoingCall } from "./outgoing-call.ts";
import type { CallCaching } from "./policy.ts";
import type { Rpc } from "./upstream.ts";

/** The call that a fetch makes, and the first context that it is made for. */
export interface FetchRequest {
  readonly cx: CallContext;
  readonly rpc: Rpc<never, unknown>;
  readonly policy: CallCaching;
  readonly outgoing: OutgoingCall;
  readonly key: string;
}

/**
 * Gets an answer for all of its waiters, from the second level or from the upstream. It belongs to the cache instead of
 * a request, and has a separate deadline. It ends when no waiter remains, unless it refreshes an entry.
 */
export class Fetch implements Sink<Uint8Array>, SharedFetch, FetchWait {
  deadline = Number.POSITIVE_INFINITY;
  readonly #cache: Cache;
  readonly #request: FetchRequest;
  /** Receivers, with the number of the last purge when each joined. */
  readonly #waiting = new Map<Receiver, number>();
  #tags: FetchTags | undefined;
  #critical = false; // whether one who waits, or has waited, cannot do without
  renews: boolean;
  #context: DetachedContext | undefined; // while it is with the upstream
  #call: Call<Uint8Array> | undefined;
  #second: Level | undefined;

  private constructor(cache: Cache, request: FetchRequest, renews: boolean) {
    this.#cache = cache;
    this.#request = request;
    this.renews = renews;
  }
  /** Refreshes the entry, unless a refresh is running. */
  static renew(cache: Cache, request: FetchRequest): SharedFetch {
    const running = cache.running(request.key, request.rpc.policy);
    if (running !== undefined) {
      running.renew();
      return running;
    }
    const fetch = new Fetch(cache, request, true);
    fetch.#start();
    return fetch;
  }
  /** Joins the running fetch, or starts one. */
  static join(cache: Cache, request: FetchRequest, receiver: Receiver): SharedFetch {
    const running = cache.running(request.key, request.rpc.policy);
    if (running !== undefined) {
      running.join(receiver);
      return running;
    }
    const fetch = new Fetch(cache, request, false);
    fetch.#add(receiver);
    fetch.#critical = receiver.critical;
    receiver.waits(fetch, true);
    fetch.#start();
    return fetch;
  }
  join(receiver: Receiver): void {
    this.#add(receiver);
    if (receiver.critical) this.urge();
    receiver.waits(this, false);
  }
  #add(receiver: Receiver): void {
    this.#waiting.set(receiver, this.#cache.purges?.now ?? 0);
    this.deadline = Math.min(this.deadline, receiver.deadline);
  }
  renew(): void {
    this.renews = true;
  }
  urge(): void {
    this.#critical = true;
    this.#call?.urge();
  }
  leave(receiver: Receiver): void {
    this.#waiting.delete(receiver);
    if (!this.#unwanted || this.#context === undefined) return; // while at the second level it is seen when that answers
    if (this.#call?.late) {
      this.#call.expire(); // nobody waits because it took too long, which is a failure like any other
      return;
    }
    this.#leaveCache(); // first: what ends with it may let another one ask for the same
    this.#context.scope.end();
  }
  get #unwanted(): boolean {
    return this.#waiting.size === 0 && !this.renews;
  }

  get holdMs(): number {
    return Math.min(this.#request.rpc.timeoutMs, this.#request.cx.exchange.budget.methodMs);
  }
  get policy(): CallCaching {
    return this.#request.policy;
  }
  begins(): void {
    this.#tags = FetchTags.of(this.#cache, this.policy);
  }
  #start(): void {
    const { key, rpc, policy } = this.#request;
    this.#second = this.#cache.second(policy);
    this.#cache.begun(key, rpc.policy, this);
    this.#look();
  }
  #look(): void {
    const { key, policy } = this.#request;
    const wait = policy.singleFetch === false ? undefined : this;
    const renews = this.renews || wait === undefined;
    this.begins();
    if (this.#second === undefined) this.#send();
    else
      this.#second.get(key, wait, (found, counter) => {
        if (this.#tags !== undefined) this.#tags.counter = counter;
        const entry = found && this.#adopted(found);
        const fresh = entry !== undefined && this.#cache.isFresh(entry, policy);
        if (fresh) this.#end(); // first: an outdated receiver begins another fetch
        if (entry !== undefined) this.#find(entry);
        if (fresh) return;
        if (entry !== undefined) this.renews = true;
        if (this.#unwanted) this.#end();
        else if (entry !== undefined && !renews) this.#look();
        else this.#send();
      });
  }
  #find(entry: Entry): void {
    for (const [receiver, seen] of this.#take()) {
      if (this.#tags?.isOldAt(seen)) receiver.outdated();
      else receiver.found(entry);
    }
  }
  /** Returns an entry if its bytes are valid for this type; otherwise it is a miss. */
  #adopted(found: Parameters<Cache["adopt"]>[1]): Entry | undefined {
    const { key, rpc, policy } = this.#request;
    try {
      rpc.codec.decode(found.bytes);
    } catch {
      return undefined;
    }
    const tagged = this.#tagged(found.bytes);
    if (!this.#cache.keeps(this.#tags === undefined || tagged !== undefined)) return undefined;
    return this.#cache.adopt(key, found, policy, tagged);
  }
  #send(): void {
    const { cx, rpc, outgoing } = this.#request;
    this.#context = cx.detached(this, rpc.upstream.clock, !this.#critical);
    this.#call = Call.start(this.#context, rpc.bytes, outgoing, false, this);
  }
  resolve(bytes: Uint8Array): void {
    const { key, policy } = this.#request;
    const tagged = this.#tagged(bytes);
    if (this.#cache.keeps(this.#tags === undefined || tagged !== undefined))
      this.#cache.put(key, bytes, policy, tagged);
    this.#end(this.#tags?.isNameless ? "unkept" : undefined);
    for (const [receiver, seen] of this.#take()) {
      if (this.#tags?.isOldAt(seen)) receiver.outdated();
      else receiver.received(bytes);
    }
  }
  #tagged(bytes: Uint8Array): Tagged | undefined {
    const { rpc, policy, outgoing } = this.#request;
    return this.#tags?.settle(
      rpc.method,
      () => policy.tags?.(rpc.codec.decode(bytes) as never, outgoing.holes ?? []) ?? [],
    );
  }
  reject(failure: Failure): void {
    const { key, policy } = this.#request;
    this.#cache.failed(key, failure);
    this.#end("failed");
    const spare = this.#cache.spare(key, policy);
    for (const [receiver] of this.#take()) {
      if (spare === undefined) receiver.failed(failure.forWaiter());
      else receiver.spared(spare);
    }
  }
  #end(mark?: FetchMark): void {
    this.#leaveCache(mark);
    this.#context?.exchange.end();
  }
  #leaveCache(mark?: FetchMark): void {
    const { key, rpc } = this.#request;
    this.#cache.ended(key, rpc.policy, this);
    this.#second?.ended?.(key, mark);
  }
  #take(): [Receiver, number][] {
    const all = [...this.#waiting];
    this.#waiting.clear();
    return all;
  }
}
