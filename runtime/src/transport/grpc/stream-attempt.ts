import { Code, type Fault } from "../../failure.ts";
import { ErrorCode } from "../../http2/error-code.ts";
import { appendChunk } from "../../wire/append-chunk.ts";
import { PREFIX_BYTES } from "../../wire/frame.ts";
import type { ReceivedHeaders } from "../call-headers.ts";
import type { OpenStream, StreamReceiver } from "../stream-client.ts";
import { throwLater } from "../throw-later.ts";
import { BaseAttempt, flagsFault } from "./base-attempt.ts";
import { AT_ONCE_BYTES } from "./grpc-attempt.ts";
import type { GrpcRequest, GrpcSession } from "./grpc-session.ts";
import type { SessionPool } from "./session-pool.ts";

/** Size in bytes below which an item is copied out of its chunk, because the chunk may be much larger. */
const COPIED_BYTES = 1 << 12;

/** The end of a stream on the wire. It is reported after all whole items before it. */
interface End {
  /** Undefined for OK. */
  readonly fault: Fault | undefined;
}

/**
 * One server stream. Received items that were not requested wait here, within the window of the stream. The upstream
 * may send more only after items were delivered, and for a requested item that is incomplete.
 */
export class StreamAttempt extends BaseAttempt implements OpenStream {
  readonly #maxBytes: number;
  readonly #receiver: StreamReceiver;
  #requested = 0;
  /**
   * Received bytes that were not delivered: `#size` bytes from the start of the buffer, which is the start of an item.
   */
  #held: Buffer | undefined;
  #size = 0;
  /** Number of held bytes, from the first, for which the upstream may already send more. */
  #allowed = 0;
  #hasBody = false;
  #end: End | undefined;
  #giving = false;

  /** @param maxBytes maximum size of an item; a larger one is refused */
  constructor(pool: SessionPool<GrpcSession>, request: GrpcRequest, maxBytes: number, receiver: StreamReceiver) {
    super(pool, request);
    this.#maxBytes = maxBytes;
    this.#receiver = receiver;
  }

  take(items: number): void {
    this.#requested += items;
    this.#give();
  }
  override response(status: number | undefined, headers: ReceivedHeaders): void {
    super.response(status, headers);
    if (this.over || this.#end !== undefined || this.status !== undefined) return;
    try {
      this.#receiver.opened?.(headers);
    } catch (error) {
      throwLater(error);
    }
  }
  /** @param chunk may be written to afterwards */
  override data(chunk: Buffer): void {
    if (this.over || this.#end !== undefined) return;
    this.#hasBody ||= chunk.length > 0;
    const rest = this.#size === 0 ? this.#straight(chunk) : chunk;
    if (this.over) return;
    if (rest.length > 0) this.#held = appendChunk(this.#held, this.#size, rest, this.#expected(rest), AT_ONCE_BYTES);
    this.#size += rest.length;
    this.#give();
  }
  /** Delivers the whole items at the beginning of a chunk, as far as they are requested. Returns the rest. */
  #straight(chunk: Buffer): Buffer {
    let at = 0;
    while (this.#requested > 0 && !this.over && at + PREFIX_BYTES <= chunk.length) {
      const end = at + PREFIX_BYTES + chunk.readUInt32BE(at + 1);
      if (chunk[at] !== 0 || end > chunk.length || end - at > PREFIX_BYTES + this.#maxBytes) break;
      this.#item(Buffer.from(chunk.subarray(at + PREFIX_BYTES, end)));
      this.stream?.allow(end - at);
      at = end;
    }
    return at === 0 ? chunk : chunk.subarray(at);
  }
  /**
   * Returns the number of bytes up to the end of the first item. Infinity if it is unknown, or if the item is complete.
   */
  #expected(rest: Buffer): number {
    const [begins, size] = this.#held === undefined ? [rest, rest.length] : [this.#held, this.#size];
    if (size < PREFIX_BYTES) return Number.POSITIVE_INFINITY;
    const end = PREFIX_BYTES + begins.readUInt32BE(1);
    return end > this.#size + rest.length ? end : Number.POSITIVE_INFINITY;
  }

  /** Delivers the items that are requested and complete. */
  #give(): void {
    if (this.#giving) return;
    this.#giving = true;
    while (!this.over) {
      const end = this.#whole();
      if (this.over) break;
      if (end === undefined) {
        this.#atEnd();
        break;
      }
      if (this.#requested === 0) break;
      this.#next(end);
    }
    this.#giving = false;
  }
  /** Returns the end of the first held item, if the item is whole. */
  #whole(): number | undefined {
    if (this.#held === undefined || this.#size < PREFIX_BYTES) return undefined;
    const length = this.#held.readUInt32BE(1);
    if (this.#held[0] !== 0) this.#broken(flagsFault(this.#held[0]));
    else if (length > this.#maxBytes)
      this.#broken(`an item of ${length} bytes`); // before it is buffered
    else if (PREFIX_BYTES + length <= this.#size) return PREFIX_BYTES + length;
    return undefined;
  }
  /** @param end of the first item held */
  #next(end: number): void {
    const held = this.#held;
    if (held === undefined) return;
    const left = this.#size - end;
    const bytes = held.subarray(PREFIX_BYTES, end);
    const item = held.length === end && end >= COPIED_BYTES ? bytes : Buffer.from(bytes);
    this.stream?.allow(Math.max(0, end - this.#allowed));
    this.#allowed = Math.max(0, this.#allowed - end);
    this.#held = left === 0 ? undefined : held.subarray(end);
    this.#size = left;
    this.#item(item);
  }
  #item(message: Uint8Array): void {
    this.#requested--;
    try {
      this.#receiver.item(message);
    } catch (error) {
      throwLater(error);
    }
  }
  /** Handles the state after all whole items were delivered. */
  #atEnd(): void {
    if (this.#end === undefined) {
      // Only a requested item may become larger than the window.
      if (this.#requested === 0 || this.#size === this.#allowed) return;
      this.stream?.allow(this.#size - this.#allowed);
      this.#allowed = this.#size;
    } else if (this.#end.fault !== undefined) super.fault(this.#end.fault);
    else if (this.#size > 0) this.#broken("no whole message");
    else {
      this.finish();
      try {
        this.#receiver.ended(this.status ?? {});
      } catch (error) {
        throwLater(error);
      }
    }
  }
  #broken(message: string): void {
    super.fault({ kind: "invalid", code: Code.INTERNAL, message });
  }
  override end(): void {
    if (this.#end !== undefined || !this.isOk(this.#hasBody)) return;
    this.#ends({ fault: undefined });
  }
  override closed(): void {
    if (this.#end === undefined) super.closed();
  }
  /** Reports a fault after the items before it. */
  protected override fault(fault: Fault): void {
    if (this.over || this.#end !== undefined) return;
    this.stream?.close(ErrorCode.CANCEL);
    this.#ends({ fault });
  }
  #ends(end: End): void {
    this.#end = end;
    this.leave();
    this.#give();
  }
  protected override faulted(fault: Fault): void {
    this.#receiver.faulted(fault, this.status);
  }
  protected override finish(): void {
    super.finish();
    this.#held = undefined;
    this.#size = 0;
  }
}
