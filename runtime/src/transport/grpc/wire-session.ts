import type { LookupFunction, Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { Connection } from "@protobff/http2/connection";
import { dial, KEEP_ALIVE_MS } from "@protobff/http2/dial";
import { ConnectionError, ErrorCode, errorName } from "@protobff/http2/error-code";
import { FloodGuard } from "@protobff/http2/flood-guard";
import { FrameReader } from "@protobff/http2/frame-reader";
import { FrameWriter } from "@protobff/http2/frame-writer";
import { Flag, FRAME_BYTES, FRAME_HEAD_BYTES, FrameType, WINDOW_MAX, writeFrameHead } from "@protobff/http2/frames";
import { type End, Incoming } from "@protobff/http2/incoming-frames";
import { OpenStreams } from "@protobff/http2/open-streams";
import { HELD_WINDOW, preface, WINDOW } from "@protobff/http2/preface";
import { Responses } from "@protobff/http2/responses";
import { SendQueue } from "@protobff/http2/send-queue";
import type { Clock, Timer } from "../../clock.ts";
import type { Place } from "../balance/balancer.ts";
import { errorText } from "../error-text.ts";
import type { GrpcReceiver, GrpcRequest, GrpcSession } from "./grpc-session.ts";
import type { RequestEncoder } from "./request-encoder.ts";
import type { SessionOwner } from "./session.ts";
import { WireStream } from "./wire-stream.ts";

/** Number of unsent bytes from which the session has no room for more streams. */
const CONGESTED_BYTES = 1 << 19;
/** Time limit for the acknowledgement of our settings, in milliseconds. */
export const SETTINGS_MS = 10_000;
/** Limits of the client end. A header block above 1 MiB (64 frames of 16 KiB) is not kept. */
const CLIENT: End = { role: "client", window: WINDOW, blockBytes: 1 << 20, copies: false };
/** Time limit to close a connection that the other end does not read, in milliseconds. */
const LINGER_MS = 1_000;

/** A connection with our own frames over a socket: RFC 9113, as far as a client of whole requests needs it. */
export class WireSession implements GrpcSession, Connection<WireStream> {
  readonly #encoder: RequestEncoder;
  readonly #owner: SessionOwner<GrpcSession>;
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #reader: FrameReader;
  readonly #incoming: Incoming<WireStream>;
  readonly #window: number | undefined;
  readonly #guard = new FloodGuard();
  readonly #queue: SendQueue<WireStream>;
  readonly #streams = new OpenStreams<WireStream>();
  readonly #pings = new Map<number, () => void>();
  readonly #first: number;
  readonly #clock: Clock;
  #unacknowledged: Timer | undefined; // our settings
  #next: number;
  #opened = 0;
  #lingering = 0; // streams that we have reset, and the other end may still count
  #freed = 0; // the part of them that is released next
  #pinged = 0;
  #bytesRead = 0;
  #maxStreams = 0;
  #ready = false;
  #congested = false;
  #leaving = false;
  #over = false; // nothing is read or written any more
  #gone = false;
  #lastStream = WINDOW_MAX;
  #error: Error | undefined;
  readonly #closed = Promise.withResolvers<void>();

  /**
   * @param secureContext for `https:`
   * @param held true if the receiver allows the bytes that the other end may send on a stream
   * @param firstStream an odd number, for tests
   */
  constructor(
    url: URL,
    encoder: RequestEncoder,
    secureContext: SecureContext | undefined,
    lookup: LookupFunction,
    owner: SessionOwner<GrpcSession>,
    clock: Clock,
    held = false,
    firstStream = 1,
  ) {
    this.#encoder = encoder;
    this.#owner = owner;
    this.#clock = clock;
    this.#window = held ? HELD_WINDOW : undefined;
    this.#first = firstStream;
    this.#next = firstStream;
    const read = this.#read.bind(this);
    const socket = dial(url, secureContext, lookup, read, () => {
      socket.write(preface(this.#window ?? WINDOW));
      this.#unacknowledged = clock.setTimeout(late, SETTINGS_MS, this);
    });
    this.#socket = socket;
    if (held) socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#writer = new FrameWriter(socket, () => this.#flushed());
    this.#queue = new SendQueue(this.#writer);
    const parts = { streams: this.#streams, writer: this.#writer, queue: this.#queue, guard: this.#guard };
    const incoming = new Incoming(this, parts, new Responses(this, parts), CLIENT);
    this.#incoming = incoming;
    this.#reader = new FrameReader(incoming.frame.bind(incoming));
    socket.on("drain", () => this.#flushed());
    socket.on("end", () => socket.destroy());
    socket.on("error", (error) => {
      this.#error ??= error;
    });
    socket.on("close", () => this.#end());
  }

  place: Place<unknown> | undefined;
  get streams(): number {
    return this.#streams.size + this.#lingering;
  }
  get maxStreams(): number {
    if (this.#writer.waiting < CONGESTED_BYTES) return this.#maxStreams;
    this.#congested = true;
    return 0;
  }
  get opened(): number {
    return this.#opened;
  }
  get bytesRead(): number {
    return this.#bytesRead;
  }
  get ended(): boolean {
    return this.#leaving || this.#over;
  }
  /** Reports whether a stream of this number was never opened. */
  isIdle(stream: number): boolean {
    return stream >= this.#next || stream % 2 === 0 || stream < this.#first;
  }

  /** Ignores frames that cross the end of a stream, because neither end is at fault. */
  isOver(): void {}

  open(request: GrpcRequest, receiver: GrpcReceiver): WireStream {
    if (this.ended || !this.#ready) throw new Error("the connection is at its end");
    const bound = this.#encoder.bound(request);
    const { position } = this.#writer;
    const stream = new WireStream(this, this.#next, position, this.#queue.initialWindow, this.#window, receiver);
    this.#next += 2;
    this.#opened++;
    this.#guard.progress();
    this.#streams.add(stream);
    this.#headers(stream.id, request, bound);
    this.#queue.send(stream, request.frame);
    if (this.#next > WINDOW_MAX) {
      // All stream numbers are used. The next request needs a new connection.
      this.#leaving = true;
      this.#owner.leaving(this, "goaway");
    }
    return stream;
  }
  #headers(stream: number, request: GrpcRequest, bound: number): void {
    const first = stream === this.#first;
    if (bound <= FRAME_BYTES) {
      const at = this.#writer.reserve(FRAME_HEAD_BYTES + bound);
      const { buffer } = this.#writer;
      const end = this.#encoder.encode(buffer, at + FRAME_HEAD_BYTES, request, first);
      writeFrameHead(buffer, at, end - at - FRAME_HEAD_BYTES, FrameType.HEADERS, Flag.END_HEADERS, stream);
      this.#writer.commit(end);
      return;
    }
    const block = Buffer.allocUnsafe(bound);
    const length = this.#encoder.encode(block, 0, request, first);
    for (let at = 0; at < length; at += FRAME_BYTES) {
      const end = Math.min(length, at + FRAME_BYTES);
      const type = at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
      this.#writer.frame(type, end === length ? Flag.END_HEADERS : 0, stream, block.subarray(at, end));
    }
  }

  /** Lets the other end send further bytes on a stream. */
  allow(stream: WireStream, bytes: number): void {
    if (stream.window !== undefined && !this.#over) this.#incoming.allow(stream, bytes);
  }
  /** Ends a stream with this error code, unless it has ended. */
  closeStream(stream: WireStream, code: number): void {
    if (!this.#streams.delete(stream)) return;
    stream.code ??= code;
    this.#queue.drop(stream);
    this.#writer.reset(stream.id, code);
    if (stream.window !== undefined && stream.window > 0) this.#guard.recordCancel(stream.window);
    this.#lingering++;
    if (this.#leaving && this.#streams.size === 0) this.#shut();
  }
  /** Ends a stream because the other end broke a rule on it. The connection stays open. */
  failStream(stream: WireStream, code: number, message: string): void {
    if (this.#streams.get(stream.id) === undefined) return;
    stream.message = message;
    this.closeStream(stream, code);
    stream.receiver.closed();
  }
  /** Finishes a stream that the other end has completed. `released` must follow. */
  finish(stream: WireStream): void {
    this.#streams.delete(stream);
    stream.code = ErrorCode.NO_ERROR;
    if (stream.body === undefined) return;
    this.#queue.drop(stream); // the other end does not need the rest
    this.#writer.reset(stream.id, ErrorCode.NO_ERROR);
  }
  /** Handles a reset of a stream by the other end. */
  wasReset(stream: WireStream, code: number): void {
    this.#streams.delete(stream);
    this.#queue.drop(stream);
    stream.code = code;
    stream.receiver.closed();
    this.released();
  }
  /** Makes room for another stream. */
  released(): void {
    if (this.#leaving && this.#streams.size === 0) this.#shut();
    else if (!this.ended) this.#owner.room(this);
  }

  /** Applies the other end's settings, for the first time or again. */
  settled(maxStreams: number | undefined): void {
    if (maxStreams !== undefined) this.#maxStreams = maxStreams;
    else if (!this.#ready) this.#maxStreams = Number.POSITIVE_INFINITY;
    if (this.#ready) {
      if (!this.ended) this.#owner.room(this);
      return;
    }
    this.#ready = true;
    this.#owner.ready(this);
  }
  /** Handles the acknowledgement of our settings. */
  acknowledged(): void {
    if (this.#unacknowledged !== undefined) this.#clock.clearTimeout(this.#unacknowledged);
    this.#unacknowledged = undefined;
  }
  /** Ends the connection after a violation by the other end, which receives the error. */
  fail(error: ConnectionError): void {
    if (this.#over) return;
    this.#error ??= error;
    this.#goodbye(error.code);
    queueMicrotask(() => this.#end());
  }
  answered(ping: number): void {
    const answered = this.#pings.get(ping);
    this.#pings.delete(ping);
    answered?.();
  }
  /** Handles GOAWAY: the other end takes no more streams, and has not begun with those above `lastStream`. */
  goaway(lastStream: number, code: number, text: string): void {
    this.#lastStream = Math.min(this.#lastStream, lastStream);
    this.#leaving = true;
    this.#owner.leaving(this, text === "too_many_pings" ? "pings" : "goaway");
    if (code !== ErrorCode.NO_ERROR) {
      this.destroy(new Error(`the other end has gone away with ${errorName(code)}${text === "" ? "" : `: ${text}`}`));
      return;
    }
    for (const stream of this.#streams.all()) {
      if (stream.id <= this.#lastStream) continue;
      stream.unprocessed = true;
      stream.message = "the other end has gone away";
      this.wasReset(stream, ErrorCode.REFUSED_STREAM);
    }
    if (this.#streams.size === 0) this.#shut();
  }

  ping(answered: () => void): void {
    if (this.#over) return;
    const id = this.#pinged++;
    this.#pings.set(id, answered);
    const payload = Buffer.alloc(8);
    payload.writeUIntBE(id, 2, 6);
    this.#writer.frame(FrameType.PING, 0, 0, payload);
  }
  close(): Promise<void> {
    this.#leaving = true;
    if (this.#streams.size === 0) this.#shut();
    return this.#closed.promise;
  }
  destroy(error: Error): void {
    if (this.#over) return;
    this.#error ??= error;
    this.#over = true;
    this.#reader.stop();
    this.#socket.destroy();
    queueMicrotask(() => this.#end());
  }

  #read(chunk: Buffer): void {
    this.#bytesRead += chunk.length;
    if (this.#over) return;
    try {
      this.#reader.read(chunk);
    } catch (error) {
      if (error instanceof ConnectionError) this.fail(this.#ready ? error : strange(error, chunk));
      else {
        this.destroy(new Error("broken by a fault of our own")); // the rest of the chunk is lost
        throw error;
      }
    }
  }
  #flushed(): void {
    const free = this.#lingering - this.#freed;
    if (free > 0) {
      this.#freed += free;
      setImmediate(() => this.#free(free));
    }
    this.#queue.pump();
    if (this.#congested && this.#writer.waiting < CONGESTED_BYTES) {
      this.#congested = false;
      if (!this.ended) this.#owner.room(this);
    }
  }
  /**
   * Releases streams one turn after their resets were sent. Servers (Node's is one) do not always forget a stream
   * before they read the next frame.
   */
  #free(streams: number): void {
    this.#lingering -= streams;
    this.#freed -= streams;
    if (!this.ended) this.#owner.room(this);
  }
  /** Closes the connection after all streams have ended. */
  #shut(): void {
    if (!this.#over) this.#goodbye(ErrorCode.NO_ERROR);
  }
  /** Sends GOAWAY with the cause, and closes the socket as soon as it is sent. */
  #goodbye(code: number): void {
    if (!this.#ready) {
      this.destroy(new Error("closed"));
      return;
    }
    this.#writer.goaway(0, code); // no stream of the other end was ever processed
    this.#writer.flush();
    this.#over = true;
    this.#reader.stop();
    if (this.#socket.writableLength === 0) this.#socket.destroy();
    else {
      this.#socket.destroySoon();
      setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
    }
  }
  #end(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#over = true;
    this.acknowledged(); // also if no acknowledgement arrives
    this.#reader.stop();
    const message = errorText(this.#error, this.#ready);
    this.#owner.gone(this, message);
    for (const stream of this.#streams.all()) {
      this.#streams.delete(stream);
      this.#queue.drop(stream);
      stream.lost = true;
      stream.unprocessed = stream.id > this.#lastStream || stream.position >= this.#writer.handed;
      stream.message = message;
      stream.receiver.closed();
    }
    this.#closed.resolve();
  }
}

/**
 * Returns the error for an unexpected first chunk. The first frame begins with a 0, so a text shows that the server is
 * no HTTP/2 server.
 */
function strange(error: ConnectionError, chunk: Buffer): ConnectionError {
  const begins = chunk.toString("latin1", 0, 16);
  if (!/^[\x20-\x7e][\x20-\x7e\r\n\t]*$/.test(begins)) return error;
  return new ConnectionError(
    error.code,
    `the server does not support HTTP/2: it begins with ${JSON.stringify(begins)}`,
  );
}

const late = (session: WireSession): void =>
  session.fail(
    new ConnectionError(ErrorCode.SETTINGS_TIMEOUT, `our settings were not acknowledged within ${SETTINGS_MS} ms`),
  );
