import type { Message } from "@bufbuild/protobuf";
import type { Cache, CachePolicy, Entry } from "../cache/cache.ts";
import { FetchTags } from "../cache/fetch-tags.ts";
import type { FetchMark, FetchWait } from "../cache/lease/fetch-wait.ts";
import type { Found, Level } from "../cache/second-level.ts";
import type { Tagged } from "../cache/tags.ts";
import type { Clock, Timer } from "../clock.ts";
import type { Degraded } from "../compose/degrade.ts";
import type { Exchange } from "../compose/exchange.ts";
import type { Request } from "../compose/request.ts";
import { asFailure, type Failure, OVER, timedOut } from "../failure.ts";
import type { Running } from "../scope/scope.ts";
import type { CachedResponse, ResponseCaching, ResponseConsumer } from "./response-caching.ts";

/** Composition and encoding of an answer. */
export interface ResponseComposer<App, Args, Principal> {
  /** An exchange with all the time that the rpc has, for a request that looks like this one. */
  begin(cx: Request<App, Principal>, fetch: object, failed: (failure: Failure) => void): Exchange;
  /** Composes the message that the client gets, once nothing holds it back any more; undefined: the request is over. */
  compose(cx: Request<App, Principal>, args: Args): Promise<ComposedResponse | undefined>;
  /** Returns the bytes that a cache keeps: the message with gRPC's prefix in front, and the headers. */
  encode(composed: ComposedResponse): Uint8Array;
  /** @throws what protobuf-es throws of bytes that are no such message, or another error */
  decode(stored: Uint8Array): StoredResponse;
}
/** An answer from a cache. */
export interface StoredResponse extends Pick<CachedResponse, "response" | "headers"> {
  /** The bytes of its message, with gRPC's prefix in front. */
  readonly framed: Uint8Array;
}
interface ComposedResponse extends Pick<CachedResponse, "headers"> {
  readonly response: Message;
  readonly degraded: Degraded | undefined;
  /** True if everything in it is fresh: nothing has failed, and nothing was served past its ttl. */
  readonly whole: boolean;
}

interface FetchParts<App, Args extends Message, Principal> {
  readonly key: string;
  /** The request that it is made for first. */
  readonly cx: Request<App, Principal>;
  readonly args: Args;
  /** `package.Service/Method` */
  readonly method: string;
  readonly cache: Cache;
  readonly policy: ResponseCaching<App, Args, Principal>;
  readonly composing: ResponseComposer<App, Args, Principal>;
  readonly decode: (stored: Uint8Array) => StoredResponse;
  /** Returns the properties of an answer for HTTP caches. `current`: no tag was purged meanwhile. */
  readonly forCaches: (response: Message, fresh: boolean, current: boolean) => Pick<CachedResponse, "stale" | "cdn">;
  /** Ends the joining of this fetch. */
  readonly ended: () => void;
}

/**
 * Gets an answer for all of its waiters, from the second level or by composing it. It belongs to the cache instead of a
 * request, and has all of its RPC's time. It ends when no waiter remains, unless it refreshes an entry.
 */
export class ResponseFetch<App, Args extends Message, Principal> implements FetchWait {
  deadline = Number.POSITIVE_INFINITY;
  readonly #parts: FetchParts<App, Args, Principal>;
  readonly #waiting = new Set<ResponseWaiter<App, Args, Principal>>();
  #tags: FetchTags | undefined;
  renews = false;
  #second: Level | undefined;
  #exchange: Exchange | undefined; // while it is composed
  #over = false;

