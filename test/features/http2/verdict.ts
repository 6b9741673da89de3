// Applies RFC 9113 to the bytes of a client after its preface, if the RFC leaves a server no choice. A separate
// implementation, which shares nothing with the runtime's.
import { Flag, Frame } from "../../proofs/corpora/attacks/rig/raw-http2.ts";
import { FRAME_BYTES, NUMBER_MAX, type Read, reads } from "./reads.ts";
import type { StreamChecker } from "./stream-verdict.ts";

/** Error codes of the RFC, 7. */
const [PROTOCOL, FLOW_CONTROL, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE, COMPRESSION, CALM] = [1, 3, 4, 5, 6, 9, 11];
const PUSH_PROMISE = 5;
const PRIORITY = 32;
const FRAME_BYTES_MAX = 2 ** 24 - 1;

export interface Verdict {
  /** The codes of the first frame that has to end the connection, one of which it ends with; none: nothing has to. */
  readonly must: readonly number[];
  /**
   * Codes with which it may have ended before: the contents of header blocks and the widths of windows are not checked
   * here.
   */
  readonly may: readonly number[];
  /** The client has sent GOAWAY before that: a server may then close at any time. */
  readonly goodbye: boolean;
  /** For people. */
  readonly why: string;
}

/** @param streams receives each frame that leaves the connection unchanged */
export function verdictOf(bytes: Buffer, streams: StreamChecker): Verdict {
  const checker = new FrameChecker(streams);
  let number = 0;
  for (const read of reads(bytes)) {
    const { type, flags, stream, length } = read;
    const why = `frame ${number++} (type ${type}, flags ${flags}, stream ${stream}, ${length} bytes)`;
    const must = length > FRAME_BYTES ? [FRAME_SIZE] : checker.frame(read);
    if (must.length > 0) {
      streams.last(read, why);
      return checker.verdict(must, why);
    }
    streams.taken(read, why);
  }
  return checker.verdict([], "");
}

class FrameChecker {
  readonly #may = new Set<number>([SETTINGS_TIMEOUT]);
  #goodbye = false;
  #begun = false;
  /** The stream whose header block continues. */
  #block: number | undefined;
  #highest = 0;
  /** Bytes that the client allows on the connection; answers have used part of it. */
  #window = 65_535;
  readonly #streams: StreamChecker;

