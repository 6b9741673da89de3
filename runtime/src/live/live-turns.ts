import type { Clock } from "../clock.ts";

/** Maximum number of works that begin in one turn of the event loop. */
const PER_TURN = 8;
/** Maximum number of works in progress. */
const MOST = 16;
/** Time after which a work in progress no longer counts, in milliseconds. A call that hangs thus delays no other answer. */
const LONG_MS = 100;

/**
 * Runs work for the followers of one RPC in turns of the event loop, and bounds the work in progress. Other requests,
 * here and in the upstreams, are thus served in between.
 */
export class LiveTurns {
  readonly #clock: Clock;
  #queue: (() => Promise<void> | undefined)[] = [];
  /** Index of the next work in the queue. */
  #next = 0;
  #running = 0;
  #scheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** @param work returns a promise if it continues; the promise never rejects */
  add(work: () => Promise<void> | undefined): void {
    this.#queue.push(work);
    this.#schedule();
  }
  run(): void {
    this.#scheduled = false;
    for (let i = 0; i < PER_TURN && this.#running < MOST && this.#next < this.#queue.length; i++) this.#begin();
    if (this.#next < this.#queue.length) this.#schedule();
    else {
      this.#queue = [];
      this.#next = 0;
    }
  }
  #begin(): void {
    const working = this.#queue[this.#next++]?.();
    if (working === undefined) return;
    this.#running++;
    let counts = true;
    const leave = (): void => {
      if (!counts) return;
      counts = false;
      this.#clock.clearTimeout(timer);
      this.#running--;
      this.#schedule();
    };
    const timer = this.#clock.setTimeout((leave) => leave(), LONG_MS, leave);
    void working.then(leave);
  }
  #schedule(): void {
    if (this.#scheduled || this.#running >= MOST || this.#next >= this.#queue.length) return;
    this.#scheduled = true;
    if (this.#clock.setImmediate === undefined) setImmediate(run, this as LiveTurns);
    else this.#clock.setImmediate(run, this as LiveTurns);
  }
}
const run = (turns: LiveTurns): void => turns.run();
