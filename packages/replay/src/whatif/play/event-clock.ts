// Imported by name: a test may replace the timers of the process.
import { setImmediate } from "node:timers";
import type { Clock, Timer } from "@protobff/runtime/internal/clock";
import type { Random } from "../world/random.ts";

interface Pending {
  readonly at: number;
  readonly order: number;
  /** Undefined: cancelled. */
  fire: (() => void) | undefined;
}

/** Time of a simulation: it advances to the next timer as soon as all work of the previous one is done. */
export class EventClock implements Clock {
  readonly #random: Random;
  /** A binary heap by time, then by order. */
  readonly #heap: Pending[] = [];
  #now = 0;
  #order = 0;

  constructor(random: Random) {
    this.#random = random;
  }
  now(): number {
    return this.#now;
  }
  date(): Date {
    return new Date(START_MS + this.#now);
  }
  random(): number {
    return this.#random.next();
  }
  setTimeout<T>(run: (argument: T) => void, ms: number, argument: T): Timer {
    const timer: Pending = { at: this.#now + Math.max(0, ms), order: this.#order++, fire: () => run(argument) };
    this.#push(timer);
    return timer;
  }
  clearTimeout(timer: Timer): void {
    (timer as Pending).fire = undefined;
  }
  /** Lets time pass until `isOver` returns true, or no timer is left. */
  async run(isOver: () => boolean): Promise<void> {
    await turn();
    while (!isOver()) {
      const timer = this.#pop();
      if (timer === undefined) return;
      if (timer.fire === undefined) continue;
      this.#now = timer.at;
      timer.fire();
      await turn();
    }
  }

  #push(timer: Pending): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, timer)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = timer;
  }
  #pop(): Pending | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = heap[below];
      const right = heap[below + 1];
      if (child !== undefined && right !== undefined && isBefore(right, child)) {
        child = right;
        below++;
      }
      if (child === undefined || isBefore(last, child)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}
/** 2027-01-15T08:00:00Z, as in the mocks of tests. */
const START_MS = 1_800_000_000_000;

const isBefore = (a: Pending, b: Pending): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Resolves when all microtasks and ticks have run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
