const SLOT_MS = 100;
/** Number of slots: those of one second, and the current one. */
const SLOTS = 11;

/** Counts what has happened within the last second, or up to a tenth longer. */
export class RecentCount {
  readonly #slots = new Uint32Array(SLOTS);
  #slot = 0;
  /** Count at the last update. */
  count = 0;

  add(now: number): void {
    this.settle(now);
    const at = this.#slot % SLOTS;
    this.#slots[at] = (this.#slots[at] ?? 0) + 1;
    this.count++;
  }
  settle(now: number): void {
    const slot = Math.floor(now / SLOT_MS);
    if (this.count === 0 || slot - this.#slot >= SLOTS) {
      if (this.count > 0) this.#slots.fill(0);
      this.count = 0;
      this.#slot = slot;
      return;
    }
    while (this.#slot < slot) {
      this.#slot++;
      const at = this.#slot % SLOTS;
      this.count -= this.#slots[at] ?? 0;
      this.#slots[at] = 0;
    }
  }
}
