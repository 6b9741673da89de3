import type * as http2 from "node:http2";
import type { Socket } from "node:net";
import { KEEP_ALIVE_MS } from "../../http2/dial.ts";
import { HELD_WINDOW } from "../../http2/preface.ts";
import type { Place } from "../balance/balancer.ts";
import { errorText } from "../error-text.ts";
import type { GrpcReceiver, GrpcRequest, GrpcSession, GrpcTarget, SessionOptions } from "./grpc-session.ts";
import { H2Stream } from "./h2-stream.ts";
import { grpcTimeout } from "./request-encoder.ts";
import type { SessionOwner } from "./session.ts";

const WINDOW_BYTES = 1 << 20;
/** Maximum size of a reply's headers, or of its trailers: all names and values by HTTP/2's count (32 more for each). */
const HEADER_BYTES = 64 << 10;
const HEADER_COUNT = 256;
/** Time after which the next of several addresses is tried, in milliseconds. */
const ADDRESS_MS = 1_000;

/** A connection by node:http2. */
export class H2Session implements GrpcSession {
  readonly #target: GrpcTarget;
  readonly #owner: SessionOwner<GrpcSession>;
  readonly #session: http2.ClientHttp2Session;
  readonly #held: boolean;
  #socket: Socket | undefined;
  #error: Error | undefined;
  #lastStream: number | undefined;
  #ready = false;
  #gone = false;
  #streams = 0;
  #opened = 0;
  #maxStreams = 0;

  constructor(
    { url, secureContext, lookup, held = false }: SessionOptions,
    target: GrpcTarget,
    owner: SessionOwner<GrpcSession>,
  ) {
    this.#held = held;
    this.#target = target;
    this.#owner = owner;
    const connection = { lookup, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ADDRESS_MS, noDelay: true };
    const session = process.getBuiltinModule("node:http2").connect(url, {
      ...connection,
      ...(secureContext !== undefined && { secureContext }),
      maxHeaderListPairs: HEADER_COUNT,
      settings: {
        enablePush: false,
        initialWindowSize: held ? HELD_WINDOW : WINDOW_BYTES,
        maxHeaderListSize: HEADER_BYTES,
      },
    });
    this.#session = session;
    session.on("connect", (_, socket) => {
      this.#socket = socket as Socket;
      if (held) this.#socket.setKeepAlive(true, KEEP_ALIVE_MS);
      // After a late failure of TLS (a certificate that the other end refuses) the session emits no event.
      socket.once("error", failed);
      // Node emits this event one turn late: the session may be destroyed by then.
      if (!session.destroyed) session.setLocalWindowSize(WINDOW_BYTES);
    });
    // The other end has sent its preface (RFC 9113, 3.4), so it supports HTTP/2.
    session.on("remoteSettings", ({ maxConcurrentStreams }) => {
      this.#maxStreams = maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
      if (this.#ready) owner.room(this);
      else {
        this.#ready = true;
        owner.ready(this);
      }
    });
    const failed = (error: Error): void => {
      this.#error ??= error;
      setImmediate(() => session.destroyed && this.#end());
    };
    session.on("error", failed);
    session.on("goaway", (_, lastStream, data) => {
      this.#lastStream = lastStream;
      owner.leaving(this, data?.toString() === "too_many_pings" ? "pings" : "goaway");
    });
    session.on("close", () => this.#end());
  }

  place: Place<unknown> | undefined;
  get streams(): number {
    return this.#streams;
  }
  get maxStreams(): number {
    return this.#maxStreams;
  }
  get opened(): number {
    return this.#opened;
  }
  get bytesRead(): number {
    return this.#socket?.bytesRead ?? 0;
  }
  /** True if no stream can be opened any more. */
  get ended(): boolean {
    return this.#session.closed || this.#session.destroyed;
  }
  /** Error that ended the session, if any. */
  get error(): Error | undefined {
    return this.#error;
  }
  /** Reports whether GOAWAY excluded this stream from those that were processed. */
  excludes(stream: number): boolean {
    return this.#lastStream !== undefined && stream > this.#lastStream;
  }

  open(request: GrpcRequest, receiver: GrpcReceiver): H2Stream {
    const stream = this.#session.request(headersOf(this.#target, request));
    this.#streams++;
    this.#opened++;
    return new H2Stream(this, stream, request.frame, receiver, this.#held);
  }
  streamEnded(): void {
    this.#streams--;
    this.#owner.room(this);
  }
  /**
   * Retires the session after all stream numbers are used, which are a thousand million. The next request needs a new
   * connection.
   */
  outOfStreams(): void {
    this.#owner.leaving(this, "goaway");
    void this.close();
  }
  ping(answered: () => void): void {
    if (!this.ended) this.#session.ping((error) => error === null && answered());
  }
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#gone || this.#session.destroyed) {
        resolve(); // after a late failure of TLS `close` may never be emitted
        return;
      }
      this.#session.once("close", () => resolve());
      this.#session.close();
    });
  }
  destroy(error: Error): void {
    this.#error ??= error;
    this.#session.destroy(error);
    queueMicrotask(() => this.#end());
  }
  #end(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#owner.gone(this, errorText(this.#error, this.#ready));
  }
}

/** Returns a flat list: node:http2 takes it as it is, but would copy, check and sort an object. */
function headersOf(target: GrpcTarget, { path, timeoutMs, headers: more, attempt }: GrpcRequest): string[] {
  const headers = [
    ":method",
    "POST",
    ":scheme",
    target.scheme,
    ":authority",
    target.authority,
    ":path",
    target.prefix + path,
    "content-type",
    "application/grpc+proto",
    "te",
    "trailers",
  ];
  if (timeoutMs !== Number.POSITIVE_INFINITY) headers.push("grpc-timeout", grpcTimeout(timeoutMs));
  if (more !== undefined) for (const name in more) headers.push(name, more[name] ?? "");
  if (attempt > 1) headers.push("grpc-previous-rpc-attempts", String(attempt - 1));
  return headers;
}
