import type { Connection, ConnectionParts, HeaderBlocks, Stream } from "./connection.ts";
import { ConnectionError, ErrorCode } from "./error-code.ts";
import { wrongLength } from "./field-rules.ts";
import type { FloodGuard } from "./flood-guard.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { Flag, FRAME_BYTES, FRAME_BYTES_MAX, FrameType, Setting, WINDOW_MAX } from "./frames.ts";
import type { OpenStreams } from "./open-streams.ts";
import { HELD_WINDOW, WINDOW } from "./preface.ts";
import type { SendQueue } from "./send-queue.ts";

const { PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, ENHANCE_YOUR_CALM } = ErrorCode;
/** Text of a GOAWAY that makes gRPC clients send fewer PINGs. */
const TOO_MANY_PINGS = "too_many_pings";
/** Maximum number of pieces of a header block. More are an attack. */
const CONTINUATIONS = 64;
/** Maximum length of the text of a GOAWAY that is logged, in bytes. */
const TEXT_BYTES = 200;

/**
 * Weight of SETTINGS among frames without progress, and maximum additional weight: one for each stream whose window
 * they change.
 */
const SETTINGS_WEIGHT = 10;
const STREAMS_WEIGHT = 250;

/** A header block that continues in CONTINUATION. */
interface Unfinished {
  readonly stream: number;
  readonly endStream: boolean;
  /** Undefined: the block has exceeded the limit. */
  pieces: Buffer[] | undefined;
  count: number;
  bytes: number;
}

/** Role and limits of this end of the connection. */
export interface End {
  readonly role: "client" | "server";
  /** Bytes that the other end may send ahead on a stream whose receiver grants none by `allow`. */
  readonly window: number;
  /** Maximum size of an encoded header block, in bytes; a larger one is not kept. */
  readonly blockBytes: number;
  /** True if a small piece of an unfinished body is copied, because it would keep the whole chunk alive. */
  readonly copies: boolean;
}

const broken = (message: string, code: number = PROTOCOL_ERROR): ConnectionError => new ConnectionError(code, message);

/** Processes incoming frames: for streams, for the connection, and by the severity of their errors. */
export class Incoming<S extends Stream<S>> {
  readonly #connection: Connection<S>;
  readonly #streams: OpenStreams<S>;
  readonly #writer: FrameWriter;
  readonly #queue: SendQueue<S>;
  readonly #guard: FloodGuard;
  readonly #blocks: HeaderBlocks;
  readonly #end: End;
  /** A receiver has received a piece of the current chunk without a copy, and may keep it. */
  handedOn = false;
  #begun = false;
  #unfinished: Unfinished | undefined;
  /** Received bytes that no WINDOW_UPDATE of the connection has returned. */
  #unacknowledged = 0;

  constructor(connection: Connection<S>, parts: ConnectionParts<S>, blocks: HeaderBlocks, end: End) {
    this.#connection = connection;
    this.#blocks = blocks;
    this.#end = end;
    this.#streams = parts.streams;
    this.#writer = parts.writer;
    this.#queue = parts.queue;
    this.#guard = parts.guard;
  }
  /** Bytes of a header block that has begun to come; 0: there is none. */
  get unfinished(): number {
    return this.#unfinished === undefined ? 0 : this.#unfinished.bytes + 1;
  }

