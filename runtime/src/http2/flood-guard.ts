import { ConnectionError, ErrorCode } from "./error-code.ts";

/** Maximum number of consecutive frames without progress. More are no accident. */
const FRAMES = 10_000;
/** Time in which that many frames are a flood, in milliseconds: occasional PINGs on an old connection are normal. */
const FRAMES_MS = 100_000;
/** Maximum of unread bytes while the other end makes more requests. More are no accident either. */
const WAITING_BYTES = 2 << 20;
/** Bytes of a body that outweigh one frame. */
const FRAME_BYTES = 64;
/** Frames that one sent piece of a body outweighs, even a short one. */
const SENT_FRAMES = 4;
/** Frames that one complete request or answer outweighs. */
const WHOLE_FRAMES = 1_000;

/**
 * Ends connections whose other end makes work (SETTINGS, PING, empty frames, frames of ended streams) without progress.
 */
export class FloodGuard {
  #frames = 0;
  #late = 0; // bytes
  readonly #counts: boolean;
  #since = performance.now();

  /** @param counts true if small pieces outweigh less than large ones, as for untrusted clients */
  constructor(counts = false) {
    this.#counts = counts;
  }
  /** Records a frame with progress, or a sent frame. */
  progress(): void {
    this.#frames = this.#counts ? Math.max(0, this.#frames - WHOLE_FRAMES) : 0;
  }
  /** Records the sending of a part of a body, which the other end acknowledges by WINDOW_UPDATE. */
  sent(bytes: number): void {
    this.#frames = Math.max(0, this.#frames - SENT_FRAMES - Math.floor(bytes / FRAME_BYTES));
  }
  /**
   * Records a frame with `bytes` bytes of a body.
   *
   * @param waiting as of `idle`
   * @throws ConnectionError
   */
  moved(bytes: number, waiting: number): void {
    if (!this.#counts) this.#frames = 0;
    else if (bytes >= FRAME_BYTES) this.#frames = Math.max(0, this.#frames - Math.floor(bytes / FRAME_BYTES));
    else this.idle(waiting);
  }
  /**
   * Records that a stream was given up while the other end could send this number of bytes. They bring no progress, but
   * are no fault.
   */
  recordCancel(bytes: number): void {
    this.#late += bytes;
  }
  /**
   * Records bytes of a stream that has ended.
   *
   * @param waiting as of `idle`
   * @throws ConnectionError
   */
  late(bytes: number, waiting: number): void {
    if (bytes === 0 || bytes > this.#late) this.idle(waiting);
    else this.#late -= bytes;
  }
  /**
   * Records a frame without progress.
   * @param waiting bytes that the other end has not read
   * @param weight number of frames that it counts for
   * @param why reason that the other end receives
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
