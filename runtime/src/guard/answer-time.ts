/** Until there is an answer, in milliseconds. */
const UNKNOWN_MS = 100;
/** Of so many answers; older ones fade. */
const SPAN = 32;

/** How long the answers of a method take: their running mean. */
export class AnswerTime {
  #answers = 0;
  #meanMs = UNKNOWN_MS;

  get meanMs(): number {
    return this.#meanMs;
  }
  took(ms: number): void {
    if (this.#answers < SPAN) this.#answers++;
    this.#meanMs += (ms - this.#meanMs) / this.#answers;
  }
}
