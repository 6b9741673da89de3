// Intercepts lookups of the cache, and fetches that other requests have begun.
import type { Cache, Entry, Receiver, SharedFetch } from "@protobff/runtime/internal/cache/cache";
import type { Clock } from "@protobff/runtime/internal/clock";
import { Failure } from "@protobff/runtime/internal/failure";
import type { CapturedEntry, CapturedFailure } from "./format.ts";
import { type Recording, recording, recordingClock } from "./recording.ts";

/** Decides in place of a cache. */
export interface CacheDecider {
  /** @param isSecret true if the answer may contain sensitive values */
  look(isSecret: boolean, real: () => Entry | undefined): Entry | undefined;
  running(real: () => SharedFetch | undefined): SharedFetch | undefined;
  begun?(fetch: SharedFetch): void;
}

/** Replaces the methods of this cache, and its clock. */
export function interceptCache(cache: Cache, clock: Clock, decider: CacheDecider): void {
  const look = cache.look.bind(cache);
  const running = cache.running.bind(cache);
  const begun = cache.begun.bind(cache);
  Object.assign(cache, { clock });
  cache.look = (key, policy) => decider.look(policy.sensitive === true, () => look(key, policy));
  cache.running = (key, policy) => decider.running(() => running(key, policy));
  cache.begun = (key, policy, fetch) => {
    decider.begun?.(fetch);
    begun(key, policy, fetch);
  };
}

/** Records the cache of a process. */
export function captureCache(cache: Cache): void {
  const owners = new WeakMap<SharedFetch, Recording>();
  interceptCache(cache, recordingClock, {
    look(isSecret, real) {
      const of = recording();
      if (of === undefined) return real();
      const index = of.looks++;
      const entry = of.muted(real);
      if (entry !== undefined) of.keepsEntry(index, capturedEntry(entry, isSecret));
      return entry;
    },
    running(real) {
      const of = recording();
      const fetch = real();
      if (of === undefined) return fetch;
      const index = of.runs++;
      if (fetch === undefined || owners.get(fetch) === of) return fetch;
      of.joins.push(index);
      return new ForeignFetch(of, fetch, of.joins.length - 1);
    },
    begun(fetch) {
      const of = recording();
      if (of !== undefined) owners.set(fetch, of);
    },
  });
}

/** A fetch of another request, whose result is recorded for the request that joins it. */
class ForeignFetch implements SharedFetch {
  readonly #of: Recording;
  readonly #fetch: SharedFetch;
  readonly #index: number;
  #receiver: Receiver | undefined;

  constructor(of: Recording, fetch: SharedFetch, index: number) {
    this.#of = of;
    this.#fetch = fetch;
    this.#index = index;
  }
  join(receiver: Receiver): void {
    const arrives = <T>(what: keyof Receiver, value: unknown, run: (argument: T) => void, argument: T): void => {
      this.#of.spend(value instanceof Uint8Array ? value.length * 2 : 0);
      this.#of.arrives(["joined", 0, 0, 0, this.#index, what, value], run, argument);
    };
    this.#receiver = {
      get critical() {
        return receiver.critical;
      },
      waits: (fetch, begun) => receiver.waits(fetch, begun),
      received: (bytes) => arrives("received", bytes, receiver.received.bind(receiver), bytes),
      found: (entry) => arrives("found", capturedEntry(entry, false), receiver.found.bind(receiver), entry),
      outdated: () => arrives("outdated", null, receiver.outdated.bind(receiver), undefined),
      spared: (entry) => arrives("spared", capturedEntry(entry, false), receiver.spared.bind(receiver), entry),
      failed: (failure) => arrives("failed", capturedFailure(failure), receiver.failed.bind(receiver), failure),
    };
    this.#fetch.join(this.#receiver);
  }
  leave(): void {
    if (this.#receiver !== undefined) this.#fetch.leave(this.#receiver);
  }
  renew(): void {
    this.#fetch.renew();
  }
  urge(): void {
    this.#fetch.urge();
  }
}

function capturedEntry({ bytes, at, jitter, failed }: Entry, isSecret: boolean): CapturedEntry {
  const kept = isSecret ? "" : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
  return failed === undefined ? [kept, at, jitter] : [kept, at, jitter, capturedFailure(failed)];
}
function capturedFailure({ code, reason, upstream, method, message, clientCode }: Failure): CapturedFailure {
  return { code, reason, callee: method === "" ? upstream : method, message, clientCode };
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
