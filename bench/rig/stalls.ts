// Longest turn of the event loop and pauses of the collector, inside the server under measurement.
import { createHistogram, monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";

/** In milliseconds. */
export interface Stalls {
  readonly longestTurnMs: number;
  readonly pauseP999Ms: number;
}

export class StallCount {
  #turns: ReturnType<typeof monitorEventLoopDelay> | undefined;
  readonly #pauses = createHistogram();

  /** Counts from now on. */
  start(): void {
    if (this.#turns === undefined) {
      this.#turns = monitorEventLoopDelay({ resolution: 1 });
      this.#turns.enable();
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) this.#pauses.record(Math.max(1, Math.round(duration * 1e6)));
      }).observe({ entryTypes: ["gc"] });
    }
    this.#turns.reset();
    this.#pauses.reset();
  }
  read(): Stalls {
    return { longestTurnMs: (this.#turns?.max ?? 0) / 1e6, pauseP999Ms: this.#pauses.percentile(99.9) / 1e6 };
  }
}
