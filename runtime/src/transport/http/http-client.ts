import * as dns from "node:dns";
import type * as http from "node:http";
import type * as https from "node:https";
import type { LookupFunction } from "node:net";
import type { SecureContext } from "node:tls";
import { type Clock, systemClock } from "../../clock.ts";
import { Code } from "../../failure.ts";
import type { AddressState } from "../../observer-upstreams.ts";
import { PREFIX_BYTES } from "../../wire/frame.ts";
import type { BalancePolicy } from "../balance/balance-policy.ts";
import type { Ejection, Place } from "../balance/balancer.ts";
import type { OutgoingHeaders } from "../call-headers.ts";
import type { InFlight, Reply, UnaryClient } from "../unary-client.ts";
import type { AnswerFormat } from "./answer-format.ts";
import { HttpAttempt } from "./http-attempt.ts";
import { type HttpPlace, HttpPlaces } from "./http-places.ts";

/** Options of the connections to an upstream over HTTP/1.1. */
export interface HttpClientOptions {
  /** PEM: trusted authorities, in place of the system's. */
  readonly ca?: string | Buffer | undefined;
  /** PEM: the client's certificate and key. */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** Maximum reply size, in bytes, after decompression. A larger reply is refused. Default: 16 MiB. */
  readonly maxReplyBytes?: number | undefined;
  /**
   * Maximum number of connections to each address. A connection carries one request at a time; further requests wait.
   * Default: 256.
   */
  readonly maxConnections?: number | undefined;
  /**
   * Time after which an idle connection is closed, in milliseconds, or earlier if the server requests it. Default:
   * 4,000.
   */
  readonly idleMs?: number | undefined;
  /** Resolves names, with the first call and periodically. Default: that of `node:dns`. */
  readonly lookup?: LookupFunction | undefined;
  /** Balancing of calls over several addresses; `connections` has no effect here. */
  readonly balance?: BalancePolicy | undefined;
  readonly clock?: Clock | undefined;
}

/** Request of a call in the form of its protocol, without metadata and address. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly body: string | Uint8Array | undefined;
  /** Headers of the protocol. Metadata does not replace them. */
  readonly headers: OutgoingHeaders;
  /** True if a second sending does no harm. */
  readonly safe: boolean;
  readonly answers: AnswerFormat;
}

/** Unary calls over connections of HTTP/1.1, which all protocols over HTTP share. */
export abstract class HttpClient implements UnaryClient {
  /** Beginning of all paths, without a slash at its end. */
  protected readonly prefix: string;
  /** Base URLs, all of one scheme and one path. */
  readonly #urls: readonly [URL, ...URL[]];
  readonly #places: HttpPlaces;
  readonly #options: HttpClientOptions;
  readonly #clock: Clock;
  readonly #secure: boolean;
  #secureContext: SecureContext | undefined;
  /** Agent for use while no address is known. */
  #agent: http.Agent;
  #inFlight = 0;
  #closing: PromiseWithResolvers<void> | undefined;

