import { Code, type Fault } from "../../failure.ts";
import { appendChunk } from "../../wire/append-chunk.ts";
import { PREFIX_BYTES } from "../../wire/frame.ts";
import type { ReceivedHeaders } from "../call-headers.ts";
import { throwLater } from "../throw-later.ts";
import type { Reply } from "../unary-client.ts";
import { BaseAttempt, flagsFault } from "./base-attempt.ts";
import type { GrpcRequest, GrpcSession } from "./grpc-session.ts";
import type { SessionPool } from "./session-pool.ts";

/** Maximum number of bytes that are allocated in advance for a message by its declared length. */
export const AT_ONCE_BYTES = 1 << 18;
const NONE: ReceivedHeaders = {};

/** One unary request, until its reply is reported. */
export class GrpcAttempt extends BaseAttempt {
  readonly #maxBytes: number;
  readonly #reply: Reply;
  #body: Buffer | undefined; // its first `#received` bytes have arrived
  #received = 0;
  #expected = Number.POSITIVE_INFINITY;

  constructor(
    pool: SessionPool<GrpcSession>,
    request: GrpcRequest,
    maxBytes: number,
    reply: Reply,
    after?: GrpcAttempt,
  ) {
    super(pool, request, after);
    this.#maxBytes = maxBytes;
    this.#reply = reply;
  }

  /** @param chunk may be written to afterwards */
  override data(chunk: Buffer): void {
    if (this.over || chunk.length === 0) return;
    if (this.#received === 0 && chunk.length >= PREFIX_BYTES) this.#readPrefix(chunk);
    this.#keep(chunk);
    if (this.#expected === Number.POSITIVE_INFINITY && this.#body !== undefined && this.#received >= PREFIX_BYTES) {
      this.#readPrefix(this.#body);
    }
    if (this.#received > this.#expected) this.invalid("more than one message", Code.UNIMPLEMENTED);
  }
  #readPrefix(bytes: Buffer): void {
    const length = bytes.readUInt32BE(1);
    this.#expected = PREFIX_BYTES + length;
    if (length > this.#maxBytes) this.invalid(`a reply of ${length} bytes`); // before it is buffered
  }
  /** Appends a chunk to the body. The first chunk mostly contains the length of the message. */
  #keep(chunk: Buffer): void {
    const received = this.#received + chunk.length;
    if (received <= this.#expected && !this.over) {
      this.#body = appendChunk(this.#body, this.#received, chunk, this.#expected, AT_ONCE_BYTES);
    }
    this.#received = received;
  }
  override end(): void {
    if (!this.isOk(this.#received > 0)) return;
    const body = this.#body;
    if (body === undefined || this.#received === 0) {
      this.invalid("no message", Code.UNIMPLEMENTED);
      return;
    }
    if (this.#received !== this.#expected) {
      this.invalid("no whole message");
      return;
    }
    if (body[0] !== 0) {
      this.invalid(flagsFault(body[0]));
      return;
    }
    this.finish();
    try {
      this.#report();
      this.#reply.replied(body.subarray(PREFIX_BYTES, this.#received));
    } catch (error) {
      throwLater(error);
    }
  }
  protected override faulted(fault: Fault): void {
    this.#report();
    this.#reply.faulted(fault);
  }
  #report(): void {
    this.#reply.metadata?.(this.first ?? NONE, this.last);
  }
  protected override finish(): void {
    super.finish();
    this.#body = undefined;
  }
}