  constructor(parts: FetchParts<App, Args, Principal>) {
    this.#parts = parts;
  }
  join(waiting: ResponseWaiter<App, Args, Principal>): void {
    this.#waiting.add(waiting);
    this.deadline = Math.min(this.deadline, waiting.deadline);
  }
  /** Continues the fetch without a waiter, to refresh the entry. */
  renew(): void {
    this.renews = true;
  }
  leave(waiting: ResponseWaiter<App, Args, Principal>): void {
    this.#waiting.delete(waiting);
    if (this.#unwanted && this.#exchange !== undefined) this.#end(); // while at the second level it is seen when that answers
  }
  /** The time of this one is up; false: it has to wait for others. */
  hurry(waiting: ResponseWaiter<App, Args, Principal>): boolean {
    if (this.renews || this.#waiting.size > 1 || !this.#waiting.has(waiting)) return false;
    this.#parts.ended(); // whoever comes now has more time
    this.#exchange?.scope.expire();
    return this.#exchange !== undefined;
  }
  get #unwanted(): boolean {
    return this.#waiting.size === 0 && !this.renews;
  }

  get holdMs(): number {
    return this.#parts.cx.exchange.budget.methodMs;
  }
  get policy(): CachePolicy {
    return this.#parts.policy;
  }
  begins(): void {
    this.#tags = FetchTags.of(this.#parts.cache, this.policy);
  }
  /** Perhaps ends before this returns. */
  start(): void {
    this.#second = this.#parts.cache.second(this.policy);
    this.#look();
  }
  #look(): void {
    const { key, cache, policy } = this.#parts;
    const wait = policy.singleFetch === false ? undefined : this;
    const renews = this.renews || wait === undefined;
    this.begins();
    if (this.#second === undefined) void this.#compose();
    else
      this.#second.get(key, wait, (found, counter) => {
        if (this.#tags !== undefined) this.#tags.counter = counter;
        const entry = found && this.#adopted(found);
        if (entry === undefined) {
          if (this.#unwanted) this.#end();
          else void this.#compose();
          return;
        }
        const fresh = cache.isFresh(entry, policy);
        if (fresh)
          this.#end(); // first: an outdated waiter begins another fetch
        else this.renews = true; // before anybody finds it: one renewal is enough
        for (const waiting of this.#take()) {
          if (this.#tags?.isOldAt(waiting.seen)) waiting.outdated();
          else waiting.found(entry);
        }
        if (fresh) return;
        if (renews) void this.#compose();
        else this.#look();
      });
  }
  /** Any bytes that are no such message are a miss. */
  #adopted(found: Found): Entry | undefined {
    const { key, cache, policy, decode } = this.#parts;
    let response: Message;
    try {
      response = decode(found.bytes).response;
    } catch {
      return undefined;
    }
    const tagged = this.#tagged(response);
    if (!cache.keeps(this.#tags === undefined || tagged !== undefined)) return undefined;
    return cache.adopt(key, found, policy, tagged);
  }
  #tagged(response: Message): Tagged | undefined {
    const { method, cx, args, policy } = this.#parts;
    return this.#tags?.settle(method, () => policy.tags?.(cx, args, response as never) ?? []);
  }
  async #compose(): Promise<void> {
    const { cx: requester, args, composing } = this.#parts;
    const exchange = composing.begin(requester, this, (failure) => this.#failed(failure));
    this.#exchange = exchange;
    try {
      const composed = await composing.compose(requester.within(exchange, this.#waiting.size === 0), args);
      if (composed !== undefined && !exchange.over) this.#composed(composed, composing.encode(composed));
    } catch (thrown) {
      exchange.scope.fail(asFailure(thrown));
    }
  }
  #composed({ response, degraded, headers, whole }: ComposedResponse, stored: Uint8Array): void {
    const { key, cache, policy, decode, forCaches } = this.#parts;
    const tagged = this.#tagged(response);
    const current = cache.keeps(this.#tags === undefined || tagged !== undefined);
    if (whole && current) cache.put(key, stored, policy, tagged);
    const http = forCaches(response, this.#exchange?.calls.stale !== true, current);
    this.#end(whole && this.#tags?.isNameless !== true ? undefined : "unkept");
    for (const [i, waiting] of this.#take().entries()) {
      if (this.#tags?.isOldAt(waiting.seen)) {
        waiting.outdated();
        continue;
      }
      const copy = i === 0 ? response : decode(stored).response; // nobody shares a message
      waiting.answered({ response: copy, degraded, headers, ...http, reused: i > 0 });
    }
  }
  #failed(failure: Failure): void {
    const { key, cache, policy } = this.#parts;
    cache.failed(key, failure);
    this.#end("failed");
    const spare = cache.spare(key, policy);
    for (const waiting of this.#take()) {
      if (spare === undefined) waiting.failed(failure);
      else waiting.spared(spare);
    }
  }
  #end(mark?: FetchMark): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.ended();
    this.#second?.ended?.(this.#parts.key, mark);
    this.#exchange?.end();
  }
  #take(): ResponseWaiter<App, Args, Principal>[] {
    const all = [...this.#waiting];
    this.#waiting.clear();
    return all;
  }
}

interface WaiterParts {
  readonly clock: Clock;
  /** Number of the last purge when the request came. */
  readonly seen: number;
  /** Each continues the request, at most one of them once. */
  readonly found: (entry: Entry) => void;
  readonly spared: (entry: Entry) => void;
  readonly outdated: () => void;
}

/** A waiting request: it has a separate deadline, and may leave. */
export class ResponseWaiter<App, Args extends Message, Principal> implements Running {
  slot = 0;
  readonly #consumer: ResponseConsumer<App, Args, Principal>;
  readonly #fetch: ResponseFetch<App, Args, Principal>;
  readonly #parts: WaiterParts;
  #timer: Timer | undefined;
  #ended = false;

  constructor(
    asker: ResponseConsumer<App, Args, Principal>,
    fetch: ResponseFetch<App, Args, Principal>,
    parts: WaiterParts,
  ) {
    this.#consumer = asker;
    this.#fetch = fetch;
    this.#parts = parts;
    asker.cx.scope.enter(this);
  }
  get seen(): number {
    return this.#parts.seen;
  }
  get deadline(): number {
    return this.#consumer.cx.exchange.budget.callsUntil;
  }
  cancel(): void {
    if (!this.#end()) return;
    this.#fetch.leave(this);
  }
  /**
   * A lone waiter ends the fetch with the available parts, as without a cache. With other waiters, it waits for as long
   * as it can.
   */
  expire(): void {
    if (this.#ended || this.#fetch.hurry(this)) return;
    this.#timer ??= this.#parts.clock.setTimeout(late, this.#consumer.marginMs * KEPT, this);
  }
  late(): void {
    this.failed(timedOut("", "no answer in time"));
  }
  answered(answer: CachedResponse): void {
    if (this.#end()) this.#consumer.answered(answer);
  }
  found(entry: Entry): void {
    if (this.#end()) this.#parts.found(entry);
  }
  spared(entry: Entry): void {
    if (this.#end()) this.#parts.spared(entry);
  }
  outdated(): void {
    if (this.#end()) this.#parts.outdated();
  }
  failed(failure: Failure): void {
    if (!this.#end()) return;
    this.#fetch.leave(this);
    if (failure !== OVER) this.#consumer.cx.scope.fail(failure);
  }
  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    if (this.#timer !== undefined) this.#parts.clock.clearTimeout(this.#timer);
    this.#consumer.cx.scope.leave(this);
    return true;
  }
}
/** Share of the margin that a request waits; the rest is for writing the answer. */
const KEPT = 0.8;
const late = (waiting: { late(): void }): void => waiting.late();
