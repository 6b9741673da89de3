import type { UrgentWaiter, WaitQueue } from "./limit.ts";

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
