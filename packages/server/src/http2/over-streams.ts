import { ErrorCode } from "@protobff/http2/error-code";

/** Maximum number of remembered ends. */
const ENDS = 128;
const GAPS = 16;

/** Remembers how a connection's streams ended, in order to classify later frames on them. */
export class OverStreams {
  /** Numbers of streams that the other end has ended completely. Negative numbers are streams that it has reset. */
  readonly #theirs = new Int32Array(ENDS);
  #at = 0;
  /** Ranges of skipped numbers: from, to. */
  readonly #gaps: number[] = [];

  /** Records that the stream `id` begins; the previous stream had the number `before`. */
  opened(before: number, id: number): void {
    if (id > before + 2 && this.#gaps.length < 2 * GAPS) this.#gaps.push(before + 1, id - 1);
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
