import type { Incoming } from "./incoming.ts";

/** What sources serve themselves, by path. */
export type Routes = ReadonlyMap<string, Route>;

/** Answers requests for one path, of any method. */
export type Route = (request: RouteRequest) => RouteAnswer | Promise<RouteAnswer>;

export interface RouteRequest {
  /** In upper case. */
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: Incoming;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** @throws RangeError for more bytes than this, whatever the transport says for a body that does not come */
  body(maxBytes: number): Promise<Uint8Array>;
}

export interface RouteAnswer {
  readonly status: number;
  /** Names, in lower case, and values in turn. `cache-control` is `no-store` where nothing is said. */
  readonly headers?: readonly string[] | undefined;
  readonly body?: string | Uint8Array | undefined;
}
