/** Bounds of an `Lru`. */
export interface LruBounds<V> {
  /** Maximum number of values. Default: none. */
  readonly most?: number | undefined;
  /** Maximum of the sum of their weights, in bytes. Default: none. */
  readonly maxBytes?: number | undefined;
  /** Weight of a value in bytes, the same for as long as it is kept. Default: 0. */
  readonly weigh?: ((value: V) => number) | undefined;
  /** Receives each value that leaves because of a bound. */
  readonly evicted?: ((value: V) => void) | undefined;
}

/**
 * Values by key, bounded in number and bytes: the least recently used ones are evicted first.
 *
 * @example
 * const callers = new Lru<Caller>({ most: 10_000 });
 * callers.set(key, caller);
 */
export class Lru<V> {
  readonly #most: number;
  readonly #maxBytes: number;
  readonly #weigh: (value: V) => number;
  readonly #evicted: ((value: V) => void) | undefined;
  readonly #values = new Map<string, V>(); // in the order of their use
  /** Kept, because a new iterator first passes the places of all values that have left the map. */
  #oldest = this.#values.keys();
  #bytes = 0;

  constructor({ most, maxBytes, weigh, evicted }: LruBounds<V>) {
    this.#most = most ?? Number.POSITIVE_INFINITY;
    this.#maxBytes = maxBytes ?? Number.POSITIVE_INFINITY;
    this.#weigh = weigh ?? (() => 0);
    this.#evicted = evicted;
  }
  /** Weight of all values, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }
  get size(): number {
    return this.#values.size;
  }
  has(key: string): boolean {
    return this.#values.has(key);
  }
  get(key: string): V | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }
  /** Adds a value; one that is heavier than `maxBytes` is not kept. */
  set(key: string, value: V): void {
    this.delete(key);
    const bytes = this.#weigh(value);
    if (bytes > this.#maxBytes) return;
    this.#values.set(key, value);
    this.#bytes += bytes;
    while (this.#values.size > this.#most || this.#bytes > this.#maxBytes) this.#evict();
  }
  delete(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#bytes -= this.#weigh(value);
  }

  #evict(): void {
    const { done, value } = this.#oldest.next();
    if (done) {
      this.#oldest = this.#values.keys();
      return;
    }
    const evicted = this.#values.get(value);
    this.delete(value);
    if (evicted !== undefined) this.#evicted?.(evicted);
  }
}
