import type { Clock, Timer } from "../../../runtime/src/clock.ts";
import type { Random } from "./random.ts";

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Time that goes from timer to timer; which of several at one moment comes first is chance, and so is being late. */
export class SimClock implements Clock {
  readonly #random: Random;
  readonly #timers = new Set<Pending>();
  /** Largest delay of a timer, in milliseconds: the process was busy. */
  readonly lateMs: number;
  #now = 1_000;

  constructor(random: Random, lateMs: number) {
    this.#random = random;
    this.lateMs = lateMs;
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
    const timer = { at: this.#now + Math.max(0, ms), order: this.#random.next(), fire: () => run(argument) };
    this.#timers.add(timer);
    return timer;
  }
  clearTimeout(timer: Timer): void {
    this.#timers.delete(timer as Pending);
  }
  get running(): number {
    return this.#timers.size;
  }
  after(ms: number, run: () => void): void {
    this.setTimeout(run, ms, undefined);
  }
  /** Lets time pass until no timer is left. */
  async run(): Promise<void> {
    await drained();
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#timers.delete(next);
      if (next.at > this.#now) {
        const late = this.lateMs > 0 && this.#random.chance(0.05) ? this.#random.next() * this.lateMs : 0;
        this.#now = next.at + late;
      }
      next.fire();
      await drained();
    }
  }
  #next(): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#timers) {
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}

/** Resolves when every microtask and tick has run. */
export function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
