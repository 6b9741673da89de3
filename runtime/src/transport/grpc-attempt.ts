import * as http2 from "node:http2";
import { Code } from "../failure.ts";
import { PREFIX_BYTES } from "./frame.ts";
import type { Fault, InFlight, Reply } from "./unary-client.ts";

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = http2.constants;

/** A connection, and what is known about its end. */
export interface Connection {
  readonly session: http2.ClientHttp2Session;
  /** Whether it ever stood. */
  connected: boolean;
  /** From GOAWAY: later streams have not been processed. */
  lastStream: number | undefined;
  error: Error | undefined;
  /** Since when nothing has come, though something was sent. */
  silentFrom: number | undefined;
  /** Something that was sent is given up, and nothing has come. */
  readonly unanswered: () => void;
}

/** Opens a stream for one unary request. */
export function send(
  connection: Connection,
  headers: readonly string[],
  frame: Uint8Array,
  maxBytes: number,
  reply: Reply,
): InFlight {
  const attempt = new Attempt(connection, maxBytes, reply);
  try {
    attempt.open(connection.session.request(headers), frame);
  } catch (error) {
    queueMicrotask(() => attempt.unsent(error));
  }
  return attempt;
}

const ATTEMPT = Symbol();
type Known = http2.ClientHttp2Stream & { [ATTEMPT]?: Attempt };
type ResponseHeaders = http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
// One listener for all streams, which finds its attempt on the stream, in place of closures for each.
function onResponse(this: Known, headers: ResponseHeaders): void {
  this[ATTEMPT]?.response(headers);
}
function onData(this: Known, chunk: Buffer): void {
  this[ATTEMPT]?.data(chunk);
}
function onTrailers(this: Known, trailers: http2.IncomingHttpHeaders): void {
  this[ATTEMPT]?.trailers(trailers);
}
function onEnd(this: Known): void {
  this[ATTEMPT]?.end();
}
function onError(this: Known, error: Error): void {
  this[ATTEMPT]?.error(error);
}
function onClose(this: Known): void {
  this[ATTEMPT]?.reset();
}

class Attempt implements InFlight {
  readonly #connection: Connection;
  readonly #maxBytes: number;
  readonly #reply: Reply;
  #stream: http2.ClientHttp2Stream | undefined;
  #chunks: Buffer[] = [];
  #received = 0;
  #expected = Number.POSITIVE_INFINITY;
  #status: http2.IncomingHttpHeaders | undefined;
  #trailed = false;
  #ended = false;
  #error: Error | undefined;

