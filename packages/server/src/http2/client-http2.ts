import type { Socket } from "node:net";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { Shortcut } from "../carrier/handler.ts";
import type { AdapterRequests } from "../requests/adapter-requests.ts";
import type { ConnectionAge } from "./connection-age.ts";

/** Whose HTTP/2 serves clients. */
export type ServerHttp2 = "own" | "node";
export const DEFAULT_SERVER_HTTP2: ServerHttp2 = "own";

/** Of clients, at once: more than followers, each on a connection of HTTP/1.1. */
export const DEFAULT_MAX_CONNECTIONS = 30_000;

/** The connections of HTTP/2 that clients have: node's, or those of our own frames. */
export interface ClientHttp2 {
  /** How many there are. */
  readonly size: number;
  /** Requests and streams that have not ended, of all connections. */
  readonly streams: number;
  /** @param socket a connection that speaks HTTP/2, of which nothing has been read */
  accept(socket: Socket): void;
  /** They end when what runs has been answered, and nothing new is taken. */
  close(): void;
  /** The same, where somebody else has taken over, and nobody is in a hurry. */
  leave(): void;
  /** At once. */
  destroy(): void;
}

/** Whom requests go to. */
export interface ClientHttp2Parts {
  readonly shortcut: Shortcut | undefined;
  readonly requests: AdapterRequests;
  readonly age: ConnectionAge;
  /** Told of each request, and whether the shortcut has taken it. */
  readonly taken: (fast: boolean) => void;
  readonly fault: ServerFault;
}
