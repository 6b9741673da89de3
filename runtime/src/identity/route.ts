import type { Incoming } from "./incoming.ts";

/** A request to a path that an identity serves itself: a login, the public keys. */
export interface RouteRequest extends Incoming {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  /** All of the body. Rejects where it is larger, in bytes, or has not come in time. */
  body(maxBytes: number): Promise<Buffer>;
}

export interface RouteAnswer {
  readonly status: number;
  /** Names, in lower case, and values in turn; a name may come several times. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** Answers one path, whatever the method. Where it rejects the answer is 500, without a word about why. */
export type Route = (request: RouteRequest) => RouteAnswer | Promise<RouteAnswer>;
