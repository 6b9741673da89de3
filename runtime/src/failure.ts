import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import { boundedDetails, boundedText, type ReceivedDetail } from "./wire/bounded-status.ts";
import { statusDetail } from "./wire/status-detail.ts";

/** The status codes of gRPC. */
export const Code = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;
export type Code = (typeof Code)[keyof typeof Code];
/** Every code of an error. */
export const ERROR_CODES: readonly Code[] = Object.values(Code).filter((code) => code !== Code.OK);

/** Why something failed; the numbers are those of `bff.v1.Degradation.Reason`. */
export const Reason = { TIMEOUT: 1, UNAVAILABLE: 2, BREAKER_OPEN: 3, LIMITED: 4, REJECTED: 5, INVALID: 6 } as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

const TEXTS: Readonly<Record<Code, string>> = {
  [Code.OK]: "ok",
  [Code.CANCELLED]: "canceled",
  [Code.UNKNOWN]: "unknown error",
  [Code.INVALID_ARGUMENT]: "invalid argument",
  // Connect's own words: whether it or the composition notices first that the time is over is a race, and nobody need see which.
  [Code.DEADLINE_EXCEEDED]: "the operation timed out",
  [Code.NOT_FOUND]: "not found",
  [Code.ALREADY_EXISTS]: "already exists",
  [Code.PERMISSION_DENIED]: "permission denied",
  [Code.RESOURCE_EXHAUSTED]: "resource exhausted",
  [Code.FAILED_PRECONDITION]: "failed precondition",
  [Code.ABORTED]: "aborted",
  [Code.OUT_OF_RANGE]: "out of range",
  [Code.UNIMPLEMENTED]: "unimplemented",
  [Code.INTERNAL]: "internal error",
  [Code.UNAVAILABLE]: "unavailable",
  [Code.DATA_LOSS]: "data loss",
  [Code.UNAUTHENTICATED]: "unauthenticated",
};

/** The fixed text that clients get with a code when no rule gives another. */
export function codeText(code: Code): string {
  return TEXTS[code];
}

/** How an attempt of a call failed, as its transport tells it; what that means to the composition is a `Failure`. */
export interface Fault {
  /**
   * `status`: the upstream answered with this status; `transport`: no answer, the connection or stream broke; `unprocessed`:
   * the same, and the upstream has certainly not begun; `invalid`: an answer that makes no sense, or is too large;
   * `unsendable`: the request could not be put on the wire, which is no fault of the upstream.
   */
  readonly kind: "status" | "transport" | "unprocessed" | "invalid" | "unsendable";
  /** As gRPC's clients have it for a fault of this kind. */
  readonly code: Code;
  /** For logs. */
  readonly message: string;
  /** `grpc-retry-pushback-ms`; negative: do not retry. */
  readonly pushbackMs?: number | undefined;
  /** What the upstream itself says (`grpc-message`); undefined: the words are ours. */
  readonly said?: string | undefined;
  /** An encoded `google.rpc.Status` (`grpc-status-details-bin`). */
  readonly details?: Uint8Array | undefined;
  /** Of what is `unsendable`: the part of the request that is at fault, where that is known. */
  readonly misfit?: Misfit | undefined;
  /** Nothing was sent: it is our own breaker that is open, or our own limit that is full. */
  readonly kept?: typeof Reason.BREAKER_OPEN | typeof Reason.LIMITED | undefined;
}

/** A part of a request that cannot be sent. Whose fault it is depends on where its value comes from: see `blamed`. */
export class Misfit extends Error {
  /** A field that the path or the query holds, with dots, or `metadata x-key`. */
  readonly part: string;
  /** What clients may read of it. */
  readonly result: string;

  constructor(part: string, message: string, result: string) {
    super(`${part} ${message}`);
    this.part = part;
    this.result = result;
  }
}

/** What goes out as an error detail: a message and how to encode it, or what an upstream has sent. */
export type Detail = { readonly desc: DescMessage; readonly value: Message } | ReceivedDetail;

