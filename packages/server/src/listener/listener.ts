import { once } from "node:events";
import type * as http from "node:http";
import * as net from "node:net";
import type { Duplex } from "node:stream";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import { useOrdinaryHeaders } from "@protobff/runtime/internal/routes/ordinary-headers";
import { isTls } from "../carrier/carrier.ts";
import type { Handler, Shortcut, Upgrades } from "../carrier/handler.ts";
import { type ClientHttp2, DEFAULT_SERVER_HTTP2, type ServerHttp2 } from "../http2/client-http2.ts";
import { MAX_H1_HEADERS } from "../http2/client-sessions.ts";
import { ConnectionAge } from "../http2/connection-age.ts";
import type { NodeHttp2 } from "../http2/node-http2.ts";
import { OwnHttp2 } from "../http2/own-http2.ts";
import { FaultThrottle } from "../logs/recurrent-faults.ts";
import { AdapterRequests, type AdapterRequestsOptions } from "../requests/adapter-requests.ts";
import { discard, within } from "../requests/request-body.ts";
import { hasValidHost, useOriginForm } from "../requests/request-target.ts";
import { connectionCame } from "../turns/connection-reads.ts";
import { inTurn } from "../turns/turn-queue.ts";
import { acceptAll } from "./accept-all.ts";
import { ACCEPTED, type Connections } from "./connections.ts";
import { http1Options } from "./http1-options.ts";
import { Http1Readings, readingOf } from "./http1-reading.ts";
import { IdleConnections } from "./idle-connections.ts";
import { lingerAfter } from "./lingering-close.ts";
import { renewCertificates, type ServerTls, tlsServer } from "./tls-server.ts";

export interface ListenerOptions extends AdapterRequestsOptions {
  readonly host: string;
  /** Connections that another process accepts, in place of a port. */
  readonly connections?: Connections;
  /** 0: a free port. */
  readonly port: number;
  readonly tls?: ServerTls;
  /**
   * Time limit for protocol detection on a connection and, on HTTP/2, for the acknowledgement of SETTINGS. In
   * milliseconds.
   */
  readonly handshakeTimeoutMs: number;
  /** Idle time after which an HTTP/2 connection without requests is closed, in milliseconds. */
  readonly idleMs: number;
  /** Age at which a connection is closed, in milliseconds, plus or minus a tenth. 0: no limit. */
  readonly maxConnectionAgeMs: number;
  /** Maximum number of client connections. Further ones are closed on arrival. Default: no limit. */
  readonly maxConnections?: number | undefined;
  /** Maximum number of concurrent requests on one connection. */
  readonly maxStreams: number;
  /** Implementation of HTTP/2 that serves clients. */
  readonly http2Server?: ServerHttp2 | undefined;
  readonly fault: ServerFault;
  /** Time limit for receiving a whole request, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Handler that is tried first. */
  readonly shortcut?: Shortcut;
  /** Upgrades of HTTP/1.1 connections to other protocols. Left out: none. */
  readonly upgrades?: Upgrades | undefined;
}

/** The beginning of HTTP/2's connection preface (RFC 9113, 3.4). No HTTP/1.1 method begins so. */
const PREFACE = Buffer.from("PRI");

/**
 * Number of checks for incomplete requests within their time limit, and the longest interval between two checks, in
 * milliseconds.
 */
const ARRIVAL_ROUNDS = 10;
const ARRIVAL_CHECK_MS = 30_000;

