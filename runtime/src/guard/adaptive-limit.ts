import type { Clock } from "../clock.ts";
import { CallShare } from "./call-share.ts";
import { FLOOR, Gradient, type Pace } from "./gradient.ts";
import type { LimitPolicy, UrgentWaiter, WaitQueue } from "./limit.ts";
import { ArrivalQueue, QueuedLimit } from "./queued-limit.ts";

/** Minimum time limit for waiting under overload, in milliseconds. Otherwise the limit is the time of an answer. */
const LEAST_WAIT_MS = 10;

/**
 * A limit that follows the capacity of the upstream. When all places are taken, critical calls go first. After calls
 * have been waiting for a while, supplementary calls do not wait at all. Critical calls then wait no longer than an
 * answer takes: a queue in which every call waits until it is too late is useless. In a fair queue this holds for
 * supplementary calls, too. If no fewer calls can be in flight, a share of the calls is refused before.
 */
export class AdaptiveLimit extends QueuedLimit {
  readonly #gradient: Gradient;
  readonly #share: CallShare;
  readonly #isFair: boolean;

  constructor({ concurrent, queued }: LimitPolicy, clock: Clock, queue: WaitQueue = new ArrivalQueue(queued)) {
    super(concurrent, queue, clock);
    this.#gradient = new Gradient(concurrent, clock);
    this.#share = new CallShare(clock);
    this.#isFair = queue.fair;
  }
  override enter(waiter: UrgentWaiter): "go" | "wait" | "full" {
    return this.#share.admits(waiter.critical || this.#isFair) ? super.enter(waiter) : "full";
  }
  override get most(): number {
    return this.#gradient.limit;
  }
  protected override get patienceMs(): number {
    return Math.max(LEAST_WAIT_MS, this.#gradient.meanMs);
  }
  /** Returns the pace of one kind of answers, which has to receive each of them. */
  paceOf(kind: string): Pace {
    return this.#gradient.paceOf(kind);
  }
  /**
   * Records an answer to a call that still has its place.
   *
   * @param flight number of taken places when it was sent
   */
  answered(pace: Pace, sentAt: number, now: number, flight: number): void {
    this.#share.answered();
    this.#gradient.answered(pace, sentAt, now, flight, this.taken);
  }
  /**
   * Records that the upstream refused a call that still has its place, or had no answer in time.
   *
   * @param flight number of taken places when it was sent
   */
  refused(now: number, flight: number): void {
    if (Math.max(flight, this.taken) <= FLOOR) this.#share.refused();
    this.#gradient.refused(now, this.taken);
  }
}
