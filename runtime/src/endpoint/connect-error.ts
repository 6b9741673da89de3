import { type Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import type { Failure } from "../failure.ts";

/** Returns a failure as clients see it. */
export function connectError(failure: Failure): ConnectError {
  const pushback = failure.pushbackMs ?? (failure.pushback ? -1 : undefined);
  const metadata = pushback === undefined ? undefined : { "grpc-retry-pushback-ms": String(pushback) };
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // nobody reads it, and it costs more than all the rest
  const error = new ConnectError(failure.clientMessage, failure.clientCode as ConnectCode, metadata);
  Error.stackTraceLimit = stackTraceLimit;
  error.details = failure.details.map((detail) => ({ ...detail }));
  return error;
}
