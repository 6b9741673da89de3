import type { Clock, Timer } from "../../../../runtime/src/clock.ts";
import { Heap } from "../../../../runtime/src/guard/heap.ts";
import type { Random } from "../random.ts";
import { drained } from "../sim-clock.ts";

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
  index: number;
}

/** The time of a whole fleet, which goes from timer to timer. */
export class FleetClock implements Clock {
  readonly #random: Random;
  readonly #timers = new Heap<"index", Pending>("index", (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  #now = 1_000;
  #order = 0;

  constructor(random: Random) {
    this.#random = random;
  }
  now(): number {
    return this.#now;
  }
  date(): Date {
    return new Date(1_800_000_000_000 + this.#now);
  }
  random(): number {
    return this.#random.next();
  }
  setTimeout<T>(run: (argument: T) => void, ms: number, argument: T): Timer {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fire: () => run(argument), index: -1 };
    this.#timers.add(timer);
    return timer;
  }
  clearTimeout(timer: Timer): void {
    const pending = timer as Pending;
    if (pending.index < 0) return;
    this.#timers.delete(pending);
    pending.index = -1;
  }
  /** Lets time pass until then. */
  async runTo(end: number): Promise<void> {
    for (let next = this.#timers.first; next !== undefined && next.at <= end; next = this.#timers.first) {
      this.#timers.delete(next);
      next.index = -1;
      this.#now = Math.max(this.#now, next.at);
      next.fire();
      await drained();
    }
    this.#now = end;
  }
}
