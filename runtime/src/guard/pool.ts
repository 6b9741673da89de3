import pLimit from "p-limit";

/** A waiter for a place in a pool. */
export interface PoolWaiter {
  /** Called when there is room; `leave` returns the place. */
  entered(leave: () => void): void;
  /** True if the waiter has no further use for a place. */
  readonly ended: boolean;
}

/**
 * Resolves when no microtask is left. A call that left its place by failing has by then also failed the work of the
 * next waiter.
 */
function drained(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Limits the concurrent calls of one `each`. Each call holds its place until it has ended, backoff included. */
export class Pool {
  readonly #limit: ReturnType<typeof pLimit>;

  constructor(concurrent: number) {
    this.#limit = pLimit(concurrent);
  }
  enter(waiter: PoolWaiter): void {
    const { activeCount, concurrency } = this.#limit;
    // A waiter that has ended stays queued until its turn, which it passes on. One response holds it; nothing piles up.
    const enter = (): Promise<void> | undefined =>
      waiter.ended ? undefined : new Promise<void>((leave) => waiter.entered(leave));
    void this.#limit(activeCount < concurrency ? enter : () => drained().then(enter));
  }
}
