import * as dns from "node:dns";
import type { LookupFunction } from "node:net";
import type { SecureContext, SecureContextOptions } from "node:tls";
import { type Clock, systemClock } from "../../clock.ts";
import type { AddressState } from "../../observer-upstreams.ts";
import { Addresses, lookupOf, type Target } from "../balance/addresses.ts";
import type { BalancePolicy } from "../balance/balance-policy.ts";
import type { Ejection } from "../balance/balancer.ts";
import type { OutgoingHeaders } from "../call-headers.ts";
import type { OpenStream, StreamClient, StreamReceiver } from "../stream-client.ts";
import type { InFlight, Reply, UnaryClient } from "../unary-client.ts";
import { GrpcAttempt } from "./grpc-attempt.ts";
import type { GrpcRequest, GrpcSession, GrpcTarget } from "./grpc-session.ts";
import { H2Session } from "./h2-session.ts";
import { RequestEncoder } from "./request-encoder.ts";
import type { SessionOwner } from "./session.ts";
import { SessionPool } from "./session-pool.ts";
import { StreamAttempt } from "./stream-attempt.ts";
import { WireSession } from "./wire-session.ts";

export type { UnaryClient };

/** Connection options of an upstream: TLS, bounds, connections (runtime.md, "Upstream connections"). */
export interface GrpcClientOptions {
  /** PEM: trusted authorities, in place of the system's. */
  readonly ca?: string | Buffer | undefined;
  /** PEM: the client's certificate and key. */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** Maximum reply size, in bytes. A larger reply is refused. Default: 16 MiB. */
  readonly maxReplyBytes?: number | undefined;
  /**
   * Maximum number of connections to one address. `balance` sets the usual number; one more opens when the upstream
   * allows no further stream on these. Default: 8.
   */
  readonly maxConnections?: number | undefined;
  /**
   * Time without received bytes after which a connection with calls in flight is pinged, in milliseconds. Default:
   * 20,000. Servers may refuse more frequent pings.
   */
  readonly keepAliveMs?: number | undefined;
  /**
   * Resolves the host's name, for each connection and periodically while calls are made. Default: that of `node:dns`.
   */
  readonly lookup?: LookupFunction | undefined;
  /**
   * HTTP/2 implementation: Node's, or our own, which supports only whole requests and takes less CPU. Default: `own`.
   */
  readonly http2?: Http2 | undefined;
  /** How calls are spread over several addresses. */
  readonly balance?: BalancePolicy | undefined;
  readonly clock?: Clock | undefined;
}

/** Implementation of HTTP/2 towards upstreams: `node:http2` or the own one of this package. */
export type Http2 = "node" | "own";
export const DEFAULT_HTTP2: Http2 = "own";

/** As of `connectionOf`. */
type SessionListener = (pool: SessionPool<GrpcSession>, session: GrpcSession, address: string, held: boolean) => void;

/** Returns the target in the form of request headers. */
function targetOf({ protocol, host, pathname }: URL): GrpcTarget {
  return {
    scheme: protocol === "https:" ? "https" : "http",
    authority: host,
    prefix: pathname.replace(/\/$/, ""),
  };
}

/**
 * Time without received bytes after which a connection for streams is pinged, in milliseconds. Servers of grpc-go end
 * connections that ping more often than every five minutes without traffic.
 */
const STREAMS_ALIVE_MS = 5 * 60_000 + 5_000;
/** Maximum number of connections for streams, to one address and to all. */
const STREAM_SESSIONS = 256;

/**
 * Unary gRPC and server streams over HTTP/2 connections, which open on demand and reopen after a loss. Streams use
 * separate connections, so that neither waits for the windows of the other.
 *
 * @example
 * const stock = new GrpcClient(["https://stock-1:9002", "https://stock-2:9002"], { maxConnections: 4 });
 * const upstreams = createUpstreams({ stock });
 * process.once("SIGTERM", () => void stock.close());
 */
export class GrpcClient implements UnaryClient, StreamClient {
  readonly #clock: Clock;
  readonly #maxReplyBytes: number;
  readonly #pool: SessionPool<GrpcSession>;
  readonly #forStreams: () => SessionPool<GrpcSession>;
  #streams: SessionPool<GrpcSession> | undefined;
  #ejectionListener: ((ejection: Ejection) => void) | undefined;
  #sessionListener: SessionListener | undefined;
  #closed = false;
  /** TLS context of future connections. */
  #secure: SecureContext | undefined;

