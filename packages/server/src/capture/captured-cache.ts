// Intercepts lookups of the cache, and fetches that other requests have begun.
import type { Cache, CachePolicy, Entry, Receiver, SharedFetch } from "@protobff/runtime/internal/cache/cache";
import type { FetchMark, FetchWait } from "@protobff/runtime/internal/cache/lease/fetch-wait";
import type { Found, Level, StoredTags } from "@protobff/runtime/internal/cache/second-level";
import type { Clock } from "@protobff/runtime/internal/clock";
import { Failure } from "@protobff/runtime/internal/failure";
import type { CapturedEntry, CapturedFailure, SharedAct } from "./format.ts";
import { continues, outside, type Recording, recording, recordingClock } from "./recording.ts";

/** Decides in place of a cache. */
export interface CacheDecider {
  look(policy: CachePolicy, real: () => Entry | undefined, key: string): Entry | undefined;
  /** @param isSecret true if the answer may contain sensitive values */
  second(isSecret: boolean, real: () => Level | undefined): Level | undefined;
  running(isSecret: boolean, real: () => SharedFetch | undefined, key: string): SharedFetch | undefined;
  keeps(real: boolean): boolean;
  begun?(fetch: SharedFetch, key: string): void;
  composed?(fetch: object, isShared: boolean): void;
}

/** Begins the keys of look-ups of purged answers. */
export const SPARE = "spare ";
/** Replaces the methods of this cache, and its clock. */
export function interceptCache(cache: Cache, clock: Clock, decider: CacheDecider): void {
  const look = cache.look.bind(cache);
  const spare = cache.spare.bind(cache);
  const second = cache.second.bind(cache);
  const running = cache.running.bind(cache);
  const begun = cache.begun.bind(cache);
  Object.assign(cache, { clock });
  cache.look = (key, policy) => decider.look(policy, () => look(key, policy), key);
  cache.spare = (key, policy) =>
    policy.purged === "spare" ? decider.look(policy, () => spare(key, policy), `${SPARE}${key}`) : undefined;
  cache.second = (policy) => decider.second(policy.sensitive === true, () => second(policy));
  cache.keeps = (isCurrent) => decider.keeps(isCurrent);
  cache.composed = (fetch, isShared) => decider.composed?.(fetch, isShared);
  cache.running = (key, policy) => decider.running(policy.sensitive === true, () => running(key, policy), key);
  cache.begun = (key, policy, fetch) => {
    decider.begun?.(fetch, key);
    begun(key, policy, fetch);
  };
}

/** A fetch that a recorded request has begun. */
interface OwnFetch {
  readonly of: Recording;
  /** Number among the fetches of its request. */
  readonly index: number;
}

/** Records the cache of a process. */
export function captureCache(cache: Cache): void {
  const owners = new WeakMap<SharedFetch, OwnFetch>();
  const composers = new WeakMap<object, Recording>();
  interceptCache(cache, recordingClock, {
    look({ sensitive: isSecret = false }, real) {
      const of = recording();
      if (of === undefined) return real();
      const index = of.next.look++;
      const entry = of.muted(real);
      if (entry === undefined) return undefined;
      of.keepsEntry(index, capturedEntry(entry, isSecret));
      if (isSecret) of.incomparable ??= SECRET;
      return entry;
    },
    second(isSecret, real) {
      const [of, level] = [recording(), real()];
      return of === undefined ? level : new RecordedLevel(of, level, isSecret);
    },
    running(isSecret, real) {
      const of = recording();
      const fetch = real();
      const index = of === undefined ? 0 : of.next.run++;
      const owner = fetch && owners.get(fetch);
      if (fetch === undefined || owner?.of === of) return fetch;
      of?.values.joins.push(index);
      return new ForeignFetch(of, fetch, owner, isSecret);
    },
    keeps(real) {
      const of = recording();
      const index = of === undefined ? 0 : of.next.kept++;
      if (!real) of?.values.unkept.push(index);
      return real;
    },
    composed(fetch, isShared) {
      const of = recording();
      if (!isShared && of !== undefined) composers.set(fetch, of);
      if (isShared) for (const sharer of [of, composers.get(fetch)]) if (sharer) sharer.incomparable ??= SHARED;
    },
    begun(fetch) {
      const of = recording();
      if (of !== undefined) owners.set(fetch, { of, index: of.next.fetch++ });
    },
  });
}

/**
 * The second level for a recorded request, or none. Its answers are arrivals, but for those of a level that is left
 * alone. Look-ups are numbered without a level, too, because a replay has one for each policy.
 */
class RecordedLevel implements Level {
  readonly #of: Recording;
  readonly #level: Level | undefined;
  readonly #isSecret: boolean;