  /** @throws ConnectionError for what ends the connection */
  frame(type: number, flags: number, id: number, data: Buffer, from: number, to: number): void {
    if (!this.#begun) {
      if (type !== FrameType.SETTINGS || (flags & Flag.ACK) !== 0)
        throw broken("the other end does not begin with SETTINGS");
      this.#begun = true;
    }
    if (this.#unfinished !== undefined && (type !== FrameType.CONTINUATION || id !== this.#unfinished.stream)) {
      throw broken("a header block that is not brought to its end");
    }
    switch (type) {
      case FrameType.DATA:
        this.#data(flags, id, data, from, to);
        return;
      case FrameType.HEADERS:
        this.#headers(flags, id, data, from, to);
        return;
      case FrameType.CONTINUATION:
        this.#continuation(flags, data, from, to);
        return;
      case FrameType.RST_STREAM:
        this.#reset(id, data, from, to);
        return;
      case FrameType.WINDOW_UPDATE:
        this.#windowUpdate(id, data, from, to);
        return;
      case FrameType.SETTINGS:
        this.#settings(flags, id, data, from, to);
        return;
      case FrameType.PING:
        this.#ping(flags, id, data, from, to);
        return;
      case FrameType.GOAWAY:
        this.#goaway(id, data, from, to);
        return;
      case FrameType.PUSH_PROMISE:
        throw broken("PUSH_PROMISE, which was turned off");
      case FrameType.PRIORITY:
        this.#priority(id, data, from, to);
        return;
      default:
        this.#idle(); // of an extension that we do not know
    }
  }
  #idle(): void {
    this.#guard.idle(this.#writer.waiting);
  }
  /**
   * The stream that a frame belongs to; undefined when that has ended.
   *
   * @param bytes of its body
   */
  #stream(id: number, bytes = 0): S | undefined {
    const stream = this.#streams.get(id);
    if (stream !== undefined) return stream;
    if (this.#connection.isIdle(id)) throw broken(`a frame of stream ${id}, which does not exist`);
    this.#guard.late(bytes, this.#writer.waiting);
    return undefined;
  }

  #data(flags: number, id: number, data: Buffer, from: number, to: number): void {
    const length = to - from;
    const stream = this.#stream(id, length);
    // Bytes are returned on arrival, so that the connection's window is never exhausted.
    this.#unacknowledged += length;
    if (this.#unacknowledged >= WINDOW / 2) {
      this.#writer.word(FrameType.WINDOW_UPDATE, 0, this.#unacknowledged);
      this.#unacknowledged = 0;
    }
    const [start, end] = (flags & Flag.PADDED) === 0 ? [from, to] : padded(data, from, to, 0);
    if (stream === undefined) {
      this.#connection.isOver(id);
      return;
    }
    if (!stream.begun || stream.ended) {
      if (stream.ended) this.#connection.failStream(stream, STREAM_CLOSED, "data behind the end");
      else this.#connection.failStream(stream, PROTOCOL_ERROR, "data in front of headers");
      return;
    }
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if (endStream) this.#guard.progress();
    else if (start < end) this.#guard.moved(end - start, this.#writer.waiting);
    else this.#idle();
    if (stream.window !== undefined) stream.window -= length;
    if (stream.window !== undefined && stream.window < 0) {
      this.#connection.failStream(stream, FLOW_CONTROL_ERROR, "more than the window of its stream");
      return;
    }
    stream.received += end - start;
    const wrong = wrongLength(stream, endStream);
    if (wrong !== undefined) {
      this.#connection.failStream(stream, PROTOCOL_ERROR, wrong);
      return;
    }
    if (endStream) this.#connection.finish(stream);
    if (start < end) {
      const piece = data.subarray(start, end);
      const kept = stream.receiver.copies !== true;
      const copied = kept && !endStream && this.#end.copies && piece.length * 2 < data.buffer.byteLength;
      this.handedOn ||= kept && !copied;
      stream.receiver.data(copied ? Buffer.from(piece) : piece);
    }
    if (endStream) {
      stream.receiver.end();
      this.#connection.released();
      return;
    }
    if (stream.window === undefined)
      this.#allow(stream, length, this.#end.window); // who receives it bounds what is kept
    else if (length > end - start) this.allow(stream, length - (end - start));
  }
  /** Grants the other end more bytes. A WINDOW_UPDATE is sent for each half window. */
  allow(stream: S, bytes: number): void {
    this.#allow(stream, bytes, HELD_WINDOW);
  }
  #allow(stream: S, bytes: number, window: number): void {
    stream.unacknowledged += bytes;
    if (stream.unacknowledged < window / 2 || this.#streams.get(stream.id) !== stream) return;
    this.#writer.word(FrameType.WINDOW_UPDATE, stream.id, stream.unacknowledged);
    if (stream.window !== undefined) stream.window += stream.unacknowledged;
    stream.unacknowledged = 0;
  }

  #headers(flags: number, id: number, data: Buffer, from: number, to: number): void {
    this.#blocks.begin(id); // an error ends the connection, whatever follows
    let [start, end] = [from, to];
    if ((flags & (Flag.PADDED | Flag.PRIORITY)) !== 0) {
      const priority = (flags & Flag.PRIORITY) === 0 ? 0 : 5;
      if ((flags & Flag.PADDED) !== 0) [start, end] = padded(data, from, to, priority);
      else if (to - from < priority) throw broken("HEADERS cut short", FRAME_SIZE_ERROR);
      if (priority > 0 && (data.readUInt32BE(start) & WINDOW_MAX) === id)
        throw broken("a stream that depends on itself");
      start += priority;
    }
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.END_HEADERS) !== 0) this.#blocks.block(id, endStream, data, start, end);
    else {
      const pieces = [Buffer.from(data.subarray(start, end))];
      this.#unfinished = { stream: id, endStream, pieces, count: 1, bytes: end - start };
    }
  }
  #continuation(flags: number, data: Buffer, from: number, to: number): void {
    const unfinished = this.#unfinished;
    if (unfinished === undefined) throw broken("CONTINUATION of nothing");
    unfinished.bytes += to - from;
    // A block beyond the limit is still read to its end, so that only its own stream fails, but not without a bound.
    if (++unfinished.count > CONTINUATIONS) throw broken("a header block without end", ENHANCE_YOUR_CALM);
    if (unfinished.bytes > this.#end.blockBytes) unfinished.pieces = undefined;
    unfinished.pieces?.push(Buffer.from(data.subarray(from, to)));
    if ((flags & Flag.END_HEADERS) === 0) return;
    this.#unfinished = undefined;
    const { stream, endStream, pieces } = unfinished;
    if (pieces === undefined) {
      this.#blocks.oversized(stream);
      return;
    }
    const block = Buffer.concat(pieces);
    this.#blocks.block(stream, endStream, block, 0, block.length);
  }

  #reset(id: number, data: Buffer, from: number, to: number): void {
    if (to - from !== 4) throw broken("RST_STREAM of a wrong length", FRAME_SIZE_ERROR);
    const stream = this.#stream(id);
    if (stream !== undefined) this.#connection.wasReset(stream, data.readUInt32BE(from));
  }
  #windowUpdate(id: number, data: Buffer, from: number, to: number): void {
    if (to - from !== 4) throw broken("WINDOW_UPDATE of a wrong length", FRAME_SIZE_ERROR);
    const bytes = data.readUInt32BE(from) & WINDOW_MAX;
    const stream = id === 0 ? undefined : this.#stream(id);
    const { sent } = this.#queue;
    if (id === 0) {
      if (bytes === 0) throw broken("a window that is made no wider");
      if (!this.#queue.widen(bytes)) throw broken("too wide a window", FLOW_CONTROL_ERROR);
    } else if (stream !== undefined) {
      if (bytes === 0) this.#connection.failStream(stream, PROTOCOL_ERROR, "a window that is made no wider");
      else if (!this.#queue.widenStream(stream, bytes)) {
        this.#connection.failStream(stream, FLOW_CONTROL_ERROR, "too wide a window");
      }
    }
    if (this.#queue.sent > sent) this.#guard.moved(this.#queue.sent - sent, this.#writer.waiting);
    else this.#idle();
  }
  #priority(id: number, data: Buffer, from: number, to: number): void {
    if (id === 0) throw broken("PRIORITY of no stream");
    this.#idle();
    const stream = this.#streams.get(id);
    if (to - from !== 5) {
      if (stream !== undefined) this.#connection.failStream(stream, FRAME_SIZE_ERROR, "PRIORITY of a wrong length");
      else if (!this.#connection.isIdle(id)) this.#writer.reset(id, FRAME_SIZE_ERROR);
    } else if ((data.readUInt32BE(from) & WINDOW_MAX) === id) throw broken("a stream that depends on itself");
  }

  #settings(flags: number, id: number, data: Buffer, from: number, to: number): void {
    if (id !== 0) throw broken("SETTINGS of a stream");
    if ((flags & Flag.ACK) !== 0 ? from !== to : (to - from) % 6 !== 0) {
      throw broken("SETTINGS of a wrong length", FRAME_SIZE_ERROR);
    }
    this.#guard.idle(this.#writer.waiting, SETTINGS_WEIGHT);
    if ((flags & Flag.ACK) !== 0) {
      this.#connection.acknowledged();
      return;
    }
    let maxStreams: number | undefined;
    let window: number | undefined;
    for (let at = from; at < to; at += 6) {
      const value = data.readUInt32BE(at + 2);
      switch (data.readUInt16BE(at)) {
        case Setting.MAX_CONCURRENT_STREAMS:
          maxStreams = value;
          break;
        case Setting.INITIAL_WINDOW_SIZE:
          if (value > WINDOW_MAX) throw broken("too wide a window", FLOW_CONTROL_ERROR);
          window = value; // of several the last one: each would be work for all streams
          break;
        case Setting.ENABLE_PUSH:
          if (value > (this.#end.role === "client" ? 0 : 1)) throw broken("ENABLE_PUSH, which it may not set");
          break;
        case Setting.MAX_FRAME_SIZE:
          if (value < FRAME_BYTES || value > FRAME_BYTES_MAX) throw broken(`frames of ${value} bytes`);
          break; // ours are never larger than the smallest that may be said here
      }
    }
    if (window !== undefined && window !== this.#queue.initialWindow)
      this.#guard.idle(this.#writer.waiting, Math.min(this.#streams.size, STREAMS_WEIGHT));
    // The acknowledgement precedes data that needs the new settings: until then the other end enforces the old ones.
    this.#writer.frame(FrameType.SETTINGS, Flag.ACK, 0, EMPTY);
    if (window !== undefined && !this.#queue.setInitialWindow(window, this.#streams.all()))
      throw broken("too wide a window", FLOW_CONTROL_ERROR);
    this.#connection.settled(maxStreams);
  }
  #ping(flags: number, id: number, data: Buffer, from: number, to: number): void {
    if (id !== 0) throw broken("PING of a stream");
    if (to - from !== 8) throw broken("PING of a wrong length", FRAME_SIZE_ERROR);
    this.#guard.idle(this.#writer.waiting, 1, TOO_MANY_PINGS);
    if ((flags & Flag.ACK) !== 0) this.#connection.answered(data.readUIntBE(from + 2, 6));
    else this.#writer.frame(FrameType.PING, Flag.ACK, 0, data.subarray(from, to));
  }
  #goaway(id: number, data: Buffer, from: number, to: number): void {
    if (id !== 0) throw broken("GOAWAY of a stream");
    if (to - from < 8) throw broken("GOAWAY of a wrong length", FRAME_SIZE_ERROR);
    this.#idle();
    const text = data.toString("utf8", from + 8, Math.min(to, from + 8 + TEXT_BYTES));
    this.#connection.goaway(data.readUInt32BE(from) & WINDOW_MAX, data.readUInt32BE(from + 4), text);
  }
}

const EMPTY = new Uint8Array();

/** Returns the range without the padding, which must hold at least `more` bytes. */
function padded(data: Buffer, from: number, to: number, more: number): [number, number] {
  if (to - from < 1) throw broken("a padded frame without a length", FRAME_SIZE_ERROR);
  const end = to - (data[from] as number);
  if (end < from + 1 + more) throw broken("more padding than there is frame");
  return [from + 1, end];
}
