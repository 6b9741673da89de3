import * as http2 from "node:http2";
import { type Clock, systemClock, type Timer } from "../clock.ts";
import { Code } from "../failure.ts";
import { type Backoff, startBackoff } from "../retry.ts";
import { type Connection, send } from "./grpc-attempt.ts";
import type { InFlight, OutgoingHeaders, Reply, UnaryClient } from "./unary-client.ts";

export type { UnaryClient };

export interface GrpcClientOptions {
  /** PEM: whom to trust, in place of the system's authorities. */
  readonly ca?: string | Buffer | undefined;
  /** PEM: the client's own certificate and key. */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** A larger reply is refused. Default 16 MiB. */
  readonly maxReplyBytes?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** How long connecting may take, in milliseconds. */
const CONNECT_MS = 5_000;
/** A connection on which calls are given up, and nothing has come for so long, is replaced: its other end may be gone silently. */
const SILENT_MS = 20_000;
/** The waits between attempts to connect; meanwhile calls fail at once. */
const RECONNECT = { initialMs: 50, maxMs: 2_000, multiplier: 2 };
const WINDOW_BYTES = 1 << 20;

/** Unary gRPC over one HTTP/2 connection, which is made when needed and again when lost. */
export class GrpcClient implements UnaryClient {
  readonly #url: URL;
  readonly #prefix: string;
  readonly #options: GrpcClientOptions;
  readonly #clock: Clock;
  readonly #maxReplyBytes: number;
  #connection: Connection | undefined;
  #backoff: Backoff | undefined;
  #connectFrom = 0;
  #closed = false;
  readonly #sessions = new Set<http2.ClientHttp2Session>(); // also those that GOAWAY has ended, while they have streams

  /** @param url `http://host:port` (HTTP/2 without TLS) or `https://…` */
  constructor(url: string, options: GrpcClientOptions = {}) {
    this.#url = new URL(url);
    this.#prefix = this.#url.pathname.replace(/\/$/, "");
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#maxReplyBytes = options.maxReplyBytes ?? 16 << 20;
  }

  send(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    forwarded: OutgoingHeaders | undefined,
    attempt: number,
    reply: Reply,
  ): InFlight {
    // A flat list: node:http2 takes it as it is, where an object would be copied, checked and sorted.
    const headers = [
      ":method",
      "POST",
      ":scheme",
      this.#url.protocol === "https:" ? "https" : "http",
      ":authority",
      this.#url.host,
      ":path",
      this.#prefix + path,
      "content-type",
      "application/grpc+proto",
      "te",
      "trailers",
      "grpc-timeout",
      grpcTimeout(timeoutMs),
    ];
    if (forwarded !== undefined) for (const name in forwarded) headers.push(name, forwarded[name] ?? "");
    if (attempt > 1) headers.push("grpc-previous-rpc-attempts", String(attempt - 1));
    const connection = this.#connected();
    if (connection === undefined) return refuse(reply, "not connected");
    connection.silentFrom ??= this.#clock.now();
    return send(connection, headers, frame, this.#maxReplyBytes, reply);
  }

  /** Resolves when all connections have closed: after what is in flight has ended. Nothing is sent any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#connection = undefined;
    await Promise.all(
      [...this.#sessions].map(
        (session) =>
          new Promise<void>((resolve) => {
            if (session.destroyed) resolve(); // after a late failure of TLS `close` may never come
            session.once("close", () => resolve());
            if (session.connecting) session.destroy();
            else session.close();
          }),
      ),
    );
  }

  #connected(): Connection | undefined {
    const known = this.#connection;
    if (known !== undefined && !known.session.closed && !known.session.destroyed) return known;
    if (this.#closed || this.#clock.now() < this.#connectFrom) return undefined;
    return this.#connect();
  }
  #connect(): Connection {
    const { ca, cert, key } = this.#options;
    const session = http2.connect(this.#url, {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
    });
    session.setMaxListeners(0); // each stream asked for before the connection stands adds one
    this.#sessions.add(session);
    const unanswered = (): void => {
      const { silentFrom } = connection;
      if (silentFrom === undefined || this.#clock.now() - silentFrom < SILENT_MS) return;
      this.#drop(connection);
      session.close();
    };
    const connection: Connection = {
      session,
      connected: false,
      lastStream: undefined,
      error: undefined,
      silentFrom: undefined,
      unanswered,
    };
    const late = (): void => session.destroy(new Error(`not connected after ${CONNECT_MS} ms`));
    let timer: Timer | undefined = this.#clock.setTimeout(late, CONNECT_MS, undefined);
    const inTime = (): void => {
      if (timer !== undefined) this.#clock.clearTimeout(timer);
      timer = undefined;
    };
    session.on("connect", () => {
      inTime();
      connection.connected = true;
      this.#backoff = undefined;
      this.#connectFrom = 0;
      session.setLocalWindowSize(WINDOW_BYTES);
    });
    session.on("error", (error) => {
      connection.error = error;
    });
    session.on("goaway", (_code, lastStream) => {
      connection.lastStream = lastStream;
      this.#drop(connection);
    });
    session.on("close", () => {
      inTime();
      this.#sessions.delete(session);
      this.#drop(connection);
    });
    this.#connection = connection;
    return connection;
  }
  #drop(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    if (connection.connected) return;
    this.#backoff = this.#backoff?.next(undefined) ?? startBackoff(RECONNECT, this.#clock);
    this.#connectFrom = this.#clock.now() + this.#backoff.duration;
  }
}

/** The value of `grpc-timeout`: at most eight digits and a unit, rounded down. */
export function grpcTimeout(ms: number): string {
  if (ms < 1e8) return `${Math.max(1, Math.floor(ms))}m`;
  return `${Math.min(99_999_999, Math.floor(ms / 1000))}S`;
}

function refuse(reply: Reply, message: string): InFlight {
  let cancelled = false;
  queueMicrotask(() => {
    if (!cancelled) reply.faulted({ kind: "transport", code: Code.UNAVAILABLE, message });
  });
  return {
    cancel: () => {
      cancelled = true;
    },
  };
}