  constructor(of: Recording, level: Level | undefined, isSecret: boolean) {
    this.#of = of;
    this.#level = level;
    this.#isSecret = isSecret;
  }
  get(key: string, wait: FetchWait | undefined, done: Parameters<Level["get"]>[2]): void {
    const of = this.#of;
    const index = of.next.second++;
    const level = this.#level;
    if (level === undefined) {
      done(undefined);
      return;
    }
    let state: "asked" | "waiting" | "answered" = "asked";
    const answered = (found: Found | undefined, counter?: string): void => {
      const go = (): void => done(found, counter);
      if (state === "waiting") this.#arrives(index, found, go);
      else {
        state = "answered";
        continues(of, go);
      }
    };
    outside(() => level.get(key, wait, answered), undefined);
    if (state !== "asked") return;
    state = "waiting";
    of.values.queries.push(index);
  }
  #arrives(index: number, found: Found | undefined, go: () => void): void {
    const of = this.#of;
    if (this.#isSecret && found !== undefined) of.incomparable ??= SECRET;
    const bytes = found && (this.#isSecret ? NOTHING : found.bytes);
    of.spend((bytes?.length ?? 0) * 2);
    of.arrives(["second", 0, 0, 0, index, bytes ?? null, found?.ageMs ?? 0], go, undefined);
  }
  set(key: string, bytes: Uint8Array, lifeMs: number, tags?: StoredTags): void {
    outside(() => this.#level?.set(key, bytes, lifeMs, tags), undefined);
  }
  ended(key: string, mark?: FetchMark): void {
    outside(() => this.#level?.ended?.(key, mark), undefined);
  }
}

/** A fetch of another request. Its result is recorded for the request that joins it, and the join for its owner. */
class ForeignFetch implements SharedFetch {
  readonly #of: Recording | undefined;
  readonly #fetch: SharedFetch;
  readonly #owner: OwnFetch | undefined;
  readonly #isSecret: boolean;
  /** Number among those that share fetches of the owner. */
  #sharer = 0;
  #receiver: Receiver | undefined;
  #isOver = false;

  constructor(of: Recording | undefined, fetch: SharedFetch, owner: OwnFetch | undefined, isSecret: boolean) {
    this.#of = of;
    this.#fetch = fetch;
    this.#owner = owner;
    this.#isSecret = isSecret;
  }
  join(receiver: Receiver): void {
    const of = this.#of;
    const index = of === undefined ? 0 : of.next.join++;
    const arrives = <T>(what: keyof Receiver, value: unknown, run: (argument: T) => void, argument: T): void => {
      this.#isOver = true;
      if (of === undefined) {
        outside(run, argument);
        return;
      }
      if (this.#isSecret) of.incomparable ??= SECRET;
      of.spend(value instanceof Uint8Array ? value.length * 2 : 0);
      of.arrives(["joined", 0, 0, 0, index, what, value], run, argument);
    };
    const joining: Receiver = {
      get critical() {
        return receiver.critical;
      },
      deadline: receiver.deadline,
      waits: (fetch, begun) => continues(of, () => receiver.waits(fetch, begun)),
      received: (bytes) =>
        arrives("received", this.#isSecret ? NOTHING : bytes, receiver.received.bind(receiver), bytes),
      found: (entry) => arrives("found", capturedEntry(entry, this.#isSecret), receiver.found.bind(receiver), entry),
      outdated: () => arrives("outdated", null, receiver.outdated.bind(receiver), undefined),
      spared: (entry) => arrives("spared", capturedEntry(entry, this.#isSecret), receiver.spared.bind(receiver), entry),
      failed: (failure) => arrives("failed", capturedFailure(failure), receiver.failed.bind(receiver), failure),
    };
    this.#receiver = joining;
    if (this.#owner !== undefined) this.#sharer = this.#owner.of.next.sharer++;
    this.#acts(receiver.critical ? "need" : "join", () => this.#fetch.join(joining));
  }
  leave(): void {
    const joined = this.#receiver;
    if (joined === undefined) return;
    const leave = (): void => this.#fetch.leave(joined);
    if (this.#isOver) outside(leave, undefined);
    else this.#acts("leave", leave);
  }
  renew(): void {
    this.#acts("renew", () => this.#fetch.renew());
  }
  urge(): void {
    this.#acts("urge", () => this.#fetch.urge());
  }
  /** Records an act of this request for the request that has begun the fetch. */
  #acts(what: SharedAct, run: () => void): void {
    const { of, index } = this.#owner ?? {};
    if (of === undefined || of.done) outside(run, undefined);
    else of.arrives(["shared", 0, 0, 0, index, what, this.#sharer], run, undefined);
  }
}

/** Why a replay may differ. */
const SECRET = "it had a cached answer with sensitive values, which no capture contains";
const SHARED = "it shares the composition of a kept response with another request";
const NOTHING = new Uint8Array();

function capturedEntry({ bytes, at, jitter, failed }: Entry, isSecret: boolean): CapturedEntry<Uint8Array> {
  const kept = isSecret ? NOTHING : bytes;
  return failed === undefined ? [kept, at, jitter] : [kept, at, jitter, capturedFailure(failed)];
}
/** Returns a failure as in the file. */
export function capturedFailure({
  code,
  reason,
  upstream,
  method,
  message,
  clientCode,
  clientMessage,
}: Failure): CapturedFailure {
  return { code, reason, callee: method === "" ? upstream : method, message, clientCode, clientMessage };
}

/** Returns the entry of a captured one. */
export function entryOf([bytes, at, jitter, failed]: CapturedEntry): Entry {
  return {
    bytes: Uint8Array.from(Buffer.from(bytes, "base64")),
    at,
    jitter,
    failed: failed && failureOf(failed),
    tagged: undefined,
  };
}
/** Returns the failure of a captured one. */
export function failureOf(captured: CapturedFailure): Failure {
  return new Failure(captured as ConstructorParameters<typeof Failure>[0]);
}
