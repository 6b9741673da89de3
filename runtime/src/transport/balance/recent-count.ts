const SLOT_MS = 100;
/** Of a second, and the one that is being filled. */
const SLOTS = 11;

/** Counts what has happened within the last second, or up to a tenth longer. */
export class RecentCount {
  readonly #slots = new Uint32Array(SLOTS);
  #slot = 0;
  /** As last settled. */
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
