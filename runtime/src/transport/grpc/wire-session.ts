import type { Socket } from "node:net";
import type { Clock, Timer } from "../../clock.ts";
import type { Connection, ConnectionParts } from "../../http2/connection.ts";
import { dial, KEEP_ALIVE_MS } from "../../http2/dial.ts";
import { ConnectionError, ErrorCode, errorName } from "../../http2/error-code.ts";
import { FloodGuard } from "../../http2/flood-guard.ts";
import { FrameReader } from "../../http2/frame-reader.ts";
import { FrameWriter } from "../../http2/frame-writer.ts";
import { Flag, FRAME_BYTES, FRAME_HEAD_BYTES, FrameType, writeFrameHead } from "../../http2/frames.ts";
import { type End, Incoming } from "../../http2/incoming-frames.ts";
import { OpenStreams } from "../../http2/open-streams.ts";
import { HELD_WINDOW, preface, WINDOW } from "../../http2/preface.ts";
import { Responses } from "../../http2/responses.ts";
import { SendQueue } from "../../http2/send-queue.ts";
import { type Transitions, transition } from "../../states.ts";
import type { Place } from "../balance/balancer.ts";
import { errorText } from "../error-text.ts";
import type { GrpcReceiver, GrpcRequest, GrpcSession, SessionOptions } from "./grpc-session.ts";
import type { RequestEncoder } from "./request-encoder.ts";
import type { SessionOwner } from "./session.ts";
import { Pings } from "./session-watch.ts";
import { ResetStreams, StreamNumbers, WireStream } from "./wire-stream.ts";

/** Number of unsent bytes from which the session has no room for more streams. */
const CONGESTED_BYTES = 1 << 19;
/** Time limit for the acknowledgement of our settings, in milliseconds. */
export const SETTINGS_MS = 10_000;
/** Limits of the client end. A header block above 1 MiB (64 frames of 16 KiB) is not kept. */
const CLIENT: End = { role: "client", window: WINDOW, blockBytes: 1 << 20, copies: false };
/** Time limit to close a connection that the other end does not read, in milliseconds. */
const LINGER_MS = 1_000;

/** States of a connection: `leaving` takes no more streams, `over` reads and writes nothing, `gone` has no socket. */
export const SESSION_TRANSITIONS: Transitions<"open" | "leaving" | "over" | "gone"> = {
  open: ["leaving", "over", "gone"],
  leaving: ["over", "gone"],
  over: ["gone"],
  gone: [],
};

/** A connection with our own frames over a socket: RFC 9113, as far as a client of whole requests needs it. */
export class WireSession implements GrpcSession, Connection<WireStream> {
  readonly #encoder: RequestEncoder;
  readonly #owner: SessionOwner<GrpcSession>;
  readonly #socket: Socket;
  readonly #parts: ConnectionParts<WireStream>;
  readonly #reader: FrameReader;
  readonly #incoming: Incoming<WireStream>;
  readonly #window: number | undefined;
  readonly #pings = new Pings();
  readonly #numbers: StreamNumbers;
  readonly #reset = new ResetStreams();
  readonly #clock: Clock;
  #unacknowledged: Timer | undefined; // our settings
  #bytesRead = 0;
  #maxStreams = 0;
  #ready = false;
  #congested = false;
  #state: keyof typeof SESSION_TRANSITIONS = "open";
  #error: Error | undefined;
  readonly #closed = Promise.withResolvers<void>();

