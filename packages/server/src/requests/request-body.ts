import type * as http2 from "node:http2";
import { type Duplex, finished, type Readable } from "node:stream";
import { Code, ConnectError } from "@connectrpc/connect";
import { stackless } from "@protobff/runtime/internal/endpoint/connect-error";
import { ErrorCode } from "@protobff/runtime/internal/http2";
import type { MessageHolder } from "@protobff/runtime/internal/routes/message-holder";
import { appendChunk } from "@protobff/runtime/internal/wire/append-chunk";
import { releaseBuffer } from "@protobff/runtime/internal/wire/release-buffer";
import { type BridgedStream, hadItsTurn, isBridged } from "../carrier/bridged-stream.ts";
import { connectionOf } from "../carrier/carrier.ts";
import type { ServerRequest, ServerResponse } from "../carrier/handler.ts";
import { HttpError } from "../transcoding/status.ts";
import { ahead, beginInTurn, goOnInTurn } from "../turns/turns.ts";
import { ADAPTER_WEIGHT, adapterWeight } from "../turns/weight.ts";
import { FORWARDED_FOR, type Peers, valuesOf } from "./peers.ts";
import type { Holder, PendingBytes } from "./pending-bytes.ts";

/** Longest delay of a refusal's answer in the middle of a request, in milliseconds: it waits for the request's end. */
export const LINGER_MS = 200;
/** Maximum buffer that is allocated at once for a body, from its declared length, in bytes. */
export const AT_ONCE_BYTES = 16 << 10;
/** Time for which an answered request may continue to send, in milliseconds. */
const DISCARD_MS = 5000;
/**
 * Number of pieces that are passed on as they arrive, so that a request with an invalid beginning is refused at once.
 */
const FIRST_PIECES = 16;
/**
 * Maximum number of pieces of a streaming request. Each is passed on separately and costs memory; more are an attack.
 */
const MAX_PIECES = 10_000;
/** Maximum size of a streaming request, in bytes. Only reflection streams requests, and they contain only names. */
const MAX_STREAMED_BYTES = 1 << 20;
/**
 * Memory of node and Connect for a request and its answer, without their bodies, until both have ended. It counts as
 * bytes of a body.
 */
export const ADAPTER_BYTES = 32 << 10;

const HOLDERS = new WeakMap<ServerRequest, RequestBody>();
/** Returns the account of the request's messages. */
export const holderOf = (request: ServerRequest): MessageHolder | undefined => HOLDERS.get(request);

type Iterator = ReturnType<ServerRequest["iterator"]>;

interface RequestBodyOptions {
  readonly pending: PendingBytes;
  readonly peers?: Peers | undefined;
  /**
   * Maximum size of one message, in bytes. A longer message is passed on before it is complete, so that it is refused.
   */
  readonly maxBytes: number;
  /** True for an RPC that streams both ways: each piece is passed on as it arrives. */
  readonly streams: boolean;
}

/**
 * The body of a request that Connect's adapter reads, and its answer until it is taken: the bytes of both count. If the
 * adapter stops reading in the middle, the rest of the body may arrive first, for a short time. The reason: Go's
 * clients stop sending when an answer begins, against their own content-length. nghttp2 resets such a stream before the
 * status, in the trailers, is sent.
 */
export class RequestBody implements Holder, MessageHolder {
  heldBytes = 0;
  holderSlot = 0;
  readonly holderNumber: number;
  readonly #request: ServerRequest;
  readonly #response: ServerResponse;
  readonly #options: RequestBodyOptions;
  #rounds = 0; // of the check for requests that do not come
  #reading = false;
  #failure: Error | undefined;
  #unwanted = false;
  #closed = false;
  /** Rejects the reader's wait for the next piece. */
  #fail: ((error: Error) => void) | undefined;

  constructor(request: ServerRequest, response: ServerResponse, options: RequestBodyOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
    this.holderNumber = options.pending.nextNumber();
    HOLDERS.set(request, this);
    // Otherwise Connect stops iterating at a message that is too large. That would destroy the request. Its connection
    // (HTTP/1.1) or its stream (HTTP/2) would then be stuck in the middle of the body.
    request[Symbol.asyncIterator] = () => this.#iterator();
    this.#countAnswer();
    response.once("close", () => {
      this.#closed = true;
      options.pending.release(this);
    });
    this.hold(ADAPTER_BYTES);
  }