/** What a failure is made of. */
export interface FailureInit {
  readonly code: Code;
  readonly reason: Reason;
  /** Who was called: `package.Service/Method`, or the service alone; empty when no upstream was at fault. */
  readonly callee: string;
  readonly message: string;
  readonly clientCode: Code;
  readonly clientMessage?: string | undefined;
  readonly details?: readonly Detail[] | undefined;
  readonly said?: string | undefined;
  readonly received?: Uint8Array | undefined;
  readonly refusal?: boolean | undefined;
  readonly headers?: readonly string[] | undefined;
  readonly pushbackMs?: number | undefined;
  readonly cause?: unknown;
}

/** What expressions read of a failure. */
export interface ErrorInfo {
  /** The gRPC status code. */
  readonly code: number;
  /** The upstream's own words. */
  readonly message: string;
  /** A number of `bff.v1.Degradation.Reason`. */
  readonly reason: number;
  /** Full service name; empty when no upstream was at fault. */
  readonly upstream: string;
  /** The first error detail of this type that the upstream sent. */
  detail<Desc extends DescMessage>(desc: Desc): MessageShape<Desc> | undefined;
}

/**
 * The one value that a failure is. Failures are thrown and passed on, but they are not Errors: nobody reads their stack,
 * and taking one costs more than everything else about a failed call.
 */
export class Failure implements ErrorInfo {
  /** What happened, as the upstream or we ourselves named it. */
  readonly code: Code;
  readonly reason: Reason;
  /** Full service name; empty when no upstream was at fault. */
  readonly upstream: string;
  /** `package.Service/Method`; empty when it was no call's. */
  readonly method: string;
  /** For logs; may be an upstream's words, which are never forwarded unless a rule names them. */
  readonly message: string;
  /** What a client sees when this fails the response. */
  readonly clientCode: Code;
  readonly clientMessage: string;
  /** Error details for the client. */
  readonly details: readonly Detail[];
  /** What a guard or an `on_error` rule says: it fails the whole response, and no step can do without what it stands for. */
  readonly refusal: boolean;
  /** What goes out beside it: names, in lower case, and values in turn. */
  readonly headers: readonly string[];
  /** When a client may try again, in milliseconds, where that is known. */
  readonly pushbackMs: number | undefined;
  /** What was thrown, when it was no failure. */
  readonly cause: unknown;
  #handedOut = false;
  readonly #said: string | undefined;
  readonly #received: Uint8Array | undefined;

  constructor(init: FailureInit) {
    this.code = init.code;
    this.reason = init.reason;
    const { callee } = init;
    const slash = callee.indexOf("/");
    this.upstream = slash < 0 ? callee : callee.slice(0, slash);
    this.method = slash < 0 ? "" : callee;
    this.message = init.message;
    this.clientCode = init.clientCode;
    this.clientMessage = init.clientMessage ?? TEXTS[init.clientCode];
    this.details = init.details ?? NONE;
    this.refusal = init.refusal ?? false;
    this.headers = init.headers ?? NO_HEADERS;
    this.pushbackMs = init.pushbackMs;
    this.cause = init.cause;
    this.#said = init.said;
    this.#received = init.received;
  }

