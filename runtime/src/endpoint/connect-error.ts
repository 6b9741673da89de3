import { type Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { Failure } from "../failure.ts";

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
): ConnectError {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new ConnectError(message, code, metadata);
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}

/** Returns a failure as clients see it. */
export function connectError(failure: Failure): ConnectError {
  const pushback = pushbackOf(failure);
  const metadata = pushback === undefined ? undefined : { [PUSHBACK]: pushback };
  const error = stackless(failure.clientMessage, failure.clientCode as ConnectCode, metadata);
  error.details = failure.details.map((detail) => ({ ...detail }));
  return error;
}
