// Early ends of streams, before the end of their source.
import { type ErrorReason, errorInfo } from "../error-info.ts";
import { Code, Failure, Reason, timedOut } from "../failure.ts";
import { denied, unauthenticated } from "../identity/refusals.ts";
import type { StreamUse } from "../observer-requests.ts";

/** An early end of a stream. Only `idle` is a fault. */
export type EarlyEnd = Exclude<StreamUse["end"], "ended" | "left" | "failed">;

/** Returns the failure for a follower, unless an operator has written a reason. Clients decide by its code if they reconnect. */
export function failureOf(end: EarlyEnd): Failure {
  switch (end) {
    case "age":
      return meant("STREAM_AGE", Code.UNAVAILABLE, Reason.UNAVAILABLE, "the stream has been open for its max_age");
    case "drained":
      return meant("DRAINING", Code.UNAVAILABLE, Reason.UNAVAILABLE, "the server is going");
    case "expired":
      return unauthenticated("the credential has expired while its stream was open", undefined, "CREDENTIAL_EXPIRED");
    case "denied":
      return denied("the caller has been denied while its stream was open", "DENIED");
    case "deadline":
      return meant("DEADLINE", Code.DEADLINE_EXCEEDED, Reason.TIMEOUT, "the client's deadline");
    case "slow":
      return meant("STREAM_SLOW", Code.RESOURCE_EXHAUSTED, Reason.TIMEOUT, "the client has not read for 10 s");
    case "idle": {
      const { reason, message } = timedOut("", "nothing has come from the stream's source for its idle");
      const details = [errorInfo("STREAM_IDLE")];
      return new Failure({
        code: Code.UNAVAILABLE,
        reason,
        callee: "",
        message,
        clientCode: Code.UNAVAILABLE,
        details,
      });
    }
  }
}

/** Returns a failure like that of a guard: it causes neither a log line nor a trace. */
function meant(why: ErrorReason, code: Code, reason: Reason, message: string): Failure {
  const details = [errorInfo(why)];
  return new Failure({ code, reason, callee: "", message, clientCode: code, refusal: true, details });
}
