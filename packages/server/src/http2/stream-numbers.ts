import { ErrorCode } from "@protobff/runtime/internal/http2";

/** Maximum number of remembered ends. */
const ENDS = 128;
const GAPS = 16;

/** Numbers of a connection's streams, and how these ended, in order to classify later frames on them. */
export class StreamNumbers {
  /** The highest number of a request, even if it was refused or ignored. */
  seen = 0;
  /** The last stream that was taken. */
  last = 0;
  /** Numbers of streams that the other end has ended completely. Negative numbers are streams that it has reset. */
  readonly #theirs = new Int32Array(ENDS);
  #at = 0;
  /** Ranges of skipped numbers: from, to. */
  readonly #gaps: number[] = [];

  /** Records that the stream `id` begins. */
  opened(id: number): void {
    if (id > this.seen + 2 && this.#gaps.length < 2 * GAPS) this.#gaps.push(this.seen + 1, id - 1);
    this.seen = id;
  }
  /** The other end has ended it, and nothing can be on its way. */
  theirs(id: number): void {
    this.#theirs[this.#at++ % ENDS] = id;
  }
  /** Records that the other end has reset the stream before the stream's end. */
  theirReset(id: number): void {
    this.theirs(-id);
  }
  /** Records that this end has ended the stream: later frames may have crossed that. */
  ours(id: number): void {
    const at = this.#theirs.findIndex((their) => Math.abs(their) === id);
    if (at >= 0) this.#theirs[at] = 0;
  }
  /**
   * True if the other end has reset the stream: later frames of it are only a stream error (RFC 9113, 5.1). grpc-java
   * sends such frames.
   */
  isTheirReset(id: number): boolean {
    return this.#theirs.includes(-id);
  }
  /** Returns the connection error for headers or data on this stream, as far as it is known. */
  wrong(id: number): number | undefined {
    if (this.#theirs.includes(id)) return ErrorCode.STREAM_CLOSED;
    for (let i = 0; i + 1 < this.#gaps.length; i += 2)
      if (id >= (this.#gaps[i] as number) && id <= (this.#gaps[i + 1] as number)) return ErrorCode.PROTOCOL_ERROR;
    return undefined;
  }
}
