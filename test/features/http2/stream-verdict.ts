// Applies RFC 9113 to the streams of a client: those that may be reset, those that must be, and the codes. It only gets
// frames that leave the connection unchanged.
import { Flag, Frame } from "../../proofs/corpora/attacks/rig/raw-http2.ts";
import { isOfHeaders, NUMBER_MAX, type Read, reads } from "./reads.ts";
import type { SessionRequest } from "./valid-session.ts";

/** Error codes of the RFC, 7. */
const [NO_ERROR, PROTOCOL, FLOW_CONTROL, STREAM_CLOSED, FRAME_SIZE, CALM] = [0, 1, 3, 5, 6, 11];
const PRIORITY = 32;
const WINDOW_BYTES = 65_535;
/** Upper bound of all answers, so that at least the rest of an allowed window certainly remains. */
const ANSWERS_BYTES = 1 << 26;

/** Received end of a stream. */
export interface AnswerEnd {
  readonly ended: boolean;
  /** Codes of RST_STREAM, in their order. */
  readonly resets: readonly number[];
  /** The answer had ended before the first of them. */
  readonly answeredFirst: boolean;
}

interface State {
  /** The client has sent its whole request. */
  ended: boolean;
  /** The client has reset it. */
  left: boolean;
  /** Bytes of its body, without padding; and with. */
  bytes: number;
  taken: number;
  /** Bytes of its body by its content-length; undefined if the headers are unknown, or have none. */
  readonly contentLength: number | undefined;
  /** Bytes that the client has allowed beyond the initial window. */
  allowed: number;
  readonly may: Map<number, string>;
  /** From here on it has to have been reset, unless it had been answered whole; with one of these codes. */
  must: { readonly codes: ReadonlySet<number>; readonly why: string } | undefined;
}

export class StreamChecker {
  /** All blocks of headers up to now are those of the right session. */
  trusts = true;
  readonly #streams = new Map<number, State>();
  readonly #right: Read[];
  readonly #requests: ReadonlyMap<number, SessionRequest>;
  #pieces = 0;
  #block: { readonly stream: number; readonly endStream: boolean; readonly selfish: boolean } | undefined;
  #initial = WINDOW_BYTES;
  #widest = WINDOW_BYTES;
  #goodbye = false;

