import { ErrorCode, type Stream } from "@protobff/runtime/internal/http2";
import type { Peer } from "@protobff/runtime/internal/identity/incoming-request";
import { type Transitions, transition } from "@protobff/runtime/internal/states";
import { type Carrier, type CarrierListener, NO_LISTENER, type RemoteEnd } from "./carrier.ts";
import { pairsOf, type Trailers } from "./trailers.ts";

/** Connection of `OwnStream`s. */
export interface OwnConnection {
  readonly socket: RemoteEnd;
  /** The client, if no socket leads to it. */
  readonly peer?: Peer;
  /** True if nothing is read or written any more. */
  readonly over: boolean;
  /**
   * Writes headers; `undefined` as status: trailers.
   *
   * @throws TypeError for headers that HTTP/2 cannot carry
   */
  head(stream: OwnStream, status: number | undefined, headers: readonly string[], endStream: boolean): void;
  /** Sends a body as far as windows allow. `bodySent` reports its end. */
  send(stream: OwnStream, body: Uint8Array): void;
  /** All of the answer has been sent. */
  answerSent(stream: OwnStream): void;
  /** Ends it with this error code, unless it is over. */
  reset(stream: OwnStream, code: number): void;
  /** Adds to the number of received bytes that are not yet consumed. */
  unread(bytes: number): void;
  /** Grants the client further bytes of flow control. */
  allow(stream: OwnStream, bytes: number): void;
}

/**
 * Progress of an answer:
 * - `none`: the final headers have not been sent.
 * - `begun`: more of the body may follow.
 * - `complete`: all of it has been passed on, but not necessarily sent.
 */
type AnswerState = "none" | "begun" | "complete";
export const ANSWER_TRANSITIONS: Transitions<AnswerState> = {
  none: ["begun", "complete"],
  begun: ["complete"],
  complete: [],
};

const NOTHING = new Uint8Array();

/** A request of a client, and its answer, in frames of our own. The connection reads and writes its fields. */
export class OwnStream implements Carrier, Stream<OwnStream> {
  readonly id: number;
  readonly #connection: OwnConnection;
  next: OwnStream | undefined;
  sendWindow: number;
  body: Uint8Array | undefined;
  sent = 0;
  unacknowledged = 0;
  window: number | undefined;
  ended = false;
  contentLength: number | undefined;
  received = 0;
  receiver: CarrierListener = NO_LISTENER;
  /** Size of its headers, by HTTP/2's count. */
  readonly headerBytes: number;
  /** The stream has ended in both directions. */
  over = false;
  /** Error code of its end. */
  code: number = ErrorCode.NO_ERROR;
  /** Time limit for reading the rest of a request that has its answer. */
  reading: NodeJS.Timeout | undefined;
  #last: Uint8Array | undefined;
  #trailers: readonly string[] | undefined;
  #answer: AnswerState = "none";
  #written: (() => void) | undefined;

  constructor(connection: OwnConnection, id: number, sendWindow: number, headerBytes: number) {
    this.#connection = connection;
    this.id = id;
    this.sendWindow = sendWindow;
    this.headerBytes = headerBytes;
  }
  get begun(): boolean {
    return true;
  }
  /** Its answer has begun. */
  get answered(): boolean {
    return this.#answer !== "none";
  }
  get ends(): boolean {
    return this.#answer === "complete" && this.#last === undefined && this.#trailers === undefined;
  }
  get session(): object {
    return this.#connection;
  }
  get gone(): boolean {
    return this.over || this.#connection.over;
  }
  get connection(): OwnConnection {
    return this.#connection;
  }
  listen(hearer: CarrierListener): void {
    this.receiver = hearer;
  }
  continue(): void {
    this.informational(100, []);
  }
  /** An answer in front of the answer. */
  informational(status: number, headers: readonly string[]): void {
    if (!this.over && !this.answered) this.#connection.head(this, status, headers, false);
  }

  answer(
    status: number,
    headers: readonly string[],
    body: Uint8Array | undefined,
    trailers: Trailers | undefined,
    _unread: boolean,
  ): void {
    if (this.over || this.answered) return;
    const alone = body === undefined && trailers === undefined;
    this.#head(status, headers, alone);
    if (alone) this.#connection.answerSent(this);
    else this.end(body, trailers);
  }
  respond(status: number, headers: readonly string[]): void {
    if (!this.over && !this.answered) this.#head(status, headers, false);
  }
  #head(status: number, headers: readonly string[], endStream: boolean): void {
    this.#connection.head(this, status, headers, endStream);
    this.#enter(endStream ? "complete" : "begun");
  }
  flush(): void {}
  write(bytes: Uint8Array, written: () => void): void {
    if (this.over || this.#answer === "complete" || bytes.length === 0) {
      written();
      return;
    }
    this.#written = written;
    this.#connection.send(this, bytes);
  }
  end(bytes: Uint8Array | undefined, trailers: Trailers | undefined): void {
    if (this.over || this.#answer === "complete") return;
    this.#enter("complete");
    this.#trailers = trailers && pairsOf(trailers);
    const last = bytes?.length === 0 ? undefined : bytes;
    if (this.body !== undefined) this.#last = last;
    else if (last !== undefined || trailers === undefined) this.#connection.send(this, last ?? NOTHING);
    else this.#end();
  }
  #enter(state: AnswerState): void {
    this.#answer = transition(ANSWER_TRANSITIONS, this.#answer, state);
  }
  #end(): void {
    if (this.#trailers !== undefined) this.#connection.head(this, undefined, this.#trailers, true);
    this.#connection.answerSent(this);
  }
  bodySent(): void {
    const written = this.#written;
    const last = this.#last;
    this.#written = undefined;
    this.#last = undefined;
    if (last !== undefined) this.#connection.send(this, last);
    else if (this.#answer === "complete") this.#end();
    written?.();
  }
  /** Drops data that is not yet sent. */
  forget(): void {
    const written = this.#written;
    this.#written = undefined;
    this.#last = undefined;
    written?.();
  }

  allow(bytes: number): void {
    if (!this.over) this.#connection.allow(this, bytes);
  }
  cutOff(): void {
    this.#connection.reset(this, ErrorCode.INTERNAL_ERROR);
  }
  drop(): void {
    this.#connection.reset(this, ErrorCode.ENHANCE_YOUR_CALM);
  }
  reset(code: number): void {
    this.#connection.reset(this, code);
  }
}
