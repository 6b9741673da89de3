import type { Clock, Timer } from "../../clock.ts";
import { type Addresses, keyOf, type Target } from "../balance/addresses.ts";
import type { BalancePolicy } from "../balance/balance-policy.ts";
import { Balancer, type PlacePreference } from "../balance/balancer.ts";
import { AddressSessions, type AddressSessionsOwner, CONNECT_MS, type SpotParts } from "./address-sessions.ts";
import type { EarlierAttempts, Session, SessionOwner, Waiter } from "./session.ts";
import { SessionUse, SessionWatch } from "./session-watch.ts";

interface PoolOptions {
  /** Maximum number of sessions to one address. Further streams wait. */
  readonly maxSessions: number;
  /** Time without received bytes after which a session with streams is pinged, in milliseconds. */
  readonly keepAliveMs: number;
  /** The same time for a session with a request that was cancelled without an answer. Default: `keepAliveMs`. */
  readonly silentMs?: number | undefined;
  readonly clock: Clock;
  readonly addresses: Addresses;
  readonly balance?: BalancePolicy | undefined;
}

/** Time for which known addresses wait for a new lookup after a lost connection, in milliseconds. */
const ANSWER_MS = 1_000;
/** Longest delay until a name without a known address is looked up again, in milliseconds. */
const UNKNOWN_MS = 1_000;
/** Maximum number of sessions to all addresses together. The first session to each address is exempt. */
const MAX_SESSIONS = 256;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * The connections to one upstream. The pool chooses the session for a stream, opens further sessions, and closes
 * sessions. A balancer chooses among the addresses. The pool does not depend on sockets.
 */
export class SessionPool<S extends Session> implements AddressSessionsOwner<S> {
  readonly balancer: Balancer<AddressSessions<S>>;
  readonly #maxSessions: number;
  /** Number of sessions to each address, while calls are made. */
  readonly #sessions: number;
  #keepAliveMs: number;
  readonly #silentMs: number | undefined;
  readonly #addresses: Addresses;
  readonly #parts: SpotParts<S>;
  readonly #spots = new Map<string, AddressSessions<S>>();
  #only: AddressSessions<S> | undefined; // the only address, if there is one only
  #spreadFrom = NEVER; // earliest next session to an address that has fewer than it should have
  #round = 0; // of attempts to connect, while no session exists
  #staleTimer: Timer | undefined; // set while the names must be looked up again before the next connection
  #complete = false; // all names have been looked up once
  #lookupFrom = 0; // earliest next lookup while no address is known
  readonly #watched = new Map<S, SessionWatch<S>>();
  readonly #leaving = new Set<S>();
  readonly #waiting = new Set<Waiter<S>>();
  readonly #use = new SessionUse();
  #timer: Timer | undefined;
  #closed = false;

  /** @param dial begins to connect */
  constructor(
    dial: (owner: SessionOwner<S>, target: Target) => S,
    { maxSessions, keepAliveMs, silentMs, clock, addresses, balance }: PoolOptions,
  ) {
    this.#sessions = Math.min(balance?.connections ?? 1, maxSessions);
    this.#maxSessions = maxSessions;
    this.#keepAliveMs = keepAliveMs;
    this.#silentMs = silentMs;
    this.#addresses = addresses;
    this.#parts = { owner: this, dial, clock, rotates: this.#sessions > 1 };
    this.balancer = new Balancer({ policy: balance, clock, room: (spot) => spot.hasRoom });
    this.balancer.ejectedListener = (count) => addresses.replace(count);
    addresses.changed = () => this.#resolved();
    this.#arrange(false);
  }