  /**
   * For one more who waits for what has failed: equal calls, keys of a batch. Whose failure it is, is told by the object, so that each has
   * one of their own.
   */
  forOneMore(): Failure {
    if (this === OVER || !this.#handedOut) {
      this.#handedOut = true;
      return this;
    }
    const callee = this.method === "" ? this.upstream : this.method;
    return new Failure({ ...this, callee, said: this.#said, received: this.#received });
  }

  /** What clients may get of the status that an upstream has answered with, within bounds; of a failure of our own the fixed text. */
  get asItCame(): { readonly message: string; readonly details: readonly Detail[] } {
    return {
      message: this.#said === undefined ? codeText(this.code) : boundedText(this.#said),
      details: this.#received === undefined ? NONE : boundedDetails(this.#received),
    };
  }

  /** Whether a client should not try again soon: the fault is ours to cool down from. */
  get pushback(): boolean {
    return this.reason === Reason.BREAKER_OPEN || this.reason === Reason.LIMITED;
  }

  /** The first error detail of this type that the upstream sent (`grpc-status-details-bin`). */
  detail<Desc extends DescMessage>(desc: Desc): MessageShape<Desc> | undefined {
    return this.#received === undefined ? undefined : statusDetail(this.#received, desc);
  }
}
const NONE: readonly Detail[] = [];
const NO_HEADERS: readonly string[] = [];

/** A call that its upstream's breaker did not let out. */
export function breakerOpen(callee: string): Failure {
  const code = Code.UNAVAILABLE;
  return new Failure({ code, reason: Reason.BREAKER_OPEN, callee, message: "breaker open", clientCode: code });
}

/** A call that found the limit and its queue full. */
export function limited(callee: string): Failure {
  const code = Code.RESOURCE_EXHAUSTED;
  return new Failure({ code, reason: Reason.LIMITED, callee, message: "too many calls", clientCode: code });
}

/** A call that had no answer in time, or no time left to be sent. */
export function timedOut(callee: string, message: string, cause?: unknown): Failure {
  const code = Code.DEADLINE_EXCEEDED;
  return new Failure({ code, reason: Reason.TIMEOUT, callee, message, clientCode: code, cause });
}

/** Something that made no sense: bytes, a mapping, an expression. `callee` is empty when it was ours. */
export function invalid(callee: string, message: string, cause?: unknown): Failure {
  const code = Code.INTERNAL;
  return new Failure({ code, reason: Reason.INVALID, callee, message, clientCode: code, cause });
}

/** What a guard or an `on_error` rule says. Without a message: the fixed text of the code. */
export function refusal(code: Code, message = codeText(code), details?: readonly Detail[]): Failure {
  const told = { message, clientCode: code, clientMessage: message };
  return new Failure({ ...told, code, reason: Reason.REJECTED, callee: "", details, refusal: true });
}

/** What the client did wrong, who is told so: INVALID_ARGUMENT. `told` is what it reads, if that is not what the log has. */
export function clientFault(message: string, told = message): Failure {
  const code = Code.INVALID_ARGUMENT;
  return new Failure({ code, reason: Reason.INVALID, callee: "", message, clientCode: code, clientMessage: told });
}

/** The client's fields that alone make a part of a request, by the part's name: `{ name: "shelf or book" }`. */
export type ClientFields = Readonly<Record<string, string>>;

/** The client's fault, where fields of the client's alone make the part of a request that cannot be sent; else the same failure. */
export function blamed(failure: Failure, clientFields: ClientFields | undefined): Failure {
  const { cause, message } = failure;
  if (clientFields === undefined || !(cause instanceof Misfit)) return failure;
  if (!Object.hasOwn(clientFields, cause.part)) return failure;
  return clientFault(
    message,
    `the value of ${clientFields[cause.part]} is not accepted here: it results in ${cause.result}`,
  );
}

/** Whatever was thrown, as a failure; what is none already (an expression error, a mapping error) has reason INVALID. */
export function asFailure(thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : invalid("", String(thrown), thrown);
}

/** The end of whatever still ran when its scope or its response was over. Nobody sees it but logs. */
export const OVER = new Failure({
  code: Code.CANCELLED,
  reason: Reason.UNAVAILABLE,
  callee: "",
  message: "the response has ended",
  clientCode: Code.CANCELLED,
});

/** An upstream that resets the stream this close to the deadline, in milliseconds, does so because of it. */
const NEAR_MS = 2;

/**
 * Whether the upstream has cancelled the stream because the call's time is over, which it may notice before we do; grpc-go's server does
 * so.
 *
 * @param leftMs of the call's time
 */
export function cutAtDeadline(fault: Fault, leftMs: number): boolean {
  return fault.kind === "transport" && fault.code === Code.CANCELLED && leftMs < NEAR_MS;
}

/** The verdict on an upstream whose attempt the call's deadline ended: bad if the attempt was fair, else undefined. */
export const lateVerdict = (fair: boolean): false | undefined => (fair ? false : undefined);

/**
 * What a fault says about the upstream, for its breaker: true good (a refusal, NOT_FOUND and the like, shows that it works), false
 * bad, undefined nothing.
 *
 * @param fair whether the upstream had the time that it may expect
 */
export function verdictOn(fault: Fault, fair: boolean): boolean | undefined {
  if (fault.kind === "unsendable") return undefined;
  if (fault.kind !== "status") return false;
  switch (fault.code) {
    case Code.DEADLINE_EXCEEDED:
      return lateVerdict(fair);
    case Code.UNAVAILABLE:
    case Code.INTERNAL:
    case Code.UNKNOWN:
    case Code.DATA_LOSS:
    case Code.RESOURCE_EXHAUSTED:
      return false;
    default:
      return true;
  }
}