  /** @param right what the session was before it was mangled */
  constructor(right: Buffer, requests: readonly SessionRequest[]) {
    this.#right = [...reads(right)].filter(isOfHeaders);
    this.#requests = new Map(requests.map((request) => [request.stream, request]));
  }
  /** Reports whether a stream may continue, as far as the frames show. */
  isOpen(stream: number): boolean {
    const state = this.#streams.get(stream);
    return state !== undefined && !state.ended && !state.left && state.may.size === 0;
  }
  /** Largest extension of one stream's window by the client beyond the initial window, in bytes. */
  get mostAllowed(): number {
    return Math.max(0, ...Array.from(this.#streams.values(), ({ allowed }) => allowed));
  }
  /** @param why the frame, for people */
  taken(read: Read, why: string): void {
    const { type, flags, stream, payload } = read;
    const state = this.#streams.get(stream);
    if (isOfHeaders(read)) this.#headers(read, why);
    else if (type === Frame.settings && (flags & Flag.ack) === 0) this.#settings(payload);
    else if (type === Frame.goaway) this.#goodbye = true;
    else if (state === undefined) return;
    else if (type === Frame.data) this.#data(state, read, why);
    else if (type === Frame.windowUpdate) this.#windowUpdate(state, payload.readUInt32BE(0) & NUMBER_MAX, why);
    else if (type === Frame.reset) state.left = true;
    else if (type === Frame.priority) {
      if (payload.length !== 5) this.#fault(state, FRAME_SIZE, why);
      else if ((payload.readUInt32BE(0) & NUMBER_MAX) === stream) state.may.set(PROTOCOL, why); // by RFC 7540
    }
  }
  /** The frame ends the connection, and may be wrong for its stream, too. */
  last({ type, stream }: Read, why: string): void {
    const state = this.#streams.get(stream);
    if (type === Frame.headers && (state?.ended || state?.left)) state.may.set(STREAM_CLOSED, why);
  }
  /**
   * Returns the faults in the ends of streams.
   *
   * @param inSync whether the server has processed all frames
   */
  faults(ends: ReadonlyMap<number, AnswerEnd>, inSync: boolean): string[] {
    const faults: string[] = [];
    for (const [stream, { ended, resets, answeredFirst }] of ends) {
      const state = this.#streams.get(stream);
      const answered = ended && answeredFirst;
      for (const [i, code] of resets.entries()) {
        if (code === NO_ERROR && answered && state?.ended === false) continue;
        // More than one are for frames that came behind the first.
        const first = i === 0 && !answered ? state?.must?.codes : undefined;
        const codes = first ?? new Set(state?.may.keys());
        if (codes.has(code)) continue;
        const expected = [...codes].join(" or ") || "nothing";
        faults.push(`stream ${stream} is reset with ${code}, where ${expected} was to be ${stateText(state)}`);
      }
      if (resets.length > 1 && new Set(resets).size === 1 && !(state?.left || state?.ended || answered))
        faults.push(`stream ${stream} is reset ${resets.length} times`);
    }
    for (const [stream, state] of inSync ? this.#streams : []) {
      const end = ends.get(stream);
      if (state.must !== undefined && (end === undefined || (!end.ended && end.resets.length === 0)))
        faults.push(`stream ${stream} is not reset at ${state.must.why}`);
    }
    return faults;
  }

  /** Marks a stream that must be reset, if it is open; it may be reset in any case. */
  #fault(state: State, code: number, why: string): void {
    const before = state.may.size;
    if (!state.may.has(code)) state.may.set(code, why);
    if (!state.left && before === 0 && !this.#goodbye) state.must = { codes: new Set(state.may.keys()), why };
  }
  #headers(read: Read, why: string): void {
    const { type, flags, stream, payload } = read;
    const right = this.#right[this.#pieces++];
    const same = right?.type === type && right.flags === flags && right.stream === stream;
    this.trusts &&= same && right.payload.equals(payload);
    if (type === Frame.headers) {
      const at = (flags & Flag.padded) === 0 ? 0 : 1;
      const selfish = (flags & PRIORITY) !== 0 && (payload.readUInt32BE(at) & NUMBER_MAX) === stream;
      this.#block = { stream, endStream: (flags & Flag.endStream) !== 0, selfish };
      const state = this.#streams.get(stream);
      if (state?.ended || state?.left) this.#fault(state, STREAM_CLOSED, why); // however its block goes on
    }
    if ((flags & Flag.endHeaders) !== 0) this.#whole(why);
  }
  #whole(why: string): void {
    const { stream = 0, endStream = false, selfish = false } = this.#block ?? {};
    const request = this.trusts ? this.#requests.get(stream) : undefined;
    let state = this.#streams.get(stream);
    if (state !== undefined) this.#again(state, endStream, why);
    else {
      if (this.#streams.size > 0 && stream < Math.max(...this.#streams.keys())) return; // it was closed when a later one came
      const counts = { ended: endStream, left: false, bytes: 0, taken: 0, allowed: 0 };
      state = { ...counts, contentLength: request?.length, may: new Map(), must: undefined };
      this.#streams.set(stream, state);
      if (endStream) this.#whatCame(state, why);
    }
    if (selfish) state.may.set(PROTOCOL, why);
    if (this.trusts) return;
    state.may.set(PROTOCOL, `${why}, of which nobody knows what it says`);
    state.may.set(CALM, why);
  }
  /** Headers of a stream that has had some: trailers. */
  #again(state: State, endStream: boolean, why: string): void {
    if (state.ended || state.left) return;
    if (!endStream) this.#fault(state, PROTOCOL, why);
    else this.#whatCame(state, why);
    state.ended ||= endStream;
  }
  #data(state: State, { flags, payload }: Read, why: string): void {
    if (state.ended || state.left) {
      this.#fault(state, STREAM_CLOSED, why);
      return;
    }
    state.bytes += (flags & Flag.padded) === 0 ? payload.length : payload.length - 1 - (payload[0] ?? 0);
    state.taken += payload.length;
    if (state.taken > WINDOW_BYTES) state.may.set(FLOW_CONTROL, why); // the server may have allowed more
    if ((flags & Flag.endStream) !== 0) this.#whatCame(state, why);
    else if (state.contentLength !== undefined && state.bytes > state.contentLength) this.#fault(state, PROTOCOL, why);
    state.ended = (flags & Flag.endStream) !== 0;
  }
  /** The body is whole. */
  #whatCame(state: State, why: string): void {
    if (state.contentLength !== undefined && state.bytes !== state.contentLength) this.#fault(state, PROTOCOL, why);
  }
  #windowUpdate(state: State, bytes: number, why: string): void {
    if (state.left) return;
    state.allowed += bytes;
    if (bytes === 0) this.#fault(state, PROTOCOL, why);
    else if (state.allowed + this.#initial - ANSWERS_BYTES > NUMBER_MAX) this.#fault(state, FLOW_CONTROL, why);
    else if (state.allowed + this.#widest > NUMBER_MAX) state.may.set(FLOW_CONTROL, why);
  }
  #settings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) === 4) this.#initial = payload.readUInt32BE(at + 2);
    }
    this.#widest = Math.max(this.#widest, this.#initial);
  }
}

function stateText(state: State | undefined): string {
  if (state === undefined) return "(it was never opened)";
  if (state.must !== undefined) return `at ${state.must.why}`;
  const whys = [...state.may.values()].join("; ");
  return `(${state.left ? "reset by the client" : state.ended ? "ended by the client" : "open"}${whys && `; ${whys}`})`;
}
