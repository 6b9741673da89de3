import { FairOrder } from "./fair-order.ts";
import type { Share, UrgentWaiter, WaitQueue } from "./limit.ts";

interface FairQueueOptions {
  /** Maximum number of waiters. */
  readonly total: number;
  /** Maximum number of waiters of one key. */
  readonly perKey: number;
  /** Called for each waiter that is refused, with its key. */
  readonly refused?: ((key: string) => void) | undefined;
}

/** The party of all waiters without a key. */
export const STRANGERS: Share = { key: "", weight: 1 };

/**
 * A queue in which the waiters of each key get places in proportion to its weight, and critical waiters get theirs
 * before the others. A newcomer beyond the maximum of its key is refused. In a full queue the key with the most waiters
 * per weight loses its newest one.
 */
export class FairQueue implements WaitQueue {
  readonly fair = true;
  readonly #options: FairQueueOptions;
  readonly #critical = new FairOrder<UrgentWaiter>();
  readonly #others = new FairOrder<UrgentWaiter>();

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }
  get size(): number {
    return this.#critical.size + this.#others.size;
  }
  get first(): UrgentWaiter | undefined {
    return this.#critical.first ?? this.#others.first;
  }
  get other(): UrgentWaiter | undefined {
    return this.#others.first;
  }
  enter(waiter: UrgentWaiter): boolean {
    const { total, perKey, refused } = this.#options;
    if (total === 0) return false;
    const { share = STRANGERS } = waiter;
    if (this.#critical.count(share.key) + this.#others.count(share.key) >= perKey) {
      refused?.(share.key);
      return false;
    }
    (waiter.critical ? this.#critical : this.#others).add(waiter, share);
    if (this.size <= total) return true;
    const spare = (this.#others.size > 0 ? this.#others : this.#critical).spare ?? waiter;
    refused?.(this.#remove(spare)?.key ?? share.key);
    if (spare === waiter) return false;
    queueMicrotask(() => spare.shed()); // the newcomer has to know first that it waits
    return true;
  }
  leave(waiter: UrgentWaiter): void {
    this.#remove(waiter);
  }
  urge(waiter: UrgentWaiter): void {
    const share = this.#others.delete(waiter);
    if (share !== undefined) this.#critical.add(waiter, share);
  }
  take(): void {
    (this.#critical.size > 0 ? this.#critical : this.#others).take();
  }
  #remove(waiter: UrgentWaiter): Share | undefined {
    return this.#critical.delete(waiter) ?? this.#others.delete(waiter);
  }
}
