/**
 * Maximum number of resets without an answer that a connection may have at once, and number that is added per second.
 * Each answer also adds one.
 */
const RESETS = 200;
const RESETS_PER_S = 100;

/** Limits the rate at which a client may begin streams that end without an answer. */
export class ResetBudget {
  #left = RESETS;
  #refilledAt = 0;

  answered(): void {
    if (this.#left < RESETS) this.#left++;
  }
  /** @returns whether that was too often */
  reset(): boolean {
    const now = performance.now();
    this.#left = Math.min(RESETS, this.#left + ((now - this.#refilledAt) * RESETS_PER_S) / 1000) - 1;
    this.#refilledAt = now;
    return this.#left < 0;
  }
}
