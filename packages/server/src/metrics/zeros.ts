// Series that exist before their first event. Prometheus sees no increase between the absence of a counter and its
// first value.
import type { Durations } from "./durations.ts";
import { SECONDS } from "./histogram.ts";
import type { Counter } from "./series.ts";

/** Maximum number of series that begin with 0. Others begin with their first event. */
const MAX_ZEROS = 5_000;
/** Series of a histogram: buckets, the bucket without a bound, sum and count. */
const HISTOGRAM_SERIES = SECONDS.length + 3;
/** Series of a method besides histograms: number under way, received and sent bytes. */
const METHOD_SERIES = 3;

/** Begins series with 0, as far as their number allows. */
export class Zeros {
  #left = MAX_ZEROS;

  /** Counts this number of further series. Returns false if there would be too many. */
  take(series: number): boolean {
    if (series > this.#left) return false;
    this.#left -= series;
    return true;
  }
  /** Begins one series of the counter. */
  series(counter: Counter, ...values: readonly string[]): void {
    if (this.#left > 0 && counter.begin(...values)) this.#left--;
  }
  /** Begins the series of a method, except for histograms. */
  method(durations: Durations): void {
    if (!durations.isShown && this.take(METHOD_SERIES)) durations.begun = true;
  }
  /** Begins the histogram of the code OK. Counters come first, because they are many times smaller. */
  histogram(durations: Durations): void {
    if (durations.isShown && !durations.hasOk && this.take(HISTOGRAM_SERIES)) durations.beginOk();
  }
}
