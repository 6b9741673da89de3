import type { Clock, Timer } from "../../clock.ts";
import type { AddressSessions } from "./address-sessions.ts";
import type { Session } from "./session.ts";

/** Time limit for the answer to a ping, in milliseconds. */
const PING_MS = 5_000;

/** Detects a session whose other end is silent. */
export class SessionWatch<S extends Session> {
  readonly spot: AddressSessions<S>;
  readonly #session: S;
  readonly #clock: Clock;
  // Values at the last check.
  #bytes: number;
  #opened = 0;
  #busy = false;
  /** Time since which no bytes have arrived although streams were cancelled. */
  #silentFrom = 0;
  #silentBytes = -1;
  #ping: Timer | undefined;

  constructor(session: S, spot: AddressSessions<S>, clock: Clock) {
    this.spot = spot;
    this.#session = session;
    this.#clock = clock;
    this.#bytes = session.bytesRead;
  }
  /** True if the session was not used since the last check. */
  get isIdle(): boolean {
    return this.#session.streams === 0 && this.#session.opened === this.#opened;
  }
  /**
   * Records a stream that was cancelled without an answer. After the given time without received bytes it sends a ping.
   */
  recordCancel(silentMs: number): void {
    const now = this.#clock.now();
    if (this.#silentBytes !== this.#session.bytesRead) {
      this.#silentBytes = this.#session.bytesRead;
      this.#silentFrom = now;
    } else if (now - this.#silentFrom >= silentMs) {
      this.#silentFrom = now;
      this.#sendPing();
    }
  }
  /** Sends a ping if streams are open and no bytes have arrived since the last check. */
  look(): void {
    const { bytesRead, opened, streams } = this.#session;
    const busy = streams > 0;
    if (busy && this.#busy && bytesRead === this.#bytes) this.#sendPing();
    this.#bytes = bytesRead;
    this.#opened = opened;
    this.#busy = busy;
  }
  /** Stops the wait for the answer to a ping. */
  end(): void {
    if (this.#ping !== undefined) this.#clock.clearTimeout(this.#ping);
  }
  #sendPing(): void {
    if (this.#ping !== undefined) return;
    const dead = (): void => this.#session.destroy(new Error(`no sign of life after ${PING_MS} ms`));
    this.#ping = this.#clock.setTimeout(dead, PING_MS, undefined);
    this.#session.ping(() => {
      this.end();
      this.#ping = undefined;
    });
  }
}

/** Whether calls are made on the sessions of a pool, for the refresh of its addresses. */
export class SessionUse {
  #isWatched = false;
  /** Streams that ended sessions have opened. */
  #opened = 0;
  /** Streams that all sessions had opened at the last check. */
  #seen = 0;

  get isWatched(): boolean {
    return this.#isWatched;
  }
  watch(): void {
    this.#isWatched = true;
    this.#seen = -1;
  }
  rest(): void {
    this.#isWatched = false;
  }
  ended(session: Session): void {
    this.#opened += session.opened;
  }
  /** Returns true if calls were made since the last check. Otherwise it rests. */
  goesOn(sessions: Iterable<Session>): boolean {
    let opened = this.#opened;
    let streams = 0;
    for (const session of sessions) {
      opened += session.opened;
      streams += session.streams;
    }
    const used = opened !== this.#seen || streams > 0;
    this.#seen = opened;
    if (!used) this.rest();
    return used;
  }
}

/** Pings of one connection whose answers have not come. */
export class Pings {
  readonly #waiting = new Map<number, () => void>();
  #next = 0;

  /** Returns the payload of a new ping. */
  begin(answered: () => void): Buffer {
    const payload = Buffer.alloc(8);
    payload.writeUIntBE(this.#next, 2, 6);
    this.#waiting.set(this.#next++, answered);
    return payload;
  }
  answered(id: number): void {
    const answered = this.#waiting.get(id);
    this.#waiting.delete(id);
    answered?.();
  }
}
