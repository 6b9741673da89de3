import type { FrameWriter } from "./frame-writer.ts";
import { Flag, FRAME_BYTES, FRAME_HEAD_BYTES, FrameType, WINDOW_BYTES, WINDOW_MAX, writeFrameHead } from "./frames.ts";

/** Maximum number of bytes that wait in the socket before it has taken something. */
const WAITING_BYTES = 1 << 18;

/** Counted bytes of a body's last frame, even a short one: its length does not depend on the other end's window. */
const ENDED_BYTES = FRAME_BYTES;

/** A stream with a body to send. */
export interface Sending {
  readonly id: number;
  /** Bytes that may still be sent; below zero after the other end has reduced its initial window. */
  sendWindow: number;
  /** The unsent body, from `sent`. */
  body: Uint8Array | undefined;
  sent: number;
  /** True if the end of the body is the end of the stream. */
  readonly ends: boolean;
  /** The whole body has been handed to the connection. */
  bodySent(): void;
}

/** Sends bodies as far as the windows of the other end allow, in turns where there are several. */
export class SendQueue<S extends Sending> {
  readonly #writer: FrameWriter;
  /** Window of the connection, in bytes. */
  #window = WINDOW_BYTES;
  /** Window of a new stream, in bytes. */
  #initialWindow = WINDOW_BYTES;
  /** Streams with data to send, except those whose own window was exhausted. */
  readonly #queue = new Set<S>();

  /** Bytes of bodies, and the frames that ended one. */
  sent = 0;

  readonly #mostRefused: number;

  /**
   * @param mostRefused bytes in the socket at which it receives no more, at least the amount after which it emits
   * `drain`
   */
  constructor(writer: FrameWriter, mostRefused = WAITING_BYTES) {
    this.#writer = writer;
    this.#mostRefused = mostRefused;
  }
  get initialWindow(): number {
    return this.#initialWindow;
  }
  /** Sends a body, which is all present data of this stream. */
  send(stream: S, body: Uint8Array): void {
    stream.body = body;
    stream.sent = 0;
    if (this.#queue.size > 0) this.#queue.add(stream);
    else this.#part(stream); // mostly that is all
    if (this.#queue.size > 0) this.pump();
  }
  drop(stream: S): void {
    stream.body = undefined;
    this.#queue.delete(stream);
  }
  /** @returns false when the window becomes larger than any may be */
  widen(bytes: number): boolean {
    this.#window += bytes;
    if (this.#window > WINDOW_MAX) return false;
    this.pump();
    return true;
  }
  /** @returns false when the window becomes larger than any may be */
  widenStream(stream: S, bytes: number): boolean {
    stream.sendWindow += bytes;
    if (stream.sendWindow > WINDOW_MAX) return false;
    if (stream.body !== undefined) {
      this.#queue.add(stream);
      this.pump();
    }
    return true;
  }
  /** @returns false when a window becomes larger than any may be */
  setInitialWindow(bytes: number, streams: Iterable<S>): boolean {
    const change = bytes - this.#initialWindow;
    this.#initialWindow = bytes;
    if (change !== 0) for (const stream of streams) if (!this.widenStream(stream, change)) return false;
    return true;
  }
  get #isFull(): boolean {
    return this.#writer.waiting > WAITING_BYTES || this.#writer.refused >= this.#mostRefused;
  }
  /** Sends what is allowed. */
  pump(): void {
    for (const stream of this.#queue) {
      this.#queue.delete(stream);
      if (!this.#part(stream)) return;
    }
  }
  /** Sends the next frame of a stream, and queues it for the rest. False: there is nothing more for anybody. */
  #part(stream: S): boolean {
    const { body, sendWindow } = stream;
    if (body === undefined) return true;
    const left = body.length - stream.sent;
    if (sendWindow <= 0 && left > 0) return true; // until its own window is wider
    // An end without bytes needs no window: it is sent even if a window is below zero.
    const length = left === 0 ? 0 : Math.min(left, FRAME_BYTES, this.#window, sendWindow);
    if ((length === 0 && left > 0) || this.#isFull) {
      this.#queue.add(stream);
      return false;
    }
    this.#data(stream, body, length);
    if (length < left) this.#queue.add(stream);
    else {
      stream.body = undefined;
      stream.bodySent();
    }
    return true;
  }
  #data(stream: S, body: Uint8Array, length: number): void {
    const { sent } = stream;
    const at = this.#writer.reserve(FRAME_HEAD_BYTES + length);
    const { buffer } = this.#writer; // which may be another one now
    const last = sent + length === body.length;
    const start = writeFrameHead(
      buffer,
      at,
      length,
      FrameType.DATA,
      last && stream.ends ? Flag.END_STREAM : 0,
      stream.id,
    );
    buffer.set(sent === 0 && last ? body : body.subarray(sent, sent + length), start);
    this.#writer.commit(start + length);
    stream.sent += length;
    stream.sendWindow -= length;
    this.#window -= length;
    this.sent += last ? ENDED_BYTES : length;
  }
}
