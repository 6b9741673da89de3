import { ErrorCode, FrameType, type FrameWriter, WINDOW_MAX } from "@protobff/runtime/internal/http2";
import type { StreamNumbers } from "./stream-numbers.ts";

/**
 * Longest delay of the first GOAWAY and the answers behind it, in milliseconds, until the client has read the earlier
 * frames: see `close`.
 */
const HELD_MS = 200;
/** Longest wait for requests that cross the first GOAWAY, in milliseconds. */
const CROSSING_MS = 1_000;
/**
 * PING payloads before and behind the first GOAWAY. A slow client may answer the first after the second has been sent.
 */
const BEFORE = Buffer.from("leaving.");
const BEHIND = Buffer.from("warned..");
/** The number that `answered` receives for a PING. */
const numberOf = (ping: Buffer): number => ping.readUIntBE(2, 6);

/** The connection that ends. */
interface LeavingConnection {
  /** Number of open streams. */
  readonly streams: number;
  /** True if nothing is read or written any more. */
  readonly over: boolean;
  /** Closes the socket as soon as all frames are written. */
  shut(): void;
  destroy(): void;
}

/**
 * Ends a connection without the loss of a request: a GOAWAY that warns, then a GOAWAY with the last stream (RFC 9113,
 * 6.8).
 */
export class OwnLeaving {
  /** The end has begun. */
  begun = false;
  /** Streams with a higher number are ignored. */
  lastTaken = WINDOW_MAX;
  readonly #connection: LeavingConnection;
  readonly #writer: FrameWriter;
  readonly #numbers: Pick<StreamNumbers, "last">;
  #settled = false;
  #held = false; // what is written waits for the first GOAWAY
  #crossing: NodeJS.Timeout | undefined;
  /** Ends the connection if the client's settings do not arrive in time. */
  #unwanted: NodeJS.Timeout | undefined;

  constructor(connection: LeavingConnection, writer: FrameWriter, numbers: Pick<StreamNumbers, "last">) {
    this.#connection = connection;
    this.#writer = writer;
    this.#numbers = numbers;
  }
  /** True if the last stream is fixed, by GOAWAY or by `takeNoMore`. */
  get isFixed(): boolean {
    return this.lastTaken < WINDOW_MAX;
  }
  /** The client's settings have arrived. */
  settled(): void {
    this.#settled = true;
    if (this.#unwanted === undefined) return;
    clearTimeout(this.#unwanted);
    this.#unwanted = undefined;
    this.close();
  }
  /** The client has answered a PING. */
  answered(ping: number): void {
    if (this.#crossing !== undefined && ping === numberOf(this.#held ? BEFORE : BEHIND)) this.crossed();
  }
  /** Ends the connection after all running requests have been answered, including those in flight at this moment. */
  close(): void {
    if (this.begun || this.#connection.over) return;
    if (!this.#settled) {
      this.#unwanted ??= setTimeout(destroy, CROSSING_MS, this.#connection); // unless it says what it wants
      return;
    }
    this.begun = true;
    this.#writer.frame(FrameType.PING, 0, 0, BEFORE);
    // nghttp2 refuses requests that the client begins because of an answer but has not written before it reads GOAWAY.
    // It does so for any last stream in GOAWAY. Therefore answers wait behind the GOAWAY.
    this.#writer.hold();
    this.#writer.goaway(WINDOW_MAX, ErrorCode.NO_ERROR);
    this.#writer.frame(FrameType.PING, 0, 0, BEHIND);
    this.#held = true;
    this.#crossing = setTimeout(crossed, HELD_MS, this);
  }
  /**
   * The client has read the earlier frames, or its time is over. The first time the first GOAWAY is sent. The second
   * time every client that has read that GOAWAY has stopped sending requests, so the last GOAWAY follows.
   */
  crossed(): void {
    clearTimeout(this.#crossing);
    this.#crossing = this.#held ? setTimeout(crossed, CROSSING_MS, this) : undefined;
    if (this.#held) this.#writer.release();
    else if (!this.#connection.over && !this.isFixed) this.goodbye(ErrorCode.NO_ERROR);
    this.#held = false;
  }
  /** Sends GOAWAY. Running requests may end; new ones are refused. */
  goodbye(code: number, why?: string): void {
    this.#writer.goaway(this.#numbers.last, code, why);
    this.takeNoMore();
    if (this.#connection.streams === 0) this.#connection.shut();
  }
  takeNoMore(): void {
    this.begun = true;
    this.lastTaken = this.#numbers.last;
  }
  /** The connection has closed. */
  forget(): void {
    clearTimeout(this.#crossing);
    clearTimeout(this.#unwanted);
  }
}

const destroy = (connection: LeavingConnection): void => connection.destroy();
const crossed = (leaving: OwnLeaving): void => leaving.crossed();
