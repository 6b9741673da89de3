import type { Clock } from "../clock.ts";
import { Code, type Fault } from "../failure.ts";
import { ErrorCode } from "../http2/error-code.ts";
import { appended } from "../wire/appended.ts";
import { PREFIX_BYTES } from "../wire/frame.ts";
import type { Avoiding, Place } from "./balancer.ts";
import type { GrpcRequest, GrpcSession, GrpcStream } from "./grpc-session.ts";
import type { Waiter } from "./session.ts";
import type { SessionPool } from "./session-pool.ts";
import type { InFlight, ReceivedHeaders, Reply } from "./unary-client.ts";
import { uncaught } from "./uncaught.ts";

const { NO_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY } = ErrorCode;

/** So much is kept ready for a message that says that it is that long. */
const AT_ONCE_BYTES = 1 << 18;
const NONE: ReceivedHeaders = {};

/**
 * One unary request, from when it asks for a stream until its reply is told: what gRPC says about what HTTP/2 brings. A session hands it
 * `response`, `data`, `trailers`, `end` as they come, and `closed` last.
 */
export class GrpcAttempt implements InFlight, Waiter<GrpcSession>, Avoiding {
  readonly #pool: SessionPool<GrpcSession>;
  readonly #request: GrpcRequest;
  readonly #maxBytes: number;
  readonly #reply: Reply;
  readonly #after: GrpcAttempt | undefined;
  #place: Place<unknown> | undefined;
  #era = 0; // the place's
  #session: GrpcSession | undefined;
  #stream: GrpcStream | undefined;
  #clock: Clock | undefined;
  #deadline = 0;
  #body: Buffer | undefined; // its first `#received` bytes have come
  #received = 0;
  #expected = Number.POSITIVE_INFINITY;
  #first: ReceivedHeaders | undefined;
  #status: ReceivedHeaders | undefined;
  #trailed = false;
  #ended = false;