  /** Returns a session with room for a stream, which must be opened at once. */
  take(avoid?: EarlierAttempts): S | undefined {
    if (this.#spreadFrom !== NEVER) this.#spread();
    if (avoid !== undefined && this.#opensOther(avoid)) return undefined;
    return this.#next(avoid);
  }
  #next(avoid: PlacePreference | undefined): S | undefined {
    const spot = this.#only ?? this.balancer.pick(avoid)?.of;
    const session = spot?.session();
    if (!this.#use.isWatched && session !== undefined) this.#wake();
    return session;
  }
  wait(waiter: Waiter<S>): void {
    if (this.#closed) {
      queueMicrotask(() => waiter.refused("closed"));
      return;
    }
    this.#waiting.add(waiter);
    const why = this.#grow();
    if (why !== undefined) queueMicrotask(() => this.#refuse(waiter, `not connected again yet (${why})`));
  }
  /** Removes a waiter that no longer needs a stream. */
  leave(waiter: Waiter<S>): void {
    this.#waiting.delete(waiter);
  }
  /**
   * Records a stream that was cancelled without an answer. The other end may be unreachable, even if no stream stays
   * open for long.
   */
  recordCancel(session: S): void {
    this.#watched.get(session)?.recordCancel(this.#silentMs ?? this.#keepAliveMs);
  }
  /** Retires a session that takes no more streams, as an attempt to open one has shown. */
  ends(session: S): void {
    const watched = this.#watched.get(session);
    if (watched !== undefined) this.leaving(watched.spot, session, "goaway");
  }
  /** Ends all sessions after their streams have ended. Resolves when all are closed. Waiting streams are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { connecting } of this.#spots.values()) connecting?.destroy(new Error("closed"));
    this.#refuseAll("closed");
    this.#clear(this.#timer);
    this.#clear(this.#staleTimer);
    this.#timer = undefined;
    this.#addresses.close();
    for (const session of [...this.#watched.keys()]) this.#release(session);
    await Promise.all([...this.#leaving].map((session) => session.close()));
  }

  ready(spot: AddressSessions<S>, session: S): void {
    this.#round++;
    if (spot.place === undefined || this.#closed) {
      this.#leaving.add(session); // the address was dropped meanwhile
      void session.close();
      return;
    }
    session.place = spot.place;
    this.#watched.set(session, new SessionWatch(session, spot, this.#parts.clock));
    this.balancer.up(spot.place, spot.cold);
    spot.cold = false;
    if (spot.target.spare) {
      this.#addresses.prefer(spot.target);
      this.#arrange(true);
    }
    this.#lookForSpread();
    this.#serve();
  }
  room(): void {
    if (this.#waiting.size > 0) this.#serve();
  }
  leaving(_: AddressSessions<S>, session: S, reason: "goaway" | "pings"): void {
    if (reason === "pings") this.#keepAliveMs *= 2; // as gRFC A8 requires
    if (this.#release(session)) this.#outdated();
    this.#serve();
  }
  gone(spot: AddressSessions<S>, session: S, stood: boolean): void {
    this.#leaving.delete(session);
    if (!stood) this.#failed(spot);
    else if (this.#drop(session)) {
      spot.cold = true;
      this.#outdated();
    }
    this.#forgetEmpty(spot);
    this.#serve();
  }
  late(): void {
    this.#serve();
  }

  /** Handles an address that cannot be reached, or that refuses connections. */
  #failed(spot: AddressSessions<S>): void {
    spot.round = this.#round;
    if (this.#addresses.isMissing(spot.target)) {
      this.#addresses.forget(spot.target);
      this.#arrange(true);
    }
    this.#lookForSpread();
  }
  /** Looks up the names again, because a lost connection may mean that the servers have changed. */
  #outdated(): void {
    if (this.#closed || !this.#addresses.resolve()) return;
    const ms = this.#spots.size === 0 ? CONNECT_MS : ANSWER_MS;
    this.#staleTimer ??= this.#parts.clock.setTimeout(
      () => this.#fresh(`not connected after ${CONNECT_MS} ms`),
      ms,
      undefined,
    );
  }
  /** @param why reason why no address is known */
  #fresh(why: string): void {
    this.#clear(this.#staleTimer);
    this.#staleTimer = undefined;
    if (this.#spots.size > 0) {
      this.#serve();
      return;
    }
    this.#lookupFrom = this.#parts.clock.now() + this.#parts.clock.random() * UNKNOWN_MS;
    this.#refuseAll(why);
  }
  #resolved(): void {
    if (this.#closed) return;
    this.#arrange(this.#complete);
    this.#complete ||= !this.#addresses.isPending;
    // An address that lost its connection and is missing from its name need not be connected again.
    const gone = [...this.#spots.values()].filter(
      ({ sessions, connecting, target }) =>
        sessions.length === 0 && connecting === undefined && this.#addresses.isMissing(target),
    );
    for (const { target } of gone) this.#addresses.forget(target);
    if (gone.length > 0) this.#arrange(true);
    if (!this.#addresses.isPending) this.#fresh(this.#addresses.failure);
    else this.#serve();
  }
  /** Applies the known addresses: adds new ones, and retires those that are missing. */
  #arrange(cold: boolean): void {
    const { known } = this.#addresses;
    const keys = new Set(known.map(keyOf));
    for (const target of known) {
      const key = keyOf(target);
      const spot = this.#spots.get(key) ?? new AddressSessions(target, cold, this.#parts);
      spot.target = target;
      this.#spots.set(key, spot);
      if (spot.place === undefined || spot.place.leaving) spot.place = this.balancer.add(target.address, spot);
    }
    for (const [key, spot] of this.#spots) {
      if (keys.has(key)) continue;
      this.#spots.delete(key);
      if (spot.place !== undefined) this.balancer.leave(spot.place);
      for (const session of [...spot.sessions]) {
        this.#release(session);
        void session.close();
      }
      spot.connecting?.destroy(new Error("the name no longer has this address"));
      this.#forgetEmpty(spot);
    }
    const [only, ...others] = this.#spots.values();
    this.#only = others.length === 0 ? only : undefined;
    this.#lookForSpread();
  }
  /** Removes an address that is no longer known, after its last call has ended. */
  #forgetEmpty(spot: AddressSessions<S>): void {
    const { place } = spot;
    if (place === undefined || this.#spots.has(keyOf(spot.target)) || place.inFlight > 0) return;
    this.balancer.remove(place);
    spot.place = undefined;
  }

