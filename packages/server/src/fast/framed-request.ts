import { Code, type ConnectError } from "@connectrpc/connect";
import { stackless } from "@protobff/runtime/internal/endpoint/connect-error";
import { unknownFlags } from "@protobff/runtime/internal/routes/bounds";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";

const COMPRESSED = 1;

/** Reader of the messages. */
export interface FrameReader {
  /**
   * Reads a complete message.
   *
   * @param start its offset in the body, without its prefix
   * @returns the error, if it is invalid
   */
  frame(body: Buffer, start: number, end: number, compressed: boolean): ConnectError | undefined;
}

/** The body of a request with exactly one message with gRPC's prefix, while it arrives. */
export class FramedRequest {
  readonly #kind: "unary" | "server-streaming";
  /** Number of bytes that the next step requires. */
  needed = PREFIX_BYTES;
  /** Offset of its message; -1 until the message is complete. */
  start = -1;
  end = -1;
  compressed = false;
  /** Offset of the incomplete frame. */
  #at = 0;
  /** Length of the incomplete frame's message; -1 until its prefix has arrived. */
  #length = -1;

  constructor(kind: "unary" | "server-streaming") {
    this.#kind = kind;
  }

  /** Length of the body, as far as it is known; otherwise infinity. */
  get expected(): number {
    return this.#length < 0 ? Number.POSITIVE_INFINITY : this.needed;
  }
  /**
   * Takes one step. Called as long as the required bytes have arrived. @returns the error, if the request must be
   * refused
   */
  step(body: Buffer, maxBytes: number, reader: FrameReader): ConnectError | undefined {
    if (this.#length < 0) {
      const flags = body[this.#at] ?? 0;
      if (flags > COMPRESSED) return unknownFlags(flags);
      const length = body.readUInt32BE(this.#at + 1);
      if (length > maxBytes) {
        const message = `message size ${length} is larger than configured readMaxBytes ${maxBytes}`;
        return stackless(message, Code.ResourceExhausted);
      }
      this.#length = length;
      this.needed = this.#at + PREFIX_BYTES + length;
      return undefined;
    }
    const compressed = body[this.#at] === COMPRESSED;
    const start = this.#at + PREFIX_BYTES;
    const error = reader.frame(body, start, this.needed, compressed);
    if (error !== undefined) return error;
    if (this.start >= 0) {
      return malformed(`received extra input message for ${this.#kind} method`);
    }
    this.start = start;
    this.end = this.needed;
    this.compressed = compressed;
    this.#at = this.needed;
    this.needed += PREFIX_BYTES;
    this.#length = -1;
    return undefined;
  }
  /** Returns the error of an incomplete request when no more bytes follow. */
  incomplete(received: number): ConnectError | undefined {
    const begun = this.#length < 0 ? this.#at : this.#at + PREFIX_BYTES;
    if (received > begun) return stackless("protocol error: incomplete envelope", Code.InvalidArgument);
    if (this.start >= 0) return undefined;
    return malformed(`missing input message for ${this.#kind} method`);
  }
}

const malformed = (why: string): ConnectError =>
  stackless(`protocol error: ${why}`, Code.Unimplemented, undefined, "MALFORMED");
/** Returns the error of a compressed message without a known encoding. */
export const unknownCompression = (): ConnectError =>
  stackless("received compressed envelope, but do not know how to decompress", Code.Internal, undefined, "MALFORMED");
