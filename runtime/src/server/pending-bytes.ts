/** Somebody whose bytes count: a request that comes, or an answer that is not taken. */
export interface Holder {
  /** So many; `PendingBytes` alone writes it. */
  heldBytes: number;
  /** Its place among the holders, which writes it. */
  holderSlot: number;
  /** The smaller, the older. */
  readonly holderNumber: number;
  /** Ends it, and releases its bytes at once. */
  giveUp(): void;
}

export const DEFAULT_MAX_PENDING_BYTES = 128 << 20;
/** Of those who hold more, the oldest are given up before anybody who holds less. */
const LARGE_BYTES = 64 << 10;
/** When there is too much, so many of eight parts may stay: one look at all holders frees an eighth at once. */
const KEPT_EIGHTHS = 7;

/**
 * The bytes of all bodies under way in the process: of requests until they are answered, and of answers until they are taken. Over the limit
 * the oldest go: who sends or reads as one does is gone before it is his turn.
 */
export class PendingBytes {
  readonly #maxBytes: number;
  readonly #holders: Holder[] = [];
  #bytes = 0;
  #number = 0;
  #givenUp = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }
  /** How many holders there were to give up. */
  get givenUp(): number {
    return this.#givenUp;
  }
  /** For the next holder. */
  nextNumber(): number {
    return ++this.#number;
  }
  /** It may be that the holder is given up before this returns. */
  add(holder: Holder, bytes: number): void {
    if (bytes === 0) return;
    if (holder.heldBytes === 0) {
      holder.holderSlot = this.#holders.length;
      this.#holders.push(holder);
    }
    holder.heldBytes += bytes;
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) this.#makeRoom();
  }
  /** It holds so many less; nothing happens when it holds nothing any more. */
  remove(holder: Holder, bytes: number): void {
    if (bytes >= holder.heldBytes) {
      this.release(holder);
      return;
    }
    holder.heldBytes -= bytes;
    this.#bytes -= bytes;
  }
  /** It holds nothing any more. */
  release(holder: Holder): void {
    if (holder.heldBytes === 0) return;
    this.#bytes -= holder.heldBytes;
    holder.heldBytes = 0;
    const last = this.#holders.pop();
    if (last === undefined || last === holder) return;
    this.#holders[holder.holderSlot] = last;
    last.holderSlot = holder.holderSlot;
  }

  #makeRoom(): void {
    const enough = (this.#maxBytes / 8) * KEPT_EIGHTHS;
    const isLarge = (holder: Holder) => (holder.heldBytes > LARGE_BYTES ? 0 : 1);
    const byAge = this.#holders.toSorted((a, b) => isLarge(a) - isLarge(b) || a.holderNumber - b.holderNumber);
    for (const holder of byAge) {
      if (this.#bytes <= enough) return;
      if (holder.heldBytes === 0) continue; // gone with another
      this.#givenUp++;
      holder.giveUp();
      this.release(holder);
    }
  }
}
