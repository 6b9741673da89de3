import type { Clock, Timer } from "../clock.ts";
import { type Backoff, startBackoff } from "../guard/retry.ts";
import type { Addresses } from "./addresses.ts";
import type { Session, SessionOwner, Waiter } from "./session.ts";

export interface PoolOptions {
  /** At most so many sessions; further streams wait. */
  readonly maxSessions: number;
  /** A session with streams on which nothing comes for so long is asked for a sign of life, in milliseconds. */
  readonly keepAliveMs: number;
  readonly clock: Clock;
  /** Those that sessions are spread over. Default: wherever they lead. */
  readonly addresses?: Addresses | undefined;
}

/** How long connecting may take, in milliseconds. */
const CONNECT_MS = 5_000;
/** How long a sign of life may take, in milliseconds. */
const PING_MS = 5_000;
/** The waits between attempts to connect. */
const RECONNECT = { initialMs: 50, maxMs: 2_000, multiplier: 2 };
/** An address that was to be connected to, and could not be, is left alone for so long, in milliseconds. */
const SPREAD_MS = 30_000;

/** The sessions to one address. */
interface Place<S> {
  readonly address: string;
  readonly sessions: S[];
}

interface Watched {
  /** As they were when last looked at. */
  bytes: number;
  opened: number;
  busy: boolean;
  /** Since when nothing has come though streams were given up. */
  silentFrom: number;
  silentBytes: number;
  ping: Timer | undefined;
}

/**
 * The connections to one upstream: which one takes a stream, when another one is made, and when one is given up. The addresses take
 * streams in turn, each by its first session that has room. One more is made when an address has none, and when none has room. It knows
 * nothing of sockets.
 */
export class SessionPool<S extends Session> implements SessionOwner<S> {
  readonly #dial: (owner: SessionOwner<S>) => S;
  readonly #maxSessions: number;
  readonly #clock: Clock;
  #keepAliveMs: number;
  readonly #addresses: Addresses | undefined;
  readonly #places: Place<S>[] = [];
  #turn = 0; // of the places
  #unspread = false; // an address has no session, and there may be one more
  #spreading = false; // what is connecting is for such an address
  #spreadFrom = 0;
  readonly #watched = new Map<S, Watched>();
  readonly #leaving = new Set<S>();
  #connecting: S | undefined;
  #connectTimer: Timer | undefined;
  #backoff: Backoff | undefined;
  #connectFrom = 0;
  #why = ""; // of the last failure to connect
  readonly #waiting = new Set<Waiter<S>>();
  #timer: Timer | undefined;
  #closed = false;

  /** @param dial begins to connect */
  constructor(dial: (owner: SessionOwner<S>) => S, { maxSessions, keepAliveMs, clock, addresses }: PoolOptions) {
    this.#dial = dial;
    this.#maxSessions = maxSessions;
    this.#keepAliveMs = keepAliveMs;
    this.#clock = clock;
    this.#addresses = addresses;
    if (addresses === undefined) return;
    addresses.connections = (address) => this.#at(address)?.sessions.length ?? 0;
    addresses.changed = () => this.#lookForSpread();
  }

