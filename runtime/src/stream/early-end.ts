// Early ends of streams, before the end of their source.
import { Code, Failure, Reason, timedOut } from "../failure.ts";
import { unauthenticated } from "../identity/refusals.ts";
import type { StreamUse } from "../observer-requests.ts";

/** An early end of a stream. Only `idle` is a fault. */
export type EarlyEnd = Exclude<StreamUse["end"], "ended" | "left" | "failed">;

/** Returns the failure for a follower. Clients decide by its code if they reconnect. */
export function failureOf(end: EarlyEnd): Failure {
  switch (end) {
    case "age":
      return meant(Code.UNAVAILABLE, Reason.UNAVAILABLE, "the stream has been open for its max_age");
    case "drained":
      return meant(Code.UNAVAILABLE, Reason.UNAVAILABLE, "the server is going");
    case "expired":
      return unauthenticated("the credential has expired while its stream was open");
    case "deadline":
      return meant(Code.DEADLINE_EXCEEDED, Reason.TIMEOUT, "the client's deadline");
    case "slow":
      return meant(Code.RESOURCE_EXHAUSTED, Reason.TIMEOUT, "the client has not read for 10 s");
    case "idle": {
      const { reason, message } = timedOut("", "nothing has come from the stream's source for its idle");
      return new Failure({ code: Code.UNAVAILABLE, reason, callee: "", message, clientCode: Code.UNAVAILABLE });
    }
  }
}

/** Returns a failure like that of a guard: it causes neither a log line nor a trace. */
function meant(code: Code, reason: Reason, message: string): Failure {
  return new Failure({ code, reason, callee: "", message, clientCode: code, refusal: true });
}
