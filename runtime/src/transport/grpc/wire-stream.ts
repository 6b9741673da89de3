import type { Stream } from "@protobff/http2/connection";
import { errorName } from "@protobff/http2/error-code";
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
  sendWindow: number;
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

  constructor(
    session: WireStreamOwner,
    id: number,
    position: number,
    sendWindow: number,
    window: number | undefined,
    receiver: GrpcReceiver,
  ) {
    this.#session = session;
    this.id = id;
    this.position = position;
    this.sendWindow = sendWindow;
    this.window = window;
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
