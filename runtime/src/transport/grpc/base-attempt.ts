import type { Clock } from "../../clock.ts";
import { Code, type Fault } from "../../failure.ts";
import { ErrorCode } from "../../http2/error-code.ts";
import type { Place } from "../balance/balancer.ts";
import type { ReceivedHeaders } from "../call-headers.ts";
import { throwLater } from "../throw-later.ts";
import type { InFlight } from "../unary-client.ts";
import type { GrpcReceiver, GrpcRequest, GrpcSession, GrpcStream } from "./grpc-session.ts";
import type { Waiter } from "./session.ts";
import type { SessionPool } from "./session-pool.ts";

const { NO_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY } = ErrorCode;

/**
 * One request, from the wait for an HTTP/2 stream until the end of that stream. It maps HTTP/2 events to gRPC, except
 * the body. A session calls `response`, `data`, `trailers`, `end` as they arrive, and `closed` last.
 */
export abstract class BaseAttempt implements InFlight, Waiter<GrpcSession>, GrpcReceiver {
  protected readonly pool: SessionPool<GrpcSession>;
  readonly #request: GrpcRequest;
  readonly #after: BaseAttempt | undefined;
  #place: Place<unknown> | undefined;
  #era = 0; // the place's
  #session: GrpcSession | undefined;
  #clock: Clock | undefined;
  #deadline = 0;
  #counted = false; // true while it counts among the calls of its place
  #trailed = false;
  protected stream: GrpcStream | undefined;
  protected first: ReceivedHeaders | undefined;
  /** Headers that contain the status. */
  protected status: ReceivedHeaders | undefined;
  /** True if no more events are reported. */
  protected over = false;

  /** @param after the previous attempt of the same call */
  constructor(pool: SessionPool<GrpcSession>, request: GrpcRequest, after?: BaseAttempt) {
    this.pool = pool;
    this.#request = request;
    this.#after = after;
  }
  /** Reports the fault to the sender. */
  protected abstract faulted(fault: Fault): void;
  abstract data(chunk: Buffer): void;
  abstract end(): void;

