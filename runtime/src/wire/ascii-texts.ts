// Converts a message's bytes to texts, if they are known to be ASCII. A call into the engine costs several times as
// much as a short text. Neighbouring texts are therefore slices of one text, but that also keeps the bytes between
// them.
import type { EngineBuffer } from "../engine-buffer.ts";

/** Maximum length of a text, in bytes, that is converted byte by byte. */
const SHORT_BYTES = 12;
/** Number of bytes that are converted to text at once, at first and at most. */
const FIRST_BYTES = 512;
const MAX_BYTES = 8_192;
/** Texts are slices of a larger text while they make up at least 1/`WASTE` of its bytes. */
const WASTE = 4;

export class AsciiTexts {
  #buffer: EngineBuffer;
  /** Bytes as Latin-1, which texts are slices of. */
  #window = "";
  #from = 0;
  #to = 0;
  #size = 0;
  /** Number of bytes in texts since `#from`. */
  #used = 0;

  constructor(buffer: EngineBuffer) {
    this.#buffer = buffer;
  }
  start(buffer: EngineBuffer): void {
    this.#buffer = buffer;
    this.#window = "";
    this.#from = 0;
    this.#to = 0;
    this.#size = 0;
    this.#used = FIRST_BYTES;
  }
  /** Goes forward only. */
  text(from: number, to: number): string {
    this.#used += to - from;
    if (to <= this.#to) return this.#window.slice(from - this.#from, to - this.#from);
    if (to - from <= SHORT_BYTES) return shortText(this.#buffer, from, to - from);
    return this.#open(from, to);
  }
  #open(from: number, to: number): string {
    const length = to - from;
    const close = (this.#used - length) * WASTE >= from - this.#from;
    this.#size = close ? Math.min(Math.max(this.#size * 2, FIRST_BYTES), MAX_BYTES) : 0;
    this.#from = from;
    this.#used = length;
    if (this.#size <= length) {
      this.#to = from;
      return this.#buffer.latin1Slice(from, to);
    }
    this.#to = Math.min(from + this.#size, this.#buffer.length);
    this.#window = this.#buffer.latin1Slice(from, this.#to);
    return this.#window.slice(0, length);
  }
}

const { fromCharCode } = String;

/**
 * Unrolled, because a loop takes twice the CPU time for 1 to 12 bytes. Two calls for 6 bytes each take 1.2 times as
 * much.
 */
function shortText(b: Uint8Array, at: number, length: number): string {
  switch (length) {
    case 0:
      return "";
    case 1:
      return fromCharCode(b[at] as number);
    case 2:
      return fromCharCode(b[at] as number, b[at + 1] as number);
    case 3:
      return fromCharCode(b[at] as number, b[at + 1] as number, b[at + 2] as number);
    case 4:
      return fromCharCode(b[at] as number, b[at + 1] as number, b[at + 2] as number, b[at + 3] as number);
    case 5:
      return fromCharCode(
        b[at] as number,
        b[at + 1] as number,
        b[at + 2] as number,
        b[at + 3] as number,
        b[at + 4] as number,
      );
    case 6:
      return fromCharCode(
        b[at] as number,
        b[at + 1] as number,
        b[at + 2] as number,
        b[at + 3] as number,
        b[at + 4] as number,
        b[at + 5] as number,
      );
    case 7:
      return fromCharCode(
        b[at] as number,
        b[at + 1] as number,
        b[at + 2] as number,
        b[at + 3] as number,
        b[at + 4] as number,
        b[at + 5] as number,
        b[at + 6] as number,
      );
    case 8:
      return fromCharCode(
        b[at] as number,
        b[at + 1] as number,
        b[at + 2] as number,
        b[at + 3] as number,
        b[at + 4] as number,
        b[at + 5] as number,
        b[at + 6] as number,
        b[at + 7] as number,
      );
    case 9:
      return fromCharCode(
        b[at] as number,
        b[at + 1] as number,
        b[at + 2] as number,
        b[at + 3] as number,
        b[at + 4] as number,
        b[at + 5] as number,
        b[at + 6] as number,
        b[at + 7] as number,
        b[at + 8] as number,
      );
    case 10:
      return fromCharCode(
        b[at] as number,
        b[at + 1] as number,
        b[at + 2] as number,
        b[at + 3] as number,
        b[at + 4] as number,
        b[at + 5] as number,
        b[at + 6] as number,
        b[at + 7] as number,
        b[at + 8] as number,
        b[at + 9] as number,
      );
    case 11:
      return fromCharCode(
        b[at] as number,
        b[at + 1] as number,
        b[at + 2] as number,
        b[at + 3] as number,
        b[at + 4] as number,
        b[at + 5] as number,
        b[at + 6] as number,
        b[at + 7] as number,
        b[at + 8] as number,
        b[at + 9] as number,
        b[at + 10] as number,
      );
    default:
      return fromCharCode(
        b[at] as number,
        b[at + 1] as number,
        b[at + 2] as number,
        b[at + 3] as number,
        b[at + 4] as number,
        b[at + 5] as number,
        b[at + 6] as number,
        b[at + 7] as number,
        b[at + 8] as number,
        b[at + 9] as number,
        b[at + 10] as number,
        b[at + 11] as number,
      );
  }
}
