/** At most so many at once, and a bounded queue before them. */
export interface LimitPolicy {
  readonly concurrent: number;
  readonly queued: number;
}

export interface Waiter {
  /** The place waited for is taken. */
  admitted(): void;
}

/**
 * A counting limit whose waiters can leave. Not p-limit: its queue has no bound, and what waits in it cannot be taken out,
 * so that cancelled calls of a hanging upstream would pile up.
 */
export class Limit {
  readonly #queued: number;
  readonly #queue = new Set<Waiter>();
  #free: number;
  #handing = false;

  constructor({ concurrent, queued }: LimitPolicy) {
    this.#free = concurrent;
    this.#queued = queued;
  }
  /** `go`: a place is taken; `wait`: `admitted` will be called, unless `leave` is; `full`: refused. */
  enter(waiter: Waiter): "go" | "wait" | "full" {
    if (this.#free > 0 && this.#queue.size === 0) {
      this.#free--;
      return "go";
    }
    if (this.#queue.size >= this.#queued) return "full";
    this.#queue.add(waiter);
    return "wait";
  }
  /** Takes a waiter out of the queue. */
  leave(waiter: Waiter): void {
    this.#queue.delete(waiter);
  }
  /** Gives a place back; the longest waiter has it at once. */
  release(): void {
    this.#free++;
    if (this.#handing) return; // a waiter that gave its place back at once: a loop, not a recursion as deep as the queue
    this.#handing = true;
    try {
      for (const waiter of this.#queue) {
        if (this.#free === 0) break;
        this.#queue.delete(waiter);
        this.#free--;
        waiter.admitted();
      }
    } finally {
      this.#handing = false;
    }
  }
}
