import type { Place, PlacePreference } from "../balance/balancer.ts";

/** One HTTP/2 connection, as those who choose among several see it. */
export interface Session {
  /** Whose it is, for those who count calls by address. */
  place?: Place<unknown> | undefined;
  /** Streams under way. */
  readonly streams: number;
  /** How many of them the other end allows at a time. */
  readonly maxStreams: number;
  /** How many there have been. */
  readonly opened: number;
  /** Bytes that have come; a number that stands still says that nothing has. */
  readonly bytesRead: number;
  /** Asks for a sign of life. `answered` is called once, or never. */
  ping(answered: () => void): void;
  /** Ends it when its streams have ended. Resolves when it is gone. */
  close(): Promise<void>;
  /** Ends it with all its streams. */
  destroy(error: Error): void;
}

/** Hears from a session; never before the function that made it has returned. */
export interface SessionOwner<S extends Session> {
  /** It stands, and takes streams. */
  ready(session: S): void;
  /** A stream has ended, or more are allowed. */
  room(session: S): void;
  /** It takes no more streams; those that it has may end. `pings`: because there were too many of these. */
  leaving(session: S, reason: "goaway" | "pings"): void;
  /** It is gone. `reason` says why, for logs. */
  gone(session: S, reason: string): void;
}

/** Wants to open a stream as soon as a session has room. Called is one of the two, once, and not from within `wait`. */
export interface Waiter<S extends Session> extends PlacePreference {
  start(session: S): void;
  /** There is no connection, and none will come soon. */
  refused(message: string): void;
}
