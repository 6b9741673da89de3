/** Maximum number of keys of one limit that a process counts. */
export const MOST_KEYS = 1 << 16;
/** Number of keys that are examined to find one to evict. */
const LOOKED_AT = 8;

/** State of a key. */
export interface Cell {
  /** Time from which the key equals an unknown key, by the clock of the counter. */
  until: number;
}

/**
 * Keys that clients choose, in bounded memory. If there is no room, a few keys are examined. A recovered key is
 * evicted, else the key that recovers first, because it loses least.
 */
export class Cells<C extends Cell> {
  readonly #cells = new Map<string, C>();
  readonly #most: number;
  #hand: Iterator<[string, C]> | undefined;

  constructor(most: number = MOST_KEYS) {
    this.#most = most;
  }
  get size(): number {
    return this.#cells.size;
  }
  get(key: string): C | undefined {
    return this.#cells.get(key);
  }
  /** @param now on the clock of `until` */
  set(key: string, cell: C, now: number): void {
    if (this.#cells.size >= this.#most && !this.#cells.has(key)) this.#makeRoom(now);
    this.#cells.set(key, cell);
  }
  delete(key: string): void {
    this.#cells.delete(key);
  }

  #makeRoom(now: number): void {
    let soonest: string | undefined;
    let until = Number.POSITIVE_INFINITY;
    for (let i = 0; i < LOOKED_AT && this.#cells.size >= this.#most; i++) {
      const [key, cell] = this.#next();
      if (cell.until <= now) this.#cells.delete(key);
      else if (cell.until < until) [soonest, until] = [key, cell.until];
    }
    if (this.#cells.size >= this.#most && soonest !== undefined) this.#cells.delete(soonest);
  }
  /** Returns the next entry in an endless cycle; the map is not empty. */
  #next(): [string, C] {
    this.#hand ??= this.#cells.entries();
    const next = this.#hand.next();
    if (next.done !== true) return next.value;
    this.#hand = undefined;
    return this.#next();
  }
}
