/** A connection, and what it holds besides bodies that are under way: headers, and answers that were written and not taken. */
export interface Holding {
  /** `ConnectionBytes` alone writes it. */
  heldBytes: number;
  /** Ends it, and with that it holds nothing. */
  calm(why: string): void;
}

/** Of all connections of the process. */
const MAX_BYTES = 64 << 20;
/** Of one. */
const MAX_OF_ONE = 16 << 20;
/** When there is too much, so many of eight parts may stay. */
const KEPT_EIGHTHS = 7;
/** Who holds less is not looked for when there is too much: it is not them. */
const SMALL_BYTES = 16 << 10;

/** Bounds what connections hold, over the process: those that hold the most are ended. */
export class ConnectionBytes {
  readonly #maxBytes: number;
  readonly #large = new Set<Holding>();
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }
  get bytes(): number {
    return this.#bytes;
  }
  /** It holds so many now. It may be that it, or others, are ended before this returns. */
  set(one: Holding, bytes: number): void {
    this.#bytes += bytes - one.heldBytes;
    one.heldBytes = bytes;
    if (bytes > SMALL_BYTES) this.#large.add(one);
    else this.#large.delete(one);
    if (bytes > MAX_OF_ONE) this.#end(one);
    if (this.#bytes > this.#maxBytes) this.#makeRoom();
  }
  #makeRoom(): void {
    const enough = (this.#maxBytes / 8) * KEPT_EIGHTHS;
    for (const one of [...this.#large].sort((a, b) => b.heldBytes - a.heldBytes)) {
      if (this.#bytes <= enough) return;
      this.#end(one);
    }
  }
  #end(one: Holding): void {
    if (!this.#large.delete(one)) return;
    one.calm("it holds more memory than connections may have");
  }
}
