/** Maximum number of keys of one limit that a process counts. */
const MAX_KEYS = 1 << 16;
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
  readonly #places = new Map<string, number>();
  readonly #keys: string[] = []; // dense, so that the hand needs no iterator, which would keep discarded tables of a Map
  readonly #cells: C[] = [];
  readonly #most: number;
  #hand = 0;

  constructor(most: number = MAX_KEYS) {
    this.#most = most;
  }
  get size(): number {
    return this.#keys.length;
  }
  get(key: string): C | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#cells[place];
  }
  /** @param now on the clock of `until` */
  set(key: string, cell: C, now: number): void {
    const known = this.#places.get(key);
    if (known === undefined && this.size >= this.#most) this.#makeRoom(now);
    this.#put(known ?? this.size, key, cell);
  }
  delete(key: string): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    this.#places.delete(key);
    const [lastKey, last] = [this.#keys.pop(), this.#cells.pop()];
    if (lastKey !== undefined && last !== undefined && lastKey !== key) this.#put(place, lastKey, last);
  }
  #put(place: number, key: string, cell: C): void {
    this.#places.set(key, place);
    this.#keys[place] = key;
    this.#cells[place] = cell;
  }

  #makeRoom(now: number): void {
    let soonest: string | undefined;
    let until = Number.POSITIVE_INFINITY;
    for (let i = 0; i < LOOKED_AT && this.size >= this.#most; i++) {
      this.#hand = (this.#hand + 1) % this.size;
      const [key, cell] = [this.#keys[this.#hand], this.#cells[this.#hand]];
      if (key === undefined || cell === undefined) continue;
      if (cell.until <= now) this.delete(key);
      else if (cell.until < until) [soonest, until] = [key, cell.until];
    }
    if (this.size >= this.#most && soonest !== undefined) this.delete(soonest);
  }
}