  constructor(streams: StreamChecker) {
    this.#streams = streams;
  }
  verdict(must: readonly number[], why: string): Verdict {
    return { must, may: [...this.#may], goodbye: this.#goodbye, why };
  }
  /** @returns every code that fits: which rule is looked at first is the server's affair */
  frame(read: Read): number[] {
    const { type, flags, stream } = read;
    const codes = this.#ofItself(read);
    if (!this.#begun && (type !== Frame.settings || (flags & Flag.ack) !== 0)) codes.push(PROTOCOL);
    this.#begun = true;
    const continues = type === Frame.continuation;
    if (continues !== (this.#block !== undefined) || (continues && stream !== this.#block)) codes.push(PROTOCOL);
    if (codes.length === 0) this.#taken(read);
    else if ((type === Frame.headers || type === Frame.data) && !this.#streams.isOpen(stream))
      codes.push(STREAM_CLOSED);
    return codes;
  }
  #ofItself(read: Read): number[] {
    const { type, stream } = read;
    switch (type) {
      case Frame.data:
        return [...this.#ofNone(stream), ...this.#ofIdle(stream), ...padding(read, 0)];
      case Frame.headers:
        return [...this.#ofNone(stream), ...(stream % 2 === 0 ? [PROTOCOL] : []), ...this.#priority(read)];
      case Frame.priority:
        return this.#ofNone(stream);
      case Frame.reset:
        return [...this.#ofNone(stream), ...length(read, 4), ...this.#ofIdle(stream)];
      case Frame.settings:
        return settings(read);
      case PUSH_PROMISE:
        return [PROTOCOL];
      case Frame.ping:
        return [...ofSome(stream), ...length(read, 8)];
      case Frame.goaway:
        return [...ofSome(stream), ...(read.payload.length < 8 ? [FRAME_SIZE] : [])];
      case Frame.windowUpdate:
        return [...length(read, 4), ...this.#ofIdle(stream), ...(stream === 0 && isZero(read) ? [PROTOCOL] : [])];
      default:
        return [];
    }
  }
  #ofNone = (stream: number): number[] => (stream === 0 ? [PROTOCOL] : []);
  #ofIdle = (stream: number): number[] =>
    stream > this.#highest || (stream !== 0 && stream % 2 === 0) ? [PROTOCOL] : [];
  #priority(read: Read): number[] {
    return padding(read, (read.flags & PRIORITY) === 0 ? 0 : 5);
  }

  /** Applies a valid frame, and checks it for errors of its content. */
  #taken({ type, flags, stream, payload }: Read): void {
    switch (type) {
      case Frame.headers:
        if (stream <= this.#highest && !this.#streams.isOpen(stream)) this.#mayBe(STREAM_CLOSED, PROTOCOL);
        this.#highest = Math.max(this.#highest, stream);
        if ((flags & PRIORITY) !== 0)
          this.#dependsOn(payload.readUInt32BE((flags & Flag.padded) === 0 ? 0 : 1), stream);
        this.#blockGoesOn(flags, stream);
        break;
      case Frame.continuation:
        this.#blockGoesOn(flags, stream);
        break;
      case Frame.data:
        if (!this.#streams.isOpen(stream)) this.#mayBe(STREAM_CLOSED, PROTOCOL); // it may be over, or never have begun
        break;
      case Frame.priority:
        if (payload.length === 5) this.#dependsOn(payload.readUInt32BE(0), stream);
        break;
      case Frame.windowUpdate:
        if (stream === 0) this.#window += payload.readUInt32BE(0) & NUMBER_MAX;
        if (this.#window > NUMBER_MAX) this.#mayBe(FLOW_CONTROL);
        break;
      case Frame.settings:
        // The new size may overflow a stream whose window the client has extended before.
        if (initialWindow(payload) + this.#streams.mostAllowed > NUMBER_MAX) this.#mayBe(FLOW_CONTROL);
        break;
      case Frame.goaway:
        this.#goodbye = true;
        break;
    }
  }
  /** On itself: an error of RFC 7540. */
  #dependsOn(on: number, stream: number): void {
    if ((on & NUMBER_MAX) === stream) this.#mayBe(PROTOCOL);
  }
  #blockGoesOn(flags: number, stream: number): void {
    this.#mayBe(COMPRESSION, CALM);
    this.#block = (flags & Flag.endHeaders) === 0 ? stream : undefined;
  }
  #mayBe(...codes: readonly number[]): void {
    for (const code of codes) this.#may.add(code);
  }
}

const ofSome = (stream: number): number[] => (stream !== 0 ? [PROTOCOL] : []);
const length = ({ payload }: Read, expected: number): number[] => (payload.length !== expected ? [FRAME_SIZE] : []);
const isZero = ({ payload }: Read): boolean => payload.length === 4 && (payload.readUInt32BE(0) & NUMBER_MAX) === 0;

/** @param more bytes that there are in front of what is padded */
function padding({ flags, payload }: Read, more: number): number[] {
  if ((flags & Flag.padded) === 0) return payload.length < more ? [FRAME_SIZE] : [];
  if (payload.length < 1 + more) return [FRAME_SIZE, PROTOCOL];
  return (payload[0] ?? 0) > payload.length - 1 - more ? [PROTOCOL] : [];
}

/** The largest that SETTINGS name. */
function initialWindow(payload: Buffer): number {
  let bytes = 0;
  for (let at = 0; at + 6 <= payload.length; at += 6)
    if (payload.readUInt16BE(at) === 4) bytes = Math.max(bytes, payload.readUInt32BE(at + 2));
  return bytes;
}
function settings({ flags, stream, payload }: Read): number[] {
  const codes = ofSome(stream);
  if ((flags & Flag.ack) !== 0) return payload.length > 0 ? [...codes, FRAME_SIZE] : codes;
  if (payload.length % 6 !== 0) return [...codes, FRAME_SIZE];
  for (let at = 0; at < payload.length; at += 6) {
    const value = payload.readUInt32BE(at + 2);
    switch (payload.readUInt16BE(at)) {
      case 2:
        if (value > 1) codes.push(PROTOCOL);
        break;
      case 4:
        if (value > NUMBER_MAX) codes.push(FLOW_CONTROL);
        break;
      case 5:
        if (value < FRAME_BYTES || value > FRAME_BYTES_MAX) codes.push(PROTOCOL);
        break;
    }
  }
  return codes;
}