  /** A session that has room for a stream, which has to be opened at once. */
  take(): S | undefined {
    if (this.#unspread) this.#spread();
    return this.#next();
  }
  #next(): S | undefined {
    const places = this.#places;
    for (let tried = 0; tried < places.length; tried++) {
      this.#turn = this.#turn + 1 < places.length ? this.#turn + 1 : 0;
      for (const session of places[this.#turn]?.sessions ?? []) {
        if (session.streams < session.maxStreams) {
          if (this.#timer === undefined) this.#watch();
          return session;
        }
      }
    }
    return undefined;
  }
  wait(waiter: Waiter<S>): void {
    this.#waiting.add(waiter);
    if (this.#watched.size > 0 || this.#connecting !== undefined || this.#mayConnect()) this.#grow();
    else queueMicrotask(() => this.#refuse(waiter, this.#closed ? "closed" : `not connected again yet (${this.#why})`));
  }
  /** No longer wants a stream. */
  leave(waiter: Waiter<S>): void {
    this.#waiting.delete(waiter);
  }
  /** A stream was given up unanswered. Nobody may be there any more, even if no stream stays open for long. */
  givenUp(session: S): void {
    const watched = this.#watched.get(session);
    if (watched === undefined) return;
    const now = this.#clock.now();
    if (watched.silentBytes !== session.bytesRead) {
      watched.silentBytes = session.bytesRead;
      watched.silentFrom = now;
    } else if (now - watched.silentFrom >= this.#keepAliveMs) {
      watched.silentFrom = now;
      this.#ping(session, watched);
    }
  }
  /** Ends all sessions when their streams have ended, and resolves when they are gone. What waits is refused. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#connecting?.destroy(new Error("closed"));
    this.#refuseAll("closed");
    this.#clear(this.#timer);
    this.#timer = undefined;
    for (const session of [...this.#watched.keys()]) this.#release(session);
    await Promise.all([...this.#leaving].map((session) => session.close()));
  }

  ready(session: S): void {
    if (session !== this.#connecting) return;
    const spreading = this.#spreading;
    this.#connected();
    this.#backoff = undefined;
    this.#connectFrom = 0;
    const { address, bytesRead } = session;
    const place = this.#at(address);
    if (spreading && place !== undefined && this.#waiting.size === 0) {
      // The address that it was for is dead, or no longer there: it is another one to where there is one already.
      this.#spreadFrom = this.#clock.now() + SPREAD_MS;
      this.#leaving.add(session);
      void session.close();
      return;
    }
    if (place === undefined) this.#places.push({ address, sessions: [session] });
    else place.sessions.push(session);
    this.#watched.set(session, {
      bytes: bytesRead,
      opened: 0,
      busy: false,
      silentFrom: 0,
      silentBytes: -1,
      ping: undefined,
    });
    this.#lookForSpread();
    this.#serve();
  }
  room(): void {
    if (this.#waiting.size > 0) this.#serve();
  }
  leaving(session: S, reason: "goaway" | "pings"): void {
    if (reason === "pings") this.#keepAliveMs *= 2; // as gRFC A8 has it
    this.#release(session);
    this.#serve();
  }
  gone(session: S, reason: string): void {
    this.#leaving.delete(session);
    this.#drop(session);
    if (session === this.#connecting) {
      this.#connected();
      this.#why = reason;
      this.#backoff = this.#backoff?.next(undefined) ?? startBackoff(RECONNECT, this.#clock);
      this.#connectFrom = this.#clock.now() + this.#backoff.duration;
      if (this.#watched.size === 0) this.#refuseAll(this.#why);
      return;
    }
    this.#serve();
  }

  /** Gives room to those who wait, and makes more where there is none. */
  #serve(): void {
    for (const waiter of this.#waiting) {
      const session = this.#next();
      if (session === undefined) {
        this.#grow();
        return;
      }
      this.#waiting.delete(waiter);
      waiter.start(session);
    }
  }
  #mayConnect(): boolean {
    return !this.#closed && this.#clock.now() >= this.#connectFrom;
  }
  #grow(): void {
    if (this.#connecting !== undefined || this.#watched.size >= this.#maxSessions) return;
    if (!this.#mayConnect()) {
      if (this.#watched.size === 0) this.#refuseAll(this.#why);
      return;
    }
    const session = this.#dial(this);
    this.#connecting = session;
    const late = (): void => session.destroy(new Error(`not connected after ${CONNECT_MS} ms`));
    this.#connectTimer = this.#clock.setTimeout(late, CONNECT_MS, undefined);
  }
  /** Connects to an address that has no session, beside the work of the others. */
  #spread(): void {
    if (this.#connecting !== undefined || this.#clock.now() < this.#spreadFrom || !this.#mayConnect()) return;
    this.#spreading = true;
    this.#grow();
  }
  #lookForSpread(): void {
    const known = this.#addresses?.known ?? [];
    this.#unspread = this.#watched.size < this.#maxSessions && known.some((address) => this.#at(address) === undefined);
  }
  #at(address: string): Place<S> | undefined {
    return this.#places.find((place) => place.address === address);
  }
  #connected(): void {
    this.#connecting = undefined;
    this.#spreading = false;
    this.#clear(this.#connectTimer);
    this.#connectTimer = undefined;
  }
  #refuse(waiter: Waiter<S>, message: string): void {
    if (this.#waiting.delete(waiter)) waiter.refused(message);
  }
  #refuseAll(message: string): void {
    for (const waiter of [...this.#waiting]) this.#refuse(waiter, message);
  }
  /** It gets no more streams, and is let go when those that it has have ended. */
  #release(session: S): void {
    this.#leaving.add(session);
    this.#drop(session);
  }
  #drop(session: S): void {
    const watched = this.#watched.get(session);
    if (watched === undefined) return;
    this.#clear(watched.ping);
    this.#watched.delete(session);
    const place = this.#places.findIndex(({ sessions }) => sessions.includes(session));
    const sessions = this.#places[place]?.sessions ?? [];
    sessions.splice(sessions.indexOf(session), 1);
    if (sessions.length === 0) this.#places.splice(place, 1);
    this.#lookForSpread();
  }
  #clear(timer: Timer | undefined): void {
    if (timer !== undefined) this.#clock.clearTimeout(timer);
  }

  /** Looks at the sessions from time to time, while there is something to see: streams under way, or more sessions than one. */
  #watch(): void {
    this.#timer = this.#clock.setTimeout(look, this.#keepAliveMs, this);
  }
  look(): void {
    this.#timer = undefined;
    const isIdle = (session: S, watched: Watched): boolean =>
      session.streams === 0 && session.opened === watched.opened;
    const all = [...this.#watched];
    // One session for each address stays while there are calls, and one of all when there are none.
    const quiet = all.every(([session, watched]) => isIdle(session, watched));
    const kept = new Set((quiet ? this.#places.slice(0, 1) : this.#places).map(({ sessions }) => sessions[0]));
    if (!quiet) this.#addresses?.refresh();
    for (const [session, watched] of all) {
      if (!kept.has(session) && isIdle(session, watched)) {
        this.#release(session);
        void session.close();
        continue;
      }
      const busy = session.streams > 0;
      if (busy && watched.busy && session.bytesRead === watched.bytes) this.#ping(session, watched);
      watched.bytes = session.bytesRead;
      watched.opened = session.opened;
      watched.busy = busy;
    }
    const [[first] = []] = this.#watched;
    if (this.#watched.size > 1 || first?.streams) this.#watch();
  }
  #ping(session: S, watched: Watched): void {
    if (watched.ping !== undefined) return;
    const dead = (): void => session.destroy(new Error(`no sign of life after ${PING_MS} ms`));
    watched.ping = this.#clock.setTimeout(dead, PING_MS, undefined);
    session.ping(() => {
      this.#clear(watched.ping);
      watched.ping = undefined;
    });
  }
}

const look = (pool: { look(): void }): void => pool.look();
