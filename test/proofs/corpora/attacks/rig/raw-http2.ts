// HTTP/2 written by hand: what no client that keeps the rules would send.
import { once } from "node:events";
import * as net from "node:net";
import { setTimeout as pause } from "node:timers/promises";

export const Frame = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const Flag = { ack: 1, endStream: 1, endHeaders: 4, padded: 8 } as const;
export const Setting = { headerTableSize: 1, maxConcurrentStreams: 3, initialWindowSize: 4 } as const;

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const INITIAL_WINDOW = 65_535;
const MAX_FRAME = 16_384;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, 9);
  return bytes;
}
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const entries = pairs.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id & 255]), uint32(value)]));
  return frame(Frame.settings, 0, 0, Buffer.concat(entries));
}
export const reset = (stream: number, code = 8): Buffer => frame(Frame.reset, 0, stream, uint32(code));

// ---- HPACK (RFC 7541), without Huffman ----

function integer(first: number, bits: number, value: number): Buffer {
  const full = (1 << bits) - 1;
  if (value < full) return Buffer.from([first | value]);
  const bytes = [first | full];
  let rest = value - full;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}
export const INDEXING = 0x40;
/** @param how 0: without indexing; `INDEXING`: it becomes entry 62 of the dynamic table */
export function literal(name: string, value: string, how = 0): Buffer {
  const text = (of: string) => Buffer.concat([integer(0, 7, of.length), Buffer.from(of, "latin1")]);
  return Buffer.concat([Buffer.from([how]), text(name), text(value)]);
}
export const indexed = (index: number): Buffer => integer(0x80, 7, index);
/** The youngest entry of the dynamic table. */
export const YOUNGEST = 62;

export const FAST = "/atk.v1.AtkService/Fast";
export function requestHeaders(path = FAST, type = "application/json", method = "POST"): Buffer {
  const pairs = { ":method": method, ":scheme": "http", ":path": path, ":authority": "a", "content-type": type };
  return Buffer.concat(Object.entries(pairs).map(([name, value]) => literal(name, value)));
}
/** HEADERS, and as many CONTINUATIONs as the block needs. */
export function headers(stream: number, block: Buffer, endStream = false): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < block.length; at += MAX_FRAME) {
    const last = at + MAX_FRAME >= block.length ? Flag.endHeaders : 0;
    const [type, flags] = at === 0 ? [Frame.headers, endStream ? Flag.endStream : 0] : [Frame.continuation, 0];
    frames.push(frame(type, flags | last, stream, block.subarray(at, at + MAX_FRAME)));
  }
  return Buffer.concat(frames);
}
export const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
/** Returns the ids of `count` streams of a client, from number `from` on. */
export const streamIds = (count: number, from = 0): number[] => numbers(count).map((i) => (from + i) * 2 + 1);

// ---- connections ----

/** A connection that is written to by hand, and reads what windows there are. */
export class RawConnection {
  readonly socket: net.Socket;
  /** Number of received frames, by type. */
  readonly frames = new Map<number, number>();
  /** Bytes that may be sent on the whole connection. */
  credit = INITIAL_WINDOW;
  /** The error code of GOAWAY, if one came. */
  goaway: number | undefined;
  readonly #credits = new Map<number, number>();
  #initial = INITIAL_WINDOW;
  #unread: Buffer = Buffer.alloc(0);

  protected constructor(port: number) {
    this.socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("error", () => {});
  }
  /**
   * Opens a connection.
   *
   * @throws when the connection is refused
   */
  static async open(port: number): Promise<RawConnection> {
    const connection = new RawConnection(port);
    await once(connection.socket, "connect");
    return connection;
  }
  /** Opens a connection with preface, these settings, and (by default) the acknowledgement of the server's. */
  static async http2(
    port: number,
    pairs: readonly (readonly [number, number])[] = [],
    { acknowledges = true } = {},
  ): Promise<RawConnection> {
    const connection = await RawConnection.open(port);
    connection.socket.on("data", (chunk: Buffer) => connection.#read(chunk));
    const ack = acknowledges ? [frame(Frame.settings, Flag.ack, 0)] : [];
    connection.socket.write(Buffer.concat([PREFACE, settings(...pairs), ...ack]));
    return connection;
  }

  get closed(): boolean {
    return this.socket.destroyed || this.socket.readableEnded;
  }
  /** Waits until the bytes have left; false when the connection is closed, or does not take them for 5 s. */
  async send(...parts: readonly Buffer[]): Promise<boolean> {
    if (this.closed) return false;
    if (!this.socket.write(Buffer.concat(parts))) {
      const drained = Promise.withResolvers<boolean>();
      const yes = () => drained.resolve(true);
      const no = () => drained.resolve(false);
      const timer = setTimeout(no, 5000);
      this.socket.once("drain", yes).once("close", no);
      const sent = await drained.promise;
      clearTimeout(timer);
      this.socket.off("drain", yes).off("close", no);
      if (!sent) return false;
    }
    return !this.closed;
  }
  /** Returns the number of bytes that may be sent on this stream. */
  creditOf(stream: number): number {
    return Math.min(this.credit, this.#credits.get(stream) ?? this.#initial);
  }
  /** Sends DATA frames of one stream, with `payload` bytes in all, which the windows must allow. */
  async sendData(stream: number, payload: number, frames: Buffer): Promise<boolean> {
    this.credit -= payload;
    this.#credits.set(stream, (this.#credits.get(stream) ?? this.#initial) - payload);
    return this.send(frames);
  }
  /** Waits until the other side ends it; false when that takes longer. */
  async ends(timeoutMs: number): Promise<boolean> {
    for (const deadline = performance.now() + timeoutMs; !this.closed && performance.now() < deadline; )
      await pause(20);
    return this.closed;
  }
  destroy(): void {
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    for (;;) {
      if (this.#unread.length < 9) return;
      const end = 9 + this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < end) return;
      const [type, stream] = [this.#unread[3] ?? 0, this.#unread.readUInt32BE(5)];
      this.#frame(type, this.#unread[4] ?? 0, stream, this.#unread.subarray(9, end));
      this.#unread = this.#unread.subarray(end);
    }
  }
  #frame(type: number, flags: number, stream: number, payload: Buffer): void {
    this.frames.set(type, (this.frames.get(type) ?? 0) + 1);
    if (type === Frame.goaway) this.goaway = payload.readUInt32BE(4);
    if (type === Frame.windowUpdate) {
      const more = payload.readUInt32BE(0);
      if (stream === 0) this.credit += more;
      else this.#credits.set(stream, (this.#credits.get(stream) ?? this.#initial) + more);
    }
    if (type !== Frame.settings || (flags & Flag.ack) !== 0) return;
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) === Setting.initialWindowSize) this.#initial = payload.readUInt32BE(at + 2);
    }
  }
}

/**
 * Runs `atOnce` actions at once, again and again, until the time is over; returns their number. An action that throws
 * (a connection refused) counts, too.
 */
export async function waves(
  ms: number,
  atOnce: number,
  wave: (number: number, until: number) => Promise<void>,
): Promise<number> {
  const until = performance.now() + ms;
  let count = 0;
  const repeat = async () => {
    while (performance.now() < until) await wave(count++, until).catch(() => pause(10));
  };
  await Promise.all(numbers(atOnce).map(repeat));
  return count;
}