  get handsOver(): boolean {
    return bridgeOf(this.#request) !== undefined;
  }
  get failure(): Error | undefined {
    return this.#failure;
  }
  get connection(): object {
    const request = this.#request;
    return "stream" in request ? (connectionOf(request.stream) ?? request.stream) : request.socket;
  }
  get clientAddress(): string {
    const request = this.#request;
    const connection = "stream" in request ? connectionOf(request.stream) : request.socket;
    return this.#options.peers?.of(connection, () => valuesOf(request.rawHeaders, FORWARDED_FOR)).address ?? "";
  }
  hold(bytes: number): void {
    if (!this.#closed) this.#options.pending.add(this, bytes);
  }
  letGo(bytes: number): void {
    this.#options.pending.remove(this, bytes);
  }
  ahead<T>(work: () => Promise<T>): Promise<T> {
    return this.#options.streams ? work() : ahead(this.connection, work); // what goes on and on would hold up all that its connection begins
  }
  turn(bytes: number): Promise<void> {
    return new Promise((begin) => goOnInTurn(this.connection, { weight: adapterWeight(bytes), begin }));
  }
  #turn(): Promise<void> {
    return new Promise((begin) => beginInTurn(this.connection, { weight: ADAPTER_WEIGHT, begin }));
  }
  giveUp(): void {
    const response = this.#response;
    if (this.#reading) this.#failed(tooMuch());
    else if ("stream" in response) dropStream(response.stream);
    else response.destroy();
  }
  /** Fails a request that is still incomplete after `rounds` rounds of the check. */
  checkArrival(rounds: number): void {
    // Rpcs that stream both ways may go on for longer, once they have begun to answer.
    if (!this.#response.headersSent && ++this.#rounds > rounds) this.#failed(late());
  }
  /** Releases the received bytes. */
  #forget(): void {
    this.#options.pending.release(this);
    this.hold(ADAPTER_BYTES);
  }
  /**
   * Answers with this error before any of the body is read. It does so in its turn, without the delay of other failed
   * requests.
   */
  refuse(error: Error): void {
    this.#unwanted = true;
    this.#failed(error);
  }
  /** Fails the reader, now or later, with this error. */
  #failed(error: Error): void {
    this.#failure ??= error;
    this.#fail?.(error);
  }

  #iterator(): Iterator {
    const arriving = new ArrivingBody(this.#request, this.#options, this);
    this.#fail = (error) => arriving.fail(error);
    if (this.#failure !== undefined) arriving.fail(this.#failure);
    this.#reading = true;
    const pieces = this.#options.streams ? this.#asTheyCome(arriving) : this.#gathered(arriving);
    return {
      next: () =>
        pieces.next().catch(async (thrown: unknown) => {
          await this.#refusedInTurn();
          throw thrown;
        }),
      return: async () => {
        this.#read();
        this.#forget();
        arriving.leave();
        pieces.return(undefined).catch(() => {}); // one that stands at its yield keeps what it gave, while the rest is read and passed over
        await this.#lingers();
        await this.#refusedInTurn();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
      [Symbol.asyncDispose]: async () => {},
    } satisfies Iterator;
  }
  /** All pieces count until the body ends, because the kept size of an incomplete message is unknown. */
  async *#asTheyCome(arriving: ArrivingBody): AsyncGenerator<Buffer, undefined> {
    for (let count = 0, bytes = 0; count < MAX_PIECES && bytes <= MAX_STREAMED_BYTES; count++) {
      const piece = await arriving.some();
      if (piece === undefined) return this.#read();
      bytes += piece.length;
      yield piece;
    }
    const error = tooMuch();
    arriving.fail(error);
    throw error;
  }
  /** The first pieces, and all others as one. */
  async *#gathered(arriving: ArrivingBody): AsyncGenerator<Buffer, undefined> {
    for (let count = 0; ; count++) {
      const piece = await (count < FIRST_PIECES ? arriving.some() : arriving.all());
      if (piece === undefined) break;
      yield piece;
    }
    await this.#unlessReset();
    return this.#read();
  }
  /**
   * Rejects if the request is reset together with its end: node emits `end` before it has processed the rest of its
   * input.
   */
  async #unlessReset(): Promise<void> {
    if (!("stream" in this.#response)) return;
    const { stream } = this.#response;
    if (!stream.closed && !hadItsTurn(stream)) await this.#turn();
    if (this.#response.stream?.closed ?? true) throw new ConnectError("reset by the client", Code.Canceled);
  }
  /** The body is complete; it counts until it is answered. */
  #read(): undefined {
    this.#reading = false;
  }
  /**
   * Refuses requests that fail at the same time one after the other, with others between them: a refusal takes Connect
   * a millisecond.
   */
  async #refusedInTurn(): Promise<void> {
    const { stream } = this.#response as Partial<http2.Http2ServerResponse>;
    if (stream !== undefined && !stream.closed && !this.#unwanted) await this.#turn();
  }
  async #lingers(): Promise<void> {
    const request = this.#request;
    readOn(request);
    if (request.readableEnded || request.destroyed || this.#unwanted) return;
    await within(LINGER_MS, new Promise((resolve) => request.once("end", resolve).once("close", resolve)));
  }

  #countAnswer(): void {
    const { pending } = this.#options;
    const response = this.#response as {
      write(chunk: unknown, encoding: unknown, taken?: (error: unknown) => void): boolean;
    };
    const write = response.write.bind(response);
    response.write = (chunk, encoding, taken) => {
      if (!(chunk instanceof Uint8Array)) return write(chunk, encoding, taken);
      const { length } = chunk;
      pending.add(this, length);
      return write(chunk, encoding, (error) => {
        pending.remove(this, length);
        taken?.(error);
      });
    };
  }
}

