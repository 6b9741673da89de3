import type { Socket } from "node:net";
import {
  type Connection,
  ConnectionError,
  type ConnectionParts,
  DynamicTable,
  type End,
  ErrorCode,
  FloodGuard,
  FrameReader,
  FrameWriter,
  type HeaderBlocks,
  Incoming,
  MAGIC,
  OpenStreams,
  RequestBlocks,
  ResponseWriter,
  SendQueue,
  WINDOW_BYTES,
  wrongLength,
} from "@protobff/runtime/internal/http2";
import { type Transitions, transition } from "@protobff/runtime/internal/states";
import { releaseBuffer } from "@protobff/runtime/internal/wire/release-buffer";
import { type OwnConnection, OwnStream } from "../carrier/own-stream.ts";
import { type Reading, readsUntil, waits, wasRead } from "../turns/connection-reads.ts";
import { inTurn } from "../turns/turn-queue.ts";
import { MAX_HEADER_BYTES, MAX_HEADERS } from "./client-sessions.ts";
import { OwnLeaving } from "./own-drain.ts";
import type { OwnSessions } from "./own-sessions.ts";
import { ResetBudget } from "./reset-budget.ts";
import { StreamNumbers } from "./stream-numbers.ts";

const { NO_ERROR, PROTOCOL_ERROR, STREAM_CLOSED, REFUSED_STREAM, ENHANCE_YOUR_CALM } = ErrorCode;
/**
 * The block limit is twice the limit of headers: a block within it is decoded, so that only its own request is refused.
 */
const SERVER: End = { role: "server", window: WINDOW_BYTES, blockBytes: 2 * MAX_HEADER_BYTES, copies: true };
const LIMITS = { bytes: MAX_HEADER_BYTES, count: MAX_HEADERS };
/** Time limit for a complete block of headers, in milliseconds. */
const BLOCK_MS = 10_000;
const RESETS = "too many requests were reset without an answer";
/** Longest end of a connection whose client does not read, in milliseconds. */
const LINGER_MS = 1_000;
/**
 * Time for which an answered request may continue to send, in milliseconds. The second is the limit while its
 * connection ends.
 */
const DISCARD_MS = 5_000;
const LAST_DISCARD_MS = 200;

/** `over`: nothing is read or written any more. `gone`: its streams have also ended. */
type SessionState = "open" | "over" | "gone";
export const SESSION_TRANSITIONS: Transitions<SessionState> = { open: ["over", "gone"], over: ["gone"], gone: [] };

/** A client connection by our own frames: the parts of RFC 9113 that a server without push needs. */
export class OwnSession implements Connection<OwnStream>, HeaderBlocks, OwnConnection, Reading {
  readonly socket: Socket;
  /** Last value that `OwnSessions.holds` received. */
  heldBytes = 0;
  readonly #owner: OwnSessions;
  readonly #parts: ConnectionParts<OwnStream>;
  readonly #reader: FrameReader;
  readonly #incoming: Incoming<OwnStream>;
  readonly #blocks: RequestBlocks;
  readonly #responses: ResponseWriter;
  readonly #resets = new ResetBudget();
  readonly #numbers = new StreamNumbers();
  readonly #leaving: OwnLeaving;
  #magic = 0; // bytes of it that have come
  #handshake: NodeJS.Timeout | undefined;
  #blockTimer: NodeJS.Timeout | undefined;
  /** Bytes of the headers of open streams, and of bodies that are not yet consumed. */
  #streamBytes = 0;
  /** The received chunk, and its unread rest. */
  #chunk: Buffer | undefined;
  #rest: Buffer | undefined;
  /** Rounds of the check for idle connections since the last stream. */
  #rounds = 0;
  #state: SessionState = "open";

