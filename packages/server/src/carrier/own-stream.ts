import type { Socket } from "node:net";
import type { Stream } from "@protobff/http2/connection";
import { ErrorCode } from "@protobff/http2/error-code";
import { type Carrier, type CarrierListener, NO_LISTENER } from "./carrier.ts";
import { pairsOf, type Trailers } from "./trailers.ts";

/** Connection of `OwnStream`s. */
export interface OwnConnection {
  readonly socket: Socket;
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

const NOTHING = new Uint8Array();

/** A request of a client, and its answer, in frames of our own. The connection reads and writes its fields. */
export class OwnStream implements Carrier, Stream<OwnStream> {
  readonly id: number;
  readonly #connection: OwnConnection;
  next: OwnStream | undefined;
  sendWindow: number;
  body: Uint8Array | undefined;
  sent = 0;
  ends = false;
  unacknowledged = 0;
  window: number | undefined;
  readonly begun = true;
  ended = false;
  contentLength: number | undefined;
  received = 0;
  receiver: CarrierListener = NO_LISTENER;
  /** Size of its headers, by HTTP/2's count. */
  readonly headerBytes: number;
  /** Its answer has begun. */
  answered = false;
  /** The stream has ended in both directions. */
  over = false;
  /** Error code of its end. */
  code: number = ErrorCode.NO_ERROR;
  /** Time limit for reading the rest of a request that has its answer. */
  reading: NodeJS.Timeout | undefined;
  #last: Uint8Array | undefined;
  #trailers: readonly string[] | undefined;
  #hasEnded = false;
  #written: (() => void) | undefined;

  constructor(connection: OwnConnection, id: number, sendWindow: number, headerBytes: number) {
    this.#connection = connection;
    this.id = id;
    this.sendWindow = sendWindow;
    this.headerBytes = headerBytes;
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
    this.answered = true;
    if (endStream) this.#hasEnded = true;
  }
  flush(): void {}
  write(bytes: Uint8Array, written: () => void): void {
    if (this.over || this.#hasEnded || bytes.length === 0) {
      written();
      return;
    }
    this.#written = written;
    this.#connection.send(this, bytes);
  }
  end(bytes: Uint8Array | undefined, trailers: Trailers | undefined): void {
    if (this.over || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#trailers = trailers && pairsOf(trailers);
    const last = bytes?.length === 0 ? undefined : bytes;
    if (this.body !== undefined) {
      this.#last = last;
      this.ends = last === undefined && trailers === undefined;
    } else if (last !== undefined || trailers === undefined) this.#sendLast(last ?? NOTHING);
    else this.#end();
  }
  #sendLast(bytes: Uint8Array): void {
    this.ends = this.#trailers === undefined;
    this.#connection.send(this, bytes);
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
    if (last !== undefined) this.#sendLast(last);
    else if (this.#hasEnded) this.#end();
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
