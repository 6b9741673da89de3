// Why streams end that have not come to their end.
import { Code, Failure, Reason, timedOut } from "../failure.ts";
import { unauthenticated } from "../identity/refusals.ts";
import type { StreamUse } from "../observer.ts";

/** An end of a stream that is no fault of anybody's, but for `idle`. */
export type EarlyEnd = Exclude<StreamUse["end"], "ended" | "left" | "failed">;

/** What a follower is told of it; clients know from the code whether to come again. */
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

/** As what guards say: neither a line of the log nor a trace is kept for it. */
function meant(code: Code, reason: Reason, message: string): Failure {
  return new Failure({ code, reason, callee: "", message, clientCode: code, refusal: true });
}
