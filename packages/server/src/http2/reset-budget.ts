/** Resets without an answer that a connection may have at once, and how many more each second; each answer gives one back. */
const RESETS = 200;
const RESETS_PER_S = 100;

/** How often a client may begin something and have it ended without an answer. */
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
