import { type Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { addsDetails, ERROR_INFO, type ErrorReason, errorInfo } from "../error-info.ts";
import { Code, Failure, Reason } from "../failure.ts";

/** Trailer with the delay before a retry, in milliseconds; negative: do not retry (gRFC A6). */
export const PUSHBACK = "grpc-retry-pushback-ms";

/** Returns the value of the trailer `PUSHBACK` for the client; undefined: the failure has none. */
export function pushbackOf({ pushbackMs, pushback }: Failure): string | undefined {
  const value = pushbackMs ?? (pushback ? -1 : undefined);
  return value === undefined ? undefined : String(value);
}

/** Returns the error that Connect's encoders write. */
export function asConnectError(error: ConnectError | Failure): ConnectError {
  return error instanceof Failure ? connectError(error) : error;
}

/** Returns an error without a stack: the stack is most of the cost, and clients never see it. */
export function stackless(
  message: string,
  code: ConnectCode,
  metadata?: ConstructorParameters<typeof ConnectError>[2],
  reason?: ErrorReason,
): ConnectError {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new ConnectError(message, code, metadata);
  Error.stackTraceLimit = stackTraceLimit;
  if (reason !== undefined) error.details.push(errorInfo(reason));
  return error;
}

/** Returns a failure as clients see it. */
export function connectError(failure: Failure): ConnectError {
  const pushback = pushbackOf(failure);
  const metadata = pushback === undefined ? undefined : { [PUSHBACK]: pushback };
  const error = stackless(failure.clientMessage, failure.clientCode as ConnectCode, metadata);
  error.details = withErrorInfo(failure).map((detail) => ({ ...detail }));
  return error;
}

/** Returns the details of an error, with its ErrorInfo. Declared details precede it, and may contain another. */
export function withErrorInfo(error: Failure | Pick<ConnectError, "code" | "details">): readonly ErrorDetail[] {
  const details: readonly ErrorDetail[] = error.details;
  if (!addsDetails()) return details.filter((detail) => typeOf(detail) !== ERROR_INFO);
  if (details.some((detail) => typeOf(detail) === ERROR_INFO)) return details;
  return [...details, errorInfo(error instanceof Failure ? reasonOf(error) : reasonOfCode(error.code))];
}
/** Detail of an error that is sent. */
export type ErrorDetail = ConnectError["details"][number];
const typeOf = (detail: ErrorDetail): string => ("desc" in detail ? detail.desc.typeName : detail.type);

function reasonOf({ upstream, refusal, reason, clientCode }: Failure): ErrorReason {
  if (upstream !== "") return UPSTREAM_REASONS[reason];
  if (refusal) return "DECLARED";
  if (reason === Reason.TIMEOUT) return "DEADLINE";
  if (clientCode === Code.INVALID_ARGUMENT) return "INVALID_REQUEST";
  return clientCode === Code.INTERNAL ? "INTERNAL" : "DECLARED";
}
const UPSTREAM_REASONS: Readonly<Record<Reason, ErrorReason>> = {
  [Reason.TIMEOUT]: "UPSTREAM_TIMEOUT",
  [Reason.UNAVAILABLE]: "UPSTREAM_UNAVAILABLE",
  [Reason.BREAKER_OPEN]: "UPSTREAM_BREAKER_OPEN",
  [Reason.LIMITED]: "UPSTREAM_LIMITED",
  [Reason.REJECTED]: "UPSTREAM_REJECTED",
  [Reason.INVALID]: "UPSTREAM_INVALID",
};

/** Returns the reason of an error that the server or Connect made from bytes and limits, if it names none. */
function reasonOfCode(code: ConnectCode): ErrorReason {
  return CODE_REASONS[code] ?? "DECLARED";
}
const CODE_REASONS: Readonly<Partial<Record<number, ErrorReason>>> = {
  [Code.UNKNOWN]: "INTERNAL",
  [Code.INVALID_ARGUMENT]: "MALFORMED",
  [Code.DEADLINE_EXCEEDED]: "DEADLINE",
  [Code.RESOURCE_EXHAUSTED]: "TOO_LARGE",
  [Code.UNIMPLEMENTED]: "UNSUPPORTED_TYPE",
  [Code.INTERNAL]: "INTERNAL",
  [Code.UNAVAILABLE]: "DRAINING",
  [Code.UNAUTHENTICATED]: "CREDENTIAL_REFUSED",
};
