// The cache: a store of answers in two levels, the second perhaps in Redis, and which of them are being fetched. It knows keys, bytes
// and times. Who asks, and how an answer is fetched, is known to call/.
import { type Clock, systemClock } from "../clock.ts";
import { type Failure, OVER } from "../failure.ts";
import { Lru } from "./lru.ts";
import { type Found, HarmlessLevel, type SecondLevel } from "./second-level.ts";

/** How much a cache holds, and what stands behind it (runtime.md, "Caching"). */
export interface CacheOptions {
  /** What the answers held in this process may cost, in bytes. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** Shared with other processes. */
  readonly second?: SecondLevel | undefined;
  readonly clock?: Clock | undefined;
}

/** How long an answer may be used again, in milliseconds since it came. */
export interface CachePolicy {
  /** For so long it is as good as new; up to a tenth less, so that answers of one moment do not all end in another. */
  readonly ttlMs: number;
  /** For so long it may be served while another one is fetched, or cannot be had. Default: not at all. */
  readonly staleMs?: number | undefined;
}

/** An answer of an upstream. */
export interface Entry {
  readonly bytes: Uint8Array;
  /** When it came, by the clock. */
  readonly at: number;
  /** From 0 to 1: how much earlier than others its time is over. */
  readonly jitter: number;
  /** Of the newest refresh that has ended, if it failed. */
  failed: Failure | undefined;
}

/** Waits for an answer that is being fetched. */
export interface Receiver {
  /** Whether its response cannot do without. */
  readonly critical: boolean;
  /** From now on, for this one, which is about to begin or under way. */
  waits(fetch: SharedFetch, begun: boolean): void;
  /** An answer that has just come. */
  received(bytes: Uint8Array): void;
  /** One from the second level, perhaps past its ttl. */
  found(entry: Entry): void;
  failed(failure: Failure): void;
}

/** The fetch of an answer, which whoever makes it shares with all who want the same meanwhile. */
export interface SharedFetch {
  join(receiver: Receiver): void;
  leave(receiver: Receiver): void;
  /** It goes on though nobody waits: for the sake of what is there. */
  renew(): void;
  /** One who waits cannot do without any more. */
  urge(): void;
}

/** What of its ttl an entry's jitter can take. */
const JITTER = 0.1;

/** The answers of upstreams that calls may use again; one for a process. */
export class Cache {
  readonly clock: Clock;
  readonly second: HarmlessLevel | undefined;
  readonly #first: Lru<Entry>;
  readonly #running = new Map<object, Map<string, SharedFetch>>();

  constructor(options: CacheOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.second = options.second && new HarmlessLevel(options.second, this.clock);
    this.#first = new Lru(options.maxBytes ?? 64 << 20);
  }
  /** An answer that this policy still lets be served. */
  look(key: string, policy: CachePolicy): Entry | undefined {
    const entry = this.#first.get(key);
    return entry !== undefined && (this.isFresh(entry, policy) || this.age(entry) < staleMs(policy))
      ? entry
      : undefined;
  }
  isFresh(entry: Entry, { ttlMs }: CachePolicy): boolean {
    return this.age(entry) < ttlMs * (1 - JITTER * entry.jitter);
  }
  /** In milliseconds. */
  age({ at }: Entry): number {
    return this.clock.now() - at;
  }
  /** Keeps an answer that has just come, in both levels. */
  put(key: string, bytes: Uint8Array, policy: CachePolicy): void {
    this.#adopt(key, { bytes, ageMs: 0 });
    this.second?.set(key, bytes, Math.max(policy.ttlMs, staleMs(policy)));
  }
  /** Keeps what the second level had, if this policy lets it be served. */
  adopt(key: string, found: Found, policy: CachePolicy): Entry | undefined {
    const before = this.look(key, policy);
    if (before !== undefined && this.age(before) <= found.ageMs) return before;
    const entry = this.#adopt(key, found);
    return this.isFresh(entry, policy) || found.ageMs < staleMs(policy) ? entry : undefined;
  }
  #adopt(key: string, { bytes, ageMs }: Found): Entry {
    // A copy: what came may be a part of something larger.
    const entry: Entry = {
      bytes: new Uint8Array(bytes),
      at: this.clock.now() - ageMs,
      jitter: this.clock.random(),
      failed: undefined,
    };
    this.#first.set(key, entry);
    return entry;
  }
  /** A fetch has failed; an answer that is still there was not renewed. */
  failed(key: string, failure: Failure): void {
    const entry = this.#first.get(key);
    if (entry !== undefined && failure !== OVER) entry.failed = failure;
  }

  /** The fetch that is under way for this key under this policy. */
  running(key: string, policy: object): SharedFetch | undefined {
    return this.#running.get(policy)?.get(key);
  }
  begun(key: string, policy: object, fetch: SharedFetch): void {
    const ofPolicy = this.#running.get(policy) ?? new Map<string, SharedFetch>();
    this.#running.set(policy, ofPolicy.set(key, fetch));
  }
  /** Nobody joins it any more; another one may have taken its place already. */
  ended(key: string, policy: object, fetch: SharedFetch): void {
    const ofPolicy = this.#running.get(policy);
    if (ofPolicy?.get(key) === fetch) ofPolicy.delete(key);
  }
  /** Lets the second level go. */
  async close(): Promise<void> {
    await this.second?.close();
  }
}

function staleMs({ staleMs }: CachePolicy): number {
  return staleMs ?? 0;
}
