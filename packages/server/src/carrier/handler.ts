import type * as http from "node:http";
import type * as http2 from "node:http2";
import type { Duplex } from "node:stream";
import type { Carrier } from "./carrier.ts";

export type ServerRequest = http.IncomingMessage | http2.Http2ServerRequest;
export type ServerResponse = http.ServerResponse | http2.Http2ServerResponse;
export type Handler = (request: ServerRequest, response: ServerResponse) => void;

/** Serves some requests. Returns false for requests that it leaves to others. */
export interface Shortcut {
  /** @param raw the headers as received: names and values in turn */
  stream(stream: Carrier, headers: http2.IncomingHttpHeaders, raw: readonly string[]): boolean;
  request(request: http.IncomingMessage, response: http.ServerResponse): boolean;
  /** Counts one more round. HTTP/2 requests that are incomplete after `rounds` rounds are refused with `late`. */
  checkArrivals(rounds: number): void;
}

/** Handler of requests that switch to another protocol. */
export interface Upgrades {
  wants(request: http.IncomingMessage): boolean;
  /** @param head bytes received after the request */
  take(request: http.IncomingMessage, socket: Duplex, head: Buffer): void;
}
