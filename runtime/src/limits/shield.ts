import { type Cell, Cells } from "./cells.ts";
import type { Charge, Counter, CounterState } from "./rate-limit.ts";

/**
 * Maximum time for which a refusal is repeated without a query, in microseconds. Meanwhile other requests may have been
 * refunded, or the counter may have been deleted.
 */
const MAX_MICROS = 1_000_000;
const MAX_KEYS = 1 << 14;

/** A refusal that holds for a while. At `until`, the counter is queried again. */
interface Refused extends Cell {
  readonly counter: Counter;
  readonly end: number;
  readonly cost: number;
  readonly left: number;
}

/** Repeats refusals without a query. Times are in microseconds, by a clock that never goes back. */
export class Shield {
  readonly #refused = new Map<Counter, Cells<Refused>>();

  /** Returns the state with which a charge is refused without a query; undefined: query. */
  standing({ counter, key, cost }: Charge, now: number): CounterState | undefined {
    const refused = this.#refused.get(counter.base)?.get(key);
    // The refusal does not apply to a lower cost, or to another rate.
    if (refused?.counter !== counter || refused.until <= now || cost < refused.cost) return undefined;
    return { wait: refused.end - now, left: refused.left };
  }
  refuse({ counter, key, cost }: Charge, { wait, left }: CounterState, now: number): void {
    let cells = this.#refused.get(counter.base);
    if (cells === undefined) {
      cells = new Cells(MAX_KEYS);
      this.#refused.set(counter.base, cells);
    }
    cells.set(key, { counter, until: now + Math.min(wait, MAX_MICROS), end: now + wait, cost, left }, now);
  }
  /** Forgets the refusal, because units have been returned. */
  forget(counter: Counter, key: string): void {
    this.#refused.get(counter.base)?.delete(key);
  }
}
