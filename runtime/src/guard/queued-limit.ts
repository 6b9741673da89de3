import type { Clock } from "../clock.ts";
import type { LimitState } from "../observer-upstreams.ts";
import { IN_ONE_TURN, type Places, type UrgentWaiter, type WaitQueue } from "./limit.ts";

/** Time in milliseconds after which a queue that has not been empty is no burst. */
const STANDING_MS = 100;

/** A limit whose waiters get places in the order of a queue. */
export class QueuedLimit implements Places {
  readonly #concurrent: number;
  readonly #queue: WaitQueue;
  readonly #clock: Clock;
  readonly #since = new WeakMap<UrgentWaiter, number>();
  #taken = 0;
  #standingSince = 0;
  #handing = false; // as in `Limit`

  constructor(concurrent: number, queue: WaitQueue, clock: Clock) {
    this.#concurrent = concurrent;
    this.#queue = queue;
    this.#clock = clock;
  }
  get state(): LimitState {
    return { taken: this.#taken, most: this.most, waiting: this.#queue.size };
  }
  /** Number of places. */
  get most(): number {
    return this.#concurrent;
  }
  /** Number of taken places. */
  get taken(): number {
    return this.#taken;
  }
  /** Time limit for waiting under overload, in milliseconds. Undefined: no limit. */
  protected get patienceMs(): number | undefined {
    return undefined;
  }
  enter(waiter: UrgentWaiter): "go" | "wait" | "full" {
    const waiting = this.#queue.size;
    if (waiting === 0 && this.#taken < this.most) {
      this.#taken++;
      return "go";
    }
    const now = this.#clock.now();
    if (!waiter.critical && !this.#queue.fair && this.#overloaded(now)) return "full";
    if (!this.#queue.enter(waiter)) return "full";
    if (waiting === 0) this.#standingSince = now;
    this.#since.set(waiter, now);
    return "wait";
  }
  leave(waiter: UrgentWaiter): void {
    this.#queue.leave(waiter);
  }
  urge(waiter: UrgentWaiter): void {
    this.#queue.urge(waiter);
  }
  release(): void {
    this.#taken--;
    if (!this.#handing && this.#queue.size > 0) this.handOn();
  }

  #overloaded(now: number): boolean {
    return this.patienceMs !== undefined && this.#queue.size > 0 && now - this.#standingSince > STANDING_MS;
  }
  #waitsInVain(waiter: UrgentWaiter, now: number): boolean {
    return now - (this.#since.get(waiter) ?? now) > (this.patienceMs ?? Number.POSITIVE_INFINITY);
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
    const queue = this.#queue;
    const overloaded = this.#overloaded(now);
    const other = overloaded ? queue.other : undefined;
    // In a fair queue it may be another key that overloads the upstream.
    if (other !== undefined && (!queue.fair || this.#waitsInVain(other, now))) return this.#shed(other);
    const { first } = queue;
    if (first === undefined) return false;
    if (overloaded && this.#waitsInVain(first, now)) return this.#shed(first);
    if (this.#taken >= this.most) return false;
    queue.take();
    this.#taken++;
    first.admitted();
    return true;
  }
  #shed(waiter: UrgentWaiter): true {
    this.#queue.leave(waiter);
    waiter.shed();
    return true;
  }
}
const handOn = (limit: QueuedLimit): void => limit.handOn();

/** A queue in which critical waiters come first, and then those that have waited longest. */
export class ArrivalQueue implements WaitQueue {
  readonly fair = false;
  readonly #total: number;
  readonly #critical = new Set<UrgentWaiter>();
  readonly #others = new Set<UrgentWaiter>();

  /** @param total maximum number of waiters */
  constructor(total: number) {
    this.#total = total;
  }
  get size(): number {
    return this.#critical.size + this.#others.size;
  }
  get first(): UrgentWaiter | undefined {
    return this.#critical.values().next().value ?? this.other;
  }
  get other(): UrgentWaiter | undefined {
    return this.#others.values().next().value;
  }
  enter(waiter: UrgentWaiter): boolean {
    const { critical } = waiter;
    if (this.size >= this.#total && !(critical && this.#makeRoom())) return false;
    (critical ? this.#critical : this.#others).add(waiter);
    return true;
  }
  leave(waiter: UrgentWaiter): void {
    if (!this.#critical.delete(waiter)) this.#others.delete(waiter);
  }
  urge(waiter: UrgentWaiter): void {
    if (this.#others.delete(waiter)) this.#critical.add(waiter);
  }
  take(): void {
    const { first } = this;
    if (first !== undefined) this.leave(first);
  }
  /** Removes the supplementary waiter that has waited longest, and so has the least time left. */
  #makeRoom(): boolean {
    const { other } = this;
    if (other === undefined) return false;
    this.#others.delete(other);
    queueMicrotask(() => other.shed()); // whoever enters has to know first that it waits
    return true;
  }
}