/** Time limit for sending the last answers and GOAWAY, in milliseconds. */
const FLUSH_MS = 200;
/** One port for HTTP/1.1 and HTTP/2. ALPN or else the first bytes of a connection determine its protocol. */
export class Listener {
  readonly #server: net.Server;
  readonly #h1: http.Server;
  readonly #h1Readings: Http1Readings;
  readonly #h2: ClientHttp2;
  readonly #shortcut: Shortcut | undefined;
  /** All open sockets of the port (below TLS). */
  readonly #sockets = new Set<net.Socket>();
  readonly #idle = new IdleConnections();
  readonly #h1Responses = new Set<http.ServerResponse>();
  /** HTTP/1.1 connections that have switched protocols. */
  readonly #upgraded = new Set<Duplex>();
  readonly #options: ListenerOptions;
  readonly #requests: AdapterRequests;
  readonly #check: NodeJS.Timeout;
  #fast = 0;
  #all = 0;
  #leaving = false;
  readonly #tooMany: FaultThrottle;
  #draining = false;
  readonly #age: ConnectionAge;
  #settled: (() => void) | undefined;
  /** The last connection has closed. */
  #emptied: (() => void) | undefined;

  /** @throws the error of `listen`, with a `code` such as EADDRINUSE */
  static async open(handler: Handler, options: ListenerOptions): Promise<Listener> {
    const isOwn = (options.http2Server ?? DEFAULT_SERVER_HTTP2) === "own";
    const Http2 = isOwn ? OwnHttp2 : (await import("../http2/node-http2.ts")).NodeHttp2;
    const listener = new Listener(handler, options, Http2);
    const server = listener.#server;
    if (options.connections !== undefined) {
      options.connections.each((socket) => server.emit("connection", socket));
    } else {
      server.listen({ port: options.port, host: options.host });
      await once(server, "listening");
    }
    // This server never listens itself. The event starts its check for incomplete requests.
    listener.#h1.emit("listening");
    // After listening has succeeded, an error is a connection that could not be accepted, for example for lack of file
    // descriptors.
    server.on("error", (error) => options.fault("cannot accept a connection", error));
    return listener;
  }

