// Taken by name: a test may replace the timers of the process while this runs.
import { setImmediate, setTimeout } from "node:timers";
import type { Clock, Timer } from "@protobff/runtime/internal/clock";

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Interval between checks for progress outside of the clock, in milliseconds of real time. */
const OUTSIDE_MS = 1;

/**
 * A clock whose time only a test advances.
 *
 * @example
 * const bff = createTestBff({ clock: new FakeClock() });
 * const answer = bff.getDashboard({ workspaceId: "atlas" });
 * await bff.clock.advance(300);
 */
export class FakeClock implements Clock {
  readonly #timers = new Set<Pending>();
  #now = 1_000;
  #order = 0;
  #awaited = 0;
  #passing = false;
  /** Result of `random`. */
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
      this.#fire(next);
      await idle();
    }
    this.#now = Math.max(this.#now, to);
  }
  /**
   * Advances time, timer by timer, until the promise has settled. Timers fire as soon as nothing else is left to do in
   * the process. Waiting for something outside of it, such as a file, takes no time of this clock.
   */
  async until<T>(promise: Promise<T>): Promise<T> {
    this.#awaited++;
    const settled = (): void => {
      this.#awaited--;
    };
    promise.then(settled, settled);
    if (!this.#passing) void this.#pass();
    return promise;
  }
  /** One loop serves all waiting calls, so that a timer fires only after the work of the previous one is done. */
  async #pass(): Promise<void> {
    this.#passing = true;
    for (;;) {
      await idle();
      if (this.#awaited === 0) break;
      const next = this.#next(Number.POSITIVE_INFINITY);
      if (next !== undefined) this.#fire(next);
      else await new Promise((resolve) => setTimeout(resolve, OUTSIDE_MS));
    }
    this.#passing = false;
  }
  #fire(timer: Pending): void {
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.fire();
  }
  #next(to: number): Pending | undefined {
    let next: Pending | undefined;
    for (const timer of this.#timers) {
      if (timer.at > to) continue;
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    return next;
  }
}

/**
 * Resolves when every promise that could has settled, and all ticks have run.
 *
 * @example
 * const answer = bff.getDashboard({ workspaceId: "atlas" });
 * await idle();
 * console.log(bff.mocks.billing.calls.length);
 */
export async function idle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
