import type { Clock, Timer } from "../clock.ts";

/** Maximum number of compositions in progress. */
const MOST = 8;
/** Time after which one in progress no longer counts, in milliseconds. A call that hangs thus delays no other answer. */
const LONG_MS = 100;
/** Time between two beginnings, in milliseconds. Time of a busy process is not made up for. */
const APART_MS = 1;
/** The same while more than `MANY` wait: the collector needs the rest to not delay other requests. */
const MANY_APART_MS = 4;
const MANY = 1_000;
/** Number of begun compositions after which the queue lets go of them, even if it is never empty. */
const BEGUN = 1_024;

/**
 * Begins the later compositions of one RPC at a pace, so that a purge with many followers leaves time for other
 * requests, here and in the upstreams.
 */
export class LivePace {
  readonly #clock: Clock;
  #queue: (() => Promise<void>)[] = [];
  /** Index of the next composition in the queue. */
  #next = 0;
  #running = 0;
  #begunAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** @param compose never rejects */
  add(compose: () => Promise<void>): void {
    this.#queue.push(compose);
    this.begin();
  }
  begin(): void {
    if (this.#hasRoom && this.#clock.now() >= this.#begunAt + this.#apartMs) this.#start();
    if (this.#next === this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
    } else if (this.#hasRoom) this.#timer ??= this.#clock.setTimeout(tick, this.#apartMs, this as LivePace);
  }
  ticked(): void {
    this.#timer = undefined;
    this.begin();
  }
  get #hasRoom(): boolean {
    return this.#running < MOST && this.#next < this.#queue.length;
  }
  get #apartMs(): number {
    return this.#queue.length - this.#next > MANY ? MANY_APART_MS : APART_MS;
  }
  #start(): void {
    const compose = this.#queue[this.#next++];
    if (this.#next === BEGUN) {
      this.#queue = this.#queue.slice(BEGUN);
      this.#next = 0;
    }
    if (compose === undefined) return;
    this.#begunAt = this.#clock.now();
    this.#running++;
    let counts = true;
    const leave = (): void => {
      if (!counts) return;
      counts = false;
      this.#clock.clearTimeout(timer);
      this.#running--;
      this.begin();
    };
    const timer = this.#clock.setTimeout((end) => end(), LONG_MS, leave);
    void compose().then(leave);
  }
}
const tick = (pace: LivePace): void => pace.ticked();
