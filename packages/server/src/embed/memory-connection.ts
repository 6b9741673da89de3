// A request of this process, carried as one of HTTP/2 without frames: all of the server's shortcuts and handlers apply.
import { ErrorCode, WINDOW_BYTES } from "@protobff/runtime/internal/http2";
import type { Peer } from "@protobff/runtime/internal/identity/incoming-request";
import type { RemoteEnd } from "../carrier/carrier.ts";
import { type OwnConnection, OwnStream } from "../carrier/own-stream.ts";
import { AnswerBody } from "./answer-body.ts";

/** Answer to a request of this process. */
export interface MemoryAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AnswerBody;
}

const NOBODY: RemoteEnd = { remoteAddress: undefined, remotePort: undefined };
const STREAM_ID = 1;

/** The connection of one request. */
export class MemoryConnection implements OwnConnection {
  readonly socket = NOBODY;
  readonly peer: Peer;
  readonly stream: OwnStream;
  /** Resolves with the answer once it has begun. Rejects if the request is ended without one. */
  readonly answer: Promise<MemoryAnswer>;
  /** Resolves when nothing of the request is left. */
  readonly ended: Promise<void>;
  readonly #body: AnswerBody;
  readonly #begin: (answer: MemoryAnswer) => void;
  readonly #fail: (error: Error) => void;
  readonly #end: () => void;
  /** Bytes of the request that its reader has not consumed. */
  #unread = 0;
  #wake: (() => void) | undefined;

  constructor(peer: Peer) {
    this.peer = peer;
    this.stream = new OwnStream(this, STREAM_ID, WINDOW_BYTES, 0);
    const begun = Promise.withResolvers<MemoryAnswer>();
    const ended = Promise.withResolvers<void>();
    this.answer = begun.promise;
    this.ended = ended.promise;
    this.#begin = begun.resolve;
    this.#fail = begun.reject;
    this.#end = ended.resolve;
    this.#body = new AnswerBody(
      () => this.#sent(),
      () => this.abort(),
    );
  }
  get over(): boolean {
    return this.stream.over;
  }

  // ---- the request ----

  /**
   * Passes on the body of the request as fast as it is read, and its end.
   *
   * @param chunks nothing else may write to their memory afterwards
   */
  async receive(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { stream } = this;
    for await (const chunk of chunks) {
      if (stream.over) return;
      this.#unread += chunk.length;
      stream.received += chunk.length;
      stream.receiver.data(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      while (!stream.over && this.#isFull) await new Promise<void>((wake) => (this.#wake = wake));
    }
    this.finish();
  }
  /** The request is complete. */
  finish(): void {
    if (this.stream.over || this.stream.ended) return;
    this.stream.ended = true;
    this.stream.receiver.end();
  }
  /** The client no longer waits for an answer. */
  abort(): void {
    this.reset(this.stream, ErrorCode.CANCEL);
  }
  /** A receiver without a window takes everything, and refuses what is too much. */
  get #isFull(): boolean {
    return this.stream.window !== undefined && this.#unread >= this.stream.window;
  }
  allow(_stream: OwnStream, bytes: number): void {
    this.#unread -= bytes;
    this.#wake?.();
  }
  unread(): void {}

  // ---- the answer ----

  head(_stream: OwnStream, status: number | undefined, headers: readonly string[]): void {
    if (status !== undefined && status >= 200) this.#begin({ status, headers: headersOf(headers), body: this.#body });
  }
  send(stream: OwnStream, body: Uint8Array): void {
    stream.body = body;
    // A copy: its writer may use the memory again, and a cache may hold it.
    if (this.#body.add(body.slice())) this.#sent();
  }
  #sent(): void {
    if (this.stream.body === undefined) return;
    this.stream.body = undefined;
    this.stream.bodySent();
  }
  answerSent(stream: OwnStream): void {
    this.#body.end();
    this.#close(stream);
  }
  reset(stream: OwnStream, code: number): void {
    if (stream.over) return;
    stream.code = code;
    const error = new Error("the request was ended without a whole answer");
    this.#fail(error);
    this.#body.fail(error);
    this.#close(stream);
  }
  #close(stream: OwnStream): void {
    if (stream.over) return;
    stream.over = true;
    stream.receiver.close();
    stream.forget();
    this.#wake?.();
    this.#end();
  }
}

/** @param pairs names and values in turn */
function headersOf(pairs: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < pairs.length; i += 2) headers.append(pairs[i] ?? "", pairs[i + 1] ?? "");
  return headers;
}
