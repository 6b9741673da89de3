/** Size that an entry adds to its name and value, in bytes (RFC 7541, 4.1). */
const ENTRY_BYTES = 32;
/** Initial size of the table, in bytes. */
const TABLE_BYTES = 4_096;

type Entry = readonly [name: string, value: string];

/** The dynamic table of one direction of a connection (RFC 7541, 2.3.2). */
export class DynamicTable {
  /** Entries, the newest last. */
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #maxBytes = TABLE_BYTES;
  #limit = TABLE_BYTES;

  /**
   * Sets the limit to 0, which the other end has acknowledged. Its next block must begin with the new size, but some
   * peers never send it.
   */
  close(): void {
    this.#limit = 0;
  }
  /** True if the table will stay empty. */
  get isClosed(): boolean {
    return this.#limit + this.#maxBytes === 0;
  }
  /** @param index 0 is the newest */
  entry(index: number): Entry | undefined {
    return this.#entries[this.#entries.length - 1 - index];
  }
  /** @returns false for more than was allowed */
  resize(bytes: number): boolean {
    if (bytes > this.#limit) return false;
    this.#maxBytes = bytes;
    this.#evict(0);
    return true;
  }
  add(name: string, value: string): void {
    const bytes = name.length + value.length + ENTRY_BYTES;
    this.#evict(bytes);
    if (bytes > this.#maxBytes) return; // what is too large empties it, and is no error
    this.#entries.push([name, value]);
    this.#bytes += bytes;
  }
  /** Makes room for `bytes` bytes. */
  #evict(bytes: number): void {
    let evicted = 0;
    while (this.#bytes + bytes > this.#maxBytes && evicted < this.#entries.length) {
      const [name, value] = this.#entries[evicted++] as Entry;
      this.#bytes -= name.length + value.length + ENTRY_BYTES;
    }
    if (evicted > 0) this.#entries.splice(0, evicted);
  }
}
