// The cache of a replayed request: its captured entries, its second level, and fetches that it shares with others.
import {
  Cache,
  type CachePolicy,
  type Entry,
  type Receiver,
  type SharedFetch,
} from "@protobff/runtime/internal/cache/cache";
import type { Level } from "@protobff/runtime/internal/cache/second-level";
import { OVER } from "@protobff/runtime/internal/failure";
import {
  type ArrivalEvent,
  type CapturedEntry,
  type CapturedFailure,
  type CapturedRequest,
  entryOf,
  failureOf,
  interceptCache,
  type SharedAct,
  SPARE,
} from "@protobff/server/capture";
import type { ReplayClock } from "./replay-clock.ts";

const KINDS = ["joined", "second", "shared"] as const;
type Kind = (typeof KINDS)[number];
type CacheEvent = Extract<ArrivalEvent, readonly [Kind, ...unknown[]]>;

/** Reports whether an arrival is one of the cache. */
export const isCacheEvent = (event: CapturedRequest["tape"][number]): event is CacheEvent =>
  KINDS.some((kind) => kind === event[0]);

/** Keys that a request has looked up, by the numbers that its capture has in their places. */
export interface CacheKeys {
  readonly looks: string[];
  /** Keys of fetches that others had begun. */
  readonly joins: string[];
  /** Keys of the second level. */
  readonly seconds: string[];
  /** How long an answer might be used by key, in milliseconds. */
  readonly lives: Map<string, number>;
}

/** The cache of one replayed request. */
export class StageCache {
  /** Receives each fetch of another request when it is joined, and each look-up in the second level. */
  awaits: (kind: "joined" | "second", index: number) => void = () => {};
  /** Look-ups of the request until now. */
  readonly keys: CacheKeys = { looks: [], joins: [], seconds: [], lives: new Map() };
  /** Keys of the build that wrote the capture. Undefined: this build looks up the same, in the same order. */
  known: CacheKeys | undefined;
  /** Number of look-ups that found nothing, and that the captured request did not make, or for less old answers. */
  unknown = 0;
  readonly #clock: ReplayClock;
  /** False: it also finds what this request has fetched, because it may come in another order. */
  readonly #exact: boolean;
  /** Calls that wait for fetches of other requests, by their captured numbers. */
  readonly #joined = new Map<number, Receiver[]>();
  /** Look-ups in the second level, by their captured numbers. */
  readonly #lookUps = new Map<number, Parameters<Level["get"]>[2][]>();
  /** Fetches that the request has begun. */
  readonly #fetches: SharedFetch[] = [];
  readonly #begun = new Set<string>();
  readonly #sharers = new Map<number, Receiver>();

