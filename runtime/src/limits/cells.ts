/** So many keys of one limit are counted in a process. */
export const MOST_KEYS = 1 << 16;
/** So many are looked at to find one that may go. */
const LOOKED_AT = 8;

/** What is remembered of a key. */
export interface Cell {
  /** Until when it differs from a key that has never come, on the clock of whoever counts. */
  until: number;
}

/**
 * Keys that clients choose, in bounded memory. Where there is no room, of a few that are looked at the one goes that has recovered; else the one
 * that recovers first, of which least is forgotten.
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
  /** One after the other, round and round; there is one. */
  #next(): [string, C] {
    this.#hand ??= this.#cells.entries();
    const next = this.#hand.next();
    if (next.done !== true) return next.value;
    this.#hand = undefined;
    return this.#next();
  }
}
