import { channel } from "node:diagnostics_channel";
import type { ConnectError } from "@connectrpc/connect";
import { DEFAULT_MAX_CONNECTIONS, type ServerHttp2 } from "./http2/client-http2.ts";
import { DEFAULT_MAX_STREAMS } from "./http2/client-sessions.ts";
import { type Connections, urlOf } from "./listener/connections.ts";
import { Listener } from "./listener/listener.ts";
import type { Listening } from "./listener/listening.ts";
import { ServerEnd } from "./listener/server-end.ts";
import type { Listenable } from "./paths/listenable.ts";
import { openPaths, type PathsOptions, REQUEST_TIMEOUT_MS, type ServedPaths } from "./paths/served-paths.ts";
import type { StreamListenable } from "./streams/stream-path.ts";

export type { Listening, RequestCounters, Room } from "./listener/listening.ts";
export type { Listenable } from "./paths/listenable.ts";

/** Options of a server's listener. */
export interface ListenOptions extends PathsOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0: a free port. Default: 0. */
  readonly port?: number;
  /** Connections that another process accepts, in place of a port. */
  readonly connections?: Connections;
  /** Certificate and key in PEM. Without them the server serves plain HTTP. */
  readonly tls?: {
    readonly cert: Buffer | string;
    readonly key: Buffer | string;
    /** Authorities of client certificates, which the server then requests. Default: no client certificates. */
    readonly clientCa?: Buffer | string;
  };
  /** Time limit for protocol detection on a connection, in milliseconds. Default: 10 s. */
  readonly handshakeTimeoutMs?: number;
  /** Time limit for receiving a whole request, in milliseconds, checked ten times within it. Default: 300 s. */
  readonly requestTimeoutMs?: number;
  /** Implementation of HTTP/2 that serves clients: the runtime's own, or node:http2. Default: `own`. */
  readonly http2Server?: ServerHttp2;
  /** Maximum number of open client connections. Further ones are closed on arrival. Default: 30,000. */
  readonly maxConnections?: number;
  /** Maximum number of requests on one HTTP/2 connection, or unanswered ones on one of HTTP/1.1. Default: 250. */
  readonly maxStreams?: number;
  /** Idle time after which an HTTP/2 connection without requests is closed, in milliseconds. Default: 300 s. */
  readonly idleMs?: number;
  /** Age at which a connection is closed, in milliseconds, plus or minus a tenth. Default: 0, which sets no limit. */
  readonly maxConnectionAgeMs?: number;
  /** Time from `close` to the end of accepting, in milliseconds. Meanwhile the server is not ready. Default: 0. */
  readonly drainDelayMs?: number;
}

/**
 * Serves these endpoints by gRPC, gRPC-Web and Connect on one port, with `grpc.health.v1`, `/healthz` and `/readyz`.
 * Publishes every server that is up on the channel `protobff.listening` (node:diagnostics_channel).
 *
 * @throws the error of the port, with a `code` such as EADDRINUSE
 * @example
 * const server = await listen(createShopService({ upstreams, env: {} }), { port: 8080 });
 */
export async function listen(
  endpoints: readonly (Listenable | StreamListenable)[],
  options: ListenOptions = {},
): Promise<Listening> {
  const listening = await listenUnannounced(endpoints, options);
  channel("protobff.listening").publish(listening);
  return listening;
}

/** Opens a server as `listen` does, without publishing it. */
export async function listenUnannounced(
  endpoints: readonly (Listenable | StreamListenable)[],
  options: ListenOptions = {},
): Promise<Listening> {
  const { maxConnections = DEFAULT_MAX_CONNECTIONS, host = "127.0.0.1" } = options;
  const served = await openPaths(endpoints, options);
  const listener = await openListener(served, options, { host, maxConnections });
  return running(served, options, listener, { host, maxConnections });
}

interface Address {
  readonly host: string;
  readonly maxConnections: number;
}

function openListener(
  { handler, shortcut, sockets, bounds, fault }: ServedPaths,
  options: ListenOptions,
  address: Address,
): Promise<Listener> {
  return Listener.open(handler, {
    ...address,
    ...bounds,
    port: options.port ?? 0,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? 10_000,
    requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    idleMs: options.idleMs ?? 300_000,
    maxConnectionAgeMs: options.maxConnectionAgeMs ?? 0,
    maxStreams: options.maxStreams ?? DEFAULT_MAX_STREAMS,
    http2Server: options.http2Server,
    fault,
    shortcut,
    upgrades: sockets,
    ...(options.tls !== undefined && { tls: options.tls }),
    ...(options.connections !== undefined && { connections: options.connections }),
  });
}

function running(
  served: ServedPaths,
  { tls, drainDelayMs = 0 }: ListenOptions,
  listener: Listener,
  { host, maxConnections }: Address,
): Listening {
  const { readiness, accounts, shedding, draining } = served;
  const goodbye = (graceMs: number): void => served.goodbye(graceMs);
  const cut = (error: ConnectError): void => served.cut(error);
  const end = new ServerEnd({ listener, readiness, draining, drainDelayMs, goodbye, cut });
  return {
    port: listener.port,
    openStreams: (path) => accounts.at(path).count,
    paths: served.paths,
    get requests() {
      return listener.counters;
    },
    get state() {
      return readiness.state;
    },
    get load() {
      return shedding?.load ?? "calm";
    },
    get standingDelayMs() {
      return shedding?.standingDelayMs ?? 0;
    },
    get open() {
      return listener.open;
    },
    get connections() {
      return listener.connections;
    },
    get protocols() {
      return listener.protocols;
    },
    get followers() {
      return accounts.followers.count;
    },
    room: { connections: maxConnections, followers: served.maxFollowers },
    url: urlOf(tls === undefined ? "http" : "https", host, listener.port),
    renew: (certificates) => listener.renew(certificates),
    leave: () => end.leave(),
    close: (graceMs) => end.close(graceMs),
    handOver: (graceMs) => end.handOver(graceMs),
  };
}
