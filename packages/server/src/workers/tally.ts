import type { Clock } from "@protobff/runtime/internal/clock";
import { type Family, type MetricsSnapshot, mergeSnapshots } from "../metrics/snapshot.ts";

/** Time limit for workers to report their metrics, in milliseconds: the scrape waits for it. */
const ANSWER_MS = 1_000;

/**
 * Metrics of all workers together. A worker that does not answer counts with its previous metrics. The counts of an
 * ended worker remain, so that no counter decreases.
 */
export class Tally<Worker extends object> {
  readonly #clock: Clock;
  readonly #latest = new Map<Worker, MetricsSnapshot>();
  readonly #awaited = new Map<Worker, () => void>();
  #past: MetricsSnapshot = { families: [] };
  #missed = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** Number of answers that did not arrive in time. */
  get missed(): number {
    return this.#missed;
  }
  receive(worker: Worker, snapshot: MetricsSnapshot): void {
    this.#latest.set(worker, snapshot);
    this.#answered(worker);
  }
  gone(worker: Worker): void {
    const last = this.#latest.get(worker);
    this.#latest.delete(worker);
    if (last !== undefined) this.#past = mergeSnapshots([this.#past, { families: last.families.flatMap(lasting) }]);
    this.#answered(worker);
  }
  /** Returns the metrics of all workers. `ask` requests those of one worker; its answer arrives by `told`. */
  async together(workers: readonly Worker[], request: (worker: Worker) => void): Promise<MetricsSnapshot> {
    const answers = workers.map((worker) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#awaited.set(worker, resolve);
      request(worker);
      return promise;
    });
    const late = Promise.withResolvers<void>();
    const timer = this.#clock.setTimeout(late.resolve, ANSWER_MS, undefined);
    await Promise.race([Promise.all(answers), late.promise]);
    this.#clock.clearTimeout(timer);
    this.#missed += this.#awaited.size;
    this.#awaited.clear();
    return mergeSnapshots([this.#past, ...this.#latest.values()]);
  }
  #answered(worker: Worker): void {
    this.#awaited.get(worker)?.();
    this.#awaited.delete(worker);
  }
}

/** Returns the metrics that remain valid after a process has ended. */
function lasting(family: Family): readonly Family[] {
  return family.type === "gauge" ? [] : [family];
}
