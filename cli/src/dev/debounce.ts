// Delays runs to the trailing edge of changes, so that several files at once are one run. Changes during a run belong
// to the next one.

/** Timers; tests have their own. */
export interface Timers {
  now(): number;
  /** Returns a function that cancels the timer. */
  after(ms: number, then: () => void): () => void;
}

const SYSTEM: Timers = {
  now: () => performance.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

interface TrailingOptions {
  /**
   * Time without changes before a run, in milliseconds. Default: 25, which an editor needs between truncating and
   * writing.
   */
  readonly quietMs?: number;
  /** Longest time for which continuing changes delay a run, in milliseconds. Default: 1,000. */
  readonly mostMs?: number;
  readonly timers?: Timers;
}

/** Runs one after the other, each with all that changed since the one before began. */
export class Trailing {
  readonly #run: (changed: ReadonlySet<string>) => Promise<void>;
  readonly #quietMs: number;
  readonly #mostMs: number;
  readonly #timers: Timers;
  #changed = new Set<string>();
  #since = 0;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  /** @param run has to report its own failures to the user; an error that it throws is the caller's fault */
  constructor(run: (changed: ReadonlySet<string>) => Promise<void>, options: TrailingOptions = {}) {
    const { quietMs = 25, mostMs = 1_000, timers = SYSTEM } = options;
    this.#run = run;
    this.#quietMs = quietMs;
    this.#mostMs = mostMs;
    this.#timers = timers;
  }

  /** True if changes wait for the next run. */
  get isDue(): boolean {
    return this.#changed.size > 0;
  }

  changed(path: string): void {
    if (this.#closed) return;
    if (this.#changed.size === 0) this.#since = this.#timers.now();
    this.#changed.add(path);
    this.#wait();
  }

  /** Nothing is run from now on; resolves when what runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#running;
  }

  #wait(): void {
    if (this.#running !== undefined || this.#closed || this.#changed.size === 0) return;
    this.#cancel?.();
    const left = this.#since + this.#mostMs - this.#timers.now();
    this.#cancel = this.#timers.after(Math.max(0, Math.min(this.#quietMs, left)), () => {
      this.#cancel = undefined;
      const changed = this.#changed;
      this.#changed = new Set();
      this.#running = this.#run(changed).finally(() => {
        this.#running = undefined;
        this.#wait();
      });
    });
  }
}
