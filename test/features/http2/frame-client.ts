// One connection that sends given frames, records the received ones, and checks them against the frames that a server
// may send.
import * as net from "node:net";
import { decodeHeaderBlock } from "../../../runtime/src/http2/hpack-decoder.ts";
import { drained } from "../../../runtime/src/testing/drained.ts";
import { pick, type Random } from "../../bffs/second/random-message.ts";
import { Flag, Frame, frame, PREFACE } from "../../proofs/corpora/attacks/rig/raw-http2.ts";

const MAX_FRAME = 16_384;
const PROBE = Buffer.from("in sync?");

/** Frames received on one stream. */
export interface StreamAnswer {
  status: string | undefined;
  trailers: Readonly<Record<string, string>>;
  bytes: number;
  ended: boolean;
  /** Codes of RST_STREAM, in their order. */
  resets: number[];
  /** The answer had ended before the first of them. */
  answeredFirst: boolean;
}

export class FrameClient {
  readonly socket: net.Socket;
  readonly answers = new Map<number, StreamAnswer>();
  /** Frames that have come. */
  count = 0;
  /** The error code of the last GOAWAY. */
  goaway: number | undefined;
  /** Frames that no server may send. */
  readonly wrong: string[] = [];
  /** The answer to the probe has come. */
  inSync = false;
  settled = false;
  /** Error of the system in place of an end. */
  error: string | undefined;
  closed = false;
  /** True if this end closed the connection, because it took too long. */
  gaveUp = false;
  #unread: Buffer = Buffer.alloc(0);
  #wake = (): void => {};

  readonly #decodes: boolean;

  /** @param decodes whether headers can be read, because the server must use no table for them */
  constructor(port: number, decodes: boolean) {
    this.#decodes = decodes;
    this.socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("error", (error) => {
      this.error = "code" in error ? String(error.code) : error.message;
    });
    this.socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
    this.socket.on("data", (chunk: Buffer) => {
      this.#read(chunk);
      this.#wake();
    });
  }
  giveUp(): void {
    this.gaveUp = true;
    this.socket.destroy();
  }
  get over(): boolean {
    return this.closed || this.socket.destroyed;
  }
  /**
   * Waits until the condition holds, or the connection is over, or `timeoutMs` has passed; returns whether it holds.
   */
  async until(holds: () => boolean, timeoutMs: number): Promise<boolean> {
    const timer = setTimeout(() => this.#wake(), timeoutMs);
    const deadline = performance.now() + timeoutMs;
    while (!holds() && !this.over && performance.now() < deadline) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    clearTimeout(timer);
    return holds();
  }
  /** In portions of random sizes, some of them a turn apart. */
  async write(random: Random, frames: readonly Buffer[], preface = false): Promise<void> {
    const bytes = Buffer.concat(preface ? [PREFACE, ...frames] : frames);
    const most = pick(random, [bytes.length, bytes.length, 4_000, 200]);
    const portion = Math.max(1, most, Math.ceil(bytes.length / 100));
    for (let at = 0; at < bytes.length && !this.over; at += portion) {
      const room = this.socket.write(bytes.subarray(at, at + portion));
      if (!room) await drained(this.socket);
      else if (portion < bytes.length) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  /** The frame that `probe` sends. */
  readonly probed = frame(Frame.ping, 0, 0, PROBE);
  probe(): void {
    if (!this.over) this.socket.write(this.probed);
  }

  #read(chunk: Buffer): void {
    const data = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    let at = 0;
    while (data.length - at >= 9) {
      const length = data.readUIntBE(at, 3);
      if (length > MAX_FRAME) {
        this.wrong.push(`a frame of ${length} bytes`);
        this.socket.destroy();
        return;
      }
      if (data.length - at < 9 + length) break;
      const payload = data.subarray(at + 9, at + 9 + length);
      this.#frame(data[at + 3] ?? 0, data[at + 4] ?? 0, data.readUInt32BE(at + 5), payload);
      at += 9 + length;
    }
    this.#unread = data.subarray(at);
  }
  #frame(type: number, flags: number, stream: number, payload: Buffer): void {
    this.count++;
    switch (type) {
      case Frame.settings:
        if ((flags & Flag.ack) === 0) this.settled = true;
        break;
      case Frame.ping:
        if ((flags & Flag.ack) !== 0 && payload.equals(PROBE)) this.inSync = true;
        break;
      case Frame.goaway:
        this.goaway = payload.readUInt32BE(4);
        break;
      case Frame.reset:
        this.#reset(this.#of(stream), payload.readUInt32BE(0));
        break;
      case Frame.headers:
      case Frame.data:
        this.#answer(type, flags, stream, payload);
        break;
      case Frame.windowUpdate:
        if (payload.readUInt32BE(0) === 0) this.wrong.push("a window that is made no wider");
        break;
      case Frame.continuation:
        this.wrong.push("CONTINUATION of short headers");
        break;
    }
  }
  #reset(answer: StreamAnswer, code: number): void {
    if (answer.resets.length === 0) answer.answeredFirst = answer.ended;
    answer.resets.push(code);
  }
  #of(stream: number): StreamAnswer {
    let answer = this.answers.get(stream);
    if (answer === undefined) {
      answer = { status: undefined, trailers: {}, bytes: 0, ended: false, resets: [], answeredFirst: false };
      this.answers.set(stream, answer);
    }
    return answer;
  }
  #answer(type: number, flags: number, stream: number, payload: Buffer): void {
    const answer = this.#of(stream);
    if (answer.ended || answer.resets.length > 0) this.wrong.push(`a frame of stream ${stream} behind its end`);
    if (type === Frame.data) {
      if (answer.status === undefined) this.wrong.push(`DATA of stream ${stream} in front of headers`);
      answer.bytes += payload.length;
    } else this.#headers(answer, stream, payload);
    if ((flags & Flag.endStream) !== 0) answer.ended = true;
  }
  #headers(answer: StreamAnswer, stream: number, payload: Buffer): void {
    if (!this.#decodes) {
      answer.status ??= "unread";
      return;
    }
    const fields: Record<string, string> = {};
    try {
      decodeHeaderBlock(payload, 0, payload.length, (name, value) => {
        fields[name] = value;
        return true;
      });
    } catch (error) {
      this.wrong.push(`headers of stream ${stream}: ${error instanceof Error ? error.message : error}`);
    }
    const status = fields[":status"];
    if (answer.status === undefined || answer.status.startsWith("1")) {
      answer.status = status;
      if (status === undefined) this.wrong.push(`headers of stream ${stream} without a status`);
      // An answer with headers alone carries the fields of its trailers.
      answer.trailers = fields;
    } else answer.trailers = fields;
  }
}
