import pLimit from "p-limit";

export interface PoolWaiter {
  /** There is room; `leave` gives the place back. */
  entered(leave: () => void): void;
  /** Whether there is nothing to enter for any more. */
  readonly ended: boolean;
}

/** At most so many calls of one `each` at once; each holds its place until it has ended, backoff included. */
export class Pool {
  readonly #limit: ReturnType<typeof pLimit>;

  constructor(concurrent: number) {
    this.#limit = pLimit(concurrent);
  }
  enter(waiter: PoolWaiter): void {
    // A waiter that has ended stays queued until its turn, which it passes on. One response holds it; nothing piles up.
    void this.#limit(() => (waiter.ended ? undefined : new Promise<void>((leave) => waiter.entered(leave))));
  }
}
