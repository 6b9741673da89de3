import type { Clock, Timer } from "../../../../runtime/src/clock.ts";
import { Random } from "../random.ts";

interface Due {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Time that goes from event to event without the event loop, so that minutes of load take a moment; what is put off runs after each. */
export class Timeline implements Clock {
  readonly random: () => number;
  readonly #heap: Due[] = [];
  #now = 0;
  #order = 0;
  #putOff: (() => void)[] = [];

  constructor(seed: number) {
    const random = new Random(seed);
    this.random = () => random.next();
  }
  now(): number {
    return this.#now;
  }
  date(): Date {
    return new Date(1_800_000_000_000 + this.#now);
  }
  setTimeout<T>(run: (argument: T) => void, ms: number, argument: T): Timer {
    return this.after(ms, () => run(argument));
  }
  clearTimeout(timer: Timer): void {
    (timer as Due).run = undefined;
  }
  after(ms: number, run: () => void): Timer {
    const due = { at: this.#now + Math.max(0, ms), order: this.#order++, run };
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    for (let up = (at - 1) >> 1; at > 0 && before(due, heap[up] as Due); up = (at - 1) >> 1) {
      heap[at] = heap[up] as Due;
      at = up;
    }
    heap[at] = due;
    return due;
  }
  run(until: number): void {
    const { setImmediate, queueMicrotask } = globalThis;
    const later = (run: (argument: unknown) => void, argument?: unknown): void => {
      this.#putOff.push(() => run(argument));
    };
    Object.assign(globalThis, { setImmediate: later, queueMicrotask: later });
    try {
      for (let due = this.#next(until); due !== undefined; due = this.#next(until)) {
        this.#now = due.at;
        due.run?.();
        while (this.#putOff.length > 0) for (const run of this.#putOff.splice(0)) run();
      }
      this.#now = until;
    } finally {
      Object.assign(globalThis, { setImmediate, queueMicrotask });
    }
  }
  #next(until: number): Due | undefined {
    const heap = this.#heap;
    const [first] = heap;
    if (first === undefined || first.at > until) return undefined;
    const last = heap.pop() as Due;
    if (last === first) return first;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && before(heap[down + 1] as Due, heap[down] as Due)) down++;
      if (before(last, heap[down] as Due)) break;
      heap[at] = heap[down] as Due;
      at = down;
    }
    heap[at] = last;
    return first;
  }
}
const before = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
