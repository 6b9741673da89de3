import type { Connection, ConnectionParts, HeaderBlocks, HeaderFields, Receiver, Stream } from "./connection.ts";
import { ConnectionError, ErrorCode } from "./error-code.ts";
import { wrongLength } from "./field-rules.ts";
import { KnownBlocks } from "./header-block.ts";

const { PROTOCOL_ERROR } = ErrorCode;

/** Receiver of a response. */
interface ResponseReceiver extends Receiver {
  response(status: number | undefined, headers: HeaderFields): void;
  trailers(headers: HeaderFields): void;
}

/** Processes the header blocks of a client: responses, and their trailers. */
export class Responses<S extends Stream<S> & { readonly receiver: ResponseReceiver }> implements HeaderBlocks {
  readonly #connection: Connection<S>;
  readonly #parts: ConnectionParts<S>;
  readonly #blocks = new KnownBlocks();

  constructor(connection: Connection<S>, parts: ConnectionParts<S>) {
    this.#connection = connection;
    this.#parts = parts;
  }

  begin(id: number): void {
    const { streams, guard, writer } = this.#parts;
    if (streams.get(id) !== undefined) return;
    if (this.#connection.isIdle(id))
      throw new ConnectionError(PROTOCOL_ERROR, `a frame of stream ${id}, which does not exist`);
    guard.late(0, writer.waiting);
  }
  oversized(id: number): void {
    const stream = this.#parts.streams.get(id);
    if (stream !== undefined) this.#connection.failStream(stream, PROTOCOL_ERROR, "too large headers");
  }
  block(id: number, endStream: boolean, data: Buffer, from: number, to: number): void {
    const { streams, guard, writer } = this.#parts;
    const stream = streams.get(id);
    if (stream === undefined) return;
    const { status, headers, contentLength, malformed } = this.#blocks.read(data, from, to);
    const wrong = malformed ?? misplaced(stream.begun, status, endStream);
    if (wrong !== undefined) {
      this.#connection.failStream(stream, PROTOCOL_ERROR, wrong);
      return;
    }
    if (status !== undefined && status < 200) {
      guard.idle(writer.waiting); // informational: the response follows
      return;
    }
    guard.progress();
    const first = !stream.begun;
    stream.begun = true;
    if (first) stream.contentLength = contentLength;
    const length = endStream ? wrongLength(stream, true) : undefined;
    if (length !== undefined) {
      this.#connection.failStream(stream, PROTOCOL_ERROR, length);
      return;
    }
    if (endStream) this.#connection.finish(stream);
    if (first) stream.receiver.response(status, headers);
    else stream.receiver.trailers(headers);
    if (!endStream) return;
    stream.receiver.end();
    this.#connection.released();
  }
}

function misplaced(begun: boolean, status: number | undefined, endStream: boolean): string | undefined {
  if (begun) {
    if (status !== undefined) return "a status in trailers";
    return endStream ? undefined : "trailers that are not the end";
  }
  if (status === undefined) return "headers without a status";
  if (status === 101 || (status < 200 && endStream)) return `a response of ${status} alone`;
  return undefined;
}