/**
 * The received part of a body that waits for its reader, in one buffer: single pieces cost far more than their bytes.
 * Reading pauses at the maximum size of a message until the reader takes the buffer.
 */
class ArrivingBody {
  readonly #request: ServerRequest;
  readonly #options: RequestBodyOptions;
  readonly #holder: MessageHolder;
  #body: Buffer | undefined;
  #length = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #stop: () => void;

  constructor(request: ServerRequest, options: RequestBodyOptions, holder: MessageHolder) {
    this.#request = request;
    this.#options = options;
    this.#holder = holder;
    this.#stop = finished(request as Readable, { writable: false }, (error) => {
      if (error) this.fail(error);
      this.#ended = true;
      this.#wake?.();
    });
    request.on("data", this.#receive);
  }
  readonly #receive = (piece: Buffer): void => {
    this.#holder.hold(piece.length);
    if (this.#failure !== undefined) return; // given up by that
    if (this.#body === undefined && 2 * piece.length >= piece.buffer.byteLength) this.#body = piece;
    else {
      this.#body = appendChunk(this.#body, this.#length, piece, Number.POSITIVE_INFINITY, AT_ONCE_BYTES);
      if (this.#holder.handsOver) releaseBuffer(piece);
    }
    this.#length += piece.length;
    if (this.#isFull) this.#request.pause();
    this.#wake?.();
  };
  get #isFull(): boolean {
    return this.#length > this.#options.maxBytes;
  }
  /** Resolves with the received bytes, as soon as some have arrived; undefined at the end. */
  async some(): Promise<Buffer | undefined> {
    while (this.#length === 0 && !this.#ended && this.#failure === undefined) await this.#more();
    return this.#taken();
  }
  /** Resolves with the rest of the body, or with more than one message may have; undefined at the end. */
  async all(): Promise<Buffer | undefined> {
    while (!this.#isFull && !this.#ended && this.#failure === undefined) await this.#more();
    return this.#taken();
  }
  #taken(): Buffer | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#length === 0) return undefined;
    const taken = this.#body?.subarray(0, this.#length);
    this.#body = undefined;
    this.#length = 0;
    this.#request.resume();
    return taken;
  }
  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
  /**
   * Drops the buffer and fails the reader. The reader need not return after an error, and the rest of the body is
   * discarded.
   */
  fail(error: Error): void {
    this.#failure ??= error;
    this.leave();
    this.#wake?.();
  }
  /** Drops the buffer, because its reader has left. */
  leave(): void {
    this.#stop();
    this.#request.off("data", this.#receive);
    bridgeOf(this.#request)?.passOver();
    this.#body = undefined;
    this.#length = 0;
  }
}

/** The stream of ours that it comes by, if it does. */
function bridgeOf(request: ServerRequest): BridgedStream | undefined {
  return "stream" in request && isBridged(request.stream) ? request.stream : undefined;
}

/** Returns the error of a request that did not arrive in time. */
export function late(): ConnectError {
  return stackless("the request has not arrived", Code.DeadlineExceeded);
}
/** Returns the error of a request that would exceed the process's pending bytes. */
export function tooMuch(): ConnectError {
  return stackless("too much is under way", Code.ResourceExhausted, undefined, "OVERLOADED");
}
/** The refusal of a request that is larger than one message may be, at a path of REST or for server-sent events. */
export function tooLarge(maxBytes: number): ConnectError {
  return new HttpError(413, `the request is larger than ${maxBytes} bytes`, Code.ResourceExhausted);
}

/** Returns true if the promise is fulfilled within `ms` milliseconds. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const expired = Promise.withResolvers<boolean>();
  const timer = setTimeout(expired.resolve, ms, false);
  const inTime = await Promise.race([promise.then(() => true), expired.promise]);
  clearTimeout(timer);
  return inTime;
}

/**
 * Reads the rest of an answered request without keeping it, so that its connection can be used again. (HTTP/2's own
 * way, RST_STREAM with NO_ERROR, overtakes the trailers in node:http2.)
 *
 * @param carrier the connection (HTTP/1.1) or the stream (HTTP/2), destroyed when the time is over
 */
export function discard(request: Readable, carrier: Duplex, timeoutMs = DISCARD_MS): void {
  const timer = setTimeout(() => carrier.destroy(), timeoutMs);
  const stop = () => {
    clearTimeout(timer);
    carrier.off("close", stop);
  };
  request.once("end", stop);
  carrier.once("close", stop);
  readOn(request);
}
/** Reads the request without a reader, so that its end arrives. */
function readOn(request: Readable): void {
  // An aborted iteration leaves a `readable` listener behind, which makes resume() ineffective. Without such a listener
  // the removal would stop node's automatic reading of an answered HTTP/1.1 request.
  if (request.listenerCount("readable") > 0) request.removeAllListeners("readable");
  request.resume();
}
/** Ends a stream whose answer is not taken, and forgets what has not left. */
export function dropStream(stream: http2.ServerHttp2Stream): void {
  if (!stream.closed) stream.close(ErrorCode.ENHANCE_YOUR_CALM);
  stream.destroy();
}
