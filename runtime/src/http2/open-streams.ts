const BUCKETS = 256; // a power of two

/** An entry of the open streams. */
export interface Listed<S> {
  readonly id: number;
  /** Next open stream of the bucket; only `OpenStreams` writes it. */
  next: S | undefined;
}

/**
 * The open streams of a connection, by number. A Map would keep closed streams: each table that V8 leaves behind on a
 * rehash points to the next one. Once such a table is old, all streams that were open then stay until a full
 * collection, with all that they reference.
 */
export class OpenStreams<S extends Listed<S>> {
  /** Buckets by the stream's number, which grows by two. Further streams of a bucket follow by `next`. */
  readonly #buckets: (S | undefined)[] = Array.from({ length: BUCKETS }, () => undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }
  get(id: number): S | undefined {
    let stream = this.#buckets[bucketOf(id)];
    while (stream !== undefined && stream.id !== id) stream = stream.next;
    return stream;
  }
  /** @param stream not one of them yet */
  add(stream: S): void {
    const bucket = bucketOf(stream.id);
    stream.next = this.#buckets[bucket];
    this.#buckets[bucket] = stream;
    this.#size++;
  }
  /** @returns whether it was one of them */
  delete(stream: S): boolean {
    const bucket = bucketOf(stream.id);
    let before: S | undefined;
    for (let at = this.#buckets[bucket]; at !== undefined; at = at.next) {
      if (at === stream) {
        if (before === undefined) this.#buckets[bucket] = stream.next;
        else before.next = stream.next;
        stream.next = undefined;
        this.#size--;
        return true;
      }
      before = at;
    }
    return false;
  }
  /** Returns a copy of the list, the oldest first. */
  all(): S[] {
    const all: S[] = [];
    for (let stream of this.#buckets) for (; stream !== undefined; stream = stream.next) all.push(stream);
    return all.sort((a, b) => a.id - b.id);
  }
}

const bucketOf = (id: number): number => (id >>> 1) % BUCKETS;
