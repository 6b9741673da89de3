import type { Clock, Timer } from "../clock.ts";
import { Breaker } from "../guard/breaker.ts";
import type { FetchMark, FetchWait, LeaseKey } from "./lease/fetch-wait.ts";

/** Store of entries that several processes share. A rejection or a late reply is a miss. */
export interface SecondLevel {
  get(key: string): Promise<Found | LookUp | undefined>;
  /** Keeps an answer that has just come for `lifeMs`. `tags`: only if no purge of them came after the look-up. */
  set(key: string, bytes: Uint8Array, lifeMs: number, tags?: StoredTags): Promise<void>;
  /** @throws an Error while it is away */
  lease?(key: string): LeaseKey | undefined;
  close?(): Promise<void> | void;
}

/** An answer that another process may have stored. */
export interface Found {
  readonly bytes: Uint8Array;
  /** Since the answer came, in milliseconds. */
  readonly ageMs: number;
}

/** Result of a look-up for a tagged answer. */
export interface LookUp {
  /** Number of the last purge in the store. */
  readonly counter: string;
  readonly found?: Found;
}

/** Tags of an answer, and the number of the last purge at the look-up before its fetch. */
export interface StoredTags {
  readonly names: readonly string[];
  readonly since: string;
}

type Done = (found: Found | undefined, counter?: string, isReply?: boolean) => void;
/** A second level that never fails. */
export interface Level {
  /** Calls back once: at once if the level is left alone, otherwise later. */
  get(key: string, wait: FetchWait | undefined, done: Done): void;
  set(key: string, bytes: Uint8Array, lifeMs: number, tags?: StoredTags): void;
  /** Ends a fetch without an entry. */
  ended?(key: string, mark?: FetchMark): void;
  close?(): Promise<void>;
}

/** How long an answer of the second level is waited for, in milliseconds. */
const WAIT_MS = 50;
/** A level that fails or is late is left alone for a while: most misses do not wait for it. */
const BREAKER = { errorRate: 0.5, windowMs: 10_000, minimum: 5, openMs: 1_000, probes: 1 };
/** Maximum number of entries on their way to it; further entries are not kept. */
const MAX_WRITES = 256;

/** A second level that can do no harm: it never fails, and never takes longer than its own short deadline. */
export class HarmlessLevel implements Level {
  readonly #level: SecondLevel;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  readonly #breaker: Breaker;
  #writes = 0;

  /** @param failed called for each rejection and each late reply: entries are then not shared */
  constructor(level: SecondLevel, clock: Clock, failed: (error: unknown) => void = () => {}) {
    this.#level = level;
    this.#clock = clock;
    this.#failed = failed;
    this.#breaker = new Breaker(BREAKER, clock);
  }
  get(key: string, _: unknown, done: Done): void {
    const ticket = this.#breaker.admit();
    if (ticket === undefined) {
      done(undefined);
      return;
    }
    let timer: Timer | undefined;
    let ended = false;
    const end = (result: Found | LookUp | undefined, failure?: unknown): void => {
      if (ended) return;
      ended = true;
      if (timer !== undefined) this.#clock.clearTimeout(timer);
      const good = failure === undefined;
      if (!good) this.#failed(failure);
      this.#breaker.sample(ticket, good);
      if (result !== undefined && "counter" in result) done(result.found, result.counter, good);
      else done(result, undefined, good);
    };
    timer = this.#clock.setTimeout(
      () => end(undefined, new Error(`no reply within ${WAIT_MS} ms`)),
      WAIT_MS,
      undefined,
    );
    promised(() => this.#level.get(key)).then(
      (found) => end(found),
      (error: unknown) => end(undefined, error ?? new Error("no reply")),
    );
  }
  set(key: string, bytes: Uint8Array, lifeMs: number, tags?: StoredTags): void {
    if (this.#breaker.refuses || this.#writes >= MAX_WRITES) return;
    this.#writes++;
    const written = (): void => {
      this.#writes--;
    };
    promised(() => this.#level.set(key, bytes, lifeMs, tags))
      .catch(this.#failed)
      .then(written);
  }
  async close(): Promise<void> {
    await this.#level.close?.();
  }
}

async function promised<T>(run: () => Promise<T>): Promise<T> {
  return run();
}