  constructor(connection: Connection, maxBytes: number, reply: Reply) {
    this.#connection = connection;
    this.#maxBytes = maxBytes;
    this.#reply = reply;
  }
  open(stream: http2.ClientHttp2Stream, frame: Uint8Array): void {
    this.#stream = stream;
    const known: Known = stream;
    known[ATTEMPT] = this;
    stream.on("response", onResponse).on("data", onData).on("trailers", onTrailers);
    stream.on("end", onEnd).on("error", onError).on("close", onClose);
    stream.end(frame);
  }
  /** No stream could be opened. */
  unsent(error: unknown): void {
    const { session } = this.#connection;
    const message = String(error);
    if (session.closed || session.destroyed) this.#fault({ kind: "unprocessed", code: Code.UNAVAILABLE, message });
    else this.#fault({ kind: "unsendable", code: Code.INTERNAL, message });
  }
  cancel(): void {
    if (this.#ended) return;
    this.#end();
    if (this.#connection.silentFrom !== undefined) this.#connection.unanswered();
    if (this.#stream?.pending)
      this.#stream.destroy(); // `close` would have it sent first, once the connection stands
    else this.#stream?.close(NGHTTP2_CANCEL);
  }

  response(headers: ResponseHeaders): void {
    this.#connection.silentFrom = undefined;
    const status = headers[":status"];
    const type = headers["content-type"] ?? "";
    const isGrpc = /^application\/grpc(\+proto)?(;|$)/.test(type);
    const told = headers["grpc-status"];
    if (told !== undefined && status === 200 && isGrpc) this.#status = headers;
    else if (told !== undefined && told !== "0" && status !== 200) {
      this.#status = headers; // it says more than HTTP's
      this.#refused(String(told));
    } else if (status !== 200) this.#fault({ kind: "status", code: codeOfHttp(status), message: `HTTP ${status}` });
    else if (!isGrpc) this.#invalid(`content-type is ${JSON.stringify(type)}`);
  }
  trailers(trailers: http2.IncomingHttpHeaders): void {
    this.#status = trailers;
    this.#trailed = true;
  }
  data(chunk: Buffer): void {
    if (this.#ended) return;
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    if (this.#expected === Number.POSITIVE_INFINITY && this.#received >= PREFIX_BYTES) {
      const head = this.#body();
      this.#chunks = [head];
      const length = head.readUInt32BE(1);
      if (length > this.#maxBytes) {
        // refused before it is buffered
        this.#invalid(`a reply of ${length} bytes`);
        return;
      }
      this.#expected = PREFIX_BYTES + length;
    }
    if (this.#received > this.#expected) this.#invalid("more than one message");
  }
  end(): void {
    if (this.#ended) return;
    const status = this.#status?.["grpc-status"];
    // A status in front is that of an answer without a message; good news has to stand behind one.
    if (status === undefined || (status === "0" && !this.#trailed && this.#received > 0)) {
      this.reset();
      return;
    }
    if (status !== "0") {
      this.#refused(String(status));
      return;
    }
    const body = this.#body();
    if (this.#received !== this.#expected) {
      this.#invalid("no whole message");
      return;
    }
    if (body[0] !== 0) {
      this.#invalid("a compressed message");
      return;
    }
    this.#end();
    this.#reply.replied(body.subarray(PREFIX_BYTES));
  }
  error(error: Error): void {
    this.#error = error; // `close` follows
    // All numbers for streams are used up, after a thousand million requests: the next needs a new connection.
    if ("code" in error && error.code === "ERR_HTTP2_OUT_OF_STREAMS") this.#connection.session.close();
  }
  /** The stream has closed without an answer. */
  reset(): void {
    if (this.#ended) return;
    this.#connection.silentFrom = undefined;
    const { session, connected, lastStream, error } = this.#connection;
    const { id, rstCode } = this.#stream ?? {};
    const message = (this.#error ?? error)?.message ?? `stream closed with ${rstCode}`;
    const unsent = connected && (id === undefined || id === 0);
    const refused = rstCode === http2.constants.NGHTTP2_REFUSED_STREAM;
    if (unsent || (refused && connected) || (lastStream !== undefined && id !== undefined && id > lastStream)) {
      this.#fault({ kind: "unprocessed", code: Code.UNAVAILABLE, message });
      return;
    }
    if (session.closed || session.destroyed) {
      this.#fault({ kind: "transport", code: Code.UNAVAILABLE, message });
      return;
    }
    if (rstCode === NGHTTP2_NO_ERROR) {
      this.#invalid("missing trailers");
      return;
    }
    this.#fault({ kind: "transport", code: codeOfReset(rstCode), message });
  }

  #refused(status: string): void {
    const number = /^\d{1,2}$/.test(status) ? Number(status) : Code.UNKNOWN;
    const code = number <= Code.UNAUTHENTICATED ? (number as Code) : Code.UNKNOWN;
    const details = this.#status?.["grpc-status-details-bin"];
    this.#fault({
      kind: "status",
      code,
      message: decoded(this.#status?.["grpc-message"]),
      pushbackMs: pushback(this.#status?.["grpc-retry-pushback-ms"]),
      details: typeof details === "string" ? Buffer.from(details, "base64") : undefined,
    });
  }
  #invalid(message: string): void {
    this.#fault({ kind: "invalid", code: Code.INTERNAL, message });
  }
  #fault(fault: Fault): void {
    if (this.#ended) return;
    this.#end();
    if (this.#stream?.closed === false) this.#stream.close(NGHTTP2_CANCEL);
    this.#reply.faulted(fault);
  }
  #end(): void {
    this.#ended = true;
    this.#chunks = [];
  }
  #body(): Buffer {
    const [first] = this.#chunks;
    return first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
  }
}

/** As gRPC's http-grpc-status-mapping.md has it. */
function codeOfHttp(status: number | undefined): Code {
  switch (status) {
    case 400:
      return Code.INTERNAL;
    case 401:
      return Code.UNAUTHENTICATED;
    case 403:
      return Code.PERMISSION_DENIED;
    case 404:
      return Code.UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code.UNAVAILABLE;
    default:
      return Code.UNKNOWN;
  }
}
/** As gRPC's PROTOCOL-HTTP2.md has it. */
function codeOfReset(code: number | undefined): Code {
  switch (code) {
    case http2.constants.NGHTTP2_REFUSED_STREAM:
      return Code.UNAVAILABLE;
    case NGHTTP2_CANCEL:
      return Code.CANCELLED;
    case http2.constants.NGHTTP2_ENHANCE_YOUR_CALM:
      return Code.RESOURCE_EXHAUSTED;
    case http2.constants.NGHTTP2_INADEQUATE_SECURITY:
      return Code.PERMISSION_DENIED;
    default:
      return Code.INTERNAL;
  }
}
/** What is no number asks for no retry (gRFC A6). */
function pushback(value: string | string[] | undefined): number | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : -1;
}
function decoded(message: string | string[] | undefined): string {
  if (typeof message !== "string") return "";
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
