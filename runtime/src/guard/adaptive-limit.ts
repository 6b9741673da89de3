import type { Clock } from "../clock.ts";
import type { LimitState } from "../observer-upstreams.ts";
import { Gradient, type Pace } from "./gradient.ts";
import { IN_ONE_TURN, type LimitPolicy, type Places, type UrgentWaiter } from "./limit.ts";

/** Time in milliseconds after which a queue that has not been empty is no burst. */
const STANDING_MS = 100;
/** Minimum time limit for waiting under overload, in milliseconds. Otherwise the limit is the time of an answer. */
const LEAST_WAIT_MS = 10;

/**
 * A limit that follows the capacity of the upstream. When all places are taken, critical calls go first. After calls
 * have been waiting for a while, supplementary calls do not wait at all. Critical calls then wait no longer than an
 * answer takes: a queue in which every call waits until it is too late is useless.
 */
export class AdaptiveLimit implements Places {
  readonly #clock: Clock;
  readonly #queued: number;
  readonly #gradient: Gradient;
  // Waiters, with the start of their wait.
  readonly #critical = new Map<UrgentWaiter, number>();
  readonly #others = new Map<UrgentWaiter, number>();
  #taken = 0;
  #standingSince = 0;
  #handing = false; // as in `Limit`

  constructor({ concurrent, queued }: LimitPolicy, clock: Clock) {
    this.#clock = clock;
    this.#queued = queued;
    this.#gradient = new Gradient(concurrent, clock);
  }
  get state(): LimitState {
    return { taken: this.#taken, most: this.#gradient.limit, waiting: this.#waiting };
  }
  get #waiting(): number {
    return this.#critical.size + this.#others.size;
  }
  enter(waiter: UrgentWaiter): "go" | "wait" | "full" {
    const waiting = this.#waiting;
    if (waiting === 0 && this.#taken < this.#gradient.limit) {
      this.#taken++;
      return "go";
    }
    const now = this.#clock.now();
    const { critical } = waiter;
    if (!critical && this.#overloaded(now)) return "full";
    if (waiting >= this.#queued && !(critical && this.#makeRoom())) return "full";
    if (waiting === 0) this.#standingSince = now;
    (critical ? this.#critical : this.#others).set(waiter, now);
    return "wait";
  }
  leave(waiter: UrgentWaiter): void {
    if (!this.#critical.delete(waiter)) this.#others.delete(waiter);
  }
  urge(waiter: UrgentWaiter): void {
    const since = this.#others.get(waiter);
    if (since === undefined) return;
    this.#others.delete(waiter);
    this.#critical.set(waiter, since);
  }
  release(): void {
    this.#taken--;
    if (!this.#handing && this.#waiting > 0) this.handOn();
  }
  /** Returns the pace of one kind of answers, which has to receive each of them. */
  paceOf(kind: string): Pace {
    return this.#gradient.paceOf(kind);
  }
  /** Number of taken places. */
  get taken(): number {
    return this.#taken;
  }
  /**
   * Records an answer to a call that still has its place.
   *
   * @param flight number of taken places when it was sent
   */
  answered(pace: Pace, sentAt: number, now: number, flight: number): void {
    this.#gradient.answered(pace, sentAt, now, flight, this.#taken);
  }
  /** Records that the upstream refused a call that still has its place, or had no answer in time. */
  refused(now: number): void {
    this.#gradient.refused(now, this.#taken);
  }

  #overloaded(now: number): boolean {
    return this.#waiting > 0 && now - this.#standingSince > STANDING_MS;
  }
  /** Removes the supplementary waiter that has waited longest, and so has the least time left. */
  #makeRoom(): boolean {
    const [waiter] = this.#others.keys();
    if (waiter === undefined) return false;
    this.#others.delete(waiter);
    queueMicrotask(() => waiter.shed()); // whoever enters has to know first that it waits
    return true;
  }
  /** @internal Gives free places to waiters, and refuses waiters that wait in vain. */
  handOn(): void {
    const now = this.#clock.now();
    this.#handing = true;
    let later = false;
    try {
      for (let admitted = 0; this.#step(now); ) {
        if (++admitted < IN_ONE_TURN) continue;
        setImmediate(handOn, this);
        later = true;
        break;
      }
    } finally {
      this.#handing = later;
    }
  }
  /** Reports whether it has handled a waiter. */
  #step(now: number): boolean {
    const overloaded = this.#overloaded(now);
    const [other] = this.#others;
    if (overloaded && other !== undefined) {
      this.#others.delete(other[0]);
      other[0].shed();
      return true;
    }
    const first = this.#critical.entries().next().value ?? other;
    if (first === undefined) return false;
    const [waiter, since] = first;
    if (overloaded && now - since > Math.max(LEAST_WAIT_MS, this.#gradient.meanMs)) {
      this.leave(waiter);
      waiter.shed();
      return true;
    }
    if (this.#taken >= this.#gradient.limit) return false;
    this.leave(waiter);
    this.#taken++;
    waiter.admitted();
    return true;
  }
}
const handOn = (limit: AdaptiveLimit): void => limit.handOn();
