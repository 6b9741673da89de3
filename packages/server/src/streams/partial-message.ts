const FIN = 0x80;
const CONTROL = 0x08;
const MASKED = 0x80;
const MASK_BYTES = 4;
/** The longest head: two bytes, a length of eight, a mask. */
const HEAD_BYTES = 14;
/** Size of the extended length, by the value of the seven length bits. */
const LENGTH_BYTES: Readonly<Record<number, number>> = { 126: 2, 127: 8 };

/**
 * Counts the bytes of an incomplete WebSocket message (RFC 6455, 5.2 and 5.4), which `ws` keeps but does not report.
 * `ws` itself refuses malformed frames.
 */
export class PartialMessage {
  /** Without the heads of its frames. */
  bytes = 0;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  #payload = 0; // of the frame
  #left = 0;
  #inFrame = false;

  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (!this.#inFrame) this.#readHead(chunk[at++] ?? 0);
      else {
        const some = Math.min(this.#left, chunk.length - at);
        at += some;
        this.#left -= some;
        this.bytes += some;
      }
      if (this.#inFrame && this.#left === 0) this.#endFrame();
    }
  }
  #readHead(byte: number): void {
    const head = this.#head;
    head[this.#headBytes++] = byte;
    if (this.#headBytes < 2) return;
    const short = (head[1] ?? 0) & ~MASKED;
    const lengthBytes = LENGTH_BYTES[short] ?? 0;
    const masked = ((head[1] ?? 0) & MASKED) !== 0;
    if (this.#headBytes < 2 + lengthBytes + (masked ? MASK_BYTES : 0)) return;
    this.#left = short;
    if (lengthBytes === 2) this.#left = head.readUInt16BE(2);
    else if (lengthBytes === 8) this.#left = Number(head.readBigUInt64BE(2));
    this.#payload = this.#left;
    this.#inFrame = true;
    this.#headBytes = 0;
  }
  #endFrame(): void {
    const first = this.#head[0] ?? 0;
    this.#inFrame = false;
    if ((first & CONTROL) !== 0) this.bytes -= this.#payload;
    else if ((first & FIN) !== 0) this.bytes = 0;
  }
}
