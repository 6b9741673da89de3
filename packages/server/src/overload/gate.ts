// The share of requests that is admitted while requests wait too long, and the classes that are refused first.
import type { Priority } from "@protobff/runtime/internal/observer-requests";

/** Classes in the order in which they are refused. */
export const CLASSES: readonly Priority[] = ["low", "normal", "high"];

/** Factor of the admitted share after a late period, and its least value, so that requests continue to be measured. */
const DECREASE = 0.7;
const LEAST_SHARE = 0.05;
/** Growth of the admitted share after a timely period. */
const INCREASE = 0.05;

/** Number of late periods in a row with which an open gate begins to close. Shorter delays are bursts or pauses. */
const STANDING = 10;

/**
 * Number of periods after a gate has opened again in which a single late period closes it, because an
 * overload may last.
 */
const ALERT = 100;

/** Mix of classes until requests were counted: the highest class is not refused. */
const UNKNOWN_MIX: readonly number[] = [1, 1, 0];

/** Returns the admitted share of requests for the next period. */
export function nextShare(share: number, late: boolean): number {
  return late ? Math.max(LEAST_SHARE, share * DECREASE) : Math.min(1, share + INCREASE);
}

/**
 * Returns the chance of refusal of each class with which this share of all requests is admitted. A class is refused only
 * as far as refusing the whole classes before it does not suffice.
 *
 * @param counts expected requests of each class
 */
export function refusalChances(share: number, counts: readonly number[]): readonly number[] {
  let excess = (1 - share) * counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => {
    const chance = excess > 0 ? Math.min(1, excess / count) : 0;
    excess -= count;
    return chance;
  });
}

/** Admits a share of requests, by their measured waits. */
export class Gate {
  #share = 1;
  #leastMs = Number.POSITIVE_INFINITY;
  #standingMs = 0;
  #lateInRow = 0;
  /** Periods left in which one late period closes the gate. */
  #alert = 0;
  /** Requests of this period by class, and those of the last period with any. */
  #counts = CLASSES.map(() => 0);
  #mix: readonly number[] = UNKNOWN_MIX;
  #chances: readonly number[] = CLASSES.map(() => 0);

  /** True if all requests are admitted. */
  get isOpen(): boolean {
    return this.#share === 1;
  }
  get share(): number {
    return this.#share;
  }
  /** Least measured wait of the last period, in milliseconds. */
  get standingMs(): number {
    return this.#standingMs;
  }
  measured(waitMs: number): void {
    this.#leastMs = Math.min(this.#leastMs, waitMs);
  }
  /** Ends a period in which something was measured. */
  adjust(limitMs: number): void {
    this.#adjust(this.#leastMs, limitMs, 1, STANDING);
  }
  /**
   * Ends the periods in which the event loop was blocked, for `forMs` in all. One blockage closes no open gate: it may
   * be the work of a single request.
   */
  blocked(forMs: number, limitMs: number, periods: number): void {
    this.#adjust(forMs, limitMs, periods, STANDING - 1);
  }
  /** @param mostInRow late periods that may be counted in a row */
  #adjust(standingMs: number, limitMs: number, periods: number, mostInRow: number): void {
    this.#standingMs = standingMs;
    this.#leastMs = Number.POSITIVE_INFINITY;
    const late = standingMs > limitMs;
    for (let i = 0; i < periods; i++) {
      this.#lateInRow = late ? Math.min(this.#lateInRow + 1, mostInRow) : 0;
      this.#alert = this.isOpen ? Math.max(0, this.#alert - 1) : ALERT;
      if (!late || this.#alert > 0 || this.#lateInRow === STANDING) this.#share = nextShare(this.#share, late);
    }
    if (this.#counts.some((count) => count > 0)) this.#mix = this.#counts;
    this.#counts = CLASSES.map(() => 0);
    this.#chances = refusalChances(this.#share, this.#mix);
  }
  /** @param rank index of the class @param random from 0 to 1 */
  admits(rank: number, random: number): boolean {
    this.#counts[rank] = (this.#counts[rank] ?? 0) + 1;
    return random >= (this.#chances[rank] ?? 0);
  }
}
