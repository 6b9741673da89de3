import pLimit from "p-limit";

/** Who waits for a place in a pool. */
export interface PoolWaiter {
  /** There is room; `leave` gives the place back. */
  entered(leave: () => void): void;
  /** Whether there is nothing to enter for any more. */
  readonly ended: boolean;
}

/** Resolves when no microtask is left: whoever left his place by failing has by then failed what the next one is for. */
function drained(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** At most so many calls of one `each` at once; each holds its place until it has ended, backoff included. */
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
