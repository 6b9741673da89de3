import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { FrameReader } from "../http2/frame-reader.ts";
import { Flag, FRAME_HEAD_BYTES, FrameType, writeFrameHead } from "../http2/frames.ts";

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

const MAGIC = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** One connection of a FrameUpstream. */
export class FramePeer {
  readonly socket: Socket;
  /** All frames that have arrived. */
  readonly frames: Frame[] = [];
  readonly closed: Promise<unknown>;
  #came = (): void => {};
  #read = 0;

  /** @param onFrame called with each frame */
  constructor(socket: Socket, onFrame: (peer: FramePeer, frame: Frame) => void) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.on("close", resolve));
    let magic = MAGIC.length;
    const reader = new FrameReader((type, flags, stream, data, from, to) => {
      const frame = { type, flags, stream, payload: Buffer.from(data.subarray(from, to)) };
      this.frames.push(frame);
      onFrame(this, frame);
      this.#came();
    });
    socket.on("error", () => {});
    socket.on("close", () => this.#came());
    socket.on("data", (chunk) => {
      const skipped = Math.min(magic, chunk.length);
      magic -= skipped;
      reader.read(chunk.subarray(skipped));
    });
  }
  /** Resolves with the next frame of a type, or an earlier one that has not been taken. */
  async next(type: number): Promise<Frame> {
    for (;;) {
      while (this.#read < this.frames.length) {
        const frame = this.frames[this.#read++] as Frame;
        if (frame.type === type) return frame;
      }
      if (this.socket.destroyed) throw new Error(`closed before a frame of type ${type}`);
      await new Promise<void>((resolve) => {
        this.#came = resolve;
      });
    }
  }
  send(...frames: readonly Uint8Array[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames));
  }
}

/** A server of frames, which sends only what a test makes it send. */
export class FrameUpstream {
  readonly #server: Server;
  readonly peers: FramePeer[] = [];
  #came = (): void => {};
  #taken = 0;

  /**
   * @param onFrame handler of each frame
   * @param greeting first bytes of each connection; default: empty SETTINGS, and the acknowledgement of ours
   */
  constructor(
    onFrame: (peer: FramePeer, frame: Frame) => void = () => {},
    greeting: Uint8Array = Buffer.concat([frameOf(FrameType.SETTINGS, 0, 0), SETTINGS_ACK]),
  ) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      const peer = new FramePeer(socket, onFrame);
      this.peers.push(peer);
      if (greeting.length > 0) peer.send(greeting);
      this.#came();
    });
  }
  async start(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  /** Resolves with the next connection. */
  async next(): Promise<FramePeer> {
    while (this.#taken >= this.peers.length) {
      await new Promise<void>((resolve) => {
        this.#came = resolve;
      });
    }
    return this.peers[this.#taken++] as FramePeer;
  }
  async stop(): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

export function frameOf(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + payload.length);
  frame.set(payload, writeFrameHead(frame, 0, payload.length, type, flags, stream));
  return frame;
}
export function settingsOf(...settings: readonly (readonly [setting: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(settings.length * 6);
  settings.forEach(([setting, value], i) => {
    payload.writeUInt16BE(setting, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  });
  return frameOf(FrameType.SETTINGS, 0, 0, payload);
}
export function wordOf(type: number, stream: number, value: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return frameOf(type, 0, stream, payload);
}
/** Encodes literals without Huffman; a text may have at most 126 characters. */
export function blockOf(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value, "latin1")]);
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}
export const SETTINGS_ACK = frameOf(FrameType.SETTINGS, Flag.ACK, 0);
export const GRPC_HEADERS = blockOf([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
export const OK_TRAILERS = blockOf([["grpc-status", "0"]]);
/** A whole answer with this message, framed. */
export function answerOf(stream: number, framed: Uint8Array): Buffer {
  return Buffer.concat([
    frameOf(FrameType.HEADERS, Flag.END_HEADERS, stream, GRPC_HEADERS),
    frameOf(FrameType.DATA, 0, stream, framed),
    frameOf(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, stream, OK_TRAILERS),
  ]);
}
