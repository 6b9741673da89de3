import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import type { Duplex, Readable } from "node:stream";
import * as tls from "node:tls";
import { Code, ConnectError } from "@connectrpc/connect";

export type ServerRequest = http.IncomingMessage | http2.Http2ServerRequest;
export type ServerResponse = http.ServerResponse | http2.Http2ServerResponse;
export type Handler = (request: ServerRequest, response: ServerResponse) => void;

/** Serves some requests by itself, and leaves others: false. */
export interface Shortcut {
  stream(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): boolean;
  request(request: http.IncomingMessage, response: http.ServerResponse): boolean;
  /** One more round: requests of HTTP/2 that have still not come whole after so many of them are refused with `late`. */
  checkArrivals(rounds: number): void;
}

export interface ListenerOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly tls?: { readonly cert: Buffer | string; readonly key: Buffer | string };
  /** A connection has so long to say what it speaks, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** A request has so long to come whole, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Asked before the handler. */
  readonly shortcut?: Shortcut;
}

/** The beginning of HTTP/2's connection preface (RFC 9113, 3.4). No HTTP/1.1 method begins so. */
const PREFACE = Buffer.from("PRI");
/** Dead peers are noticed by TCP, in milliseconds. */
const KEEP_ALIVE_MS = 60_000;
/** Longer than the minute after which load balancers drop idle connections: else one may use a connection just closed. */
const IDLE_MS = 65_000;
const MAX_STREAMS = 1000;
/**
 * Of a request's headers: their bytes (HTTP/2: as RFC 9113, 10.5.1 counts them) and how many there may be. Node's own limits are 16 KiB
 * (HTTP/1.1), 64 KiB (HTTP/2), 2000 and 128. More bytes are refused with 431 or the stream is reset; so are more headers of HTTP/2.
 */
const MAX_HEADER_BYTES = 32 << 10;
const MAX_HEADERS = 128;
/** A request that is answered already may go on sending for so long, in milliseconds. */
const DISCARD_MS = 5000;
/** The answer to a request that is too large waits so long for its end, in milliseconds. */
const LINGER_MS = 200;

/** How often it is looked for requests that have not come whole in their time; the longest wait between, in milliseconds. */
const ARRIVAL_ROUNDS = 10;
const ARRIVAL_CHECK_MS = 30_000;
/** HTTP/1.1: how long its headers may take, in milliseconds. Node's own number. */
const HEADERS_MS = 60_000;

/** How long last answers and goodbyes may take to leave, in milliseconds. */
const FLUSH_MS = 200;

/** A request of HTTP/2, on its way to the handler. */
interface Arriving {
  rounds: number;
  /** Fails those who wait for more of it, if anybody does. */
  fail: ((error: Error) => void) | undefined;
}

/** One port for HTTP/1.1 and HTTP/2, told apart by ALPN or else by a connection's first bytes. */
export class Listener {
  readonly #server: net.Server;
  readonly #h1: http.Server;
  readonly #h2: http2.Http2Server;
  /** Makes the objects of `Handler` for streams that no shortcut takes; it never listens. */
  readonly #compat: http2.Http2Server;
  readonly #handler: Handler;
  readonly #shortcut: Shortcut | undefined;
  readonly #handshakeTimeoutMs: number;
  /** All open connections, as they come from the port (below TLS). */
  readonly #sockets = new Set<net.Socket>();
  readonly #h1Responses = new Set<http.ServerResponse>();
  readonly #sessions = new Set<http2.ServerHttp2Session>();
  readonly #arriving = new Map<http2.Http2ServerResponse, Arriving>();
  readonly #check: NodeJS.Timeout;
  #fast = 0;
  #all = 0;
  #draining = false;
  #settled: (() => void) | undefined;

  /** @throws the error of `listen`, with a `code` such as EADDRINUSE */
  static async open(handler: Handler, options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(handler, options);
    const server = listener.#server;
    server.listen({ port: options.port, host: options.host });
    await once(server, "listening");
    // This server never listens itself, but so starts its check for requests that do not arrive completely.
    listener.#h1.emit("listening");
    // From now on: a connection that could not be accepted, say for want of file descriptors.
    server.on("error", (error) => console.error(`cannot accept a connection: ${error.message}`));
    return listener;
  }

