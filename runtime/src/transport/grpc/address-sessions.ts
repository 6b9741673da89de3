import type { Clock, Timer } from "../../clock.ts";
import { type Backoff, startBackoff } from "../../guard/retry.ts";
import type { Target } from "../balance/addresses.ts";
import type { Place } from "../balance/balancer.ts";
import type { Session, SessionOwner } from "./session.ts";

/** Time limit to connect, in milliseconds. */
export const CONNECT_MS = 5_000;
/** Time after which the next of several addresses is tried in parallel, in milliseconds. */
const PATIENCE_MS = 1_000;
/** Delays between attempts to connect. */
const RECONNECT = { initialMs: 50, maxMs: 2_000, multiplier: 2 };

/** Events of the sessions to one address, for their pool. */
export interface AddressSessionsOwner<S extends Session> {
  ready(sessions: AddressSessions<S>, session: S): void;
  room(): void;
  leaving(sessions: AddressSessions<S>, session: S, reason: "goaway" | "pings"): void;
  /** @param stood true if it had been ready */
  gone(sessions: AddressSessions<S>, session: S, stood: boolean): void;
  /** Reports that the attempt to connect takes longer than others may wait. */
  late(): void;
}

/** The sessions to one address of an upstream, and the attempts to connect. */
export class AddressSessions<S extends Session> implements SessionOwner<S> {
  target: Target;
  readonly sessions: S[] = [];
  place: Place<AddressSessions<S>> | undefined;
  connecting: S | undefined;
  /** True if it is new among others, or was unavailable. */
  cold: boolean;
  /** True if the attempt to connect takes longer than others may wait. */
  slow = false;
  /** Round of attempts in which the last attempt failed. */
  round = -1;
  /** Reason why the last attempt failed. */
  why = "";
  /** Earliest time of the next attempt. */
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
   * @param rotates true if sessions take calls in turn, because one address may have several servers behind it
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
  /** Returns a session that has room for a stream. */
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

/** Parts that all addresses of a pool share. */
export interface SpotParts<S extends Session> {
  readonly owner: AddressSessionsOwner<S>;
  readonly dial: (owner: SessionOwner<S>, target: Target) => S;
  readonly clock: Clock;
  readonly rotates: boolean;
}
