import type { ConnectError } from "@connectrpc/connect";
import { connectError } from "@protobff/runtime/internal/endpoint/connect-error";
import type { Failure } from "@protobff/runtime/internal/failure";

/** What clients are told; a test sees behind it, too, what only the log of a server says. */
export function shownError(failure: Failure): ConnectError {
  const error = connectError(failure);
  if (!failure.refusal) error.cause = failure.cause ?? new Error(failure.message);
  return error;
}
