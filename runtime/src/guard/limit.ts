import type { LimitState } from "../observer-upstreams.ts";

/** At most so many at once, and a bounded queue before them. */
export interface LimitPolicy {
  readonly concurrent: number;
  readonly queued: number;
  /** The limit follows what the upstream bears, and `concurrent` is the most. */
  readonly adaptive?: boolean | undefined;
}

/** Who waits for a place. */
export interface Waiter {
  /** The place waited for is taken. */
  admitted(): void;
}

/** One that an overloaded upstream may be spared. */
export interface UrgentWaiter extends Waiter {
  /** Whether its failure fails more than itself. */
  readonly critical: boolean;
  /** There will be no place. */
  shed(): void;
}

/** Places that calls take while they are with an upstream. */
export interface Places {
  readonly state: LimitState;
  /** `go`: a place is taken; `wait`: `admitted` will be called (or `shed`), unless `leave` is; `full`: refused. */
  enter(waiter: UrgentWaiter): "go" | "wait" | "full";
  /** Takes a waiter out of the queue. */
  leave(waiter: UrgentWaiter): void;
  /** A waiter has become critical. */
  urge(waiter: UrgentWaiter): void;
  /** Gives a place back; the next waiter has it at once, or in one of the next turns of the event loop. */
  release(): void;
}

/**
 * So many waiters in a row get a place in one turn of the event loop. Those behind an open breaker give theirs back at once:
 * then it would be the whole queue in one turn, and no answer of it would leave before the last one is composed.
 */
export const IN_ONE_TURN = 16;

/**
 * A counting limit whose waiters can leave. Not p-limit: its queue has no bound, and what waits in it cannot be taken out,
 * so that cancelled calls of a hanging upstream would pile up.
 */
export class Limit implements Places {
  readonly #concurrent: number;
  readonly #queued: number;
  #queue: Set<Waiter> | undefined; // each response has limits of its own, where mostly nobody waits
  #free: number;
  #handing = false; // now, up the stack, or in the next turn: one loop, not a recursion as deep as the queue

  constructor({ concurrent, queued }: LimitPolicy) {
    this.#concurrent = concurrent;
    this.#free = concurrent;
    this.#queued = queued;
  }
  get state(): LimitState {
    return { taken: this.#concurrent - this.#free, most: this.#concurrent, waiting: this.#queue?.size ?? 0 };
  }
  /** `go`: a place is taken; `wait`: `admitted` will be called, unless `leave` is; `full`: refused. */
  enter(waiter: Waiter): "go" | "wait" | "full" {
    const waiting = this.#queue?.size ?? 0;
    if (this.#free > 0 && waiting === 0) {
      this.#free--;
      return "go";
    }
    if (waiting >= this.#queued) return "full";
    this.#queue ??= new Set();
    this.#queue.add(waiter);
    return "wait";
  }
  /** Takes a waiter out of the queue. */
  leave(waiter: Waiter): void {
    this.#queue?.delete(waiter);
  }
  urge(): void {
    // First come, first served.
  }
  /** Gives a place back; the longest waiter has it at once, or in one of the next turns of the event loop. */
  release(): void {
    this.#free++;
    if (!this.#handing && this.#queue !== undefined) this.handOn(this.#queue);
  }
  /** @internal Gives what is free to those who wait. */
  handOn(queue: Set<Waiter>): void {
    this.#handing = true;
    let given = 0;
    let later = false;
    try {
      for (const waiter of queue) {
        if (this.#free === 0) break;
        if (given++ === IN_ONE_TURN) {
          setImmediate(handOn, this, queue);
          later = true;
          break;
        }
        queue.delete(waiter);
        this.#free--;
        waiter.admitted();
      }
    } finally {
      this.#handing = later;
    }
  }
}
const handOn = (limit: Limit, queue: Set<Waiter>): void => limit.handOn(queue);
