import type { LimitState } from "../observer-upstreams.ts";

/** Maximum number of concurrent calls, with a bounded queue before them. */
export interface LimitPolicy {
  readonly concurrent: number;
  readonly queued: number;
  /** True if the limit follows the capacity of the upstream, with `concurrent` as its maximum. */
  readonly adaptive?: boolean | undefined;
  /** Set if callers get places in proportion to their weights. Default: first come, first served. */
  readonly fair?: Fairness | undefined;
}

/** The party of a request. Parties that wait get places in proportion to their weights. */
export interface Share {
  readonly key: string;
  readonly weight: number;
}

/** Creates fair queues. */
export interface Fairness {
  /**
   * @param total maximum number of waiters
   * @param refused called for each waiter that is refused, with its key
   */
  queue(total: number, refused?: (key: string) => void): WaitQueue;
}
/** Decides the party of each request. It never throws. */
export interface ShareRule<in Cx> {
  readonly fair: Fairness;
  of(cx: Cx): Share;
}

/** A waiter for a place. */
export interface Waiter {
  /** Called when the place is taken. */
  admitted(): void;
}

/** A waiter that may be refused to spare an overloaded upstream. */
export interface UrgentWaiter extends Waiter {
  /** True if its failure fails more than itself. */
  readonly critical: boolean;
  /** Its party, which only fair queues read. Undefined: that of all waiters without a key. */
  readonly share?: Share | undefined;
  /** Called when there will be no place. */
  shed(): void;
}

/** Waiters in the order in which they get places, critical ones first. */
export interface WaitQueue {
  /** True if each key has its share. */
  readonly fair: boolean;
  readonly size: number;
  readonly first: UrgentWaiter | undefined;
  /** The first waiter that is not critical. */
  readonly other: UrgentWaiter | undefined;
  /** Adds a waiter, perhaps in place of another, which is shed. Returns false if there is no room for it. */
  enter(waiter: UrgentWaiter): boolean;
  /** Removes a waiter that gets no place. */
  leave(waiter: UrgentWaiter): void;
  /** A waiter has become critical. */
  urge(waiter: UrgentWaiter): void;
  /** Removes the first waiter, which gets a place. */
  take(): void;
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
  /** Returns a place. The next waiter gets it at once, or in one of the next turns of the event loop. */
  release(): void;
}

/** Returns whether a call would get a place at once. */
export const hasPlace = ({ state: { taken, most, waiting } }: Places): boolean => taken < most && waiting === 0;

/**
 * Maximum number of waiters in a row that get a place in one turn of the event loop. Waiters behind an open breaker
 * return their places at once. Without this bound the whole queue would run in one turn, and no answer would leave
 * before the last one is composed.
 */
export const IN_ONE_TURN = 16;

/**
 * A counting limit whose waiters can leave. Not p-limit, because its queue has no bound, and waiters cannot leave it.
 * Cancelled calls of a hanging upstream would pile up.
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
  /** Returns a place. The longest waiter gets it at once, or in one of the next turns of the event loop. */
  release(): void {
    this.#free++;
    if (!this.#handing && this.#queue !== undefined) this.handOn(this.#queue);
  }
  /** @internal Gives free places to waiters. */
  handOn(queue: Set<Waiter>): void {
    this.#handing = true;
    let admitted = 0;
    let later = false;
    try {
      for (const waiter of queue) {
        if (this.#free === 0) break;
        if (admitted++ === IN_ONE_TURN) {
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
