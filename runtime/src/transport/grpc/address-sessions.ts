import type { Clock, Timer } from "../../clock.ts";
import { type Backoff, startBackoff } from "../../guard/retry.ts";
import type { Target } from "../balance/addresses.ts";
import type { Place } from "../balance/balancer.ts";
import type { Session, SessionOwner } from "./session.ts";

/** How long connecting may take, in milliseconds. */
export const CONNECT_MS = 5_000;
/** How long one of several addresses may take, in milliseconds, before the next one is tried beside it. */
const PATIENCE_MS = 1_000;
/** The waits between attempts to connect. */
const RECONNECT = { initialMs: 50, maxMs: 2_000, multiplier: 2 };

/** Events of the sessions to one address, for their pool. */
export interface AddressSessionsOwner<S extends Session> {
  ready(sessions: AddressSessions<S>, session: S): void;
  room(): void;
  leaving(sessions: AddressSessions<S>, session: S, reason: "goaway" | "pings"): void;
  /** @param stood it had been ready */
  gone(sessions: AddressSessions<S>, session: S, stood: boolean): void;
  /** Connecting takes longer than others may wait for. */
  late(): void;
}

/** The sessions to one address of an upstream, and the attempts to have one. */
export class AddressSessions<S extends Session> implements SessionOwner<S> {
  target: Target;
  readonly sessions: S[] = [];
  place: Place<AddressSessions<S>> | undefined;
  connecting: S | undefined;
  /** It is new among others, or was away. */
  cold: boolean;
  /** What is connecting takes longer than others may wait for. */
  slow = false;
  /** In which round of attempts it was tried in vain. */
  round = -1;
  /** Why the last attempt failed. */
  why = "";
  /** Not connected to before. */
  notBefore = Number.NEGATIVE_INFINITY;
  readonly #owner: AddressSessionsOwner<S>;
  readonly #dial: (owner: SessionOwner<S>, target: Target) => S;
  readonly #clock: Clock;
  readonly #rotates: boolean;
  #turn = 0;
  #timer: Timer | undefined;
  #backoff: Backoff | undefined;

  /**
   * @param dial begins to connect
   * @param rotates sessions take calls in turn: behind one address there may be several servers
   */
  constructor(target: Target, cold: boolean, { owner, dial, clock, rotates }: SpotParts<S>) {
    this.target = target;
    this.cold = cold;
    this.#owner = owner;
    this.#dial = dial;
    this.#clock = clock;
    this.#rotates = rotates;
  }

  get hasRoom(): boolean {
    for (const session of this.sessions) if (session.streams < session.maxStreams) return true;
    return false;
  }
  /** One that has room for a stream. */
  session(): S | undefined {
    const { sessions } = this;
    if (this.#rotates && sessions.length > 1) {
      for (let tried = 0; tried < sessions.length; tried++) {
        this.#turn = this.#turn + 1 < sessions.length ? this.#turn + 1 : 0;
        const session = sessions[this.#turn];
        if (session !== undefined && session.streams < session.maxStreams) return session;
      }
      return undefined;
    }
    for (const session of sessions) if (session.streams < session.maxStreams) return session;
    return undefined;
  }
  get mayConnect(): boolean {
    return this.connecting === undefined && this.#clock.now() >= this.notBefore;
  }
  connect(): void {
    this.connecting = this.#dial(this, this.target);
    const late = (): void => this.connecting?.destroy(new Error(`not connected after ${CONNECT_MS} ms`));
    const slow = (): void => {
      this.slow = true;
      this.#timer = this.#clock.setTimeout(late, CONNECT_MS - PATIENCE_MS, undefined);
      this.#owner.late();
    };
    this.#timer = this.#clock.setTimeout(slow, PATIENCE_MS, undefined);
  }

  ready(session: S): void {
    if (session !== this.connecting) return;
    this.#connected();
    this.#backoff = undefined;
    this.notBefore = Number.NEGATIVE_INFINITY;
    this.sessions.push(session);
    this.#owner.ready(this, session);
  }
  room(): void {
    this.#owner.room();
  }
  leaving(session: S, reason: "goaway" | "pings"): void {
    this.#owner.leaving(this, session, reason);
  }
  gone(session: S, reason: string): void {
    if (session !== this.connecting) {
      this.#owner.gone(this, session, true);
      return;
    }
    this.#connected();
    this.cold = true;
    this.why = reason;
    this.#backoff = this.#backoff?.next(undefined) ?? startBackoff(RECONNECT, this.#clock);
    this.notBefore = this.#clock.now() + this.#backoff.duration;
    this.#owner.gone(this, session, false);
  }
  #connected(): void {
    this.connecting = undefined;
    this.slow = false;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** What all spots of a pool have in common. */
export interface SpotParts<S extends Session> {
  readonly owner: AddressSessionsOwner<S>;
  readonly dial: (owner: SessionOwner<S>, target: Target) => S;
  readonly clock: Clock;
  readonly rotates: boolean;
}