  /**
   * @param url `http://host:port` or `https://…`, with the prefix of all paths; several of one scheme and one path are
   *   one upstream
   * @throws for another URL, and for invalid certificates
   */
  constructor(url: string | readonly string[], options: HttpClientOptions) {
    const [address, ...more] = (typeof url === "string" ? [url] : url).map((entry) => new URL(entry));
    if (address === undefined) throw new TypeError("no address");
    if (address.protocol !== "https:" && address.protocol !== "http:")
      throw new TypeError(`neither http nor https: ${address.href}`);
    if (more.some((entry) => entry.protocol !== address.protocol || entry.pathname !== address.pathname))
      throw new TypeError("the addresses of one upstream differ in more than host and port");
    this.#urls = [address, ...more];
    this.prefix = address.pathname.replace(/\/$/, "");
    const { lookup = dns.lookup as LookupFunction, balance, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#secure = address.protocol === "https:";
    this.#trust(options);
    this.#agent = this.#newAgent();
    this.#places = new HttpPlaces(this.#urls, { lookup, clock, balance, agent: () => this.#newAgent() });
  }
  #trust({ ca, cert, key }: Pick<HttpClientOptions, "ca" | "cert" | "key">): void {
    if (this.#secure) this.#secureContext = process.getBuiltinModule("node:tls").createSecureContext({ ca, cert, key });
  }
  #newAgent(): http.Agent {
    const { maxConnections = 256, idleMs = 4_000 } = this.#options;
    const pool = { keepAlive: true, maxSockets: maxConnections, maxFreeSockets: maxConnections, timeout: idleMs };
    if (this.#secureContext === undefined) return new (process.getBuiltinModule("node:http").Agent)(pool);
    return new (process.getBuiltinModule("node:https").Agent)({
      ...pool,
      secureContext: this.#secureContext,
      ALPNProtocols: ["http/1.1"],
    } as https.AgentOptions);
  }

  /**
   * Returns the request of a call.
   *
   * @param message encoded
   * @throws for a message that has no such request
   */
  protected abstract requestOf(path: string, message: Uint8Array, timeoutMs: number): HttpRequest;

  send(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders | undefined,
    attempt: number,
    reply: Reply,
    after?: InFlight | undefined,
  ): InFlight {
    const request = this.requestOf(path, frame.subarray(PREFIX_BYTES), timeoutMs);
    const { method, target, body, safe, answers } = request;
    const before = after instanceof HttpAttempt ? after : undefined;
    const place = this.#places.take(before);
    const { maxReplyBytes = 16 << 20 } = this.#options;
    const url = place?.of.target.url ?? this.#anyUrl();
    const options: http.RequestOptions & { joinDuplicateHeaders: boolean } = {
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: url.port || (this.#secure ? 443 : 80),
      method,
      path: target,
      agent: place?.of.agent ?? this.#agent,
      joinDuplicateHeaders: true,
      headers: headersOf(url.host, headers, request, attempt),
      lookup: place?.of.lookup ?? this.#options.lookup,
    };
    const now = (): number => this.#clock.date().getTime();
    const exchange = { options, body, safe, answers, maxReplyBytes, now };
    const sent = new HttpAttempt(exchange, reply, this.#places, place, before);
    if (this.#closing !== undefined)
      sent.fail({ kind: "transport", code: Code.UNAVAILABLE, message: "the client is closed" });
    else sent.start((of) => this.#request(of, place));
    return sent;
  }
  #anyUrl(): URL {
    return this.#urls[Math.floor(this.#clock.random() * this.#urls.length)] ?? this.#urls[0];
  }
  #request(options: http.RequestOptions, place: Place<HttpPlace> | undefined): http.ClientRequest {
    const { request: send } = process.getBuiltinModule(this.#secure ? "node:https" : "node:http");
    const request = send(options);
    this.#inFlight++;
    if (place !== undefined) place.inFlight++;
    request.once("close", () => {
      this.#inFlight--;
      if (place !== undefined) place.inFlight--;
      if (this.#inFlight === 0) this.#closing?.resolve();
    });
    return request;
  }

  /**
   * Sets the certificates of future connections. Connections in use close after their request.
   *
   * @throws for invalid certificates
   */
  renew(certificates: Pick<HttpClientOptions, "ca" | "cert" | "key">): void {
    if (!this.#secure) return;
    this.#trust(certificates);
    const before = [this.#agent, ...this.#places.renew()];
    this.#agent = this.#newAgent();
    for (const agent of before) {
      agent.maxFreeSockets = 0;
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    }
  }

  addresses(): readonly AddressState[] {
    return this.#places.balancer.addresses();
  }
  onEjection(listener: (ejection: Ejection) => void): void {
    this.#places.balancer.ejectionListener = listener;
  }

  /** Closes the client: nothing is sent any more. Resolves when the calls in flight have ended. */
  async close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = Promise.withResolvers();
      if (this.#inFlight === 0) this.#closing.resolve();
    }
    await this.#closing.promise;
    this.#agent.destroy();
    this.#places.close();
  }
}

function headersOf(
  host: string,
  metadata: OutgoingHeaders | undefined,
  { method, body, headers }: HttpRequest,
  attempt: number,
): Record<string, string | number> {
  const all: Record<string, string | number> = { host };
  for (const name in metadata) {
    const value = metadata[name];
    // With `expect` a server would answer before the body.
    if (value !== undefined && name !== "expect") all[name] = value;
  }
  Object.assign(all, headers);
  if (body !== undefined) all["content-length"] = Buffer.byteLength(body);
  else if (method !== "GET" && method !== "DELETE") all["content-length"] = 0;
  if (attempt > 1) all["grpc-previous-rpc-attempts"] = attempt - 1;
  return all;
}
