import { ConnectionError, ErrorCode } from "./error-code.ts";
import { FRAME_BYTES, FRAME_HEAD_BYTES, FrameType } from "./frames.ts";

/** Length of the beginning of a frame that contains its type, in bytes. */
const TYPE_END = 4;
/** Maximum rest of a chunk that is read at once, in bytes. Most requests are smaller, and need not wait for others. */
const LITTLE_BYTES = 1024;

/** @param data holds the payload from `from` to `to`, and is written to afterwards */
type OnFrame = (type: number, flags: number, stream: number, data: Buffer, from: number, to: number) => void;

/**
 * Cuts incoming chunks into frames, at any chunk boundaries. A frame in several pieces is assembled with one copy of
 * each byte.
 */
export class FrameReader {
  readonly #onFrame: OnFrame;
  #partial: Buffer | undefined; // a frame of which `#have` bytes have come
  #have = 0;
  #stopped = false;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }
  /**
   * @param until moment of `performance.now()`, in milliseconds, at which the rest of the chunk is returned, unless it
   * is small. At least one frame is read
   * @throws ConnectionError for a frame that is too large; and errors of `onFrame`
   */
  read(chunk: Buffer, until = Number.POSITIVE_INFINITY): Buffer | undefined {
    let at = this.#partial === undefined ? 0 : this.#complete(this.#partial, chunk);
    while (!this.#stopped && chunk.length - at >= FRAME_HEAD_BYTES) {
      if (at > 0 && chunk.length - at > LITTLE_BYTES && performance.now() >= until) return chunk.subarray(at);
      const end = at + FRAME_HEAD_BYTES + lengthAt(chunk, at);
      if (end > chunk.length) break;
      this.#frame(chunk, at, end);
      at = end;
    }
    if (at < chunk.length && !this.#stopped) this.#complete(Buffer.allocUnsafe(FRAME_HEAD_BYTES), chunk.subarray(at));
    return undefined;
  }
  /** Size of the incomplete frame's buffer, in bytes. */
  get heldBytes(): number {
    return this.#partial?.length ?? 0;
  }
  /** True if a frame other than DATA is incomplete. */
  get unfinished(): boolean {
    return this.#partial !== undefined && (this.#have < TYPE_END || this.#partial[TYPE_END - 1] !== FrameType.DATA);
  }
  /** Discards all further data. */
  stop(): void {
    this.#stopped = true;
    this.#partial = undefined;
  }

  /** Copies the missing part of a frame. Returns the number of the chunk's bytes that it used. */
  #complete(partial: Buffer, chunk: Buffer): number {
    let [target, at] = [partial, 0];
    for (;;) {
      const taken = Math.min(target.length - this.#have, chunk.length - at);
      target.set(chunk.subarray(at, at + taken), this.#have);
      this.#have += taken;
      at += taken;
      if (this.#have < target.length) {
        this.#partial = target;
        return at;
      }
      const whole = FRAME_HEAD_BYTES + lengthAt(target, 0);
      if (target.length === whole) break;
      const larger = Buffer.allocUnsafe(whole);
      larger.set(target);
      target = larger;
    }
    this.#partial = undefined;
    this.#have = 0;
    this.#frame(target, 0, target.length);
    return at;
  }
  #frame(data: Buffer, at: number, end: number): void {
    const stream =
      (((data[at + 5] as number) & 0x7f) << 24) |
      ((data[at + 6] as number) << 16) |
      ((data[at + 7] as number) << 8) |
      (data[at + 8] as number);
    this.#onFrame(data[at + 3] as number, data[at + 4] as number, stream, data, at + FRAME_HEAD_BYTES, end);
  }
}

function lengthAt(data: Buffer, at: number): number {
  const length = ((data[at] as number) << 16) | ((data[at + 1] as number) << 8) | (data[at + 2] as number);
  if (length > FRAME_BYTES) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `a frame of ${length} bytes`);
  return length;
}
