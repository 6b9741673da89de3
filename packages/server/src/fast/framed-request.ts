import { Code, ConnectError } from "@connectrpc/connect";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";

const COMPRESSED = 1;

/** Who reads the message. */
export interface FrameReader {
  /**
   * A message has come whole.
   *
   * @param start where it stands in the body, without its prefix
   * @returns what is wrong with it
   */
  frame(body: Buffer, start: number, end: number, compressed: boolean): ConnectError | undefined;
}

/** A request's body that has to be one message with gRPC's prefix, as it comes. */
export class FramedRequest {
  readonly #kind: "unary" | "server-streaming";
  /** So many bytes have to be there for the next step. */
  needed = PREFIX_BYTES;
  /** Where its message stands; -1 as long as that has not come. */
  start = -1;
  end = -1;
  compressed = false;
  /** Where the frame begins that is coming. */
  #at = 0;
  /** Of its message; -1 as long as its prefix has not come. */
  #length = -1;

  constructor(kind: "unary" | "server-streaming") {
    this.#kind = kind;
  }

  /** How long the body becomes, as far as is known. */
  get expected(): number {
    return this.#length < 0 ? Number.POSITIVE_INFINITY : this.needed;
  }
  /** To be called as long as what is needed has come: an error, of which the request is to be refused, if anything is wrong. */
  step(body: Buffer, maxBytes: number, reader: FrameReader): ConnectError | undefined {
    if (this.#length < 0) {
      const length = body.readUInt32BE(this.#at + 1);
      if (length > maxBytes) {
        const message = `message size ${length} is larger than configured readMaxBytes ${maxBytes}`;
        return new ConnectError(message, Code.ResourceExhausted);
      }
      this.#length = length;
      this.needed = this.#at + PREFIX_BYTES + length;
      return undefined;
    }
    const compressed = ((body[this.#at] ?? 0) & COMPRESSED) !== 0;
    const start = this.#at + PREFIX_BYTES;
    const error = reader.frame(body, start, this.needed, compressed);
    if (error !== undefined) return error;
    if (this.start >= 0) {
      return new ConnectError(
        `protocol error: received extra input message for ${this.#kind} method`,
        Code.Unimplemented,
      );
    }
    this.start = start;
    this.end = this.needed;
    this.compressed = compressed;
    this.#at = this.needed;
    this.needed += PREFIX_BYTES;
    this.#length = -1;
    return undefined;
  }
  /** What is missing when no more comes. */
  incomplete(received: number): ConnectError | undefined {
    const begun = this.#length < 0 ? this.#at : this.#at + PREFIX_BYTES;
    if (received > begun) return new ConnectError("protocol error: incomplete envelope", Code.InvalidArgument);
    if (this.start >= 0) return undefined;
    return new ConnectError(`protocol error: missing input message for ${this.#kind} method`, Code.Unimplemented);
  }
}
