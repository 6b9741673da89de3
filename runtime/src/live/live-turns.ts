import type { Clock } from "../clock.ts";

/** Maximum number of followers whose work begins in one turn of the event loop. */
const PER_TURN = 8;

/** Runs work for many followers in turns of the event loop, so that other requests are served in between. */
export class LiveTurns {
  readonly #clock: Clock;
  #queue: (() => void)[] = [];
  /** Index of the next work in the queue. */
  #next = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  add(work: () => void): void {
    if (this.#queue.push(work) === 1) this.#schedule();
  }
  run(): void {
    const end = Math.min(this.#next + PER_TURN, this.#queue.length);
    while (this.#next < end) this.#queue[this.#next++]?.();
    if (this.#next < this.#queue.length) this.#schedule();
    else {
      this.#queue = [];
      this.#next = 0;
    }
  }
  #schedule(): void {
    if (this.#clock.setImmediate === undefined) setImmediate(run, this as LiveTurns);
    else this.#clock.setImmediate(run, this as LiveTurns);
  }
}
const run = (turns: LiveTurns): void => turns.run();
