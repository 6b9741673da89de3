// A running server, as its owner sees it.
import type { Load, ReadyState } from "../overload/load.ts";
import type { ServerTls } from "./tls-server.ts";

/** Number of requests, and of those that took the fast path. */
export interface RequestCounters {
  readonly fast: number;
  readonly all: number;
}

/** Maximum numbers of connections and streams of one server. */
export interface Room {
  readonly connections: number;
  readonly followers: number;
}

/** A server that is up. */
export interface Listening {
  /** 0 if another process accepts its connections. */
  readonly port: number;
  /** `http://<host>:<port>`, or `https://` with TLS. */
  readonly url: string;
  /** All paths that are served; for REST, the templates. */
  readonly paths: readonly string[];
  /** Open streams in the account that counts those of this path. */
  openStreams(path: string): number;
  /** Since the start; health checks and preflights are among them all. */
  readonly requests: RequestCounters;
  /** Requests and streams of all kinds that have not ended, and WebSockets. */
  readonly open: number;
  /** Number of open client connections. */
  readonly connections: number;
  /** Number of open client connections whose protocol is known. */
  readonly protocols: Readonly<Record<"http1" | "http2" | "websocket", number>>;
  /** Number of open streams, over all protocols. */
  readonly followers: number;
  readonly room: Room;
  /** Readiness, as `/readyz` reports it. */
  readonly state: ReadyState;
  /** Refusals under overload. */
  readonly load: Load;
  /** Standing delay of the event loop, in milliseconds: the least of a tenth of a second. 0 while no request arrives. */
  readonly standingDelayMs: number;
  /**
   * Replaces the certificates of new connections. Open ones keep theirs.
   *
   * @throws for invalid certificates; the previous ones stay
   */
  renew(tls: ServerTls): void;
  /** Makes the server not ready. It continues to serve. */
  leave(): void;
  /**
   * Ends as `close` does, after another process has taken over the port. The server stays ready to the end. Idle
   * HTTP/1.1 connections stay open until their next request, or until the time is over.
   */
  handOver(graceMs?: number): Promise<void>;
  /**
   * Makes the server not ready. After `drainDelayMs` it accepts nothing more, lets requests in flight finish, and
   * closes every connection. Repeated calls return the same promise.
   *
   * @param graceMs time after which unfinished requests are cut off; default 10 s
   */
  close(graceMs?: number): Promise<void>;
}
