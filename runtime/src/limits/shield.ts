import { type Cell, Cells } from "./cells.ts";
import type { Charge, Counter, CounterState } from "./rate-limit.ts";

/** After so long a refused key is asked for again, in microseconds: others may have given back meanwhile, or somebody has deleted the counter. */
const MOST_MICROS = 1_000_000;
const MOST_KEYS = 1 << 14;

/** A refusal that holds for a while. `until` is when it is asked again. */
interface Refused extends Cell {
  readonly end: number;
  readonly cost: number;
  readonly left: number;
}

/** What has been refused is refused again, without asking. Times are in microseconds, of a clock that never goes back. */
export class Shield {
  readonly #refused = new Map<Counter, Cells<Refused>>();

  /** Why a charge is refused that need not be asked for; undefined: ask. */
  standing({ counter, key, cost }: Charge, now: number): CounterState | undefined {
    const refused = this.#refused.get(counter)?.get(key);
    // Of something cheaper that refusal says nothing.
    if (refused === undefined || refused.until <= now || cost < refused.cost) return undefined;
    return { wait: refused.end - now, left: refused.left };
  }
  refuse({ counter, key, cost }: Charge, { wait, left }: CounterState, now: number): void {
    let cells = this.#refused.get(counter);
    if (cells === undefined) {
      cells = new Cells(MOST_KEYS);
      this.#refused.set(counter, cells);
    }
    cells.set(key, { until: now + Math.min(wait, MOST_MICROS), end: now + wait, cost, left }, now);
  }
  /** Something has been given back. */
  forget(counter: Counter, key: string): void {
    this.#refused.get(counter)?.delete(key);
  }
}
