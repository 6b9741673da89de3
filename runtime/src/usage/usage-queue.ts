import type { Clock, Timer } from "../clock.ts";

/** An event on its way. */
export interface StoredUsage {
  readonly id: string;
  readonly subject: string;
  /** JSON, without a line break. */
  readonly text: string;
}
/** Destination of usage events. */
export interface UsageTarget {
  /**
   * Stores events.
   *
   * @returns those that may not be stored
   * @throws any error if none may be stored
   */
  store(events: readonly StoredUsage[]): Promise<readonly StoredUsage[]>;
  close(): Promise<void>;
}
interface QueueParts {
  readonly clock: Clock;
  readonly fault: (message: string, cause: unknown) => void;
  /** Maximum number of waiting events, those on their way included. */
  readonly most?: number | undefined;
}

/** Maximum number of waiting events. */
export const MAX_WAITING = 10_000;
/** Maximum number of events that are stored at once. */
const AT_ONCE = 256;
/** Pause after a failure, in milliseconds. */
const PAUSE_MS = 1_000;
const AWAY = "usage events cannot be stored; they wait, and are tried again and again";
const FULL = "usage events are lost: too many wait";

/** Keeps events until their destination has stored them: at least once while the process lives. */
export class UsageQueue {
  readonly #target: UsageTarget;
  readonly #parts: QueueParts;
  #waiting: StoredUsage[] = [];
  /** Number of events on their way. */
  #sent = 0;
  #lost = 0;
  #running: Promise<void> | undefined;
  #pause: { readonly timer: Timer; readonly end: () => void } | undefined;
  #closed = false;

  constructor(target: UsageTarget, parts: QueueParts) {
    this.#target = target;
    this.#parts = parts;
  }
  /** Number of events that were lost because too many waited, or because the process ended. */
  get lost(): number {
    return this.#lost;
  }
  add(event: StoredUsage): void {
    const { most = MAX_WAITING, fault } = this.#parts;
    if (this.#closed || this.#waiting.length + this.#sent >= most) {
      if (this.#lost++ === 0 || this.#lost % most === 0) fault(FULL, undefined);
      return;
    }
    this.#waiting.push(event);
    this.#running ??= this.#run();
  }
  /** Stores what waits within this time, in milliseconds, and counts the rest as lost. */
  async close(withinMs: number): Promise<void> {
    const { clock, fault } = this.#parts;
    const late = Promise.withResolvers<void>();
    const timer = clock.setTimeout(() => late.resolve(), Math.max(0, withinMs), undefined);
    this.#pause?.end();
    await Promise.race([this.#running, late.promise]);
    clock.clearTimeout(timer);
    this.#closed = true;
    this.#pause?.end();
    const left = this.#waiting.length + this.#sent;
    this.#lost += left;
    if (left > 0) fault(`${left} usage events may be lost, because the process ends`, undefined);
    await this.#target.close();
  }

  async #run(): Promise<void> {
    await undefined; // events of one turn are stored together
    while (this.#waiting.length > 0 && !this.#closed) {
      const batch = this.#waiting.splice(0, AT_ONCE);
      this.#sent = batch.length;
      const failed = await this.#stored(batch);
      this.#sent = 0;
      if (failed.length === 0) continue;
      this.#waiting.unshift(...failed);
      if (!this.#closed) await this.#rest();
    }
    this.#running = undefined;
  }
  async #stored(batch: readonly StoredUsage[]): Promise<readonly StoredUsage[]> {
    try {
      const failed = await this.#target.store(batch);
      if (failed.length > 0) this.#parts.fault(AWAY, undefined);
      return failed;
    } catch (error) {
      this.#parts.fault(AWAY, error);
      return batch;
    }
  }
  async #rest(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { clock } = this.#parts;
    const timer = clock.setTimeout(resolve, PAUSE_MS, undefined);
    const end = (): void => {
      clock.clearTimeout(timer);
      resolve();
    };
    this.#pause = { timer, end };
    await promise;
    this.#pause = undefined;
  }
}
