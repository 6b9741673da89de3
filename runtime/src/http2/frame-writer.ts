import type { Socket } from "node:net";
import { FRAME_HEAD_BYTES, FrameType, writeFrameHead, writeUint32 } from "./frames.ts";

const SLAB_BYTES = 1 << 16;
/** Maximum number of unused slabs that are kept for the next turn's writers. */
const SPARE = 16;
/** Unused slabs. Idle connections have no buffer: one slab is usually enough for all connections. */
const spare: Buffer[] = [];
const NO_SLAB = Buffer.alloc(0);

/** Gathers the frames of one turn of the event loop, which leave in one write. */
export class FrameWriter {
  readonly #socket: Socket;
  readonly #onFlushed: () => void;
  /** Buffer for frames, between `reserve` and `commit`. */
  buffer: Buffer = NO_SLAB;
  #at = 0;
  #from = 0; // what is before has been given to the socket
  #handed = 0;
  #scheduled = false;
  /** TLS keeps written data until it is encrypted, so it receives a copy. */
  readonly #copies: boolean;
  /** Frames that wait for `release`; undefined: frames are not held. */
  #held: Buffer[] | undefined;
  #heldBytes = 0;

  /** @param onFlushed called at the end of a turn that wrote something */
  constructor(socket: Socket, onFlushed: () => void) {
    this.#socket = socket;
    this.#onFlushed = onFlushed;
    this.#copies = "encrypted" in socket;
  }
  /** Bytes that the kernel has not taken yet. */
  get waiting(): number {
    return this.#socket.writableLength + this.#heldBytes + this.#at - this.#from;
  }
  /** Those of them that it would not take. */
  get refused(): number {
    return this.#socket.writableLength;
  }
  /** Bytes that the socket has been given, ever. */
  get handed(): number {
    return this.#handed;
  }
  /** Bytes that have been written, ever. */
  get position(): number {
    return this.#handed + this.#at - this.#from;
  }
  /** Returns the offset in `buffer` of `bytes` contiguous free bytes. */
  reserve(bytes: number): number {
    if (this.#at + bytes > this.buffer.length) {
      this.#write();
      this.#leave();
      this.buffer =
        (bytes > SLAB_BYTES ? undefined : spare.pop()) ?? Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
    }
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(flush, this);
    }
    return this.#at;
  }
  /** Adds the bytes in `buffer` before `end` to the turn. */
  commit(end: number): void {
    this.#at = end;
  }
  /** A frame of four bytes. */
  word(type: number, stream: number, value: number): void {
    const at = this.reserve(FRAME_HEAD_BYTES + 4);
    this.commit(writeUint32(this.buffer, writeFrameHead(this.buffer, at, 4, type, 0, stream), value));
  }
  frame(type: number, flags: number, stream: number, payload: Uint8Array): void {
    const at = this.reserve(FRAME_HEAD_BYTES + payload.length);
    const start = writeFrameHead(this.buffer, at, payload.length, type, flags, stream);
    this.buffer.set(payload, start);
    this.commit(start + payload.length);
  }
  /** @param why for the other end's logs, in ASCII */
  goaway(lastStream: number, code: number, why = ""): void {
    const length = 8 + why.length;
    const at = this.reserve(FRAME_HEAD_BYTES + length);
    const from = writeFrameHead(this.buffer, at, length, FrameType.GOAWAY, 0, 0);
    const end = writeUint32(this.buffer, writeUint32(this.buffer, from, lastStream), code);
    this.commit(end + this.buffer.write(why, end, "latin1"));
  }
  reset(stream: number, code: number): void {
    this.word(FrameType.RST_STREAM, stream, code);
  }
  flush(): void {
    this.#write();
    this.#leave();
  }
  /**
   * Holds all frames that are written from now on. (A corked socket would also keep earlier data that it has not passed
   * on yet, as under TLS.)
   */
  hold(): void {
    this.flush();
    this.#held ??= [];
  }
  release(): void {
    this.flush();
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heldBytes = 0;
    if (held.length > 0 && !this.#socket.destroyed) this.#socket.write(Buffer.concat(held));
  }
  endTurn(): void {
    this.#scheduled = false;
    this.flush();
    this.#onFlushed();
  }
  #write(): void {
    if (this.#at > this.#from && !this.#socket.destroyed) {
      const written = this.buffer.subarray(this.#from, this.#at);
      this.#handed += written.length;
      if (this.#held === undefined) this.#socket.write(this.#copies ? Buffer.from(written) : written);
      else {
        this.#held.push(Buffer.from(written));
        this.#heldBytes += written.length;
      }
    }
    this.#from = this.#at;
  }
  /** The socket has done with the buffer when nothing waits in it any more; else it is the socket's. */
  #leave(): void {
    const done = this.#copies || this.#socket.writableLength === 0;
    if (done && this.buffer.length === SLAB_BYTES && spare.length < SPARE) spare.push(this.buffer);
    this.buffer = NO_SLAB;
    this.#at = 0;
    this.#from = 0;
  }
}

const flush = (writer: FrameWriter): void => writer.endTurn();
