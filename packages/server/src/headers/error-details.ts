import type { ConnectError } from "@connectrpc/connect";
import { asConnectError, type ErrorDetail, withErrorInfo } from "@protobff/runtime/internal/endpoint/connect-error";
import { addsDetails, requestInfo } from "@protobff/runtime/internal/error-info";
import type { Failure } from "@protobff/runtime/internal/failure";

/** Returns all details of an error: the declared ones, google.rpc.ErrorInfo, and google.rpc.RequestInfo. */
export function allDetails(
  error: Failure | Pick<ConnectError, "code" | "details">,
  requestId: string | undefined,
): readonly ErrorDetail[] {
  const details = withErrorInfo(error);
  return requestId === undefined || !addsDetails() ? details : [...details, requestInfo(requestId)];
}

/** Returns the error with all details. Many requests may share the given one, which stays as it is. */
export function completeError(error: ConnectError | Failure, requestId: string | undefined): ConnectError {
  const details = { value: allDetails(error, requestId), enumerable: true };
  return Object.create(asConnectError(error), { details }) as ConnectError;
}
