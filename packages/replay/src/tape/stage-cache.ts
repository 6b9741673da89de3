// The cache of a replayed request: its captured entries, its second level, and fetches that it shares with others.
import { Cache, type Receiver, type SharedFetch } from "@protobff/runtime/internal/cache/cache";
import type { Level } from "@protobff/runtime/internal/cache/second-level";
import {
  type ArrivalEvent,
  type CapturedEntry,
  type CapturedFailure,
  type CapturedRequest,
  entryOf,
  failureOf,
  interceptCache,
  type SharedAct,
} from "@protobff/server/capture";
import type { ReplayClock } from "./replay-clock.ts";

const KINDS = ["joined", "second", "shared"] as const;
type Kind = (typeof KINDS)[number];
type CacheEvent = Extract<ArrivalEvent, readonly [Kind, ...unknown[]]>;

/** Reports whether an arrival is one of the cache. */
export const isCacheEvent = (event: CapturedRequest["tape"][number]): event is CacheEvent =>
  KINDS.some((kind) => kind === event[0]);

/** The cache of one replayed request. */
export class StageCache {
  /** Receives each fetch of another request when it is joined, and each look-up in the second level. */
  awaits: (kind: "joined" | "second", index: number) => void = () => {};
  readonly #clock: ReplayClock;
  /** Calls that wait for a fetch of another request. */
  readonly #joined: Receiver[] = [];
  /** Look-ups in the second level. */
  readonly #lookUps = new Map<number, Parameters<Level["get"]>[1]>();
  /** Fetches that the request has begun. */
  readonly #fetches: SharedFetch[] = [];
  readonly #sharers = new Map<number, Receiver>();

  constructor(clock: ReplayClock) {
    this.#clock = clock;
  }
  /** Returns a cache with the captured entries. */
  of({ entries = [], joins = [], queries = [], unkept = [] }: CapturedRequest): Cache {
    const cache = new Cache({ clock: this.#clock });
    const found = new Map(entries.map(([look, ...entry]) => [look, entry] as const));
    let [looks, runs, seconds, kept] = [0, 0, 0, 0];
    const level: Level = {
      get: (_, done) => {
        const index = seconds++;
        if (!queries.includes(index)) {
          done(undefined);
          return;
        }
        this.#lookUps.set(index, done);
        this.awaits("second", index);
      },
      set: () => {},
    };
    const fetch: SharedFetch = {
      join: (receiver) => {
        this.#joined.push(receiver);
        receiver.waits(fetch, false);
        this.awaits("joined", this.#joined.length - 1);
      },
      leave: () => {},
      renew: () => {},
      urge: () => {},
    };
    interceptCache(cache, this.#clock, {
      look() {
        const entry = found.get(looks++);
        return entry && entryOf(entry);
      },
      second: () => level,
      keeps: () => !unkept.includes(kept++),
      running: (_, real) => (joins.includes(runs++) ? fetch : real()),
      begun: (fetch) => this.#fetches.push(fetch),
    });
    return cache;
  }
  /** Delivers what comes from outside of the request. Returns why that is impossible. */
  deliver(event: CacheEvent): string | undefined {
    const [kind, , , , index] = event;
    if (kind === "shared")
      return this.#shares(index, event[5], event[6]) ? undefined : `fetch ${index} is not begun in the replay`;
    if (kind === "joined") return this.#ends(event);
    const done = this.#lookUps.get(index);
    if (done === undefined) return `look-up ${index} in the second level is not under way in the replay`;
    this.#lookUps.delete(index);
    const [, , , , , bytes, ageMs] = event;
    done(bytes === null ? undefined : { bytes: Buffer.from(bytes, "base64"), ageMs });
    return undefined;
  }
  /** Delivers the result of a fetch that another request has begun. */
  #ends([, , , , join, what, value]: Extract<CacheEvent, readonly ["joined", ...unknown[]]>): string | undefined {
    const receiver = this.#joined[join];
    if (receiver === undefined) return `no call joins fetch ${join} in the replay`;
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
