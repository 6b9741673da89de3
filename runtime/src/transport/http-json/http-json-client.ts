import * as dns from "node:dns";
import type * as http from "node:http";
import type * as https from "node:https";
import type { LookupFunction } from "node:net";
import type { SecureContext } from "node:tls";
import { createRegistry, type DescFile, type DescMethodUnary, fromBinary, type Registry } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { file_google_rpc_error_details } from "@protobff/messages/google/rpc/error_details_pb.js";
import { type Clock, systemClock } from "../../clock.ts";
import { Code } from "../../failure.ts";
import { type ReplyReader, replyReader } from "../../http-rule/reply-reader.ts";
import { type RequestWriter, requestWriter } from "../../http-rule/request-writer.ts";
import { typesOf } from "../../http-rule/types-of.ts";
import type { AddressState } from "../../observer-upstreams.ts";
import { PREFIX_BYTES } from "../../wire/frame.ts";
import type { BalancePolicy } from "../balance/balance-policy.ts";
import type { Ejection, Place } from "../balance/balancer.ts";
import type { OutgoingHeaders } from "../call-headers.ts";
import type { InFlight, Reply, UnaryClient } from "../unary-client.ts";
import { ENCODINGS } from "./content-encodings.ts";
import { HttpAttempt } from "./http-attempt.ts";
import { type HttpPlace, HttpPlaces } from "./http-places.ts";
import type { HttpRule } from "./http-rule.ts";

export type { HttpRule };

/** Options of an upstream over HTTP with JSON (runtime.md, "Upstreams over HTTP/JSON"). */
export interface HttpJsonClientOptions {
  /** Rules of all RPCs that are called. */
  readonly rules: readonly HttpRule[];
  /** Files besides those of the RPCs, whose messages a google.protobuf.Any, or a detail of an error, may contain. */
  readonly types?: readonly DescFile[] | undefined;
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

interface Rpc {
  readonly rpc: DescMethodUnary;
  readonly method: string;
  readonly write: RequestWriter;
  readonly read: ReplyReader;
  readonly safe: boolean;
}

/** Methods that may be repeated without a check (RFC 9110, 9.2.2). */
const REPEATABLE: ReadonlySet<string> = new Set(["GET", "PUT", "DELETE"]);
/** Headers that only the client sets, because they describe the request and the connection. */
const OURS: ReadonlySet<string> = new Set(["accept", "accept-encoding", "expect"]);
/** Maximum deadline that a header can carry, in milliseconds: eight digits (gRPC's PROTOCOL-HTTP2.md). */
const MOST_TIMEOUT_MS = 99_999_999;

/**
 * Unary calls over HTTP/1.1, with requests and answers in ProtoJSON, as google.api.http binds them.
 *
 * @example
 * const variables = [{ field: "id", from: 2, to: 3 }];
 * const rule = { rpc: StockService.method.getStock, method: "GET", segments: ["v1", "stock", "*"], variables };
 * const stock = new HttpJsonClient("https://stock.example", { rules: [rule] });
 */
export class HttpJsonClient implements UnaryClient {
  readonly #rpcs = new Map<string, Rpc>();
  readonly #registry: Registry;
  /** Base URLs, all of one scheme and one path. */
  readonly #urls: readonly [URL, ...URL[]];
  readonly #places: HttpPlaces;
  readonly #options: HttpJsonClientOptions;
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
   * @throws for another URL, for invalid certificates, and for rules that do not fit their RPCs
   */
  constructor(url: string | readonly string[], options: HttpJsonClientOptions) {
    const [address, ...more] = (typeof url === "string" ? [url] : url).map((entry) => new URL(entry));
    if (address === undefined) throw new TypeError("no address");
    if (address.protocol !== "https:" && address.protocol !== "http:")
      throw new TypeError(`neither http nor https: ${address.href}`);
    if (more.some((entry) => entry.protocol !== address.protocol || entry.pathname !== address.pathname))
      throw new TypeError("the addresses of one upstream differ in more than host and port");
    this.#urls = [address, ...more];
    const { rules, types = [], clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#secure = address.protocol === "https:";
    const known = typesOf([...new Set(rules.map(({ rpc }) => rpc.parent))], types);
    this.#registry = createRegistry(file_google_rpc_error_details, known);
    const prefix = address.pathname.replace(/\/$/, "");
    for (const rule of rules) {
      const { rpc, method } = rule;
      this.#rpcs.set(`/${rpc.parent.typeName}/${rpc.name}`, {
        rpc,
        method,
        write: requestWriter(rpc.input, rule, { prefix, registry: this.#registry }),
        read: replyReader(rpc.output, rule, this.#registry),
        safe: REPEATABLE.has(method) || rpc.idempotency !== Level.IDEMPOTENCY_UNKNOWN,
      });
    }
    this.#trust(options);
    this.#agent = this.#newAgent();
    const { lookup = dns.lookup as LookupFunction, balance } = options;
    this.#places = new HttpPlaces(this.#urls, { lookup, clock, balance, agent: () => this.#newAgent() });
  }
  #trust({ ca, cert, key }: Pick<HttpJsonClientOptions, "ca" | "cert" | "key">): void {
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

  send(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders | undefined,
    attempt: number,
    reply: Reply,
    after?: InFlight | undefined,
  ): InFlight {
    const found = this.#rpcs.get(path);
    if (found === undefined) throw new TypeError(`no HTTP rule declares how ${path} is called over HTTP`);
    const { rpc, method, write, read, safe } = found;
    const { target, body } = write(reflect(rpc.input, fromBinary(rpc.input, frame.subarray(PREFIX_BYTES))));
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
      headers: this.#headers(url.host, headers, body, method, timeoutMs, attempt),
      lookup: place?.of.lookup ?? this.#options.lookup,
    };
    const now = (): number => this.#clock.date().getTime();
    const exchange = { options, body, safe, read, registry: this.#registry, maxReplyBytes, now };
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
  #headers(
    host: string,
    outgoing: OutgoingHeaders | undefined,
    body: string | undefined,
    method: string,
    timeoutMs: number,
    attempt: number,
  ): Record<string, string | number> {
    const all: Record<string, string | number> = { host };
    for (const name in outgoing) {
      const value = outgoing[name];
      if (value !== undefined && !OURS.has(name)) all[name] = value;
    }
    all.accept = "application/json";
    all["accept-encoding"] = ENCODINGS;
    if (body !== undefined) {
      all["content-type"] = "application/json";
      all["content-length"] = Buffer.byteLength(body);
    } else if (method !== "GET" && method !== "DELETE") all["content-length"] = 0;
    // Gateways in front of gRPC servers enforce it, other servers ignore it.
    if (timeoutMs !== Number.POSITIVE_INFINITY)
      all["grpc-timeout"] = `${Math.min(MOST_TIMEOUT_MS, Math.max(1, Math.floor(timeoutMs)))}m`;
    if (attempt > 1) all["grpc-previous-rpc-attempts"] = attempt - 1;
    return all;
  }

  /**
   * Sets the certificates of future connections. Connections in use close after their request.
   *
   * @throws for invalid certificates
   */
  renew(certificates: Pick<HttpJsonClientOptions, "ca" | "cert" | "key">): void {
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
