import type { Incoming } from "./incoming-request.ts";

/** Routes that sources serve, by path. */
export type Routes = ReadonlyMap<string, Route>;

/** Answers requests for one path, of any method. */
export type Route = (request: RouteRequest) => RouteAnswer | Promise<RouteAnswer>;

/** Request for a path that a source serves, such as the callback of a login. */
export interface RouteRequest {
  /** In upper case. */
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: Incoming;
  /** Aborted when the client disconnects. */
  readonly signal: AbortSignal;
  /** @throws RangeError for more bytes than this, and the transport's own error for a body that does not arrive */
  body(maxBytes: number): Promise<Uint8Array>;
}

/** Answer to a `RouteRequest`. */
export interface RouteAnswer {
  readonly status: number;
  /** Names, in lower case, each followed by its value. `cache-control` defaults to `no-store`. */
  readonly headers?: readonly string[] | undefined;
  readonly body?: string | Uint8Array | undefined;
}
