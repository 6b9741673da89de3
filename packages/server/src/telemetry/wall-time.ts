import type { Clock } from "@protobff/runtime/internal/clock";

/**
 * Tolerance between two readings of the wall clock, in milliseconds, because each is rounded. A larger difference is a
 * clock that was set.
 */
const SLACK_MS = 2;

/** Converts moments of a `Clock` to wall-clock time. */
export class WallTime {
  readonly #clock: Clock;
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = this.#now();
  }
  /** Offset to add to a moment for milliseconds since 1970. All spans of one request use the same. */
  get offsetMs(): number {
    const now = this.#now();
    if (Math.abs(now - this.#offsetMs) > SLACK_MS) this.#offsetMs = now;
    return this.#offsetMs;
  }
  #now(): number {
    return this.#clock.date().getTime() - this.#clock.now();
  }
}

/** Converts milliseconds to nanoseconds, to the microsecond. */
export function unixNano(ms: number): bigint {
  return BigInt(Math.round(ms * 1_000)) * 1_000n;
}
