import type * as http2 from "node:http2";
import type { Ending, GrpcReceiver, GrpcStream } from "./grpc-session.ts";

/** The session of a stream, as the stream uses it. */
interface H2StreamOwner {
  readonly ended: boolean;
  readonly error: Error | undefined;
  /** Reports whether GOAWAY excludes the stream of this id from those that were processed. */
  excludes(id: number): boolean;
  outOfStreams(): void;
  streamEnded(): void;
}

const STREAM = Symbol();
type Known = http2.ClientHttp2Stream & { [STREAM]?: H2Stream | undefined };
type ResponseHeaders = http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
// One listener serves all streams and finds its receiver on the stream, which avoids closures for each stream.
function onResponse(this: Known, headers: ResponseHeaders): void {
  this[STREAM]?.receiver.response(headers[":status"], headers);
}
function onData(this: Known, chunk: Buffer): void {
  this[STREAM]?.data(chunk);
}
function onTrailers(this: Known, trailers: http2.IncomingHttpHeaders): void {
  this[STREAM]?.receiver.trailers(trailers);
}
function onEnd(this: Known): void {
  this[STREAM]?.receiver.end();
}
function onError(this: Known, error: Error): void {
  this[STREAM]?.error(error); // `close` follows
}
function onClose(this: Known): void {
  const stream = this[STREAM];
  this[STREAM] = undefined; // node:http2 may keep its streams until the next full collection
  stream?.closed();
}

/** A stream of node:http2. */
export class H2Stream implements GrpcStream {
  readonly receiver: GrpcReceiver;
  readonly #session: H2StreamOwner;
  readonly #stream: Known;
  #error: Error | undefined;
  /** Bytes that have arrived and are not allowed again yet. Undefined if all are allowed at once. */
  #held: number | undefined;

  /** @param held true if the stream is paused while received bytes wait to be allowed again */
  constructor(
    session: H2StreamOwner,
    stream: http2.ClientHttp2Stream,
    frame: Uint8Array,
    receiver: GrpcReceiver,
    held: boolean,
  ) {
    this.#held = held ? 0 : undefined;
    this.#session = session;
    this.#stream = stream;
    this.receiver = receiver;
    this.#stream[STREAM] = this;
    stream.on("response", onResponse).on("data", onData).on("trailers", onTrailers);
    stream.on("end", onEnd).on("error", onError).on("close", onClose);
    stream.end(frame);
  }
  close(code: number): void {
    if (!this.#stream.closed) this.#stream.close(code);
    if (this.#held === undefined) return;
    // A paused stream never ends, and neither does its session.
    this.#held = undefined;
    this.#stream.resume();
  }
  data(chunk: Buffer): void {
    if (this.#held !== undefined) this.#held += chunk.length;
    this.receiver.data(chunk);
    if (this.#held !== undefined && this.#held > 0) this.#stream.pause();
  }
  allow(bytes: number): void {
    if (this.#held === undefined) return;
    this.#held -= bytes;
    if (this.#held <= 0 && this.#stream.isPaused()) this.#stream.resume();
  }
  ending(): Ending {
    const { id = 0, rstCode } = this.#stream;
    return {
      code: rstCode,
      unprocessed: id === 0 || this.#session.excludes(id),
      lost: this.#session.ended,
      message: (this.#error ?? this.#session.error)?.message ?? `stream closed with ${rstCode}`,
    };
  }
  error(error: Error): void {
    this.#error = error;
    if ("code" in error && error.code === "ERR_HTTP2_OUT_OF_STREAMS") this.#session.outOfStreams();
  }
  closed(): void {
    this.#session.streamEnded();
    this.receiver.closed();
  }
}