  constructor(
    pool: SessionPool<GrpcSession>,
    request: GrpcRequest,
    maxBytes: number,
    reply: Reply,
    after?: GrpcAttempt,
  ) {
    this.#pool = pool;
    this.#request = request;
    this.#maxBytes = maxBytes;
    this.#reply = reply;
    this.#after = after;
  }
  /** Whether it, or one before it, has gone there. */
  avoids(place: object): boolean {
    for (let one: GrpcAttempt | undefined = this; one !== undefined; one = one.#after)
      if (one.#place === place) return true;
    return false;
  }
  judged(good: boolean | undefined, slowness?: number): void {
    if (this.#place !== undefined) this.#pool.balancer.judged(this.#place, this.#era, good, slowness);
  }
  /** Waits until a session has room, which counts: the upstream is told what is left of the deadline. */
  wait(clock: Clock): void {
    this.#clock = clock;
    this.#deadline = clock.now() + this.#request.timeoutMs;
    this.#pool.wait(this);
  }
  refused(message: string): void {
    this.#fault({ kind: "transport", code: Code.UNAVAILABLE, message });
  }
  start(session: GrpcSession): void {
    if (this.#clock !== undefined) this.#request.timeoutMs = this.#deadline - this.#clock.now();
    if (this.#clock !== undefined && this.#request.timeoutMs < 1) {
      // As the upstream would say it: how much of it was its fault is for others to judge.
      this.#fault({ kind: "status", code: Code.DEADLINE_EXCEEDED, message: "no stream in time" });
      return;
    }
    try {
      this.#stream = session.open(this.#request, this);
      this.#session = session;
      const { place } = session;
      if (place === undefined) return;
      place.inFlight++;
      this.#place = place;
      this.#era = place.era;
    } catch (error) {
      queueMicrotask(() => this.#unsent(session, String(error)));
    }
  }
  /** No stream could be opened. */
  #unsent(session: GrpcSession, message: string): void {
    if (this.#ended) return;
    if (!session.ended) {
      this.#fault({ kind: "unsendable", code: Code.INTERNAL, message });
      return;
    }
    this.#pool.ends(session); // which it is about to say itself
    this.#pool.wait(this);
  }
  get unsent(): boolean {
    return this.#session === undefined;
  }
  cancel(): void {
    if (this.#ended) return;
    this.#end();
    if (this.#session === undefined) this.#pool.leave(this);
    else {
      if (this.#first === undefined) this.#pool.givenUp(this.#session);
      this.#stream?.close(CANCEL);
    }
  }

  /** @param status HTTP's */
  response(status: number | undefined, headers: ReceivedHeaders): void {
    this.#first = headers;
    const type = String(headers["content-type"] ?? "");
    const isGrpc = type === "application/grpc" || type === "application/grpc+proto" || GRPC.test(type);
    const told = headers["grpc-status"];
    if (told !== undefined && status === 200 && isGrpc) this.#status = headers;
    else if (told !== undefined && told !== "0" && status !== 200) {
      this.#status = headers; // it says more than HTTP's
      this.#refused(String(told));
    } else if (status !== 200) this.#fault({ kind: "status", code: codeOfHttp(status), message: `HTTP ${status}` });
    else if (!isGrpc) {
      const code = type.startsWith("application/grpc") ? Code.INTERNAL : Code.UNKNOWN;
      this.#invalid(`content-type is ${JSON.stringify(type)}`, code);
    }
  }
  trailers(trailers: ReceivedHeaders): void {
    this.#status = trailers;
    this.#trailed = true;
  }
  /** @param chunk may be written to afterwards */
  data(chunk: Buffer): void {
    if (this.#ended || chunk.length === 0) return;
    if (this.#received === 0 && chunk.length >= PREFIX_BYTES) this.#readPrefix(chunk);
    this.#keep(chunk);
    if (this.#expected === Number.POSITIVE_INFINITY && this.#body !== undefined && this.#received >= PREFIX_BYTES) {
      this.#readPrefix(this.#body);
    }
    if (this.#received > this.#expected) this.#invalid("more than one message", Code.UNIMPLEMENTED);
  }
  #readPrefix(bytes: Buffer): void {
    const length = bytes.readUInt32BE(1);
    this.#expected = PREFIX_BYTES + length;
    if (length > this.#maxBytes) this.#invalid(`a reply of ${length} bytes`); // before it is buffered
  }
  /** Mostly the first chunk tells how much there will be. */
  #keep(chunk: Buffer): void {
    const received = this.#received + chunk.length;
    if (received <= this.#expected && !this.#ended) {
      this.#body = appended(this.#body, this.#received, chunk, this.#expected, AT_ONCE_BYTES);
    }
    this.#received = received;
  }
  end(): void {
    if (this.#ended) return;
    const status = this.#status?.["grpc-status"];
    // A status in front is that of an answer without a message.
    if (status === undefined || (!this.#trailed && this.#received > 0)) {
      this.closed();
      return;
    }
    if (status !== "0") {
      this.#refused(String(status));
      return;
    }
    const body = this.#body;
    if (body === undefined || this.#received === 0) {
      this.#invalid("no message", Code.UNIMPLEMENTED);
      return;
    }
    if (this.#received !== this.#expected) {
      this.#invalid("no whole message");
      return;
    }
    if (body[0] !== 0) {
      this.#invalid("a compressed message");
      return;
    }
    this.#end();
    try {
      this.#tell();
      this.#reply.replied(body.subarray(PREFIX_BYTES, this.#received));
    } catch (error) {
      uncaught(error);
    }
  }
  /** The stream is at its end; without an answer, unless that has been told. */
  closed(): void {
    if (this.#ended || this.#stream === undefined) return;
    const { code, unprocessed, lost, message } = this.#stream.ending();
    // Whoever has begun to answer has processed it, whatever he says then.
    if (unprocessed || (code === REFUSED_STREAM && this.#first === undefined)) {
      if (this.#place !== undefined) this.#pool.balancer.turnedAway(this.#place);
      this.#fault({ kind: "unprocessed", code: Code.UNAVAILABLE, message });
    } else if (lost) this.#fault({ kind: "transport", code: Code.UNAVAILABLE, message });
    else if (code === undefined || code === NO_ERROR) this.#invalid("missing trailers");
    else this.#fault({ kind: "transport", code: codeOfReset(code), message });
  }

  #refused(status: string): void {
    const number = /^\d{1,2}$/.test(status) ? Number(status) : Code.UNKNOWN;
    const code = number <= Code.UNAUTHENTICATED ? (number as Code) : Code.UNKNOWN;
    const details = this.#status?.["grpc-status-details-bin"];
    const said = decoded(this.#status?.["grpc-message"]);
    this.#fault({
      kind: "status",
      code,
      message: said,
      said,
      pushbackMs: pushback(this.#status?.["grpc-retry-pushback-ms"]),
      details: typeof details === "string" ? Buffer.from(details, "base64") : undefined,
    });
  }
  /** @param code as gRPC's clients have it */
  #invalid(message: string, code: Code = Code.INTERNAL): void {
    this.#fault({ kind: "invalid", code, message });
  }
  #fault(fault: Fault): void {
    if (this.#ended) return;
    this.#end();
    this.#stream?.close(CANCEL);
    try {
      this.#tell();
      this.#reply.faulted(fault);
    } catch (error) {
      uncaught(error);
    }
  }
  #tell(): void {
    this.#reply.metadata?.(this.#first ?? NONE, this.#trailed ? (this.#status ?? NONE) : NONE);
  }
  #end(): void {
    this.#ended = true;
    this.#body = undefined;
    if (this.#place !== undefined) this.#place.inFlight--;
  }
}

const GRPC = /^application\/grpc(\+proto)?\s*(;|$)/i;

/** As gRPC's http-grpc-status-mapping.md has it. */
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
/** As gRPC's PROTOCOL-HTTP2.md has it. */
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
/** What is no number asks for no retry (gRFC A6). */
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