  constructor(clock: ReplayClock, exact: boolean) {
    this.#clock = clock;
    this.#exact = exact;
  }
  /** Returns a cache with the captured entries. */
  of({ entries = [], joins = [], queries = [], unkept = [], startedAt }: CapturedRequest): Cache {
    const cache = new Cache({ clock: this.#clock });
    const found = new Map(entries.map(([look, ...entry]) => [look, entryOf(entry)] as const));
    const looked = this.#numberOf("looks", (number) => found.has(number));
    const queried = this.#numberOf("seconds", (number) => queries.includes(number));
    const joined = this.#numberOf("joins", () => true);
    let [runs, kept] = [0, 0];
    const level: Level = {
      get: (key, _, done) => {
        const number = queried(key);
        if (number === undefined || !queries.includes(number)) done(undefined);
        else {
          push(this.#lookUps, number, done);
          this.awaits("second", number);
        }
      },
      set: () => {},
    };
    const { known } = this;
    const entryOfKey = known && this.#entries(cache, found, known, startedAt);
    interceptCache(cache, this.#clock, {
      look: (policy, real, key) => {
        const entry = found.get(looked(key) ?? Number.NaN);
        const { ttlMs, staleMs = 0 } = policy;
        const life = Math.max(ttlMs, staleMs, this.keys.lives.get(key) ?? 0);
        this.keys.lives.set(key, life);
        if (known === undefined) return this.#exact ? entry : (entry ?? real());
        const served = key.startsWith(SPARE) ? entry : (real() ?? entryOfKey?.(key, policy));
        if (served === undefined && (known.lives.get(key) ?? -1) < life) this.unknown++;
        return served;
      },
      second: () => level,
      keeps: () => !unkept.includes(kept++),
      running: (_, real, key) => {
        const isJoined = known === undefined ? joins.includes(runs++) : known.joins.includes(key);
        const fetch = isJoined && known === undefined ? undefined : real();
        return fetch ?? (isJoined ? this.#foreign(key, joined) : undefined);
      },
      begun: (fetch, key) => {
        this.#fetches.push(fetch);
        this.#begun.add(key);
      },
    });
    return cache;
  }
  /** Returns a look-up among captured entries, by the keys of the build that wrote them. */
  #entries(
    cache: Cache,
    found: ReadonlyMap<number, Entry>,
    { looks }: CacheKeys,
    startedAt: number,
  ): (key: string, policy: CachePolicy) => Entry | undefined {
    const [comes, there] = [new Map<string, Entry>(), new Map<string, Entry>()];
    // It may have come while the request ran.
    for (const [number, entry] of found) (entry.at * 1_000 < startedAt ? there : comes).set(looks[number] ?? "", entry);
    const failed = cache.failed.bind(cache);
    cache.failed = (key, failure) => {
      const entry = there.get(key);
      if (entry !== undefined && failure !== OVER) entry.failed = failure;
      failed(key, failure);
    };
    return (key, policy) => {
      const come = comes.get(key);
      if (come !== undefined && come.at * 1_000 <= this.#clock.at && !this.#begun.has(key)) there.set(key, come);
      const entry = there.get(key);
      if (entry === undefined) return undefined;
      return cache.isFresh(entry, policy) || cache.age(entry) < (policy.staleMs ?? 0) ? entry : undefined;
    };
  }
  /**
   * Returns the number of a look-up: the next one, or the captured one of its key.
   *
   * @param isCaptured true for numbers under which the capture has something
   */
  #numberOf(
    kind: Exclude<keyof CacheKeys, "lives">,
    isCaptured: (number: number) => boolean,
  ): (key: string) => number | undefined {
    const { known, keys } = this;
    const numbers = known && Map.groupBy([...known[kind].keys()].filter(isCaptured), (i) => known[kind][i]);
    return (key) => {
      const next = keys[kind].push(key) - 1;
      if (numbers === undefined) return next;
      const [number, ...others] = numbers.get(key) ?? [];
      // An entry that was found once stays there.
      if (others.length > 0) numbers.set(key, others);
      return number;
    };
  }
  /** A fetch of another request. */
  #foreign(key: string, joined: (key: string) => number | undefined): SharedFetch {
    const fetch: SharedFetch = {
      join: (receiver) => {
        const number = joined(key) ?? 0;
        push(this.#joined, number, receiver);
        receiver.waits(fetch, false);
        this.awaits("joined", number);
      },
      leave: () => {},
      renew: () => {},
      urge: () => {},
    };
    return fetch;
  }
  /** Delivers what comes from outside of the request. Returns why that is impossible. */
  deliver(event: CacheEvent): string | undefined {
    const [kind, , , , index] = event;
    if (kind === "shared")
      return this.#shares(index, event[5], event[6]) ? undefined : `fetch ${index} is not begun in the replay`;
    if (kind === "joined") return this.#ends(event);
    const waiting = this.#lookUps.get(index);
    if (waiting === undefined) return `look-up ${index} in the second level is not under way in the replay`;
    this.#lookUps.delete(index);
    const [, , , , , bytes, ageMs] = event;
    for (const done of waiting) done(bytes === null ? undefined : { bytes: Buffer.from(bytes, "base64"), ageMs });
    return undefined;
  }
  /** Delivers the result of a fetch that another request has begun. */
  #ends([, , , , join, what, value]: Extract<CacheEvent, readonly ["joined", ...unknown[]]>): string | undefined {
    const waiting = this.#joined.get(join);
    if (waiting === undefined) return `no call joins fetch ${join} in the replay`;
    this.#joined.delete(join);
    for (const receiver of waiting)
      if (what === "received") receiver.received(Buffer.from(value as string, "base64"));
      else if (what === "failed") receiver.failed(failureOf(value as CapturedFailure));
      else if (what === "outdated") receiver.outdated();
      else receiver[what](entryOf(value as CapturedEntry));
    return undefined;
  }
  /** Repeats the act of another request on a fetch of this one. Returns false if the request has not begun it. */
  #shares(index: number, act: SharedAct, sharer: number): boolean {
    const fetch = this.#fetches[index];
    const receiver = this.#sharers.get(sharer) ?? new Sharer(act === "need");
    this.#sharers.set(sharer, receiver);
    if (act === "renew" || act === "urge") fetch?.[act]();
    else if (act === "leave") fetch?.leave(receiver);
    else fetch?.join(receiver);
    return fetch !== undefined;
  }
}

/** Another request that waits for a fetch of the replayed one. It does nothing with the result. */
class Sharer implements Receiver {
  readonly critical: boolean;
  readonly deadline = Number.POSITIVE_INFINITY;

  constructor(critical: boolean) {
    this.critical = critical;
  }
  waits(): void {}
  received(): void {}
  found(): void {}
  outdated(): void {}
  spared(): void {}
  failed(): void {}
}

function push<T>(of: Map<number, T[]>, number: number, value: T): void {
  const values = of.get(number);
  if (values === undefined) of.set(number, [value]);
  else values.push(value);
}