  private constructor(handler: Handler, options: ListenerOptions) {
    this.#handler = handler;
    this.#shortcut = options.shortcut;
    this.#handshakeTimeoutMs = options.handshakeTimeoutMs;
    const { requestTimeoutMs: requestTimeout } = options;
    const checkMs = Math.min(ARRIVAL_CHECK_MS, Math.ceil(requestTimeout / ARRIVAL_ROUNDS));
    const arrival = {
      requestTimeout,
      headersTimeout: Math.min(HEADERS_MS, requestTimeout),
      connectionsCheckingInterval: checkMs,
    };
    // For HTTP/2 there is no such thing in node. Rounds are counted, so that a request costs no timer and no look at the clock.
    this.#check = setInterval(() => this.#checkArrivals(Math.ceil(requestTimeout / checkMs)), checkMs).unref();
    this.#h1 = http.createServer(
      { ...arrival, keepAliveTimeout: IDLE_MS, maxHeaderSize: MAX_HEADER_BYTES },
      (request, response) => {
        this.#onH1(request, response);
      },
    );
    const settings = { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: MAX_HEADER_BYTES };
    this.#h2 = http2.createServer({ settings, maxHeaderListPairs: MAX_HEADERS });
    this.#h2.on("session", (session) => this.#onSession(session));
    this.#h2.on("stream", (stream, headers, flags, rawHeaders) => {
      // The session has just failed: node's own answer to `expect: 100-continue` would throw.
      if (stream.destroyed || stream.closed) {
        stream.on("error", ignore);
        return;
      }
      this.#all++;
      if (this.#shortcut?.stream(stream, headers)) this.#fast++;
      else this.#compat.emit("stream", stream, headers, flags, rawHeaders);
    });
    this.#compat = http2.createServer((request, response) => this.#onH2(request, response));

    const tcp = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    if (options.tls === undefined) {
      this.#server = net.createServer(tcp, (socket) => this.#sniff(socket));
    } else {
      const { cert, key } = options.tls;
      const protocols = { ALPNProtocols: ["h2", "http/1.1"], handshakeTimeout: options.handshakeTimeoutMs };
      const server = tls.createServer({ ...tcp, ...protocols, cert, key }, (socket) => {
        if (socket.alpnProtocol === "h2") this.#speak(socket, "h2");
        else this.#speak(socket, "h1");
      });
      this.#server = server.on("tlsClientError", (_, socket) => socket.destroy());
    }
    this.#server.on("connection", (socket: net.Socket) => {
      this.#sockets.add(socket);
      socket.on("error", ignore).once("close", () => this.#sockets.delete(socket));
    });
  }

  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  /** How many requests there were, and how many of them the shortcut has taken. */
  get counters(): { readonly fast: number; readonly all: number } {
    return { fast: this.#fast, all: this.#all };
  }

  /**
   * Stops accepting, sends GOAWAY, lets requests in flight finish and closes every connection.
   *
   * @param graceMs what is not finished then is cut off
   * @param onExpired called a moment before the cut
   */
  async drain(graceMs: number, onExpired: () => void): Promise<void> {
    this.#draining = true;
    const closed = once(this.#server, "close");
    this.#server.close();
    // GOAWAY names the last stream taken, so what is on its way may safely be sent again elsewhere. (A first GOAWAY that
    // names none, as RFC 9113, 6.8 suggests, is not to be had: nghttp2 ignores new streams after it all the same.)
    for (const session of this.#sessions) session.close();
    // HTTP/1.1 has no GOAWAY, so connections stay for one more response each, or until all work is done.
    for (const response of this.#h1Responses.values()) {
      if (!response.headersSent) response.setHeader("connection", "close");
    }
    const done = this.#workDone();
    if (!(await within(graceMs, done))) {
      onExpired();
      await within(FLUSH_MS, done);
    }
    // What is left is silent or in the middle of a handshake, or its time is over.
    for (const socket of this.#sockets) socket.destroySoon();
    await within(FLUSH_MS, closed);
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    this.#h1.close();
    clearInterval(this.#check);
    await closed;
  }

  #workDone(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#settled = resolve;
    this.#settle();
    return promise;
  }

  #settle(): void {
    // A session that is closing lasts as long as its streams.
    if (this.#h1Responses.size === 0 && this.#sessions.size === 0) this.#settled?.();
  }

  /** Waits until the first bytes tell the protocol. */
  #sniff(socket: net.Socket): void {
    const timer = setTimeout(() => socket.destroy(), this.#handshakeTimeoutMs);
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
    socket.on("readable", onReadable).once("close", () => clearTimeout(timer));
  }

  #speak(socket: net.Socket, protocol: "h1" | "h2"): void {
    socket.on("error", ignore);
    if (this.#draining) {
      socket.destroy();
    } else if (protocol === "h1") {
      this.#h1.emit("connection", socket);
      // Else node's parser reads from TLS below the socket. Paused because an answer is still leaving, it takes the next record for
      // a parse error, and drops the connection. With a listener for the data it gets what the socket gives, which can be paused.
      if (socket instanceof tls.TLSSocket) socket.on("data", ignore);
    } else {
      this.#h2.emit("connection", socket);
    }
  }

  #onSession(session: http2.ServerHttp2Session): void {
    this.#sessions.add(session);
    // The preface is complete when the client's SETTINGS, which end it, have arrived.
    const timer = setTimeout(() => session.destroy(), this.#handshakeTimeoutMs);
    session.once("remoteSettings", () => clearTimeout(timer));
    session.once("close", () => {
      clearTimeout(timer);
      this.#sessions.delete(session);
      this.#settle();
    });
  }

  #onH1(request: http.IncomingMessage, response: http.ServerResponse): void {
    const socket = request.socket;
    // Connect's adapter takes its own listener away when the response closes, which may be just before the error comes.
    request.on("error", ignore);
    this.#h1Responses.add(response);
    if (this.#draining) response.setHeader("connection", "close");
    response.once("close", () => {
      this.#h1Responses.delete(response);
      this.#settle();
      if (this.#draining) socket.destroySoon();
      else if (!request.complete && !socket.destroyed) discard(request, socket, DISCARD_MS);
    });
    this.#all++;
    if (this.#shortcut?.request(request, response)) this.#fast++;
    else this.#serve(request, response);
  }

  #onH2(request: http2.Http2ServerRequest, response: http2.Http2ServerResponse): void {
    // The response's own events come only when the stream closes, which waits for the request's end.
    request.stream.once("finish", () => {
      if (!request.complete) discard(request, request.stream, this.#draining ? FLUSH_MS : DISCARD_MS);
    });
    const arriving: Arriving = { rounds: 0, fail: undefined };
    const arrived = () => this.#arriving.delete(response);
    this.#arriving.set(response, arriving);
    request.once("end", arrived);
    request.stream.once("close", arrived);
    this.#serve(request, response, arriving);
  }

  #checkArrivals(rounds: number): void {
    this.#shortcut?.checkArrivals(rounds);
    for (const [response, arriving] of this.#arriving) {
      // Rpcs that stream both ways may go on for longer, once they have begun to answer.
      if (!response.headersSent && ++arriving.rounds > rounds) arriving.fail?.(late());
    }
  }

  #serve(request: ServerRequest, response: ServerResponse, arriving?: Arriving): void {
    // Connect stops iterating when a message is too large, which would destroy the request and leave its connection
    // (HTTP/1.1) or its stream (HTTP/2) stuck in the middle of the body.
    request[Symbol.asyncIterator] = () => unhurried(request, arriving);
    try {
      this.#handler(request, response);
    } catch {
      // Connect's adapter throws at a request whose authority is missing or no host.
      if (!response.headersSent) response.statusCode = 400;
      response.end();
    }
  }
}

function ignore(): void {}

/** What a request is told that has not come whole in its time. */
export function late(): ConnectError {
  return new ConnectError("the request has not arrived", Code.DeadlineExceeded);
}

/** Whether the promise is fulfilled in so many milliseconds. */
async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const expired = Promise.withResolvers<boolean>();
  const timer = setTimeout(expired.resolve, ms, false);
  const inTime = await Promise.race([promise.then(() => true), expired.promise]);
  clearTimeout(timer);
  return inTime;
}

/**
 * Iterates the body; when that is given up in the middle, what is left may come first, for a moment. Go's clients stop sending when an
 * answer begins, against their own content-length, and nghttp2 resets such a stream before the status, in the trailers, is out.
 */
function unhurried(request: ServerRequest, arriving?: Arriving): ReturnType<ServerRequest["iterator"]> {
  const chunks = request.iterator({ destroyOnReturn: false });
  if (arriving !== undefined) {
    const next = chunks.next.bind(chunks);
    chunks.next = () =>
      new Promise((resolve, reject) => {
        arriving.fail = reject;
        next().then(resolve, reject);
      });
  }
  const giveUp = chunks.return?.bind(chunks);
  chunks.return = async (value) => {
    const result = await giveUp?.(value);
    request.removeAllListeners("readable").resume(); // see discard
    if (!request.readableEnded && !request.destroyed) {
      await within(LINGER_MS, new Promise((resolve) => request.once("end", resolve).once("close", resolve)));
    }
    return result ?? { done: true, value: undefined };
  };
  return chunks;
}

/**
 * Reads what is left of a request that is answered already, without keeping it, so that its connection can be used again.
 * (HTTP/2's own way, RST_STREAM with NO_ERROR, overtakes the trailers in node:http2.)
 *
 * @param carrier the connection (HTTP/1.1) or the stream (HTTP/2), destroyed when the time is over
 */
function discard(request: Readable, carrier: Duplex, timeoutMs: number): void {
  const timer = setTimeout(() => carrier.destroy(), timeoutMs);
  const stop = () => {
    clearTimeout(timer);
    carrier.off("close", stop);
  };
  request.once("end", stop);
  carrier.once("close", stop);
  // Left behind by the iteration that was given up; while there is one, resume() does nothing.
  request.removeAllListeners("readable").resume();
}

/** The same of a stream whose data has a listener. */
export function discardStream(stream: http2.ServerHttp2Stream): void {
  discard(stream, stream, DISCARD_MS);
}
