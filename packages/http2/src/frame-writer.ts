import type { Socket } from "node:net";
import { FRAME_HEAD_BYTES, FrameType, writeFrameHead, writeUint32 } from "./frames.ts";

const SLAB_BYTES = 1 << 16;
/** So many slabs that nobody writes to are kept for the next turn's writers. */
const SPARE = 16;
/** Connections that say nothing have no buffer: mostly one is enough for all. */
const spare: Buffer[] = [];
const NO_SLAB = Buffer.alloc(0);

/** Gathers the frames of one turn of the event loop, which leave in one write. */
export class FrameWriter {
  readonly #socket: Socket;
  readonly #onFlushed: () => void;
  /** Where frames are written to, between `reserve` and `commit`. */
  buffer: Buffer = NO_SLAB;
  #at = 0;
  #from = 0; // what is before has been given to the socket
  #handed = 0;
  #scheduled = false;
  /** What is written stays with TLS until it has been encrypted: it is given a copy. */
  readonly #copies: boolean;
  /** What waits for `release`; undefined: nothing has to. */
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
  /** Gives where in `buffer` there is room for so many bytes, at once. */
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
  /** What has been written in `buffer` up to here belongs to the turn. */
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
  /** What is written from now on stays here. (A corked socket would keep what it was given before and has not passed on yet, too, as under TLS.) */
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
