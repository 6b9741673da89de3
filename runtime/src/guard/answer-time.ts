/** Assumed time before the first answer, in milliseconds. */
const UNKNOWN_MS = 100;
/** Number of answers in the mean; older ones fade. */
const SPAN = 32;

/** Mean in milliseconds below which the measurement is mostly that of this process. */
const LEAST_MEAN_MS = 2;
/** Excess over the mean, in milliseconds, that may be due to other processes of the machine. */
const NOISE_MS = 25;

/** Running mean of the time of a method's answers. */
export class AnswerTime {
  #answers = 0;
  #meanMs = UNKNOWN_MS;

  get meanMs(): number {
    return this.#meanMs;
  }
  /** Returns the time of an answer as a multiple of the mean, without possible noise. */
  slowness(tookMs: number): number {
    const noiseMs = Math.min(NOISE_MS, Math.max(0, tookMs - this.#meanMs));
    return (tookMs - noiseMs) / Math.max(this.#meanMs, LEAST_MEAN_MS);
  }
  took(ms: number): void {
    if (this.#answers < SPAN) this.#answers++;
    this.#meanMs += (ms - this.#meanMs) / this.#answers;
  }
}
