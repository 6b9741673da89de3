// Which requests leave a trace: decided when one begins, and once more when it has ended.
import type { Clock } from "@protobff/runtime/internal/clock";

/** Rule of the decision at a request's beginning. */
export interface Sampling {
  /** True if a caller's sampled flag, when present, decides. */
  readonly parent: boolean;
  /** Ratio for all other requests, from 0 to 1; undefined: the RPC's `telemetry` option, or 1. */
  readonly ratio: number | undefined;
}

/**
 * Range of a trace id's digits that are always random (W3C Trace Context, level 2): 13 of the last 14. A double holds 52
 * bits.
 */
const RANDOM_FROM = 18;
const RANDOM_TO = 31;

/**
 * Returns true if the sampled share contains this trace. The answer is consistent: a trace that one ratio contains is
 * contained in every larger ratio. It is OpenTelemetry's rule of consistent probability sampling: the random part of
 * the id against 1 - ratio.
 */
export function isSampled(traceId: string, ratio: number): boolean {
  if (ratio >= 1) return true;
  if (!(ratio > 0)) return false;
  return Number.parseInt(traceId.slice(RANDOM_FROM, RANDOM_TO), 16) >= Math.round((1 - ratio) * 2 ** 52);
}

const SECOND_MS = 1_000;

/** Limits events to a maximum number per second. */
export class PerSecond {
  readonly #most: number;
  readonly #clock: Clock;
  #until = Number.NEGATIVE_INFINITY;
  #taken = 0;

  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
  }
  take(): boolean {
    const now = this.#clock.now();
    if (now >= this.#until) {
      this.#until = now + SECOND_MS;
      this.#taken = 0;
    }
    if (this.#taken >= this.#most) return false;
    this.#taken++;
    return true;
  }
}
