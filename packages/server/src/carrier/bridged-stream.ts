import type * as http2 from "node:http2";
import { Duplex } from "node:stream";
import { ErrorCode, WINDOW_BYTES } from "@protobff/runtime/internal/http2";
import { isTls } from "./carrier.ts";
import type { OwnStream } from "./own-stream.ts";

const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
type Headers = http2.OutgoingHttpHeaders | readonly string[];

/**
 * Adapts a stream of the runtime's own HTTP/2 to node's request and response classes. Code for those classes thus works
 * over both. It has no `session`, which node's classes would search for a socket; this class replaces the socket's
 * members.
 */
export class BridgedStream extends Duplex {
  readonly carrier: OwnStream;
  readonly session = undefined;
  readonly headRequest: boolean;
  readonly pushAllowed = false;
  /** True if the request was complete before this stream was made, in its turn. */
  readonly whole: boolean;
  /** Reason why the rest of the request is not read. */
  readonly failure: Error | undefined;
  sentHeaders: http2.OutgoingHttpHeaders | undefined;
  sentTrailers: http2.OutgoingHttpHeaders | undefined;
  aborted = false;
  #unread = 0;
  #passesOver = false;
  #trailers: Record<string, string[]> | undefined;
  /** Parts that follow the headers of the answer. */
  #parts: "none" | "body" | "body and trailers" = "body";

  constructor(carrier: OwnStream, method: unknown, failure: Error | undefined) {
    super({ autoDestroy: false });
    this.carrier = carrier;
    this.failure = failure;
    this.whole = carrier.ended;
    this.headRequest = method === "HEAD";
    carrier.window = WINDOW_BYTES; // no more comes than is read
    const data = (chunk: Buffer) => this.#receive(chunk);
    carrier.listen({ copies: true, data, end: () => this.#ended(), close: () => this.#over() });
  }
  get id(): number {
    return this.carrier.id;
  }
  get rstCode(): number {
    return this.carrier.code;
  }
  get headersSent(): boolean {
    return this.carrier.answered;
  }
  /** True once the stream is over, from the event `aborted` on. */
  get isGone(): boolean {
    return this.destroyed || this.aborted;
  }
  get encrypted(): boolean {
    return isTls(this.carrier.connection.socket);
  }
  get remoteAddress(): string | undefined {
    return this.carrier.connection.socket.remoteAddress;
  }
  get remotePort(): number | undefined {
    return this.carrier.connection.socket.remotePort;
  }
  setTimeout(): this {
    return this;
  }

  // ---- the request ----

  #receive(chunk: Buffer): void {
    if (this.destroyed) return;
    if (this.#passesOver) {
      this.carrier.allow(chunk.length);
      return;
    }
    this.#unread += chunk.length;
    this.carrier.connection.unread(chunk.length);
    this.push(Buffer.from(chunk));
  }
  /** Discards the rest of the request, except for its end. */
  passOver(): void {
    this.#passesOver = true;
  }
  /** Starts with the part of the body that came earlier. Flow control has credited it to the client already. */
  begin(body: Buffer | undefined): void {
    if (this.destroyed) return;
    if (body !== undefined) this.push(body);
    if (this.carrier.ended) this.push(null);
  }
  /** The request is complete. */
  #ended(): void {
    if (!this.destroyed) this.push(null);
  }
  override _read(): void {
    const unread = this.#unread;
    this.#unread = 0;
    if (unread === 0) return;
    this.carrier.connection.unread(-unread);
    this.carrier.allow(unread);
  }
  /** The stream is over. */
  #over(): void {
    if (this.isGone) return;
    if (!this.writableFinished || !this.carrier.ended) {
      this.aborted = true;
      this.emit("aborted");
    }
    this.destroy();
  }

  // ---- the answer ----

  respond(headers: Headers = {}, options: http2.ServerStreamResponseOptions = {}): void {
    if (this.isGone || this.headersSent) throw new Error("the headers of the answer have been sent");
    const { status, pairs } = split(headers);
    this.sentHeaders = Array.isArray(headers) ? {} : (headers as http2.OutgoingHttpHeaders);
    if (this.headRequest || NO_BODY.has(status) || options.endStream === true) this.#parts = "none";
    else this.#parts = options.waitForTrailers === true ? "body and trailers" : "body";
    if (this.#parts !== "none") {
      this.carrier.respond(status, pairs);
      return;
    }
    this.carrier.answer(status, pairs, undefined, undefined, false);
    if (!this.writableEnded) this.end();
  }
  additionalHeaders(headers: Headers): void {
    const { status, pairs } = split(headers);
    this.carrier.informational(status, pairs);
  }
  sendTrailers(headers: http2.OutgoingHttpHeaders): void {
    this.sentTrailers = headers;
    const trailers: Record<string, string[]> = {};
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) trailers[name.toLowerCase()] = [value].flat().map(String);
    this.#trailers = trailers;
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, taken: (error?: Error | null) => void): void {
    if (this.#parts === "none" || this.isGone) {
      taken();
      return;
    }
    if (!this.headersSent) this.respond();
    this.carrier.write(chunk, taken);
  }
  override _final(done: (error?: Error | null) => void): void {
    if (!this.isGone && this.#parts !== "none") {
      if (!this.headersSent) this.respond();
      if (this.#parts === "body and trailers") this.emit("wantTrailers");
      const some = this.#trailers !== undefined && Object.keys(this.#trailers).length > 0;
      try {
        this.carrier.end(undefined, some ? this.#trailers : undefined);
      } catch (error) {
        this.carrier.cutOff(); // trailers that HTTP/2 cannot carry
        done(error as Error);
        return;
      }
    }
    done();
  }
  /** RST_STREAM. */
  close(code: number = ErrorCode.NO_ERROR): void {
    this.carrier.reset(code);
  }
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.carrier.connection.unread(-this.#unread);
    this.#unread = 0;
    // An answer that is cut short must not look whole.
    const code = error === null && this.writableFinished ? ErrorCode.NO_ERROR : ErrorCode.INTERNAL_ERROR;
    this.carrier.reset(code);
    done(error);
  }
}

/** True if the stream is a `BridgedStream`. Chunks read from one have their own memory, which no other code reads. */
export function isBridged(stream: object): stream is BridgedStream {
  return stream instanceof BridgedStream;
}
/** True if the stream is a `BridgedStream` whose request has had its turn. */
export function hadItsTurn(stream: object): boolean {
  return stream instanceof BridgedStream && stream.whole;
}

/** To node's classes, a stream that was reset is closed before it emits `close`. */
Object.defineProperty(BridgedStream.prototype, "closed", {
  get(this: BridgedStream): boolean {
    return this.isGone;
  },
});

function split(headers: Headers): { readonly status: number; readonly pairs: readonly string[] } {
  const pairs: string[] = [];
  let status = 200;
  const add = (name: string, value: unknown): void => {
    if (name === ":status") status = Number(value);
    else if (value !== undefined && !name.startsWith(":")) pairs.push(name.toLowerCase(), String(value));
  };
  if (Array.isArray(headers)) {
    for (let i = 0; i + 1 < headers.length; i += 2) add(String(headers[i]), headers[i + 1]);
  } else {
    for (const [name, value] of Object.entries(headers))
      if (Array.isArray(value)) for (const item of value) add(name, item);
      else add(name, value);
  }
  return { status, pairs };
}
