import type { Cache, Entry, Receiver, SharedFetch } from "../cache/cache.ts";
import { FetchTags } from "../cache/fetch-tags.ts";
import type { Tagged } from "../cache/purges.ts";
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
export class Fetch implements Sink<Uint8Array>, SharedFetch {
  readonly #cache: Cache;
  readonly #request: FetchRequest;
  /** Receivers, with the number of the last purge when each joined. */
  readonly #waiting = new Map<Receiver, number>();
  #tags: FetchTags | undefined;
  #critical = false; // whether one who waits, or has waited, cannot do without
  #renews: boolean;
  #context: DetachedContext | undefined; // while it is with the upstream
  #call: Call<Uint8Array> | undefined;

  private constructor(cache: Cache, request: FetchRequest, renews: boolean) {
    this.#cache = cache;
    this.#request = request;
    this.#renews = renews;
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
  }
  renew(): void {
    this.#renews = true;
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
    return this.#waiting.size === 0 && !this.#renews;
  }

  #start(): void {
    const { key, rpc, policy } = this.#request;
    this.#tags = FetchTags.of(this.#cache, policy);
    const second = this.#cache.second(policy);
    this.#cache.begun(key, rpc.policy, this);
    if (second === undefined) this.#send();
    else
      second.get(key, (found, counter) => {
        if (this.#tags !== undefined) this.#tags.counter = counter;
        const entry = found && this.#adopted(found);
        const fresh = entry !== undefined && this.#cache.isFresh(entry, policy);
        if (fresh) this.#end(); // first: an outdated receiver begins another fetch
        if (entry !== undefined) this.#find(entry);
        if (fresh) return;
        if (entry !== undefined) this.#renews = true;
        if (this.#unwanted) this.#end();
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
    this.#end();
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
    this.#end();
    const spare = this.#cache.spare(key, policy);
    for (const [receiver] of this.#take()) {
      if (spare === undefined) receiver.failed(failure.forWaiter());
      else receiver.spared(spare);
    }
  }
  #end(): void {
    this.#leaveCache();
    this.#context?.exchange.end();
  }
  #leaveCache(): void {
    this.#cache.ended(this.#request.key, this.#request.rpc.policy, this);
  }
  #take(): [Receiver, number][] {
    const all = [...this.#waiting];
    this.#waiting.clear();
    return all;
  }
}