  private constructor(handler: Handler, options: ListenerOptions, Http2: typeof OwnHttp2 | typeof NodeHttp2) {
    this.#requests = new AdapterRequests(handler, options);
    this.#shortcut = options.shortcut;
    this.#options = options;
    this.#tooMany = new FaultThrottle(options.fault);
    this.#age = new ConnectionAge(options.maxConnectionAgeMs);
    const { requestTimeoutMs } = options;
    const checkMs = Math.min(ARRIVAL_CHECK_MS, Math.ceil(requestTimeoutMs / ARRIVAL_ROUNDS));
    // Node has no such check for HTTP/2. Counting rounds saves a timer and a clock reading per request.
    this.#check = setInterval(() => this.#checkArrivals(Math.ceil(requestTimeoutMs / checkMs)), checkMs).unref();
    this.#h1 = process
      .getBuiltinModule("node:http")
      .createServer(http1Options(requestTimeoutMs, checkMs, options.upgrades), (request, response) =>
        this.#onH1(request, response),
      );
    this.#h1.maxHeadersCount = MAX_H1_HEADERS;
    const calmed = new FaultThrottle(options.fault);
    this.#h1Readings = new Http1Readings(this.#h1, options.maxStreams, (why) =>
      calmed.report(`closed a client's connection: ${why}`),
    );
    this.#h1.on("connect", (_request, socket) => void socket.on("error", ignore).end(NOT_IMPLEMENTED));
    const { upgrades } = options;
    if (upgrades !== undefined) {
      this.#h1.on("upgrade", (request, socket, head) => this.#onUpgrade(upgrades, request, socket, head));
    }
    this.#h2 = new Http2(
      { ...options, onEmpty: () => this.#settle() },
      {
        shortcut: options.shortcut,
        requests: this.#requests,
        age: this.#age,
        fault: options.fault,
        taken: (fast) => {
          this.#all++;
          if (fast) this.#fast++;
        },
      },
    );
    this.#server =
      options.tls === undefined
        ? net.createServer(ACCEPTED, (socket) => this.#sniff(socket))
        : tlsServer(options.tls, options.handshakeTimeoutMs, (socket, protocol) => this.#speak(socket, protocol));
    const { maxConnections = Number.POSITIVE_INFINITY } = options;
    this.#server.on("connection", (socket: net.Socket) => this.#accept(socket, maxConnections));
  }
  #accept(socket: net.Socket, maxConnections: number): void {
    connectionCame();
    this.#sockets.add(socket);
    if (this.#sockets.size > maxConnections) {
      this.#tooMany.report(`closed a connection: there are ${maxConnections} (BFF_MAX_CONNECTIONS)`);
      socket.destroy();
    }
    socket.on("error", ignore).once("close", () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#emptied?.();
    });
  }

  /** 0 where others accept. */
  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#sockets.size;
  }
  /** Number of open connections whose protocol is known. */
  get protocols(): Readonly<Record<"http1" | "http2" | "websocket", number>> {
    const websocket = this.#upgraded.size;
    return { http1: this.#h1Readings.size - websocket, http2: this.#h2.size, websocket };
  }
  /** Number of requests, and of those that the shortcut has taken. */
  get counters(): { readonly fast: number; readonly all: number } {
    return { fast: this.#fast, all: this.#all };
  }

  /** Requests and streams that have not ended. */
  get open(): number {
    return this.#h2.streams + this.#h1Responses.size + this.#upgraded.size;
  }

  /**
   * Replaces the certificates of new connections. Open ones keep theirs.
   *
   * @throws for invalid certificates; the previous ones stay
   */
  renew(tls: ServerTls): void {
    renewCertificates(this.#server, tls);
  }

  /** Ends HTTP/1.1 connections with their next answer, so that balancers choose another server. */
  leave(): void {
    this.#leaving = true;
    for (const response of this.#h1Responses.values()) {
      if (!response.headersSent) response.setHeader("connection", "close");
    }
  }

  /**
   * Undoes `leave`: open and new connections are kept again, so that few are being opened when the server stops
   * accepting.
   */
  stay(): void {
    this.#leaving = false;
  }

  /**
   * Stops accepting, sends GOAWAY, lets requests in flight finish and closes every connection.
   *
   * @param graceMs what is not finished then is cut off
   * @param onExpired called a moment before the cut
   */
  async drain(graceMs: number, onExpired: () => void): Promise<void> {
    this.#draining = true;
    const closed = this.#closed();
    this.#requests.discardMs = FLUSH_MS;
    // HTTP/1.1 has no GOAWAY, so connections stay open for one more response each, or until all work is done.
    this.leave();
    await acceptAll(this.#server);
    this.#server.close();
    // GOAWAY names the last accepted stream, so clients may safely send later requests elsewhere.
    this.#h2.close();
    this.#idle.awaitNext(graceMs / 2, () => this.#settle());
    const done = this.#workDone();
    if (!(await within(graceMs, done))) {
      onExpired();
      await within(FLUSH_MS, done);
    }
    // The connections left are silent, in a handshake, or past the time limit.
    for (const socket of this.#sockets) socket.destroySoon();
    await within(FLUSH_MS, closed);
    this.#h2.destroy();
    for (const socket of this.#sockets) socket.destroy();
    this.#h1.close();
    clearInterval(this.#check);
    await closed;
    await new Promise<void>(inTurn); // streams that ended with their connections
  }

  /**
   * Drains as `drain` does, after another process has taken over. It waits longer, and answers clients that send
   * another request.
   */
  async handOver(graceMs: number, onExpired: () => void): Promise<void> {
    const until = performance.now() + graceMs;
    this.leave();
    this.#h2.leave();
    // A silent HTTP/1.1 connection may still send a request, and is closed with its answer.
    await within(graceMs, this.#empty());
    await this.drain(Math.max(0, until - performance.now()), onExpired);
  }
  #empty(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    if (this.#sockets.size === 0) resolve();
    return promise;
  }
  /** A server that never listened does not track its connections, and emits no `close` for them. */
  #closed(): Promise<unknown> {
    return this.#server.listening ? once(this.#server, "close") : this.#empty();
  }

  #workDone(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#settled = resolve;
    this.#settle();
    return promise;
  }

  #settle(): void {
    // A session that is closing lasts as long as its streams.
    const busy = this.#idle.size + this.#h1Responses.size + this.#upgraded.size;
    if (busy === 0 && this.#h2.size === 0) this.#settled?.();
  }

  /** Waits for the first bytes, which determine the protocol. */
  #sniff(socket: net.Socket): void {
    const timer = setTimeout(() => socket.destroy(), this.#options.handshakeTimeoutMs);
    this.#idle.idle(socket);
    let seen = Buffer.alloc(0);
    const onReadable = () => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      seen = Buffer.concat([seen, chunk]);
      const length = Math.min(seen.length, PREFACE.length);
      const couldBeH2 = seen.compare(PREFACE, 0, length, 0, length) === 0;
      if (couldBeH2 && length < PREFACE.length) return;
      clearTimeout(timer);
      socket.off("readable", onReadable);
      socket.unshift(seen);
      this.#speak(socket, couldBeH2 ? "h2" : "h1");
    };
    socket.on("readable", onReadable).once("close", () => {
      clearTimeout(timer);
      this.#idle.busy(socket);
    });
  }

  #speak(socket: net.Socket, protocol: "h1" | "h2"): void {
    socket.on("error", ignore);
    if (protocol === "h1") {
      this.#age.begins(socket);
      // Reads below the socket. Over TLS, node's parser takes the next record for a parse error if it is paused because
      // an answer is still leaving.
      this.#h1Readings.begin(socket);
      if (isTls(socket)) {
        socket.once("close", () => this.#idle.busy(socket));
        this.#idle.idle(socket);
      }
    } else {
      this.#h2.accept(socket);
      this.#idle.busy(socket);
    }
  }

  #onH1(request: http.IncomingMessage, response: http.ServerResponse): void {
    const socket = request.socket;
    // Connect's adapter removes its listener when the response closes, possibly just before the error.
    request.on("error", ignore);
    this.#h1Responses.add(response);
    this.#idle.busy(socket);
    lingerAfter(request);
    const reading = readingOf(request);
    reading?.began();
    const isLast = reading?.endsWith(request) ?? false;
    if (isLast || this.#leaving || this.#age.isOver(socket)) response.setHeader("connection", "close");
    response.once("close", () => {
      this.#h1Responses.delete(response);
      reading?.answered();
      if (!socket.destroyed) {
        if (request.complete && this.#idle.counts) this.#idle.idle(socket);
        else if (this.#draining) socket.destroySoon();
        else if (!request.complete) discard(request, socket);
      }
      this.#settle();
    });
    this.#all++;
    useOriginForm(request);
    useOrdinaryHeaders(request.headers);
    // Older versions of node omit headers beyond the limit, such as those of a proxy, which are last.
    const isTooLarge = request.rawHeaders.length >= 2 * MAX_H1_HEADERS;
    if (isTooLarge || !hasValidHost(request)) {
      response.writeHead(isTooLarge ? 431 : 400, { connection: "close" }).end();
      return;
    }
    if (this.#shortcut?.request(request, response)) this.#fast++;
    else this.#requests.h1(request, response);
  }

  #onUpgrade(upgrades: Upgrades, request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#all++;
    if (!upgrades.wants(request)) {
      socket.destroy(); // of a node that does not ask before
      return;
    }
    this.#upgraded.add(socket);
    this.#idle.busy(request.socket);
    socket.once("close", () => {
      this.#upgraded.delete(socket);
      this.#settle();
    });
    const rest = readingOf(request)?.release();
    upgrades.take(request, socket, rest === undefined ? head : Buffer.concat([head, rest]));
  }

  #checkArrivals(rounds: number): void {
    this.#shortcut?.checkArrivals(rounds);
    this.#requests.checkArrivals(rounds);
  }
}

/** The answer to CONNECT, which node leaves to the server as a bare socket. */
const NOT_IMPLEMENTED = "HTTP/1.1 501 Not Implemented\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

function ignore(): void {}