  /** Assigns sessions to waiters, and opens more if none has room. */
  #serve(): void {
    for (const waiter of this.#waiting) {
      if (this.#opensOther(waiter)) continue;
      const session = this.#next(waiter);
      if (session === undefined) {
        const why = this.#grow();
        if (why !== undefined) this.#refuseAll(why);
        return;
      }
      this.#waiting.delete(waiter);
      waiter.start(session);
    }
  }
  /** Connects another address for an attempt, if each connected one has an attempt of its call, and one never failed. */
  #opensOther(attempts: EarlierAttempts): boolean {
    if (this.#only !== undefined || this.#watched.size === 0) return false;
    const all = [...this.#spots.values()];
    for (const { sessions, place } of all) if (sessions.length > 0 && !attempts.isAt(place)) return false;
    const isFresh = ({ target, why, slow }: AddressSessions<S>): boolean => !target.spare && why === "" && !slow;
    const fresh = all.filter((spot) => spot.sessions.length === 0 && isFresh(spot));
    if (fresh.every(({ mayConnect }) => mayConnect)) this.#random(fresh)?.connect();
    return fresh.length > 0;
  }
  /** Opens a session, if possible. Otherwise it returns the reason why none will be available soon. */
  #grow(): string | undefined {
    if (this.#closed) return "closed";
    if (this.#watched.size > 0) {
      this.#widen();
      return undefined;
    }
    if (this.#spots.size === 0) {
      if (this.#parts.clock.now() < this.#lookupFrom) return this.#addresses.failure;
      if (this.#staleTimer === undefined) this.#outdated();
      return undefined;
    }
    if (this.#staleTimer !== undefined) return undefined;
    const all = [...this.#spots.values()];
    const untried = all.filter((spot) => spot.round !== this.#round && spot.mayConnect);
    const next = this.#random(untried.filter(({ target }) => !target.spare)) ?? this.#random(untried);
    if (all.some(({ connecting, slow }) => connecting !== undefined && !slow)) return undefined;
    if (next !== undefined) next.connect();
    else if (all.every(({ connecting }) => connecting === undefined)) {
      this.#round++;
      return [...new Set(all.map(({ why }) => why).filter((why) => why !== ""))].join(", ");
    }
    return undefined;
  }
  /** Opens one more session at an address that has the fewest. */
  #widen(): void {
    const all = [...this.#spots.values()].filter(({ target }) => !target.spare);
    if (all.some(({ connecting }) => connecting !== undefined)) return;
    const most = this.#watched.size < MAX_SESSIONS ? this.#maxSessions : 1;
    const few = all.filter((spot) => spot.sessions.length < most && spot.mayConnect);
    few.sort((a, b) => a.sessions.length - b.sessions.length);
    few[0]?.connect();
  }
  /** Connects to an address that has too few sessions, while the others stay in use. */
  #spread(): void {
    const now = this.#parts.clock.now();
    if (now < this.#spreadFrom || this.#watched.size === 0) return;
    const few = [...this.#spots.values()].filter((spot) => this.#isUnspread(spot));
    const next = this.#random(few.filter(({ mayConnect }) => mayConnect));
    if (next !== undefined) next.connect();
    else this.#spreadFrom = Math.min(...few.map(({ notBefore }) => notBefore));
    if (few.every(({ connecting }) => connecting !== undefined)) this.#spreadFrom = NEVER; // until one attempt has ended
  }
  #isUnspread({ sessions, target }: AddressSessions<S>): boolean {
    return !target.spare && sessions.length < (this.#watched.size < MAX_SESSIONS ? this.#sessions : 1);
  }
  #lookForSpread(): void {
    this.#spreadFrom = NEVER;
    for (const spot of this.#spots.values()) if (this.#isUnspread(spot)) this.#spreadFrom = 0;
  }
  #random(all: readonly AddressSessions<S>[]): AddressSessions<S> | undefined {
    return all.length < 2 ? all[0] : all[Math.floor(this.#parts.clock.random() * all.length)];
  }
  #refuse(waiter: Waiter<S>, message: string): void {
    if (this.#waiting.delete(waiter)) waiter.refused(message);
  }
  #refuseAll(message: string): void {
    for (const waiter of [...this.#waiting]) this.#refuse(waiter, message);
  }
  /** Stops new streams on the session, which is closed after its streams have ended. */
  #release(session: S): boolean {
    this.#leaving.add(session);
    return this.#drop(session);
  }
  #drop(session: S): boolean {
    const watched = this.#watched.get(session);
    if (watched === undefined) return false;
    watched.end();
    this.#watched.delete(session);
    const { sessions, place } = watched.spot;
    sessions.splice(sessions.indexOf(session), 1);
    if (sessions.length === 0 && place !== undefined) this.balancer.down(place);
    this.#use.ended(session);
    this.#lookForSpread();
    return true;
  }
  #clear(timer: Timer | undefined): void {
    if (timer !== undefined) this.#parts.clock.clearTimeout(timer);
  }

  /** Starts the refresh of addresses, because calls are made. */
  #wake(): void {
    if (this.#timer === undefined) this.#watch();
    this.#use.watch();
    this.#addresses.keep(() => !this.#closed && this.#use.goesOn(this.#watched.keys()));
  }
  /** Checks the sessions periodically while streams are in flight, or while more than one session exists. */
  #watch(): void {
    this.#timer = this.#parts.clock.setTimeout(look, this.#keepAliveMs, this);
  }
  look(): void {
    this.#timer = undefined;
    const all = [...this.#watched];
    // While calls are made, each address keeps its configured sessions. Otherwise one of all stays.
    const quiet = all.every(([, watched]) => watched.isIdle);
    const stay = (sessions: readonly S[]): readonly S[] => sessions.slice(0, quiet ? 1 : this.#sessions);
    const spots = [...this.#spots.values()].filter(({ sessions }) => sessions.length > 0);
    const kept = new Set((quiet ? spots.slice(0, 1) : spots).flatMap(({ sessions }) => stay(sessions)));
    for (const [session, watched] of all) {
      if (!kept.has(session) && watched.isIdle) {
        this.#release(session);
        void session.close();
        continue;
      }
      watched.look();
    }
    const [[first] = []] = this.#watched;
    if (this.#watched.size > 1 || first?.streams) this.#watch();
    else this.#use.rest();
  }
}

const look = (pool: { look(): void }): void => pool.look();
