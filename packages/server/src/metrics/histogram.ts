/** Bucket bounds that OpenTelemetry recommends for RPC durations, in seconds. */
export const SECONDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const MS = Float64Array.from(SECONDS, (seconds) => seconds * 1000);

/** Distribution of durations over the buckets of `SECONDS`. */
export class Histogram {
  /** Count of each bucket. The last bucket has no upper bound. */
  readonly #counts = new Float64Array(MS.length + 1);
  #sumMs = 0;

  /** @param ms values below 0, after a clock went backwards, count as 0 */
  record(ms: number): void {
    let bucket = 0;
    // Most calls are short, so a loop is faster than a binary search.
    while (bucket < MS.length && ms > (MS[bucket] ?? 0)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    if (ms > 0) this.#sumMs += ms;
  }
  /** Sum in seconds. */
  get sum(): number {
    return this.#sumMs / 1000;
  }
  get counts(): readonly number[] {
    return [...this.#counts];
  }
}
