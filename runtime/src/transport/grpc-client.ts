import * as dns from "node:dns";
import type { LookupFunction } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import { type Clock, systemClock } from "../clock.ts";
import { Addresses } from "./addresses.ts";
import { GrpcAttempt } from "./grpc-attempt.ts";
import type { GrpcRequest, GrpcSession, GrpcTarget } from "./grpc-session.ts";
import { H2Session } from "./h2-session.ts";
import { RequestEncoder } from "./request-encoder.ts";
import type { SessionOwner } from "./session.ts";
import { SessionPool } from "./session-pool.ts";
import type { InFlight, OutgoingHeaders, Reply, UnaryClient } from "./unary-client.ts";
import { WireSession } from "./wire-session.ts";

export type { UnaryClient };

/** How an upstream is reached: TLS, bounds, connections (runtime.md, "Upstream connections"). */
export interface GrpcClientOptions {
  /** PEM: whom to trust, in place of the system's authorities. */
  readonly ca?: string | Buffer | undefined;
  /** PEM: the client's own certificate and key. */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** A larger reply, in bytes, is refused. Default 16 MiB. */
  readonly maxReplyBytes?: number | undefined;
  /**
   * At most so many connections: one to each address of the name, and one more when the upstream allows no further stream on those
   * there are. Default 8.
   */
  readonly maxConnections?: number | undefined;
  /**
   * A connection with calls in flight on which nothing comes for so long, in milliseconds, is asked for a sign of life. Default
   * 20,000; servers may refuse to be asked more often than they like.
   */
  readonly keepAliveMs?: number | undefined;
  /** Resolves the host's name, for each connection and, while calls are made, now and then. Default: that of `node:dns`. */
  readonly lookup?: LookupFunction | undefined;
  /** Whose HTTP/2: Node's, or our own, which knows nothing but unary calls and takes less CPU. Default `own`. */
  readonly http2?: Http2 | undefined;
  readonly clock?: Clock | undefined;
}

export type Http2 = "node" | "own";
export const DEFAULT_HTTP2: Http2 = "own";

/** Unary gRPC over HTTP/2 connections, which are made when needed and again when lost. */
export class GrpcClient implements UnaryClient {
  readonly #clock: Clock;
  readonly #maxReplyBytes: number;
  readonly #pool: SessionPool<GrpcSession>;
  /** Of the connections to come. */
  #secure: SecureContext | undefined;

  /**
   * @param url `http://host:port` (HTTP/2 without TLS) or `https://…`
   * @throws for another url, and for certificates that make no sense
   */
  constructor(url: string, options: GrpcClientOptions = {}) {
    const address = new URL(url);
    if (address.protocol !== "https:" && address.protocol !== "http:")
      throw new TypeError(`neither http nor https: ${url}`);
    const target: GrpcTarget = {
      scheme: address.protocol === "https:" ? "https" : "http",
      authority: address.host,
      prefix: address.pathname.replace(/\/$/, ""),
    };
    const { maxReplyBytes = 16 << 20, maxConnections = 8, keepAliveMs = 20_000, clock = systemClock } = options;
    const { http2 = DEFAULT_HTTP2 } = options;
    this.#clock = clock;
    this.#maxReplyBytes = maxReplyBytes;
    const addresses = new Addresses(address.hostname, options.lookup ?? (dns.lookup as LookupFunction), clock);
    const { lookup } = addresses;
    const { ca, cert, key } = options;
    this.#secure = target.scheme === "https" ? createSecureContext({ ca, cert, key }) : undefined;
    const encoder = new RequestEncoder(target);
    const dial =
      http2 === "own"
        ? (owner: SessionOwner<GrpcSession>) => new WireSession(address, encoder, this.#secure, lookup, owner, clock)
        : (owner: SessionOwner<GrpcSession>) => new H2Session(address, target, this.#secure, lookup, owner);
    this.#pool = new SessionPool(dial, { maxSessions: maxConnections, keepAliveMs, clock, addresses });
  }

  send(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    forwarded: OutgoingHeaders | undefined,
    attempt: number,
    reply: Reply,
  ): InFlight {
    const request: GrpcRequest = { path, frame, timeoutMs, headers: forwarded, attempt };
    const sent = new GrpcAttempt(this.#pool, request, this.#maxReplyBytes, reply);
    const session = this.#pool.take();
    if (session !== undefined) sent.start(session);
    else sent.wait(this.#clock);
    return sent;
  }

  /**
   * Other certificates, for connections from now on; those that there are stay.
   *
   * @throws for some that make no sense
   */
  renew({ ca, cert, key }: Pick<GrpcClientOptions, "ca" | "cert" | "key">): void {
    if (this.#secure !== undefined) this.#secure = createSecureContext({ ca, cert, key });
  }

  /** Resolves when all connections have closed: after what is in flight has ended. Nothing is sent any more. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}
