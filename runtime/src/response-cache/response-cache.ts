// Whole answers that are used again: under what key, and who fetches one for all who want it at the same time.
import type { Message } from "@bufbuild/protobuf";
import { Cache, type CachePolicy, type Entry } from "../cache/cache.ts";
import type { Clock } from "../clock.ts";
import type { Degraded } from "../compose/degrade.ts";
import type { Request } from "../compose/request.ts";
import type { CacheEvent, Observer } from "../observer.ts";
import { PREFIX_BYTES } from "../wire/frame.ts";
import { type Composing, ResponseFetch, Waiting } from "./response-fetch.ts";
import type { ResponseKeys } from "./response-key.ts";

/** How whole answers of an rpc are used again. Only for rpcs without side effects. */
export interface ResponseCaching<App, Args extends Message, Principal> extends CachePolicy {
  /** Where they are kept; one for a process. Default: one of this rpc's own. */
  readonly answers?: Cache | undefined;
  /** Stands for all that answers are composed by: another one wherever the same request could be answered otherwise. */
  readonly plan: string;
  /** What an answer depends on besides its request: fields of the principal by their proto names, or who calls as a whole. */
  readonly principal?: readonly string[] | "whole" | undefined;
  /** Whether it depends on the caller's token. */
  readonly token?: boolean | undefined;
  /** Whether it depends on the client's address. */
  readonly peer?: boolean | undefined;
  /** Names of incoming headers, in lower case. */
  readonly headers?: readonly string[] | undefined;
  /** Values of the environment, which are the same for all requests of a process. */
  readonly env?: readonly unknown[] | undefined;
  /** Which ways a request takes, where there are several. */
  readonly ways?: ((cx: Request<App, Principal>, args: Args) => string) | undefined;
  /** Guards without calls: they speak for each request, whoever has its answer. */
  readonly admit?: ((cx: Request<App, Principal>, args: Args) => void | Promise<void>) | undefined;
}

/** An answer, however it was had. */
export interface Answered {
  /** Nobody else's. */
  readonly response: Message;
  /** Undefined: nothing is wrong with it. */
  readonly degraded: Degraded | undefined;
  /** Whether it, or something that it is made of, was used past its time. */
  readonly stale: boolean;
  /** Whether nothing was composed for it: it was there, or made for somebody else. */
  readonly reused: boolean;
}

/** A request that wants an answer, and has passed all that stands before it. */
export interface Asker<App, Args extends Message, Principal> {
  readonly cx: Request<App, Principal>;
  readonly args: Args;
  /** How long an answer may take when the time of its calls is up, in milliseconds. */
  readonly marginMs: number;
  answered(answer: Answered): void;
}

/** What the cache knows of its rpc. */
export interface ResponseCacheParts<App, Args extends Message, Principal> {
  readonly service: string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly clock: Clock;
  readonly observer: Observer | undefined;
  readonly keys: ResponseKeys<App, Args, Principal>;
  readonly composing: Composing<App, Args, Principal>;
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
  /** The bytes of an answer that has come from here, with gRPC's prefix in front: nobody has to write it again. */
  encoded(response: Message): Buffer | undefined {
    return this.#encoded.get(response);
  }
  /** Answers, perhaps before this returns. Where that fails the asker's scope does. */
  serve(asker: Asker<App, Args, Principal>): void {
    const key = this.#parts.keys.of(asker.cx, asker.args);
    const entry = this.#cache.look(key, this.#caching);
    if (entry === undefined) this.#join(key, asker);
    else this.#found(key, entry, asker);
  }
  #found(key: string, entry: Entry, asker: Asker<App, Args, Principal>): void {
    const fresh = this.#cache.isFresh(entry, this.#caching);
    const renewal = fresh ? undefined : this.#renew(key, asker);
    this.#observe(asker, fresh ? "fresh" : "stale", renewal, this.#cache.age(entry));
    const response = this.#decoded(entry.bytes);
    asker.answered({ response, degraded: undefined, stale: !fresh, reused: true });
  }
  #join(key: string, asker: Asker<App, Args, Principal>): void {
    const running = this.#running.get(key);
    const fetch = running ?? this.#fetch(key, asker);
    this.#observe(asker, running === undefined ? "missed" : "joined", fetch);
    const waiting = new Waiting(asker, fetch, this.#parts.clock, (entry) => this.#found(key, entry, asker));
    fetch.join(waiting);
    if (running === undefined) fetch.start();
  }
  #renew(key: string, asker: Asker<App, Args, Principal>): object {
    const running = this.#running.get(key);
    if (running !== undefined) {
      running.renew();
      return running;
    }
    const fetch = this.#fetch(key, asker);
    fetch.renew();
    fetch.start();
    return fetch;
  }
  #fetch(key: string, asker: Asker<App, Args, Principal>): ResponseFetch<App, Args, Principal> {
    const { cx, args } = asker;
    const fetch: ResponseFetch<App, Args, Principal> = new ResponseFetch({
      key,
      cx,
      args,
      cache: this.#cache,
      policy: this.#caching,
      composing: this.#parts.composing,
      decode: (bytes) => this.#decoded(bytes),
      ended: () => {
        if (this.#running.get(key) === fetch) this.#running.delete(key);
      },
    });
    this.#running.set(key, fetch);
    return fetch;
  }
  /** @throws what protobuf-es throws of bytes that are no such message */
  #decoded(framed: Uint8Array): Message {
    const response = this.#parts.composing.decode(framed.subarray(PREFIX_BYTES));
    this.#encoded.set(response, Buffer.from(framed.buffer, framed.byteOffset, framed.length));
    return response;
  }
  #observe(
    { cx: request }: Asker<App, Args, Principal>,
    outcome: CacheEvent["outcome"],
    fetch?: object,
    ageMs?: number,
  ): void {
    const { observer, service, method } = this.#parts;
    observer?.cache?.({ request, service, method, outcome, fetch, ageMs, trace: request.exchange.trace });
  }
}
