import type { ConnectError } from "@connectrpc/connect";
import { connectError } from "../endpoint/connect-error.ts";
import type { Failure } from "../failure.ts";

/** What clients are told; a test sees behind it, too, what only the log of a server says. */
export function toldFailure(failure: Failure): ConnectError {
  const error = connectError(failure);
  if (!failure.refusal) error.cause = failure.cause ?? new Error(failure.message);
  return error;
}
