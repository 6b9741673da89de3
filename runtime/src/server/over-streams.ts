import { ErrorCode } from "../http2/error-code.ts";

/** So many ends are remembered. */
const ENDS = 128;
const GAPS = 16;

/** How streams of a connection have ended, for those who still send something on them. */
export class OverStreams {
  /** Numbers of streams that the other end has ended, all of which it knows. */
  readonly #theirs = new Int32Array(ENDS);
  #at = 0;
  /** Numbers that were left out: from, to. */
  readonly #gaps: number[] = [];

  /** One with this number begins, and before it that one did. */
  opened(before: number, id: number): void {
    if (id > before + 2 && this.#gaps.length < 2 * GAPS) this.#gaps.push(before + 1, id - 1);
  }
  /** The other end has ended it, and nothing can be on its way. */
  theirs(id: number): void {
    this.#theirs[this.#at++ % ENDS] = id;
  }
  /** We have: what comes may have crossed that. */
  ours(id: number): void {
    const at = this.#theirs.indexOf(id);
    if (at >= 0) this.#theirs[at] = 0;
  }
  /** The error that headers or data on this one are, as far as that is known. */
  wrong(id: number): number | undefined {
    if (this.#theirs.includes(id)) return ErrorCode.STREAM_CLOSED;
    for (let i = 0; i + 1 < this.#gaps.length; i += 2)
      if (id >= (this.#gaps[i] as number) && id <= (this.#gaps[i + 1] as number)) return ErrorCode.PROTOCOL_ERROR;
    return undefined;
  }
}