  /**
   * @param url `http://host:port` (HTTP/2 without TLS) or `https://…`; several, of one scheme, if it has several
   *   addresses
   * @throws for other URLs, and for invalid certificates
   */
  constructor(url: string | readonly string[], options: GrpcClientOptions = {}) {
    const urls = [...new Set(typeof url === "string" ? [url] : url)].map((entry) => new URL(entry));
    const schemes = new Set(urls.map(({ protocol }) => protocol));
    if (schemes.size !== 1 || !["https:", "http:"].includes(urls[0]?.protocol ?? ""))
      throw new TypeError(`${schemes.size > 1 ? "not of one scheme" : "neither http nor https"}: ${String(url)}`);
    const { maxReplyBytes = 16 << 20, maxConnections = 8, keepAliveMs = 20_000, clock = systemClock } = options;
    const { ca, cert, key, balance } = options;
    this.#clock = clock;
    this.#maxReplyBytes = maxReplyBytes;
    const lookup = options.lookup ?? (dns.lookup as LookupFunction);
    this.#secure = schemes.has("https:") ? secureContext({ ca, cert, key }) : undefined;
    const encoders = new Map(urls.map((entry) => [entry, new RequestEncoder(targetOf(entry))]));
    const dial =
      (held: boolean) =>
      (of: SessionOwner<GrpcSession>, to: Target): GrpcSession => {
        const owner = this.#reporting(of, to.address, held);
        const session = { url: to.url, secureContext: this.#secure, lookup: lookupOf(to), held };
        if ((options.http2 ?? DEFAULT_HTTP2) === "node") return new H2Session(session, targetOf(to.url), owner);
        const encoder = encoders.get(to.url) ?? new RequestEncoder(targetOf(to.url));
        return new WireSession(session, encoder, owner, clock);
      };
    const shared = () => ({
      clock,
      balance,
      addresses: new Addresses(urls, lookup, clock, balance),
    });
    this.#pool = new SessionPool(dial(false), { ...shared(), maxSessions: maxConnections, keepAliveMs });
    const many = { maxSessions: STREAM_SESSIONS, keepAliveMs: STREAMS_ALIVE_MS, silentMs: keepAliveMs };
    this.#forStreams = () => new SessionPool(dial(true), { ...shared(), ...many });
  }

  send(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    forwarded: OutgoingHeaders | undefined,
    attempt: number,
    reply: Reply,
    after?: InFlight | undefined,
  ): InFlight {
    const request: GrpcRequest = { path, frame, timeoutMs, headers: forwarded, attempt };
    const before = after instanceof GrpcAttempt ? after : undefined;
    const sent = new GrpcAttempt(this.#pool, request, this.#maxReplyBytes, reply, before);
    const session = this.#pool.take(before);
    if (session !== undefined) sent.start(session);
    else sent.wait(this.#clock);
    return sent;
  }

  open(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders | undefined,
    receiver: StreamReceiver,
  ): OpenStream {
    const pool = this.#streamPool;
    const stream = new StreamAttempt(
      pool,
      { path, frame, timeoutMs, headers, attempt: 1 },
      this.#maxReplyBytes,
      receiver,
    );
    const session = pool.take();
    if (session !== undefined) stream.start(session);
    else stream.wait(this.#clock);
    return stream;
  }
  get #streamPool(): SessionPool<GrpcSession> {
    if (this.#streams !== undefined) return this.#streams;
    const pool = this.#forStreams();
    pool.balancer.ejectionListener = this.#ejectionListener;
    if (this.#closed) void pool.close();
    this.#streams = pool;
    return pool;
  }

  /**
   * Sets the certificates of future connections. Existing connections stay open.
   *
   * @throws for invalid certificates
   */
  renew({ ca, cert, key }: Pick<GrpcClientOptions, "ca" | "cert" | "key">): void {
    if (this.#secure !== undefined) this.#secure = secureContext({ ca, cert, key });
  }

  addresses(): readonly AddressState[] {
    return this.#pool.balancer.addresses();
  }
  onEjection(listener: (ejection: Ejection) => void): void {
    this.#ejectionListener = listener;
    this.#pool.balancer.ejectionListener = listener;
    if (this.#streams !== undefined) this.#streams.balancer.ejectionListener = listener;
  }

  /** Sets the listener of each connection that opens from now on, when it is ready. */
  onSession(listener: SessionListener): void {
    this.#sessionListener = listener;
  }
  /** Returns an owner that also reports the session. */
  #reporting(owner: SessionOwner<GrpcSession>, address: string, held: boolean): SessionOwner<GrpcSession> {
    const listener = this.#sessionListener;
    if (listener === undefined) return owner;
    return {
      ready: (session) => {
        owner.ready(session);
        listener(held ? this.#streamPool : this.#pool, session, address, held);
      },
      room: (session) => owner.room(session),
      leaving: (session, reason) => owner.leaving(session, reason),
      gone: (session, reason) => owner.gone(session, reason),
    };
  }

  /**
   * Closes the client: no further call is sent. Resolves when all connections have closed, after the calls in flight
   * have ended.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#pool.close(), this.#streams?.close()]);
  }
}

/** Loads `node:tls`, which a process without TLS does not need. */
const secureContext = (options: SecureContextOptions): SecureContext =>
  process.getBuiltinModule("node:tls").createSecureContext(options);
