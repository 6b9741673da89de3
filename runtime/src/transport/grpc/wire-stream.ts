import type { Stream } from "../../http2/connection.ts";
import { errorName } from "../../http2/error-code.ts";
import { WINDOW_MAX } from "../../http2/frames.ts";
import type { Ending, GrpcReceiver, GrpcStream } from "./grpc-session.ts";

/** The session of a stream, as the stream uses it. */
interface WireStreamOwner {
  allow(stream: WireStream, bytes: number): void;
  closeStream(stream: WireStream, code: number): void;
}

/** A stream of a WireSession, which reads and writes its fields. */
export class WireStream implements GrpcStream, Stream<WireStream> {
  readonly id: number;
  readonly receiver: GrpcReceiver;
  readonly #session: WireStreamOwner;
  /** Next open stream, for `OpenStreams`. */
  next: WireStream | undefined;
  /** Position of the stream's first byte among all bytes of the connection. */
  readonly position: number;
  /** Number of bytes that may still be sent. Negative if the other end has reduced the window. */
  sendWindow = 0;
  /** Request body, of which the bytes from `sent` on are unsent. */
  body: Uint8Array | undefined;
  sent = 0;
  /** Number of bytes that the other end has sent and that are not allowed again yet. */
  unacknowledged = 0;
  window: number | undefined;
  readonly ends = true;
  /** True after its headers have arrived. */
  begun = false;
  readonly ended = false; // after its end it is no stream of the connection any more
  contentLength: number | undefined;
  received = 0;
  /** Error code with which it ended. */
  code: number | undefined;
  unprocessed = false;
  lost = false;
  message: string | undefined;

  constructor(session: WireStreamOwner, id: number, position: number, receiver: GrpcReceiver) {
    this.#session = session;
    this.id = id;
    this.position = position;
    this.receiver = receiver;
  }
  bodySent(): void {}
  allow(bytes: number): void {
    this.#session.allow(this, bytes);
  }
  close(code: number): void {
    this.#session.closeStream(this, code);
  }
  ending(): Ending {
    const { code, unprocessed, lost, message = `stream closed with ${errorName(code)}` } = this;
    return { code, unprocessed, lost, message };
  }
}

/** Numbers of the streams of one connection. A client takes odd ones (RFC 9113, section 5.1.1). */
export class StreamNumbers {
  readonly #first: number;
  #next: number;
  /** The other end processes no stream with a higher number. */
  processed = WINDOW_MAX;

  constructor(first: number) {
    this.#first = first;
    this.#next = first;
  }
  take(): number {
    const id = this.#next;
    this.#next += 2;
    return id;
  }
  get taken(): number {
    return (this.#next - this.#first) / 2;
  }
  isTaken(id: number): boolean {
    return id < this.#next && id % 2 === 1 && id >= this.#first;
  }
  get areUsedUp(): boolean {
    return this.#next > WINDOW_MAX;
  }
}

/** Streams that we have reset, and that the other end may still count. */
export class ResetStreams {
  count = 0;
  #freed = 0;

  /** Returns how many of them can be forgotten, because their resets have been sent. */
  flushed(): number {
    const free = this.count - this.#freed;
    this.#freed += free;
    return free;
  }
  forget(streams: number): void {
    this.count -= streams;
    this.#freed -= streams;
  }
}
