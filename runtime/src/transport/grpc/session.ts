import type { Place, PlacePreference } from "../balance/balancer.ts";

/** One HTTP/2 connection, as seen by a pool that chooses among several. */
export interface Session {
  /** Place of the session, which counts calls by address. */
  place?: Place<unknown> | undefined;
  /** Number of streams in flight. */
  readonly streams: number;
  /** Number of streams that the other end allows at a time. */
  readonly maxStreams: number;
  /** Number of streams that were opened. */
  readonly opened: number;
  /** Number of received bytes. If it does not change, nothing has arrived. */
  readonly bytesRead: number;
  /** Sends a ping. `answered` is called once, or never. */
  ping(answered: () => void): void;
  /** Ends the session after its streams have ended. Resolves when it is closed. */
  close(): Promise<void>;
  /** Ends the session with all its streams. */
  destroy(error: Error): void;
}

/** Receives the events of a session, never before the function that made it has returned. */
export interface SessionOwner<S extends Session> {
  /** Reports that it is connected, and takes streams. */
  ready(session: S): void;
  /** Reports that a stream has ended, or that more are allowed. */
  room(session: S): void;
  /**
   * Reports that it takes no more streams. Its open streams may end. `pings`: the other end received too many of them.
   */
  leaving(session: S, reason: "goaway" | "pings"): void;
  /** Reports that it is closed. `reason` is the cause, for logs. */
  gone(session: S, reason: string): void;
}

/** The attempts of one call until now. */
export interface EarlierAttempts extends PlacePreference {
  /** Reports whether one of them is in flight at that place. */
  isAt(place: object | undefined): boolean;
}

/**
 * Waits for a session with room to open a stream. One of the two methods is called, once, and not from within `wait`.
 */
export interface Waiter<S extends Session> extends EarlierAttempts {
  start(session: S): void;
  /** Reports that no connection exists, and none will be available soon. */
  refused(message: string): void;
}
