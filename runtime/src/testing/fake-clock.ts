// For tests only: fakes, rigs and upstreams that the runtime's own tests share. They may know every room, and no room knows them.
import type { Clock, Timer } from "../clock.ts";

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Pending>();
  #now = 1_000;
  #order = 0;
  /** What `random` gives. */
  chance = 0.5;

  now(): number {
    return this.#now;
  }
  date(): Date {
    return new Date(1_800_000_000_000 + this.#now);
  }
  random(): number {
    return this.chance;
  }
  setTimeout<T>(run: (argument: T) => void, ms: number, argument: T): Timer {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fire: () => run(argument) };
    this.#timers.add(timer);
    return timer;
  }
  clearTimeout(timer: Timer): void {
    this.#timers.delete(timer as Pending);
  }
  /** Timers that are running. */
  get running(): number {
    return this.#timers.size;
  }
  /** Moves without firing anything: time in which the process was busy. */
  skip(ms: number): void {
    this.#now += ms;
  }
  /** Lets time pass, timer by timer, and whatever they begin. */
  async advance(ms: number): Promise<void> {
    const to = this.#now + ms;
    await idle();
    for (let next = this.#next(to); next !== undefined; next = this.#next(to)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fire();
      await idle();
    }
    this.#now = Math.max(this.#now, to);
  }
  #next(to: number): Pending | undefined {
    return [...this.#timers].filter(({ at }) => at <= to).sort((a, b) => a.at - b.at || a.order - b.order)[0];
  }
}

/** One whose dice fall as a seed says. */
export class RandomClock extends FakeClock {
  #state: number;

  constructor(seed: number) {
    super();
    this.#state = seed;
  }
  /** Mulberry32. */
  override random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}

/** Resolves when every promise that could has settled, and all ticks have run. */
export async function idle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
