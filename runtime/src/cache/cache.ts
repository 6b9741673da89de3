// The cache: a store of answers in two levels, the second optionally in Redis, and the fetches in progress. It depends
// on keys, bytes and times. Requests, and the way to fetch an answer, belong to call/.
import { type Clock, systemClock } from "../clock.ts";
import { type Failure, OVER } from "../failure.ts";
import { Lru } from "../lru.ts";
import type { CdnHeader } from "./cdn-tags.ts";
import type { Purges } from "./purges.ts";
import { type Found, HarmlessLevel, type Level, type SecondLevel } from "./second-level.ts";
import { isCurrent, type Tagged, type TagParts } from "./tags.ts";

/** Capacity of a cache, and its second level (runtime.md, "Caching"). */
export interface CacheOptions {
  /** Maximum cost of the answers held in this process, in bytes. Default: 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** Shared with other processes. */
  readonly second?: SecondLevel | undefined;
  /** Second level for answers that may contain sensitive values. Default: these stay in this process. */
  readonly sealed?: SecondLevel | undefined;
  /** Purges of tagged answers. Default: tags are ignored. */
  readonly purges?: Purges | undefined;
  /** Second levels for tagged answers, as the others. Default: these stay in this process. */
  readonly tagged?:
    | { readonly second?: SecondLevel | undefined; readonly sealed?: SecondLevel | undefined }
    | undefined;
  /** Header with the tags for a CDN. Default: `cache-tag`. */
  readonly cdnHeader?: CdnHeader | undefined;
  readonly clock?: Clock | undefined;
  /** Guards the second levels. Default: `HarmlessLevel`. */
  readonly guard?: ((level: SecondLevel, clock: Clock) => Level) | undefined;
}

/** How long an answer may be used again, in milliseconds since it came. */
export interface CachePolicy {
  /**
   * Time for which an answer is fresh. It is up to a tenth shorter, so that answers of one moment do not all end in
   * another.
   */
  readonly ttlMs: number;
  /** Time for which an answer may be served during a refresh, or after a refresh failed. Default: none. */
  readonly staleMs?: number | undefined;
  /** True if answers or their requests may contain sensitive values. Default: false. */
  readonly sensitive?: boolean | undefined;
  /** Returns the tags of an answer. Default: it has none, so no purge reaches it. */
  readonly tags?: ((...inputs: never) => readonly TagParts[]) | undefined;
  /**
   * Use of a purged answer: "spare" if a new answer cannot be fetched; "counted" as if it were not purged, while purged
   * hits are counted. Default: none.
   */
  readonly purged?: "spare" | "counted" | undefined;
  /** False: fetches do not wait for the same fetch of another process. */
  readonly singleFetch?: boolean | undefined;
}

/** An answer of an upstream. */
export interface Entry {
  readonly bytes: Uint8Array;
  /** When it came, by the clock. */
  readonly at: number;
  /** From 0 to 1: how much earlier than others its time is over. */
  readonly jitter: number;
  /** Failure of the newest refresh that has ended, if it failed. */
  failed: Failure | undefined;
  /** Undefined: no purge reaches it. */
  readonly tagged: Tagged | undefined;
}

/** Waits for an answer that is being fetched. */
export interface Receiver {
  /** True if its response requires the result. */
  readonly critical: boolean;
  /** By the clock, in milliseconds. */
  readonly deadline: number;
  /** Reports the fetch that this receiver waits for. It is running, or about to begin. */
  waits(fetch: SharedFetch, begun: boolean): void;
  /** An answer that has just come. */
  received(bytes: Uint8Array): void;
  /** One from the second level, perhaps past its ttl. */
  found(entry: Entry): void;
  /** The answer is older than a purge that this receiver has to see. It begins or joins another fetch. */
  outdated(): void;
  /** A purged answer, because the fetch failed. */
  spared(entry: Entry): void;
  failed(failure: Failure): void;
}

/** Fetch of an answer, shared with all equal requests in the meantime. */
export interface SharedFetch {
  join(receiver: Receiver): void;
  leave(receiver: Receiver): void;
  /** Continues the fetch without a waiter, to refresh the entry. */
  renew(): void;
  /** Makes the fetch critical, because a waiter now requires its result. */
  urge(): void;
}

/** Cost of an entry besides its bytes: key, objects, places in a map. An estimate, in bytes. */
const OVERHEAD_BYTES = 256;

/** Cost of a tag: its name, and its share of the remembered purges. An estimate, in bytes. */
const TAG_BYTES = 128;

/** Cost of an entry in the cache, in bytes. */
export const costOf = ({ bytes, tagged }: Pick<Entry, "bytes"> & Partial<Pick<Entry, "tagged">>): number =>
  bytes.length + OVERHEAD_BYTES + (tagged === undefined ? 0 : tagged.tags.length * TAG_BYTES);

/** Maximum share of the ttl that an entry's jitter takes. */
export const JITTER = 0.1;

/**
 * Answers of upstreams that calls may use again, bounded in bytes. A process has one cache.
 *
 * @example
 * const cache = new Cache({ maxBytes: 128 << 20 });
 * const upstreams = createUpstreams(clients, { cache });
 */