  constructor(socket: Socket, owner: OwnSessions) {
    this.socket = socket;
    this.#owner = owner;
    const writer = new FrameWriter(socket, () => this.#flushed());
    const queue = new SendQueue<OwnStream>(writer, socket.writableHighWaterMark);
    this.#parts = { streams: new OpenStreams(), writer, queue, guard: new FloodGuard(true) };
    this.#responses = new ResponseWriter(writer);
    this.#leaving = new OwnLeaving(this, writer, this.#numbers);
    this.#blocks = new RequestBlocks(owner.known, LIMITS, new DynamicTable());
    this.#incoming = new Incoming(this, this.#parts, this, SERVER);
    this.#reader = new FrameReader(this.#incoming.frame.bind(this.#incoming));
    this.#handshake = setTimeout(unsettled, owner.handshakeTimeoutMs, this);
    socket.on("drain", () => this.#flushed());
    socket.on("close", () => this.#end());
    socket.on("data", (chunk: Buffer) => {
      this.#chunk = chunk;
      this.#incoming.handedOn = false;
      this.#read(chunk, readsUntil());
    });
    socket.write(owner.preface);
  }

  /** True if nothing is read or written any more. */
  get over(): boolean {
    return this.#state !== "open";
  }
  get streams(): number {
    return this.#parts.streams.size;
  }
  isIdle(id: number): boolean {
    return id > this.#numbers.seen || id % 2 === 0;
  }
  isOver(id: number): void {
    if (this.#numbers.isTheirReset(id)) {
      this.#numbers.ours(id); // it is told once
      this.#parts.writer.reset(id, STREAM_CLOSED);
    }
    const code = this.#numbers.wrong(id);
    if (code !== undefined) throw new ConnectionError(code, `a frame of stream ${id}, which is over`);
  }

  // ---- requests ----

  begin(id: number): void {
    if (this.#parts.streams.get(id) !== undefined) return;
    if (id % 2 === 0) throw new ConnectionError(PROTOCOL_ERROR, `a request with the number ${id}`);
    if (id > this.#numbers.seen) return;
    this.isOver(id);
    this.#parts.guard.late(0, this.#parts.writer.waiting);
  }
  oversized(id: number): void {
    if (!this.#blocks.standAlone) throw new ConnectionError(ENHANCE_YOUR_CALM, "too large headers");
    const stream = this.#parts.streams.get(id);
    if (stream !== undefined) this.failStream(stream, ENHANCE_YOUR_CALM);
    else if (id > this.#numbers.seen) this.#refuse(id, ENHANCE_YOUR_CALM);
  }
  block(id: number, endStream: boolean, data: Buffer, from: number, to: number): void {
    const stream = this.#parts.streams.get(id);
    if (stream !== undefined) this.#trailers(stream, endStream, data, from, to);
    else if (id > this.#numbers.seen) this.#request(id, endStream, data, from, to);
    else if (!this.#blocks.standAlone) this.#blocks.trailers(data, from, to);
  }
  #request(id: number, endStream: boolean, data: Buffer, from: number, to: number): void {
    const { headers, raw, contentLength, bytes, tooLarge, malformed } = this.#blocks.request(data, from, to);
    this.#numbers.opened(id);
    if (id > this.#leaving.lastTaken) return; // whoever has sent it knows, or will, that it is not begun with
    const wrong = malformed !== undefined || (endStream && (contentLength ?? 0) > 0);
    const refusal = this.#refusalOf(tooLarge, wrong);
    if (refusal !== undefined) {
      this.#refuse(id, refusal);
      return;
    }
    this.#parts.guard.progress();
    this.#numbers.last = id;
    this.#rounds = 0;
    const stream = new OwnStream(this, id, this.#parts.queue.initialWindow, bytes);
    stream.contentLength = contentLength;
    this.#parts.streams.add(stream);
    this.#streamBytes += bytes;
    stream.ended = endStream;
    this.#owner.request(stream, headers, raw);
    if (endStream && !stream.over) stream.receiver.end();
  }
  #refusalOf(tooLarge: boolean, wrong: boolean): number | undefined {
    if (tooLarge) return ENHANCE_YOUR_CALM;
    if (wrong) return PROTOCOL_ERROR;
    return this.#parts.streams.size >= this.#owner.maxStreams ? REFUSED_STREAM : undefined;
  }
  /** Resets a request that is reported to no receiver. */
  #refuse(id: number, code: number): void {
    this.#numbers.seen = Math.max(this.#numbers.seen, id);
    this.#numbers.last = this.#numbers.seen;
    this.#numbers.ours(id);
    this.#parts.writer.reset(id, code);
    this.#parts.guard.idle(this.#parts.writer.waiting);
    if (code !== REFUSED_STREAM) this.#unanswered();
  }
  #trailers(stream: OwnStream, endStream: boolean, data: Buffer, from: number, to: number): void {
    const { malformed, tooLarge } = this.#blocks.trailers(data, from, to);
    this.#parts.guard.progress();
    if (stream.ended) this.failStream(stream, STREAM_CLOSED);
    else if (tooLarge) this.failStream(stream, ENHANCE_YOUR_CALM);
    else if (!endStream || malformed !== undefined || wrongLength(stream, true) !== undefined)
      this.failStream(stream, PROTOCOL_ERROR);
    else {
      this.finish(stream);
      stream.receiver.end();
    }
  }
  /** The other end has ended the stream. */
  finish(stream: OwnStream): void {
    stream.ended = true;
    if (stream.reading === undefined) return;
    this.#numbers.theirs(stream.id);
    this.#close(stream);
  }
  released(): void {}
  allow(stream: OwnStream, bytes: number): void {
    if (!this.over) this.#incoming.allow(stream, bytes);
  }
  unread(bytes: number): void {
    this.#streamBytes += bytes;
  }

  // ---- ends of streams ----

  failStream(stream: OwnStream, code: number): void {
    const { answered } = stream;
    this.reset(stream, code);
    if (!answered) this.#unanswered();
  }
  reset(stream: OwnStream, code: number): void {
    if (stream.over) return;
    stream.code = code;
    this.#numbers.ours(stream.id);
    if (!this.over) this.#parts.writer.reset(stream.id, code);
    if (!stream.ended) this.#parts.guard.recordCancel(WINDOW_BYTES);
    this.#close(stream);
  }
  wasReset(stream: OwnStream, code: number): void {
    const { answered } = stream;
    stream.code = code;
    this.#numbers.theirReset(stream.id);
    this.#close(stream);
    if (!answered) this.#unanswered();
  }
  answerSent(stream: OwnStream): void {
    this.#parts.guard.progress();
    this.#resets.answered();
    if (stream.ended) {
      this.#numbers.theirs(stream.id);
      this.#close(stream);
    } else stream.reading ??= setTimeout(unread, this.#leaving.begun ? LAST_DISCARD_MS : DISCARD_MS, stream);
  }
  #cancelled(stream: OwnStream): void {
    if (!stream.over) stream.code = ErrorCode.CANCEL;
    this.#close(stream);
  }
  #close(stream: OwnStream): void {
    if (stream.over) return;
    stream.over = true;
    clearTimeout(stream.reading);
    this.#parts.streams.delete(stream);
    this.#parts.queue.drop(stream);
    this.#streamBytes -= stream.headerBytes;
    stream.receiver.close();
    stream.forget();
    if (this.#leaving.isFixed && this.#parts.streams.size === 0) this.shut();
  }
  #unanswered(): void {
    if (!this.#resets.reset() || this.over || this.#leaving.isFixed) return;
    this.#owner.calmed(RESETS);
    this.#leaving.goodbye(ENHANCE_YOUR_CALM, RESETS);
  }

  // ---- answers ----

  head(stream: OwnStream, status: number | undefined, headers: readonly string[], endStream: boolean): void {
    if (!this.over) this.#responses.write(stream.id, status, headers, endStream);
  }
  send(stream: OwnStream, body: Uint8Array): void {
    if (this.over) return;
    this.#parts.guard.sent(body.length);
    this.#parts.queue.send(stream, body);
  }

  // ---- the connection ----

  settled(): void {
    this.#leaving.settled();
  }
  acknowledged(): void {
    this.#blocks.settled();
    clearTimeout(this.#handshake);
  }
  answered(ping: number): void {
    this.#leaving.answered(ping);
  }
  goaway(_lastStream: number, code: number): void {
    if (code === NO_ERROR && this.#parts.streams.size > 0) this.#leaving.takeNoMore();
    else this.shut(); // no reset of the socket: that would take what the other end has not read
    if (code !== NO_ERROR) this.#end();
  }

  /** Ends the connection after all running requests have been answered, including those in flight at this moment. */
  close(): void {
    this.#leaving.close();
  }
  checkIdle(rounds: number): void {
    if (this.#parts.streams.size === 0 && ++this.#rounds > rounds) this.close();
  }
  destroy(): void {
    this.socket.destroy();
    this.#end();
  }
  unsettled(): void {
    this.#fail(new ConnectionError(ErrorCode.SETTINGS_TIMEOUT, "SETTINGS were not sent, or not acknowledged, in time"));
  }
  /** Ends the connection because it uses too much. */
  calm(why: string): void {
    this.#fail(new ConnectionError(ENHANCE_YOUR_CALM, why));
  }

  #read(chunk: Buffer, until: number): void {
    if (this.over) return;
    try {
      const rest = this.#magic < MAGIC.length ? this.#afterMagic(chunk) : chunk;
      this.#rest = this.#reader.read(rest, until);
    } catch (error) {
      if (!(error instanceof ConnectionError)) {
        this.destroy(); // the rest of the chunk is lost
        throw error;
      }
      this.#fail(error);
      return;
    }
    if (this.over) return;
    if (this.#rest !== undefined) {
      this.socket.pause();
      waits(this);
    } else {
      wasRead(this);
      if (this.#chunk !== undefined && !this.#incoming.handedOn) releaseBuffer(this.#chunk);
      this.#chunk = undefined;
    }
    const unfinished = this.#incoming.unfinished > 0 || this.#reader.unfinished;
    if (unfinished) this.#blockTimer ??= setTimeout(slow, BLOCK_MS, this);
    else if (this.#blockTimer !== undefined) {
      clearTimeout(this.#blockTimer);
      this.#blockTimer = undefined;
    }
    this.#hold();
  }
  readOn(until: number): void {
    const rest = this.#rest;
    if (rest === undefined || this.over) return;
    this.#read(rest, until);
    if (this.#rest === undefined) this.socket.resume();
  }
  #afterMagic(chunk: Buffer): Buffer {
    const length = Math.min(chunk.length, MAGIC.length - this.#magic);
    if (MAGIC.compare(chunk, 0, length, this.#magic, this.#magic + length) !== 0)
      throw new ConnectionError(PROTOCOL_ERROR, "it does not begin as HTTP/2 does");
    this.#magic += length;
    return chunk.subarray(length);
  }
  #flushed(): void {
    this.#parts.queue.pump();
    this.#hold();
  }
  #hold(): void {
    const coming = this.#reader.heldBytes + this.#incoming.unfinished + (this.#rest?.length ?? 0);
    const bytes = this.#state === "gone" ? 0 : this.#streamBytes + coming + this.#parts.writer.waiting;
    if (bytes !== this.heldBytes) this.#owner.holds(this, bytes);
  }

  /** Ends the connection after the other end broke a rule. GOAWAY reports the error to it. */
  #fail(error: ConnectionError): void {
    if (this.over) return;
    if (error.code === ENHANCE_YOUR_CALM) this.#owner.calmed(error.message);
    this.#parts.writer.goaway(Math.min(this.#numbers.last, this.#leaving.lastTaken), error.code, error.message);
    this.shut();
    this.#end();
  }
  /** Closes the socket as soon as all frames are written. Frames that still arrive are not read. */
  shut(): void {
    if (this.over) return;
    this.#parts.writer.release();
    this.#state = transition(SESSION_TRANSITIONS, this.#state, "over");
    this.#reader.stop();
    this.socket.end();
    setTimeout(() => this.socket.destroy(), LINGER_MS).unref();
  }
  #end(): void {
    if (this.#state === "gone") return;
    this.#state = transition(SESSION_TRANSITIONS, this.#state, "gone");
    wasRead(this);
    this.#reader.stop();
    clearTimeout(this.#handshake);
    clearTimeout(this.#blockTimer);
    this.#leaving.forget();
    this.#hold();
    for (const stream of this.#parts.streams.all()) inTurn(() => this.#cancelled(stream));
    inTurn(() => this.#owner.gone(this));
  }
}

const unsettled = (session: OwnSession): void => session.unsettled();
const slow = (session: OwnSession): void => session.calm("a block of headers did not come whole in its time");
const unread = (stream: OwnStream): void => stream.reset(NO_ERROR);
