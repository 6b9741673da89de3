import type { Socket } from "node:net";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { Shortcut } from "../carrier/handler.ts";
import type { AdapterRequests } from "../requests/adapter-requests.ts";
import type { ConnectionAge } from "./connection-age.ts";

/** Implementation of HTTP/2 towards clients: our own frames, or node:http2. */
export type ServerHttp2 = "own" | "node";
export const DEFAULT_SERVER_HTTP2: ServerHttp2 = "own";

/**
 * Maximum number of client connections: more than the maximum number of followers, each on its own HTTP/1.1 connection.
 */
export const DEFAULT_MAX_CONNECTIONS = 30_000;

/** The HTTP/2 connections of clients, by node:http2 or by our own frames. */
export interface ClientHttp2 {
  /** Number of connections. */
  readonly size: number;
  /** Number of open requests and streams of all connections. */
  readonly streams: number;
  /** @param socket an HTTP/2 connection of which nothing has been read */
  accept(socket: Socket): void;
  /** Closes each connection after its running requests have been answered. New requests are refused. */
  close(): void;
  /** Closes each connection as `close` does, but without hurry, because another process has taken over. */
  leave(): void;
  /** Destroys all connections at once. */
  destroy(): void;
}

/** Destinations of requests, and bounds. */
export interface ClientHttp2Parts {
  readonly shortcut: Shortcut | undefined;
  readonly requests: AdapterRequests;
  readonly age: ConnectionAge;
  /** Reports each request, and whether the shortcut has taken it. */
  readonly taken: (fast: boolean) => void;
  readonly fault: ServerFault;
}
