import type { Clock } from "@protobff/runtime/internal/clock";

/** A second look at the wall clock is rounded to another millisecond than the first: only more than this is a clock that was set. */
const SLACK_MS = 2;

/** Converts moments of a `Clock` to wall-clock time. */
export class WallTime {
  readonly #clock: Clock;
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = this.#now();
  }
  /** To be added to a moment, in milliseconds since 1970; all spans of one request use the same. */
  get offsetMs(): number {
    const now = this.#now();
    if (Math.abs(now - this.#offsetMs) > SLACK_MS) this.#offsetMs = now;
    return this.#offsetMs;
  }
  #now(): number {
    return this.#clock.date().getTime() - this.#clock.now();
  }
}

/** In nanoseconds, to the microsecond. */
export function unixNano(ms: number): bigint {
  return BigInt(Math.round(ms * 1_000)) * 1_000n;
}
