import { ErrorCode } from "@protobff/http2/error-code";

/** So many ends are remembered. */
const ENDS = 128;
const GAPS = 16;

/** How streams of a connection have ended, for those who still send something on them. */
export class OverStreams {
  /** Numbers of streams that the other end has ended, all of which it knows; below zero those that it has reset. */
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
  /** The same by a reset, before it has said all. */
  theirReset(id: number): void {
    this.theirs(-id);
  }
  /** We have: what comes may have crossed that. */
  ours(id: number): void {
    const at = this.#theirs.findIndex((one) => Math.abs(one) === id);
    if (at >= 0) this.#theirs[at] = 0;
  }
  /** Whether the other end has reset it: what it still sends is the error of the stream alone (RFC 9113, 5.1). grpc-java does. */
  isTheirReset(id: number): boolean {
    return this.#theirs.includes(-id);
  }
  /** The error of the connection that headers or data on this one are, as far as that is known. */
  wrong(id: number): number | undefined {
    if (this.#theirs.includes(id)) return ErrorCode.STREAM_CLOSED;
    for (let i = 0; i + 1 < this.#gaps.length; i += 2)
      if (id >= (this.#gaps[i] as number) && id <= (this.#gaps[i + 1] as number)) return ErrorCode.PROTOCOL_ERROR;
    return undefined;
  }
}
