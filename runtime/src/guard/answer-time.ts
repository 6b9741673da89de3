/** Until there is an answer, in milliseconds. */
const UNKNOWN_MS = 100;
/** Of so many answers; older ones fade. */
const SPAN = 32;

/** A mean below this, in milliseconds, mostly measures this process. */
const LEAST_MEAN_MS = 2;
/** An answer that takes this much longer than the mean, in milliseconds, may be delayed by other processes of its machine. */
const NOISE_MS = 25;

/** How long the answers of a method take: their running mean. */
export class AnswerTime {
  #answers = 0;
  #meanMs = UNKNOWN_MS;

  get meanMs(): number {
    return this.#meanMs;
  }
  /** How many times as long as the mean an answer took, without what may be noise. */
  slowness(tookMs: number): number {
    const noiseMs = Math.min(NOISE_MS, Math.max(0, tookMs - this.#meanMs));
    return (tookMs - noiseMs) / Math.max(this.#meanMs, LEAST_MEAN_MS);
  }
  took(ms: number): void {
    if (this.#answers < SPAN) this.#answers++;
    this.#meanMs += (ms - this.#meanMs) / this.#answers;
  }
}
