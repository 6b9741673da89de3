/** Bucket bounds that OpenTelemetry recommends for RPC durations, in seconds. */
export const SECONDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const MS = Float64Array.from(SECONDS, (seconds) => seconds * 1000);

/** How often calls took how long, by the buckets of `SECONDS`. */
export class Histogram {
  /** Count of each bucket. The last bucket has no upper bound. */
  readonly #counts = new Float64Array(MS.length + 1);
  #sumMs = 0;

  /** @param ms below 0, of a clock that has gone back, is 0 */
  record(ms: number): void {
    let bucket = 0;
    // Most calls are short, so that a loop is shorter than halving.
    while (bucket < MS.length && ms > (MS[bucket] ?? 0)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    if (ms > 0) this.#sumMs += ms;
  }
  /** In seconds. */
  get sum(): number {
    return this.#sumMs / 1000;
  }
  get counts(): readonly number[] {
    return [...this.#counts];
  }
}
