// Reuse of whole answers: their keys, and the fetch that equal requests share.
import type { Message } from "@bufbuild/protobuf";
import { Cache, type Entry } from "../cache/cache.ts";
import { cdnTags } from "../cache/cdn-tags.ts";
import type { Clock } from "../clock.ts";
import type { Observer } from "../observer.ts";
import type { CacheEvent } from "../observer-calls.ts";
import type { CachedResponse, ResponseCaching, ResponseConsumer } from "./response-caching.ts";
import { type ResponseComposer, ResponseFetch, ResponseWaiter, type StoredResponse } from "./response-fetch.ts";
import type { ResponseKeys } from "./response-key.ts";

/** Dependencies of the cache on its RPC. */
interface ResponseCacheParts<App, Args extends Message, Principal> {
  readonly service: string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly clock: Clock;
  readonly observer: Observer | undefined;
  /** True if a CDN receives the tags. */
  readonly cdn: boolean;
  readonly keys: ResponseKeys<App, Args, Principal>;
  readonly composing: ResponseComposer<App, Args, Principal>;
}

/** The answers of one rpc. */
export class ResponseCache<App, Args extends Message, Principal> {
  readonly #caching: ResponseCaching<App, Args, Principal>;
  readonly #parts: ResponseCacheParts<App, Args, Principal>;
  readonly #cache: Cache;
  readonly #running = new Map<string, ResponseFetch<App, Args, Principal>>();
  readonly #encoded = new WeakMap<Message, Buffer>();

  constructor(caching: ResponseCaching<App, Args, Principal>, parts: ResponseCacheParts<App, Args, Principal>) {
    this.#caching = caching;
    this.#parts = parts;
    this.#cache = caching.answers ?? new Cache({ clock: parts.clock });
  }
  /** Returns the bytes of an answer from this cache, with gRPC's prefix in front. It need not be encoded again. */
  encoded(response: Message): Buffer | undefined {
    return this.#encoded.get(response);
  }
  /** Answers the request, perhaps before this returns. A failure fails the scope of the request. */
  serve(asker: ResponseConsumer<App, Args, Principal>): void {
    this.#look(this.#parts.keys.of(asker.cx, asker.args), asker);
  }
  #look(key: string, asker: ResponseConsumer<App, Args, Principal>): void {
    const entry = this.#cache.look(key, this.#caching);
    if (entry === undefined) this.#join(key, asker);
    else this.#found(key, entry, asker);
  }
  #found(key: string, entry: Entry, asker: ResponseConsumer<App, Args, Principal>): void {
    if (this.#caching.purged === "counted" && this.#cache.isPurged(entry))
      this.#cache.purges?.counts.purgedHit(this.#parts.method);
    const fresh = this.#cache.isFresh(entry, this.#caching);
    this.#serve(entry, asker, fresh, fresh ? undefined : this.#renew(key, asker));
  }
  #serve(entry: Entry, asker: ResponseConsumer<App, Args, Principal>, fresh: boolean, renewal?: object): void {
    this.#observe(asker, fresh ? "fresh" : "stale", renewal, this.#cache.age(entry));
    const { response, headers } = this.#decoded(entry.bytes);
    const http = this.#forCaches(asker, response, fresh);
    asker.answered({ response, degraded: undefined, headers, ...http, reused: true });
  }
  /** @param current false if a tag was purged during the fetch, or cannot be evaluated */
  #forCaches(
    { cx, args }: Pick<ResponseConsumer<App, Args, Principal>, "cx" | "args">,
    response: Message,
    fresh: boolean,
    current = true,
  ): Pick<CachedResponse, "stale" | "cdn"> {
    if (!this.#parts.cdn || !fresh) return { stale: !fresh };
    if (!current) return { stale: true };
    const cdn = cdnTags(this.#cache.cdnHeader, () => this.#caching.tags?.(cx, args, response as never) ?? []);
    return { stale: cdn === undefined, cdn };
  }
  #join(key: string, asker: ResponseConsumer<App, Args, Principal>): void {
    const running = this.#running.get(key);
    const fetch = running ?? this.#fetch(key, asker);
    if (running !== undefined) this.#cache.composed(fetch, true);
    this.#observe(asker, running === undefined ? "missed" : "joined", fetch);
    const waiting = new ResponseWaiter(asker, fetch, {
      clock: this.#parts.clock,
      seen: this.#cache.purges?.now ?? 0,
      found: (entry) => this.#found(key, entry, asker),
      spared: (entry) => this.#serve(entry, asker, false),
      outdated: () => this.#look(key, asker),
    });
    fetch.join(waiting);
    if (running === undefined) fetch.start();
  }
  #renew(key: string, asker: ResponseConsumer<App, Args, Principal>): object {
    const running = this.#running.get(key);
    if (running !== undefined) {
      this.#cache.composed(running, true);
      running.renew();
      return running;
    }
    const fetch = this.#fetch(key, asker);
    fetch.renew();
    fetch.start();
    return fetch;
  }
  #fetch(key: string, asker: ResponseConsumer<App, Args, Principal>): ResponseFetch<App, Args, Principal> {
    const { cx, args } = asker;
    const fetch: ResponseFetch<App, Args, Principal> = new ResponseFetch({
      key,
      cx,
      args,
      method: this.#parts.method,
      cache: this.#cache,
      policy: this.#caching,
      composing: this.#parts.composing,
      decode: (bytes) => this.#decoded(bytes),
      forCaches: (response, fresh, current) => this.#forCaches(asker, response, fresh, current),
      ended: () => {
        if (this.#running.get(key) === fetch) this.#running.delete(key);
      },
    });
    this.#running.set(key, fetch);
    this.#cache.composed(fetch, false);
    return fetch;
  }
  /** @throws what the composer throws */
  #decoded(stored: Uint8Array): StoredResponse {
    const found = this.#parts.composing.decode(stored);
    const { response, framed } = found;
    this.#encoded.set(response, Buffer.from(framed.buffer, framed.byteOffset, framed.length));
    return found;
  }
  #observe(
    { cx: request }: ResponseConsumer<App, Args, Principal>,
    outcome: CacheEvent["outcome"],
    fetch?: object,
    ageMs?: number,
  ): void {
    const { observer, service, method } = this.#parts;
    observer?.cache?.({ request, service, method, outcome, fetch, ageMs, trace: request.exchange.trace });
  }
}
