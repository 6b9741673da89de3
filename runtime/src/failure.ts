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

const CODE_NAMES: readonly string[] = Object.keys(Code);
/** Returns the name of a status code, as labels and logs have it. An unknown number is its own name. */
export const codeName = (code: number): string => CODE_NAMES[code] ?? String(code);

/** Reasons of failures; the numbers are those of `bff.v1.Degradation.Reason`. */
export const Reason = { TIMEOUT: 1, UNAVAILABLE: 2, BREAKER_OPEN: 3, LIMITED: 4, REJECTED: 5, INVALID: 6 } as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

const TEXTS: Readonly<Record<Code, string>> = {
  [Code.OK]: "ok",
  [Code.CANCELLED]: "canceled",
  [Code.UNKNOWN]: "unknown error",
  [Code.INVALID_ARGUMENT]: "invalid argument",
  // The wording is Connect's, because either Connect or the composition may notice the timeout first. Clients need not
  // see which.
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

/**
 * Returns the fixed text for clients, if no rule sets another.
 *
 * @example
 * codeText(Code.NOT_FOUND); // "not found"
 */
export function codeText(code: Code): string {
  return TEXTS[code];
}

/** Failure of one attempt of a call, as its transport reports it. The composition sees a `Failure` instead. */
export interface Fault {
  /**
   * `status`: the upstream answered with this status. `transport`: no answer, because the connection or stream broke.
   * `unprocessed`: the same, and the upstream has certainly not begun. `invalid`: an invalid answer, or one that is too
   * large. `unsendable`: the request could not be put on the wire, which is no fault of the upstream.
   */
  readonly kind: "status" | "transport" | "unprocessed" | "invalid" | "unsendable";
  /** Status code that gRPC's clients use for a fault of this kind. */
  readonly code: Code;
  /** For logs. */
  readonly message: string;
  /** `grpc-retry-pushback-ms`; negative: do not retry. */
  readonly pushbackMs?: number | undefined;
  /** Text of the upstream (`grpc-message`); undefined if the text is ours. */
  readonly upstreamText?: string | undefined;
  /** An encoded `google.rpc.Status` (`grpc-status-details-bin`). */
  readonly details?: Uint8Array | undefined;
  /** `unsendable` only: the part of the request that is at fault, if known. */
  readonly misfit?: Misfit | undefined;
  /** Nothing was sent, because our own breaker is open or our own limit is full. */
  readonly kept?: typeof Reason.BREAKER_OPEN | typeof Reason.LIMITED | undefined;
}

/** Text of a failure that may quote sensitive values. */
export const MASKED = "the text is masked, because the call has sensitive values";

/** Returns the fault of a call with sensitive values: texts of others and of codecs may quote these. */
export function masked(fault: Fault): Fault {
  const isOurs = fault.upstreamText === undefined && fault.kind !== "invalid" && fault.kind !== "unsendable";
  return isOurs ? fault : { ...fault, message: MASKED };
}

/** A part of a request that cannot be sent. The origin of its value decides who is at fault: see `blamed`. */
export class Misfit extends Error {
  /** A field in the path, the query or the body, with dots, or `metadata x-key`. */
  readonly part: string;
  /** Text for clients. */
  readonly result: string;

  constructor(part: string, message: string, result: string) {
    super(`${part} ${message}`);
    this.part = part;
    this.result = result;
  }
}

/** Error detail for clients: a message with its schema, or a detail received from an upstream. */
export type Detail = { readonly desc: DescMessage; readonly value: Message } | ReceivedDetail;

/** Parts of a new `Failure`. */
interface FailureInit {
  readonly code: Code;
  readonly reason: Reason;
  /** Called method, `package.Service/Method`, or the service alone; empty if no upstream was at fault. */
  readonly callee: string;
  readonly message: string;
  /** Default: `message`. */
  readonly logText?: string | undefined;
  readonly clientCode: Code;
  readonly clientMessage?: string | undefined;
  readonly details?: readonly Detail[] | undefined;
  readonly upstreamText?: string | undefined;
  readonly received?: Uint8Array | undefined;
  readonly refusal?: boolean | undefined;
  readonly headers?: readonly string[] | undefined;
  readonly pushbackMs?: number | undefined;
  readonly cause?: unknown;
}

/** The part of a failure that expressions can read. */
export interface ErrorInfo {
  /** The gRPC status code. */
  readonly code: number;
  /** Message of the upstream. */
  readonly message: string;
  /** A number of `bff.v1.Degradation.Reason`. */
  readonly reason: number;
  /** Full service name; empty when no upstream was at fault. */
  readonly upstream: string;
  /** The first error detail of this type that the upstream sent. */
  detail<Desc extends DescMessage>(desc: Desc): MessageShape<Desc> | undefined;
}

/**
 * Facts about a credential that was refused, for operators. They contain no part of the credential except the issuer
 * that it claims.
 */
export interface RefusedCredential {
  /** Source that refused it; several, separated by commas, share its place. */
  readonly source?: string | undefined;
  /** Issuer that the source is configured with. */
  readonly expected?: string | undefined;
  /** Issuer that the credential claims, unverified. */
  readonly received?: string | undefined;
  /** Claim that has another type than its field, or that is missing. */
  readonly claim?: string | undefined;
}

/**
 * The only value that represents a failure. A failure can be thrown but is not an Error: its stack is never read.
 * Capturing a stack costs more than the rest of a failed call.
 *
 * @example
 * const observer: Observer = {
 *   call: ({ method, outcome }) => {
 *     if (!outcome.ok) console.log(method, outcome.failure.code, outcome.failure.message);
 *   },
 * };
 */
export class Failure implements ErrorInfo {
  /** Status code that the upstream or this runtime assigned. */
  readonly code: Code;
  readonly reason: Reason;
  /** Full service name; empty when no upstream was at fault. */
  readonly upstream: string;
  /** `package.Service/Method`; empty if the failure is not that of a call. */
  readonly method: string;
  /** Message for expressions and user functions. It may be an upstream's text, forwarded only if a rule names it. */
  readonly message: string;
  /** Message for logs, traces and the live page: `message`, or `MASKED`. */
  readonly logText: string;
  /** Code for the client if this failure fails the response. */
  readonly clientCode: Code;
  readonly clientMessage: string;
  /** Error details for the client. */
  readonly details: readonly Detail[];
  /**
   * True for the failure of a guard or an `on_error` rule. It fails the whole response, even if a step can do without
   * the value.
   */
  readonly refusal: boolean;
  /** Headers to send with the failure: lower-case names and values in turn. */
  readonly headers: readonly string[];
  /** Delay before a client may retry, in milliseconds, if known. */
  readonly pushbackMs: number | undefined;
  /** The thrown value, if that was not a `Failure`. */
  readonly cause: unknown;
  /** The refused credential, for the audit. Undefined if the request had none. */
  credential: RefusedCredential | undefined;
  #handedOut = false;
  readonly #upstreamText: string | undefined;
  readonly #received: Uint8Array | undefined;

  constructor(init: FailureInit) {
    this.code = init.code;
    this.reason = init.reason;
    const { callee } = init;
    const slash = callee.indexOf("/");
    this.upstream = slash < 0 ? callee : callee.slice(0, slash);
    this.method = slash < 0 ? "" : callee;
    this.message = init.message;
    this.logText = init.logText ?? init.message;
    this.clientCode = init.clientCode;
    this.clientMessage = init.clientMessage ?? TEXTS[init.clientCode];
    this.details = init.details ?? NONE;
    this.refusal = init.refusal ?? false;
    this.headers = init.headers ?? NO_HEADERS;
    this.pushbackMs = init.pushbackMs;
    this.cause = init.cause;
    this.#upstreamText = init.upstreamText;
    this.#received = init.received;
  }

  /**
   * Returns this failure for one more waiter: an equal call, or a key of a batch. Failures are identified by object, so
   * each waiter gets a different object.
   */
  forWaiter(): Failure {
    if (this === OVER || !this.#handedOut) {
      this.#handedOut = true;
      return this;
    }
    const callee = this.method === "" ? this.upstream : this.method;
    return new Failure({ ...this, callee, upstreamText: this.#upstreamText, received: this.#received });
  }

  /** Status of the upstream for clients, within bounds. A failure of our own has the fixed text of its code. */
  get asItCame(): { readonly message: string; readonly details: readonly Detail[] } {
    return {
      message: this.#upstreamText === undefined ? codeText(this.code) : boundedText(this.#upstreamText),
      details: this.#received === undefined ? NONE : boundedDetails(this.#received),
    };
  }

  /** True if a client should not retry soon: our breaker is open or our limit is full. */
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

/** Returns the failure of a call that its upstream's breaker refused. */
export function breakerOpen(callee: string): Failure {
  const code = Code.UNAVAILABLE;
  return new Failure({ code, reason: Reason.BREAKER_OPEN, callee, message: "breaker open", clientCode: code });
}

/** Returns the failure of a call that found the limit and its queue full. */
export function limited(callee: string): Failure {
  const code = Code.RESOURCE_EXHAUSTED;
  return new Failure({ code, reason: Reason.LIMITED, callee, message: "too many calls", clientCode: code });
}

/** Returns the failure of a call that had no answer in time, or no time left to be sent. */
export function timedOut(callee: string, message: string, cause?: unknown): Failure {
  const code = Code.DEADLINE_EXCEEDED;
  return new Failure({ code, reason: Reason.TIMEOUT, callee, message, clientCode: code, cause });
}

/**
 * Returns the failure of invalid bytes, an invalid mapping or an invalid expression. `callee` is empty if they were
 * ours.
 */
export function invalid(callee: string, message: string, cause?: unknown): Failure {
  const code = Code.INTERNAL;
  return new Failure({ code, reason: Reason.INVALID, callee, message, clientCode: code, cause });
}

/** Returns the failure of a guard or an `on_error` rule. Default message: the fixed text of the code. */
export function refusal(code: Code, message = codeText(code), details?: readonly Detail[]): Failure {
  const status = { message, clientCode: code, clientMessage: message };
  return new Failure({ ...status, code, reason: Reason.REJECTED, callee: "", details, refusal: true });
}

/**
 * Returns the failure INVALID_ARGUMENT for a fault of the client. `clientText` is the text for the client, if it differs from
 * the text for the log.
 */
export function clientFault(message: string, clientText = message, details?: readonly Detail[]): Failure {
  const code = Code.INVALID_ARGUMENT;
  return new Failure({
    code,
    reason: Reason.INVALID,
    callee: "",
    message,
    clientCode: code,
    clientMessage: clientText,
    details,
  });
}

/** The client's fields that alone determine a part of a request, by the part's name: `{ name: "shelf or book" }`. */
export type ClientFields = Readonly<Record<string, string>>;

/**
 * Returns INVALID_ARGUMENT if only fields of the client make up the part that cannot be sent; otherwise returns the
 * same failure.
 */
export function blamed(failure: Failure, clientFields: ClientFields | undefined): Failure {
  const { cause, message } = failure;
  if (clientFields === undefined || !(cause instanceof Misfit)) return failure;
  const { part } = cause;
  // A message around the part may be known. The key of metadata is no path.
  let end = part.length;
  while (end > 0 && !Object.hasOwn(clientFields, part.slice(0, end)))
    end = part.includes(" ") ? 0 : part.lastIndexOf(".", end - 1);
  if (end <= 0) return failure;
  const value = `${clientFields[part.slice(0, end)]}${part.slice(end)}`;
  return clientFault(message, `the value of ${value} is not accepted here: it results in ${cause.result}`);
}

/**
 * Returns the thrown value as a failure. Any other value, such as an expression error or a mapping error, gets reason
 * INVALID.
 *
 * @example
 * asFailure(new Error("no key")).clientCode; // Code.INTERNAL
 */
export function asFailure(thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : invalid("", String(thrown), thrown);
}

/** The failure of work that is still running when its scope or its response ends. Only logs contain it. */
export const OVER = new Failure({
  code: Code.CANCELLED,
  reason: Reason.UNAVAILABLE,
  callee: "",
  message: "the response has ended",
  clientCode: Code.CANCELLED,
});

/** Time before the deadline in which a reset by the upstream is due to the deadline, in milliseconds. */
const NEAR_MS = 2;

/**
 * Reports whether the upstream cancelled the stream because the call's time is over. The upstream may notice that
 * before we do, as grpc-go's server does.
 *
 * @param leftMs rest of the call's time
 */
export function cutAtDeadline(fault: Fault, leftMs: number): boolean {
  return fault.kind === "transport" && fault.code === Code.CANCELLED && leftMs < NEAR_MS;
}

/**
 * Returns the verdict on an upstream whose attempt the call's deadline ended: bad if the attempt was fair, else
 * undefined.
 */
export const lateVerdict = (fair: boolean): false | undefined => (fair ? false : undefined);

/**
 * Returns the verdict of a fault for the upstream's breaker: true for good, false for bad, undefined for none. A
 * refusal such as NOT_FOUND is good, because it shows that the upstream works.
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
