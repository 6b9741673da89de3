import { randomFillSync } from "node:crypto";

const POOL_BYTES = 4096;

/** Random ids in lower-case hexadecimal, none of them zeros alone. A pool of random bytes is made into text at once: an id is a part of it. */
export class Ids {
  readonly #fill: (bytes: Buffer) => void;
  readonly #bytes = Buffer.alloc(POOL_BYTES);
  #digits = "";
  #at = 0;

  /** @param fill with random bytes */
  constructor(fill: (bytes: Buffer) => void = randomFillSync) {
    this.#fill = fill;
  }
  /** 32 digits, of a trace. */
  long(): string {
    return this.#take(32);
  }
  /** 16 digits, of a span or a request. */
  short(): string {
    return this.#take(16);
  }
  #take(digits: number): string {
    for (;;) {
      if (this.#at + digits > this.#digits.length) {
        this.#fill(this.#bytes);
        this.#digits = this.#bytes.toString("hex");
        this.#at = 0;
      }
      const id = this.#digits.slice(this.#at, this.#at + digits);
      this.#at += digits;
      if (id !== NO_TRACE && id !== NO_SPAN) return id;
    }
  }
}
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);
