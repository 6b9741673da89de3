import { errorInfo, retryInfo } from "@protobff/runtime/internal/error-info";
import { Code, Failure, Reason } from "@protobff/runtime/internal/failure";

/** Least time before a retry, and the most that chance adds to it, in milliseconds. */
const RETRY_MS = 1_000;

/** Returns the failure of a request that an overloaded server refuses. @param random from 0 to 1 */
export function overloaded(random: number): Failure {
  const ms = Math.ceil(RETRY_MS * (1 + random));
  return new Failure({
    code: Code.UNAVAILABLE,
    clientCode: Code.UNAVAILABLE,
    reason: Reason.UNAVAILABLE,
    refusal: true,
    callee: "",
    message: "refused: the server is overloaded",
    clientMessage: "the server is overloaded",
    details: [errorInfo("OVERLOADED"), retryInfo(ms)],
    headers: ["retry-after", String(Math.ceil(ms / 1000))],
    pushbackMs: ms,
  });
}