  /** Reports whether this attempt, or one before it, used that place. */
  avoids(place: object): boolean {
    for (let attempt: BaseAttempt | undefined = this; attempt !== undefined; attempt = attempt.#after)
      if (attempt.#place === place) return true;
    return false;
  }
  isAt(place: object | undefined): boolean {
    for (let attempt: BaseAttempt | undefined = this; attempt !== undefined; attempt = attempt.#after)
      if (attempt.#place === place && !attempt.over) return true;
    return false;
  }
  get address(): string | undefined {
    return this.#place?.address;
  }
  rate(good: boolean | undefined, slowness?: number): void {
    if (this.#place !== undefined) this.pool.balancer.rate(this.#place, this.#era, good, slowness);
  }
  /** Waits until a session has room. The wait counts against the deadline: the upstream receives the rest. */
  wait(clock: Clock): void {
    this.#clock = clock;
    this.#deadline = clock.now() + this.#request.timeoutMs;
    this.pool.wait(this);
  }
  refused(message: string): void {
    this.fault({ kind: "transport", code: Code.UNAVAILABLE, message });
  }
  start(session: GrpcSession): void {
    if (this.#clock !== undefined) this.#request.timeoutMs = this.#deadline - this.#clock.now();
    if (this.#clock !== undefined && this.#request.timeoutMs < 1) {
      // The status is the one that the upstream would send. Other code decides if the upstream is at fault.
      this.fault({ kind: "status", code: Code.DEADLINE_EXCEEDED, message: "no stream in time" });
      return;
    }
    try {
      this.stream = session.open(this.#request, this);
      this.#session = session;
      const { place } = session;
      if (place === undefined) return;
      place.inFlight++;
      this.#place = place;
      this.#era = place.era;
      this.#counted = true;
    } catch (error) {
      queueMicrotask(() => this.#unsent(session, String(error)));
    }
  }
  /** Handles a stream that could not be opened. */
  #unsent(session: GrpcSession, message: string): void {
    if (this.over) return;
    if (!session.ended) {
      this.fault({ kind: "unsendable", code: Code.INTERNAL, message });
      return;
    }
    this.pool.ends(session); // the session is about to report its end itself
    this.pool.wait(this);
  }
  get unsent(): boolean {
    return this.#session === undefined;
  }
  cancel(): void {
    if (this.over) return;
    this.finish();
    if (this.#session === undefined) this.pool.leave(this);
    else {
      if (this.first === undefined) this.pool.recordCancel(this.#session);
      this.stream?.close(CANCEL);
    }
  }

  /** @param status HTTP's */
  response(status: number | undefined, headers: ReceivedHeaders): void {
    this.first = headers;
    const type = String(headers["content-type"] ?? "");
    const isGrpc = type === "application/grpc" || type === "application/grpc+proto" || GRPC.test(type);
    const statusText = headers["grpc-status"];
    if (statusText !== undefined && status === 200 && isGrpc) this.status = headers;
    else if (statusText !== undefined && status !== 200 && codeIn(statusText) !== Code.OK) {
      this.status = headers; // it is more specific than HTTP's
      this.#refused(codeIn(statusText));
    } else if (status !== 200) this.fault({ kind: "status", code: codeOfHttp(status), message: `HTTP ${status}` });
    else if (!isGrpc) {
      const code = type.startsWith("application/grpc") ? Code.INTERNAL : Code.UNKNOWN;
      this.invalid(`content-type is ${JSON.stringify(type)}`, code);
    }
  }
  trailers(trailers: ReceivedHeaders): void {
    this.status = trailers;
    this.#trailed = true;
  }
  /** Headers that arrived after the body. */
  protected get last(): ReceivedHeaders {
    return this.#trailed ? (this.status ?? NONE) : NONE;
  }
  /** Reports whether the stream has ended with OK. If not, the fault is reported. */
  protected isOk(hasBody: boolean): boolean {
    if (this.over) return false;
    const status = this.status?.["grpc-status"];
    // A status before the body belongs to an answer without a message.
    if (status === undefined || (!this.#trailed && hasBody)) this.closed();
    else if (status === "0") return true;
    else {
      const code = codeIn(status);
      if (code === Code.OK) return true;
      this.#refused(code);
    }
    return false;
  }
  /** Handles the end of the stream. A stream without an answer is a fault, unless one was reported before. */
  closed(): void {
    if (this.over || this.stream === undefined) return;
    const { code, unprocessed, lost, message } = this.stream.ending();
    // An upstream that has begun to answer has processed the request, independent of a later code.
    if (unprocessed || (code === REFUSED_STREAM && this.first === undefined)) {
      if (this.#place !== undefined) this.pool.balancer.turnedAway(this.#place);
      this.fault({ kind: "unprocessed", code: Code.UNAVAILABLE, message });
    } else if (lost) this.fault({ kind: "transport", code: Code.UNAVAILABLE, message });
    else if (code === undefined || code === NO_ERROR) this.invalid("missing trailers");
    else this.fault({ kind: "transport", code: codeOfReset(code), message });
  }

  #refused(code: Code): void {
    const details = this.status?.["grpc-status-details-bin"];
    const message = decoded(this.status?.["grpc-message"]);
    this.fault({
      kind: "status",
      code,
      message: message,
      upstreamText: message,
      pushbackMs: pushback(this.status?.["grpc-retry-pushback-ms"]),
      details: typeof details === "string" ? Buffer.from(details, "base64") : undefined,
    });
  }
  /** @param code as gRPC's clients use it */
  protected invalid(message: string, code: Code = Code.INTERNAL): void {
    this.fault({ kind: "invalid", code, message });
  }
  /** Fails the attempt, unless it is over. The stream ends with it. */
  protected fault(fault: Fault): void {
    if (this.over) return;
    this.finish();
    this.stream?.close(CANCEL);
    try {
      this.faulted(fault);
    } catch (error) {
      throwLater(error);
    }
  }
  /** Stops all further reports. */
  protected finish(): void {
    this.over = true;
    this.leave();
  }
  /** Removes the attempt from its place, because its stream has ended, or is about to end. */
  protected leave(): void {
    if (this.#counted && this.#place !== undefined) this.#place.inFlight--;
    this.#counted = false;
  }
}

const NONE: ReceivedHeaders = {};
const GRPC = /^application\/grpc(\+proto)?\s*(;|$)/i;

/** Returns the fault of a frame whose flags are not 0. No compression is requested, and all other flags are unknown. */
export const flagsFault = (flags: number | undefined): string =>
  flags === 1 ? "a compressed message" : `a frame with flags ${flags}`;

/** Returns the code of a `grpc-status`, which is one or more digits; UNKNOWN for all other values (PROTOCOL-HTTP2.md). */
function codeIn(status: ReceivedHeaders[string]): Code {
  const number = typeof status === "string" && /^\d+$/.test(status) ? Number(status) : Code.UNKNOWN;
  return number <= Code.UNAUTHENTICATED ? (number as Code) : Code.UNKNOWN;
}
/** Maps an HTTP status to a code by gRPC's http-grpc-status-mapping.md. */
function codeOfHttp(status: number | undefined): Code {
  switch (status) {
    case 400:
      return Code.INTERNAL;
    case 401:
      return Code.UNAUTHENTICATED;
    case 403:
      return Code.PERMISSION_DENIED;
    case 404:
      return Code.UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code.UNAVAILABLE;
    default:
      return Code.UNKNOWN;
  }
}
/** Maps an HTTP/2 error code to a code by gRPC's PROTOCOL-HTTP2.md. */
function codeOfReset(code: number): Code {
  switch (code) {
    case REFUSED_STREAM:
      return Code.UNAVAILABLE;
    case CANCEL:
      return Code.CANCELLED;
    case ENHANCE_YOUR_CALM:
      return Code.RESOURCE_EXHAUSTED;
    case INADEQUATE_SECURITY:
      return Code.PERMISSION_DENIED;
    default:
      return Code.INTERNAL;
  }
}
/** Returns the pushback in milliseconds. A value that is no number forbids retries (gRFC A6). */
function pushback(value: ReceivedHeaders[string]): number | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : -1;
}
function decoded(message: ReceivedHeaders[string]): string {
  if (typeof message !== "string") return "";
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