  constructor(
    { url, secureContext, lookup, held = false, firstStream = 1 }: SessionOptions,
    encoder: RequestEncoder,
    owner: SessionOwner<GrpcSession>,
    clock: Clock,
  ) {
    this.#encoder = encoder;
    this.#owner = owner;
    this.#clock = clock;
    this.#window = held ? HELD_WINDOW : undefined;
    this.#numbers = new StreamNumbers(firstStream);
    const read = this.#read.bind(this);
    const socket = dial(url, secureContext, lookup, read, () => {
      socket.write(preface(this.#window ?? WINDOW));
      this.#unacknowledged = clock.setTimeout(late, SETTINGS_MS, this);
    });
    this.#socket = socket;
    if (held) socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const writer = new FrameWriter(socket, () => this.#flushed());
    const queue = new SendQueue<WireStream>(writer);
    const parts = { streams: new OpenStreams<WireStream>(), writer, queue, guard: new FloodGuard() };
    this.#parts = parts;
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
    return this.#parts.streams.size + this.#reset.count;
  }
  get maxStreams(): number {
    if (this.#parts.writer.waiting < CONGESTED_BYTES) return this.#maxStreams;
    this.#congested = true;
    return 0;
  }
  get opened(): number {
    return this.#numbers.taken;
  }
  get bytesRead(): number {
    return this.#bytesRead;
  }
  get ended(): boolean {
    return this.#state !== "open";
  }
  /** True if nothing is read or written any more. */
  get #isOver(): boolean {
    return this.#state === "over" || this.#state === "gone";
  }
  #become(state: keyof typeof SESSION_TRANSITIONS): void {
    if (state !== this.#state) this.#state = transition(SESSION_TRANSITIONS, this.#state, state);
  }
  #leave(): void {
    if (!this.#isOver) this.#become("leaving");
  }
  /** Reports whether a stream of this number was never opened. */
  isIdle(stream: number): boolean {
    return !this.#numbers.isTaken(stream);
  }

  /** Ignores frames that cross the end of a stream, because neither end is at fault. */
  isOver(): void {}

  open(request: GrpcRequest, receiver: GrpcReceiver): WireStream {
    if (this.ended || !this.#ready) throw new Error("the connection is at its end");
    const bound = this.#encoder.bound(request);
    const { streams, writer, queue, guard } = this.#parts;
    const id = this.#numbers.take();
    const stream = new WireStream(this, id, writer.position, receiver);
    stream.sendWindow = queue.initialWindow;
    stream.window = this.#window;
    guard.progress();
    streams.add(stream);
    this.#headers(id, request, bound);
    queue.send(stream, request.frame);
    if (this.#numbers.areUsedUp) {
      // The next request needs a new connection.
      this.#leave();
      this.#owner.leaving(this, "goaway");
    }
    return stream;
  }
  #headers(stream: number, request: GrpcRequest, bound: number): void {
    const { writer } = this.#parts;
    const first = this.#numbers.taken === 1;
    if (bound <= FRAME_BYTES) {
      const at = writer.reserve(FRAME_HEAD_BYTES + bound);
      const { buffer } = writer;
      const end = this.#encoder.encode(buffer, at + FRAME_HEAD_BYTES, request, first);
      writeFrameHead(buffer, at, end - at - FRAME_HEAD_BYTES, FrameType.HEADERS, Flag.END_HEADERS, stream);
      writer.commit(end);
      return;
    }
    const block = Buffer.allocUnsafe(bound);
    const length = this.#encoder.encode(block, 0, request, first);
    for (let at = 0; at < length; at += FRAME_BYTES) {
      const end = Math.min(length, at + FRAME_BYTES);
      const type = at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
      writer.frame(type, end === length ? Flag.END_HEADERS : 0, stream, block.subarray(at, end));
    }
  }

  /** Lets the other end send further bytes on a stream. */
  allow(stream: WireStream, bytes: number): void {
    if (stream.window !== undefined && !this.#isOver) this.#incoming.allow(stream, bytes);
  }
  /** Ends a stream with this error code, unless it has ended. */
  closeStream(stream: WireStream, code: number): void {
    const { streams, writer, queue, guard } = this.#parts;
    if (!streams.delete(stream)) return;
    stream.code ??= code;
    queue.drop(stream);
    writer.reset(stream.id, code);
    if (stream.window !== undefined && stream.window > 0) guard.recordCancel(stream.window);
    this.#reset.count++;
    this.#shutIfDone();
  }
  /** Ends a stream because the other end broke a rule on it. The connection stays open. */
  failStream(stream: WireStream, code: number, message: string): void {
    if (this.#parts.streams.get(stream.id) === undefined) return;
    stream.message = message;
    this.closeStream(stream, code);
    stream.receiver.closed();
  }
  /** Finishes a stream that the other end has completed. `released` must follow. */
  finish(stream: WireStream): void {
    const { streams, writer, queue } = this.#parts;
    streams.delete(stream);
    stream.code = ErrorCode.NO_ERROR;
    if (stream.body === undefined) return;
    queue.drop(stream); // the other end does not need the rest
    writer.reset(stream.id, ErrorCode.NO_ERROR);
  }
  /** Handles a reset of a stream by the other end. */
  wasReset(stream: WireStream, code: number): void {
    this.#parts.streams.delete(stream);
    this.#parts.queue.drop(stream);
    stream.code = code;
    stream.receiver.closed();
    this.released();
  }
  /** Makes room for another stream. */
  released(): void {
    if (!this.ended) this.#owner.room(this);
    else this.#shutIfDone();
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
    if (this.#isOver) return;
    this.#error ??= error;
    this.#goodbye(error.code);
    queueMicrotask(() => this.#end());
  }
  answered(ping: number): void {
    this.#pings.answered(ping);
  }
  /** Handles GOAWAY: the other end takes no more streams, and has not begun with those above `lastStream`. */
  goaway(lastStream: number, code: number, text: string): void {
    this.#numbers.processed = Math.min(this.#numbers.processed, lastStream);
    this.#leave();
    this.#owner.leaving(this, text === "too_many_pings" ? "pings" : "goaway");
    if (code !== ErrorCode.NO_ERROR) {
      this.destroy(new Error(`the other end has gone away with ${errorName(code)}${text === "" ? "" : `: ${text}`}`));
      return;
    }
    for (const stream of this.#parts.streams.all()) {
      if (stream.id <= this.#numbers.processed) continue;
      stream.unprocessed = true;
      stream.message = "the other end has gone away";
      this.wasReset(stream, ErrorCode.REFUSED_STREAM);
    }
    this.#shutIfDone();
  }

  ping(answered: () => void): void {
    if (!this.#isOver) this.#parts.writer.frame(FrameType.PING, 0, 0, this.#pings.begin(answered));
  }
  close(): Promise<void> {
    this.#leave();
    this.#shutIfDone();
    return this.#closed.promise;
  }
  destroy(error: Error): void {
    if (this.#isOver) return;
    this.#error ??= error;
    this.#become("over");
    this.#reader.stop();
    this.#socket.destroy();
    queueMicrotask(() => this.#end());
  }

  #read(chunk: Buffer): void {
    this.#bytesRead += chunk.length;
    if (this.#isOver) return;
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
    const free = this.#reset.flushed();
    if (free > 0) setImmediate(() => this.#free(free));
    const { writer, queue } = this.#parts;
    queue.pump();
    if (this.#congested && writer.waiting < CONGESTED_BYTES) {
      this.#congested = false;
      if (!this.ended) this.#owner.room(this);
    }
  }
  /**
   * Releases streams one turn after their resets were sent. Servers (Node's is one) do not always forget a stream
   * before they read the next frame.
   */
  #free(streams: number): void {
    this.#reset.forget(streams);
    if (!this.ended) this.#owner.room(this);
  }
  /** Closes a connection that takes no more streams, after all of them have ended. */
  #shutIfDone(): void {
    if (this.#state === "leaving" && this.#parts.streams.size === 0) this.#goodbye(ErrorCode.NO_ERROR);
  }
  /** Sends GOAWAY with the cause, and closes the socket as soon as it is sent. */
  #goodbye(code: number): void {
    if (!this.#ready) {
      this.destroy(new Error("closed"));
      return;
    }
    const { writer } = this.#parts;
    writer.goaway(0, code); // no stream of the other end was ever processed
    writer.flush();
    this.#become("over");
    this.#reader.stop();
    if (this.#socket.writableLength === 0) this.#socket.destroy();
    else {
      this.#socket.destroySoon();
      setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
    }
  }
  #end(): void {
    if (this.#state === "gone") return;
    this.#become("gone");
    this.acknowledged(); // also if no acknowledgement arrives
    this.#reader.stop();
    const message = errorText(this.#error, this.#ready);
    this.#owner.gone(this, message);
    const { streams, writer, queue } = this.#parts;
    for (const stream of streams.all()) {
      streams.delete(stream);
      queue.drop(stream);
      stream.lost = true;
      stream.unprocessed = stream.id > this.#numbers.processed || stream.position >= writer.handed;
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
