/** Cost of an entry besides its bytes: key, objects, places in a map. An estimate, in bytes. */
const OVERHEAD_BYTES = 256;

/** Entries by key, bounded by their bytes: the least recently used ones are evicted first. */
export class Lru<Entry extends { readonly bytes: Uint8Array }> {
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Entry>(); // in the order of their use
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }
  /** Cost of all entries, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }
  get size(): number {
    return this.#entries.size;
  }
  get(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }
  /** Adds an entry; an entry larger than the whole capacity is not kept. */
  set(key: string, entry: Entry): void {
    this.delete(key);
    const bytes = cost(entry);
    if (bytes > this.#maxBytes) return;
    this.#entries.set(key, entry);
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.delete(oldest);
    }
  }
  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= cost(entry);
  }
}

function cost({ bytes }: { readonly bytes: Uint8Array }): number {
  return bytes.length + OVERHEAD_BYTES;
}
