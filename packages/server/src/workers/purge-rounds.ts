import type { Clock } from "@protobff/runtime/internal/clock";

/** Time limit for all workers to confirm a purge, in milliseconds. */
const ANSWER_MS = 2_000;

/** Purges that are sent to all workers. Each ends when every worker has confirmed it or has ended. */
export class PurgeRounds<Worker extends object> {
  readonly #clock: Clock;
  readonly #open = new Map<number, { readonly missing: Set<Worker>; readonly done: () => void }>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /**
   * @param send sends the purge with this number to a worker
   * @throws an Error if a worker does not confirm in time
   */
  async send(workers: readonly Worker[], send: (worker: Worker, round: number) => void): Promise<void> {
    if (workers.length === 0) return;
    const round = ++this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#open.set(round, { missing: new Set(workers), done: resolve });
    const timer = this.#clock.setTimeout(reject, ANSWER_MS, new Error("a worker has not confirmed a purge"));
    try {
      for (const worker of workers) send(worker, round);
      await promise;
    } finally {
      this.#clock.clearTimeout(timer);
      this.#open.delete(round);
    }
  }
  confirmed(worker: Worker, round: number): void {
    const open = this.#open.get(round);
    if (open?.missing.delete(worker) && open.missing.size === 0) open.done();
  }
  /** A worker has ended, and its cache with it. */
  gone(worker: Worker): void {
    for (const round of this.#open.keys()) this.confirmed(worker, round);
  }
}