export class Cache {
  readonly clock: Clock;
  readonly purges: Purges | undefined;
  readonly cdnHeader: CdnHeader;
  readonly #second: Level | undefined;
  readonly #sealed: Level | undefined;
  readonly #tagged: Level | undefined;
  readonly #taggedSealed: Level | undefined;
  readonly #first: Lru<Entry>;
  readonly #running = new Map<object, Map<string, SharedFetch>>();

  constructor(options: CacheOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.purges = options.purges;
    this.cdnHeader = options.cdnHeader ?? "cache-tag";
    const { guard = (level, clock) => new HarmlessLevel(level, clock), tagged } = options;
    const open = (level?: SecondLevel) => level && guard(level, this.clock);
    this.#second = open(options.second);
    this.#sealed = open(options.sealed);
    this.#tagged = open(tagged?.second);
    this.#taggedSealed = open(tagged?.sealed);
    this.#first = new Lru<Entry>({ maxBytes: options.maxBytes ?? 64 << 20, weigh: costOf });
  }
  /** Returns the second level, if there is one that answers under this policy may enter. */
  second({ sensitive = false, tags }: CachePolicy): Level | undefined {
    if (tags !== undefined && this.purges !== undefined) return sensitive ? this.#taggedSealed : this.#tagged;
    return sensitive ? this.#sealed : this.#second;
  }
  /** An answer that this policy still lets be served. */
  look(key: string, policy: CachePolicy): Entry | undefined {
    const entry = this.#kept(key, policy);
    if (entry?.tagged === undefined || policy.purged === "counted") return entry;
    return isCurrent(entry.tagged) && this.purges?.confirmed() !== false ? entry : undefined;
  }
  /** A purged answer that this policy lets be served after a failed fetch. */
  spare(key: string, policy: CachePolicy): Entry | undefined {
    return policy.purged === "spare" ? this.#kept(key, policy) : undefined;
  }
  /** Reports whether an answer was purged. */
  isPurged({ tagged }: Entry): boolean {
    return tagged !== undefined && !isCurrent(tagged);
  }
  #kept(key: string, policy: CachePolicy): Entry | undefined {
    const entry = this.#first.get(key);
    return entry !== undefined && (this.isFresh(entry, policy) || this.age(entry) < staleMs(policy))
      ? entry
      : undefined;
  }
  /** A request begins the composition of a kept response, or shares that of another request. For captures. */
  composed(_fetch: object, _isShared: boolean): void {}
  /** Reports whether an answer may be kept, which its tags and purges decide. For captures. */
  keeps(isCurrent: boolean): boolean {
    return isCurrent;
  }
  isFresh(entry: Entry, { ttlMs }: CachePolicy): boolean {
    return this.age(entry) < ttlMs * (1 - JITTER * entry.jitter);
  }
  /** In milliseconds. */
  age({ at }: Entry): number {
    return this.clock.now() - at;
  }
  /** Keeps an answer that has just come, also in the second level for this policy. */
  put(key: string, bytes: Uint8Array, policy: CachePolicy, tagged?: Tagged): void {
    this.#adopt(key, { bytes, ageMs: 0 }, tagged);
    this.second(policy)?.set(key, bytes, Math.max(policy.ttlMs, staleMs(policy)), tagged?.stored);
  }
  /** Keeps the answer of the second level, and returns it if this policy lets it be served. */
  adopt(key: string, found: Found, policy: CachePolicy, tagged?: Tagged): Entry | undefined {
    const before = this.look(key, policy);
    if (before !== undefined && this.age(before) <= found.ageMs) return before;
    const entry = this.#adopt(key, found, tagged);
    return this.isFresh(entry, policy) || found.ageMs < staleMs(policy) ? entry : undefined;
  }
  #adopt(key: string, { bytes, ageMs }: Found, tagged?: Tagged): Entry {
    // A copy, because the received bytes may be a part of a larger buffer.
    const entry: Entry = {
      bytes: new Uint8Array(bytes),
      at: this.clock.now() - ageMs,
      jitter: this.clock.random(),
      failed: undefined,
      tagged,
    };
    this.#first.set(key, entry);
    return entry;
  }
  /** A fetch has failed; an answer that is still there was not renewed. */
  failed(key: string, failure: Failure): void {
    const entry = this.#first.get(key);
    if (entry !== undefined && failure !== OVER) entry.failed = failure;
  }

  /** Returns the running fetch for this key under this policy. */
  running(key: string, policy: Pick<CachePolicy, "sensitive">): SharedFetch | undefined {
    return this.#running.get(policy)?.get(key);
  }
  begun(key: string, policy: object, fetch: SharedFetch): void {
    const ofPolicy = this.#running.get(policy) ?? new Map<string, SharedFetch>();
    this.#running.set(policy, ofPolicy.set(key, fetch));
  }
  /** Ends the joining of a fetch, which another one may have replaced already. */
  ended(key: string, policy: object, fetch: SharedFetch): void {
    const ofPolicy = this.#running.get(policy);
    if (ofPolicy?.get(key) === fetch) ofPolicy.delete(key);
  }
  /** Closes the second levels. */
  async close(): Promise<void> {
    for (const level of [this.#second, this.#sealed, this.#tagged]) await level?.close?.();
  }
}

function staleMs({ staleMs }: CachePolicy): number {
  return staleMs ?? 0;
}
