import type * as http2 from "node:http2";
import type { GrpcAttempt } from "./grpc-attempt.ts";
import type { Ending, GrpcStream } from "./grpc-session.ts";
import type { H2Session } from "./h2-session.ts";

const STREAM = Symbol();
type Known = http2.ClientHttp2Stream & { [STREAM]?: H2Stream | undefined };
type ResponseHeaders = http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
// One listener for all streams, which finds its attempt on the stream, in place of closures for each.
function onResponse(this: Known, headers: ResponseHeaders): void {
  this[STREAM]?.attempt.response(headers[":status"], headers);
}
function onData(this: Known, chunk: Buffer): void {
  this[STREAM]?.attempt.data(chunk);
}
function onTrailers(this: Known, trailers: http2.IncomingHttpHeaders): void {
  this[STREAM]?.attempt.trailers(trailers);
}
function onEnd(this: Known): void {
  this[STREAM]?.attempt.end();
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
  readonly attempt: GrpcAttempt;
  readonly #session: H2Session;
  readonly #stream: Known;
  #error: Error | undefined;

  constructor(session: H2Session, stream: http2.ClientHttp2Stream, frame: Uint8Array, attempt: GrpcAttempt) {
    this.#session = session;
    this.#stream = stream;
    this.attempt = attempt;
    this.#stream[STREAM] = this;
    stream.on("response", onResponse).on("data", onData).on("trailers", onTrailers);
    stream.on("end", onEnd).on("error", onError).on("close", onClose);
    stream.end(frame);
  }
  close(code: number): void {
    if (!this.#stream.closed) this.#stream.close(code);
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
    this.attempt.closed();
  }
}
