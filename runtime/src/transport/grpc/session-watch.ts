import type { Clock, Timer } from "../../clock.ts";
import type { AddressSessions } from "./address-sessions.ts";
import type { Session } from "./session.ts";

/** How long a sign of life may take, in milliseconds. */
const PING_MS = 5_000;

/** Detects a session whose other end is silent. */
export class SessionWatch<S extends Session> {
  readonly spot: AddressSessions<S>;
  readonly #session: S;
  readonly #clock: Clock;
  // As they were when last looked at.
  #bytes: number;
  #opened = 0;
  #busy = false;
  /** Since when nothing has come though streams were given up. */
  #silentFrom = 0;
  #silentBytes = -1;
  #ping: Timer | undefined;

  constructor(session: S, spot: AddressSessions<S>, clock: Clock) {
    this.spot = spot;
    this.#session = session;
    this.#clock = clock;
    this.#bytes = session.bytesRead;
  }
  /** Whether nothing has been asked of it since it was last looked at. */
  get isIdle(): boolean {
    return this.#session.streams === 0 && this.#session.opened === this.#opened;
  }
  /** A stream was given up unanswered. After so long without a byte a sign of life is asked for. */
  givenUp(silentMs: number): void {
    const now = this.#clock.now();
    if (this.#silentBytes !== this.#session.bytesRead) {
      this.#silentBytes = this.#session.bytesRead;
      this.#silentFrom = now;
    } else if (now - this.#silentFrom >= silentMs) {
      this.#silentFrom = now;
      this.#askForLife();
    }
  }
  /** Streams on which nothing has come since the last look ask for a sign of life. */
  look(): void {
    const { bytesRead, opened, streams } = this.#session;
    const busy = streams > 0;
    if (busy && this.#busy && bytesRead === this.#bytes) this.#askForLife();
    this.#bytes = bytesRead;
    this.#opened = opened;
    this.#busy = busy;
  }
  /** Nobody waits for its sign of life any more. */
  end(): void {
    if (this.#ping !== undefined) this.#clock.clearTimeout(this.#ping);
  }
  #askForLife(): void {
    if (this.#ping !== undefined) return;
    const dead = (): void => this.#session.destroy(new Error(`no sign of life after ${PING_MS} ms`));
    this.#ping = this.#clock.setTimeout(dead, PING_MS, undefined);
    this.#session.ping(() => {
      this.end();
      this.#ping = undefined;
    });
  }
}
