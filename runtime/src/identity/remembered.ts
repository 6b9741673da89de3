/** So many, unless more are asked for. */
const MOST = 10_000;

/** What has been found out of so many keys, and no more: the least recently used one goes first. */
export class Remembered<V> {
  readonly #most: number;
  readonly #all = new Map<string, V>(); // in the order of their use

  constructor(most = MOST) {
    this.#most = most;
  }
  get size(): number {
    return this.#all.size;
  }
  get(key: string): V | undefined {
    const value = this.#all.get(key);
    if (value === undefined) return undefined;
    this.#all.delete(key);
    this.#all.set(key, value);
    return value;
  }
  set(key: string, value: V): void {
    this.#all.delete(key);
    this.#all.set(key, value);
    for (const oldest of this.#all.keys()) {
      if (this.#all.size <= this.#most) break;
      this.#all.delete(oldest);
    }
  }
  delete(key: string): void {
    this.#all.delete(key);
  }
}
