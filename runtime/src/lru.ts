/** Bounds of an `Lru`. */
interface LruBounds<V> {
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
 * A list has the order of use. The order of a Map would need an iterator at its oldest key, and an iterator that waits
 * keeps every table that V8 has discarded since.
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
  readonly #entries = new Map<string, Entry<V>>();
  /** The least and the most recently used entry. */
  #oldest: Entry<V> | undefined;
  #newest: Entry<V> | undefined;
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
    return this.#entries.size;
  }
  has(key: string): boolean {
    return this.#entries.has(key);
  }
  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry !== this.#newest) {
      this.#unlink(entry);
      this.#append(entry);
    }
    return entry.value;
  }
  /** Adds a value; one that is heavier than `maxBytes` is not kept. */
  set(key: string, value: V): void {
    this.delete(key);
    const bytes = this.#weigh(value);
    if (bytes > this.#maxBytes) return;
    const entry: Entry<V> = { key, value, older: undefined, newer: undefined };
    this.#entries.set(key, entry);
    this.#append(entry);
    this.#bytes += bytes;
    while (this.#entries.size > this.#most || this.#bytes > this.#maxBytes) this.#evict();
  }
  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#unlink(entry);
    this.#bytes -= this.#weigh(entry.value);
  }

  #evict(): void {
    if (this.#oldest === undefined) return;
    const { key, value } = this.#oldest;
    this.delete(key);
    this.#evicted?.(value);
  }
  #append(entry: Entry<V>): void {
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }
  #unlink(entry: Entry<V>): void {
    const { older, newer } = entry;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    entry.older = entry.newer = undefined;
  }
}

interface Entry<V> {
  readonly key: string;
  readonly value: V;
  older: Entry<V> | undefined;
  newer: Entry<V> | undefined;
}
