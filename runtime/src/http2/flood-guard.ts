import { ConnectionError, ErrorCode } from "./error-code.ts";

/** So many frames in a row that bring nothing are no accident. */
const FRAMES = 10_000;
/** So much that the other end does not read while it asks for more is none either. */
const WAITING_BYTES = 2 << 20;
/** Of bodies, so much outweighs a frame. */
const FRAME_BYTES = 64;
/** A request that has come whole, or an answer, outweighs so many frames. */
const WHOLE_FRAMES = 1_000;

/** Ends connections to those who make work (SETTINGS, PING, empty frames, frames of streams that are gone) and bring nothing. */
export class FloodGuard {
  #frames = 0;
  #late = 0; // bytes
  readonly #counts: boolean;

  /** @param counts whether small pieces bring less than large ones, as those of somebody who was not chosen */
  constructor(counts = false) {
    this.#counts = counts;
  }
  /** A frame brought something, or something was sent. */
  progress(): void {
    this.#frames = this.#counts ? Math.max(0, this.#frames - WHOLE_FRAMES) : 0;
  }
  /**
   * A frame moved so much of a body.
   *
   * @param waiting as of `idle`
   * @throws ConnectionError
   */
  moved(bytes: number, waiting: number): void {
    if (!this.#counts) this.#frames = 0;
    else if (bytes >= FRAME_BYTES) this.#frames = Math.max(0, this.#frames - Math.floor(bytes / FRAME_BYTES));
    else this.idle(waiting);
  }
  /** A stream was given up while the other end was allowed to send so many bytes: these bring nothing, and are nobody's fault. */
  givenUp(bytes: number): void {
    this.#late += bytes;
  }
  /**
   * Bytes of a stream that is gone.
   *
   * @param waiting as of `idle`
   * @throws ConnectionError
   */
  late(bytes: number, waiting: number): void {
    if (bytes === 0 || bytes > this.#late) this.idle(waiting);
    else this.#late -= bytes;
  }
  /**
   * @param waiting bytes that the other end has not read
   * @param weight what it counts
   * @throws ConnectionError
   */
  idle(waiting: number, weight = 1): void {
    this.#frames += weight;
    if (this.#frames > FRAMES || waiting > WAITING_BYTES) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "too many frames that bring nothing");
    }
  }
}
