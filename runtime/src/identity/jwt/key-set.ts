import type { Clock, Timer } from "../../clock.ts";
import { unavailable } from "../refusals.ts";
import { type FetchDocument, fetchDocument, type IssuerDocument } from "./fetch-document.ts";
import type { JwkImport } from "./jose.ts";
import { chosen, type Key, readKeys } from "./keys.ts";
import { errorAt, type KeyPlace, locateKeys, withAddress } from "./locate-keys.ts";

/** Time limit to fetch a document, in milliseconds. */
const FETCH_MS = 5_000;
/** Shortest interval between fetches for an unknown key, in milliseconds. */
const REFETCH_MS = 10_000;
/** Maximum number of requests that wait for the keys. */
const MAX_WAITING = 1_000;
const AGE_MS = { min: 60_000, byDefault: 600_000, max: 3_600_000 };
/** Delay between attempts while they fail, in milliseconds. Doubled after each attempt. */
const RETRY_MS = { first: 1_000, max: 30_000 };

const AWAY = "the issuer's keys cannot be fetched";

export interface KeySetParts {
  readonly place: KeyPlace;
  /** Time for which keys stay valid beyond their age while the issuer is unavailable, in milliseconds. */
  readonly maxStaleMs: number;
  readonly clock: Clock;
  readonly jose: JwkImport;
  readonly fetch?: FetchDocument | undefined;
  /** Called when fetching begins to fail, with the cause. */
  readonly failed: (error: unknown) => void;
  /** Called after each fetch of keys. */
  readonly fetched?: (() => void) | undefined;
}

/**
 * The keys of an issuer, fetched in the background. A fetch begins before the first request, at four fifths of the
 * keys' age, and when a token names an unknown key. One fetch runs at a time. While fetches fail, the keys of the last
 * fetch stay in use.
 */
export class KeySet {
  /** Resolves when keys are available for the first time, or never will be. */
  readonly opened: Promise<void>;
  readonly #parts: KeySetParts;
  readonly #fetch: (address: string) => Promise<IssuerDocument>;
  readonly #open: () => void;
  #keys: readonly Key[] = [];
  /** Time on the clock from which the keys are invalid. */
  #serveUntil = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;
  #abort: AbortController | undefined;
  #fetchStartedAt = Number.NEGATIVE_INFINITY;
  /** Number of fetches that failed since the last success. */
  #failures = 0;
  #waiting = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(parts: KeySetParts) {
    this.#parts = parts;
    const { fetch = fetchDocument } = parts;
    this.#fetch = (address) => this.#bounded(fetch, address);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.opened = promise;
    this.#open = resolve;
    void this.#refresh();
  }

  /** True if the tokens that the keys have verified still count. */
  get serving(): boolean {
    return this.#parts.clock.now() < this.#serveUntil;
  }

  /**
   * Returns the key that a token is signed with; undefined if the issuer has no such key. Returns a promise if a fetch
   * is necessary. A request waits for one fetch at most, and for none while fetches fail.
   *
   * @throws Failure UNAVAILABLE if the issuer cannot be reached
   */
  find(id: string | undefined, algorithm: string): Key | undefined | Promise<Key | undefined> {
    const known = this.#find(id, algorithm);
    if (known !== undefined) return known;
    const mayFetch = this.#fetching === undefined && this.#parts.clock.now() - this.#fetchStartedAt >= REFETCH_MS;
    if (this.#failures > 0) {
      if (mayFetch) void this.#refresh();
      throw unavailable(AWAY);
    }
    return mayFetch || this.#fetching !== undefined ? this.#fetchedKey(id, algorithm) : this.#unknown();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopTimer();
    this.#abort?.abort(new Error("closed"));
    await this.#fetching;
    this.#open();
  }

  #find(id: string | undefined, algorithm: string): Key | undefined {
    return this.serving ? chosen(this.#keys, id, algorithm) : undefined;
  }

  async #fetchedKey(id: string | undefined, algorithm: string): Promise<Key | undefined> {
    if (this.#waiting >= MAX_WAITING) throw unavailable("too many requests wait for the issuer's keys");
    this.#waiting++;
    try {
      await (this.#fetching ?? this.#refresh());
    } finally {
      this.#waiting--;
    }
    return this.#find(id, algorithm) ?? this.#unknown();
  }

  /** The absence of a key is certain only if the set was fetched a moment ago. */
  #unknown(): undefined {
    if (this.#failures > 0 || !this.serving) throw unavailable(AWAY);
    return undefined;
  }

  /** Fetches the keys. Never rejects. */
  #refresh(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#stopTimer();
    this.#fetchStartedAt = this.#parts.clock.now();
    this.#fetching = this.#attempt().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #attempt(): Promise<void> {
    const { place, jose, clock } = this.#parts;
    try {
      const address = await locateKeys(place, this.#fetch);
      const { text, cacheControl } = await this.#fetch(address);
      this.#replace(
        withAddress(address, () => readKeys(text, jose)),
        ageMs(cacheControl),
      );
    } catch (error) {
      if (this.#closed) return;
      this.#failures++;
      if (this.#failures === 1) this.#parts.failed(error);
      const wait = Math.min(RETRY_MS.first * 2 ** (this.#failures - 1), RETRY_MS.max);
      this.#later(wait * (0.8 + 0.4 * clock.random()));
    }
  }

  /**
   * Replaces the keys. Keys that existed before stay the same objects; keys that are missing from the new set are
   * withdrawn.
   */
  #replace(fetched: readonly Key[], maxAgeMs: number): void {
    const { clock, maxStaleMs } = this.#parts;
    const before = new Map(this.#keys.map((key) => [key.identity, key]));
    this.#keys = fetched.map((key) => before.get(key.identity) ?? key);
    for (const key of before.values()) key.live = this.#keys.includes(key);
    this.#failures = 0;
    this.#serveUntil = clock.now() + maxAgeMs + maxStaleMs;
    this.#later(maxAgeMs * 0.8 * (0.9 + 0.2 * clock.random()));
    this.#parts.fetched?.();
    this.#open();
  }

  #later(ms: number): void {
    if (!this.#closed) this.#timer = this.#parts.clock.setTimeout(() => void this.#refresh(), ms, undefined);
  }
  #stopTimer(): void {
    if (this.#timer !== undefined) this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #bounded(fetch: FetchDocument, address: string) {
    const { clock } = this.#parts;
    if (this.#closed) throw new Error("closed");
    const abort = new AbortController();
    this.#abort = abort;
    const cancellation = Promise.withResolvers<never>();
    abort.signal.addEventListener("abort", () => cancellation.reject(abort.signal.reason));
    const tooLate = new Error(`does not answer within ${FETCH_MS / 1000} s`);
    const timer = clock.setTimeout(() => abort.abort(tooLate), FETCH_MS, undefined);
    try {
      return await Promise.race([fetch(address, abort.signal), cancellation.promise]);
    } catch (thrown) {
      throw errorAt(address, thrown);
    } finally {
      clock.clearTimeout(timer);
    }
  }
}

/**
 * Returns the time for which a set of keys is fresh, in milliseconds, by its `cache-control` (RFC 9111 section 5.2.2),
 * within bounds.
 */
function ageMs(cacheControl = ""): number {
  if (/(^|[\s,])no-(cache|store)\b/i.test(cacheControl)) return AGE_MS.min;
  const seconds = /(?:^|[\s,])max-age="?(\d{1,10})/i.exec(cacheControl)?.[1];
  if (seconds === undefined) return AGE_MS.byDefault;
  return Math.min(Math.max(Number(seconds) * 1000, AGE_MS.min), AGE_MS.max);
}
