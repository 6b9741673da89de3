import { ErrorCode } from "@protobff/http2/error-code";
import type { FrameWriter } from "@protobff/http2/frame-writer";
import { FrameType, WINDOW_MAX } from "@protobff/http2/frames";

/** So long the first GOAWAY, and answers behind it, wait at most, in milliseconds, until the client has read what was before: see `close`. */
const HELD_MS = 200;
/** So long it is waited for what crosses the first GOAWAY, in milliseconds. */
const CROSSING_MS = 1_000;
/** Before the first GOAWAY, and behind it: who is slow answers the one when the other is on its way. */
const BEFORE = Buffer.from("leaving.");
const BEHIND = Buffer.from("warned..");
/** As `answered` is told of it. */
const numberOf = (ping: Buffer): number => ping.readUIntBE(2, 6);

/** Whose end it is. */
export interface LeavingConnection {
  /** The last stream that was taken. */
  readonly last: number;
  /** How many streams are open. */
  readonly streams: number;
  /** Nothing is read or written any more. */
  readonly over: boolean;
  /** Lets the socket go as soon as all is out. */
  shut(): void;
  destroy(): void;
}

/** How a connection ends without the loss of a request: GOAWAY that warns, then GOAWAY with the last stream (RFC 9113, 6.8). */
export class OwnLeaving {
  /** It is to end. */
  begun = false;
  /** Streams above this are not begun with. */
  lastTaken = WINDOW_MAX;
  readonly #connection: LeavingConnection;
  readonly #writer: FrameWriter;
  #settled = false;
  #held = false; // what is written waits for the first GOAWAY
  #crossing: NodeJS.Timeout | undefined;
  /** It is to end as soon as it has begun. */
  #unwanted: NodeJS.Timeout | undefined;

  constructor(connection: LeavingConnection, writer: FrameWriter) {
    this.#connection = connection;
    this.#writer = writer;
  }
  /** The client has been told of the last stream. */
  get told(): boolean {
    return this.lastTaken < WINDOW_MAX;
  }
  /** The client's settings have come. */
  settled(): void {
    this.#settled = true;
    if (this.#unwanted === undefined) return;
    clearTimeout(this.#unwanted);
    this.#unwanted = undefined;
    this.close();
  }
  /** A PING has come back. */
  answered(ping: number): void {
    if (this.#crossing !== undefined && ping === numberOf(this.#held ? BEFORE : BEHIND)) this.crossed();
  }
  /** Ends it when what runs has been answered; what is on its way as this is said, too. */
  close(): void {
    if (this.begun || this.#connection.over) return;
    if (!this.#settled) {
      this.#unwanted ??= setTimeout(destroy, CROSSING_MS, this.#connection); // unless it says what it wants
      return;
    }
    this.begun = true;
    this.#writer.frame(FrameType.PING, 0, 0, BEFORE);
    // What a client begins because of an answer, and has not written when it reads GOAWAY, its nghttp2 refuses by itself, whatever GOAWAY says.
    this.#writer.hold();
    this.#writer.goaway(WINDOW_MAX, ErrorCode.NO_ERROR);
    this.#writer.frame(FrameType.PING, 0, 0, BEHIND);
    this.#held = true;
    this.#crossing = setTimeout(crossed, HELD_MS, this);
  }
  /** The client has read what was sent before, or has had its time: so the first GOAWAY leaves; and whoever has heard that asked for nothing since. */
  crossed(): void {
    clearTimeout(this.#crossing);
    this.#crossing = this.#held ? setTimeout(crossed, CROSSING_MS, this) : undefined;
    if (this.#held) this.#writer.release();
    else if (!this.#connection.over && !this.told) this.goodbye(ErrorCode.NO_ERROR);
    this.#held = false;
  }
  /** What runs may end; nothing new is taken. */
  goodbye(code: number, why?: string): void {
    const { last } = this.#connection;
    this.#writer.goaway(last, code, why);
    this.takeNoMore();
    if (this.#connection.streams === 0) this.#connection.shut();
  }
  takeNoMore(): void {
    this.begun = true;
    this.lastTaken = this.#connection.last;
  }
  /** The connection is gone. */
  forget(): void {
    clearTimeout(this.#crossing);
    clearTimeout(this.#unwanted);
  }
}

const destroy = (connection: LeavingConnection): void => connection.destroy();
const crossed = (leaving: OwnLeaving): void => leaving.crossed();
