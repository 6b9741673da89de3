import type { ConnectError } from "@connectrpc/connect";
import { connectError } from "@protobff/runtime/internal/endpoint/connect-error";
import type { Failure } from "@protobff/runtime/internal/failure";

/**
 * Returns the error that clients receive. For tests, its cause holds the details that otherwise only the server's log
 * has.
 */
export function shownError(failure: Failure): ConnectError {
  const error = connectError(failure);
  if (!failure.refusal) error.cause = failure.cause ?? new Error(failure.message);
  return error;
}
