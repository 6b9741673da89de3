import { ConnectionError, ErrorCode } from "./error-code.ts";

/** So many frames in a row that bring nothing are no accident. */
const FRAMES = 10_000;
/** In less than this, in milliseconds: PING now and then, on an old connection, is everyday life. */
const FRAMES_MS = 100_000;
/** So much that the other end does not read while it asks for more is none either. */
const WAITING_BYTES = 2 << 20;
/** Of bodies, so much outweighs a frame. */
const FRAME_BYTES = 64;
/** What is sent outweighs so many frames, however short it is. */
const SENT_FRAMES = 4;
/** A request that has come whole, or an answer, outweighs so many frames. */
const WHOLE_FRAMES = 1_000;

/** Ends connections to those who make work (SETTINGS, PING, empty frames, frames of streams that are gone) and bring nothing. */
export class FloodGuard {
  #frames = 0;
  #late = 0; // bytes
  readonly #counts: boolean;
  #since = performance.now();

  /** @param counts whether small pieces bring less than large ones, as those of somebody who was not chosen */
  constructor(counts = false) {
    this.#counts = counts;
  }
  /** A frame brought something, or something was sent. */
  progress(): void {
    this.#frames = this.#counts ? Math.max(0, this.#frames - WHOLE_FRAMES) : 0;
  }
  /** Some of a body was sent, which the other end tells that it has taken. */
  sent(bytes: number): void {
    this.#frames = Math.max(0, this.#frames - SENT_FRAMES - Math.floor(bytes / FRAME_BYTES));
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
   * @param why what the other end is told
   * @throws ConnectionError
   */
  idle(waiting: number, weight = 1, why = "too many frames that bring nothing"): void {
    this.#frames += weight;
    if (this.#frames > FRAMES && this.#isSlow()) this.#frames = 0;
    if (this.#frames > FRAMES || waiting > WAITING_BYTES) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, why);
    }
  }
  #isSlow(): boolean {
    const before = this.#since;
    this.#since = performance.now();
    return this.#since - before >= FRAMES_MS;
  }
}
