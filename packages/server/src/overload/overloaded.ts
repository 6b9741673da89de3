import { type ErrorReason, errorInfo, retryInfo } from "@protobff/runtime/internal/error-info";
import { Code, Failure, Reason } from "@protobff/runtime/internal/failure";

/** Least time before a retry, and the most that chance adds to it, in milliseconds. */
const RETRY_MS = 1_000;

/** Returns the failure of a request that an overloaded server refuses. @param random from 0 to 1 */
export function overloaded(random: number): Failure {
  return refusal("OVERLOADED", Code.UNAVAILABLE, Reason.UNAVAILABLE, "the server is overloaded", random);
}

/** Returns the failure of a request of a party with too many waiting requests. @param random from 0 to 1 */
export function shareExceeded(random: number): Failure {
  return refusal("SHARE_EXCEEDED", Code.RESOURCE_EXHAUSTED, Reason.LIMITED, "too many requests are waiting", random);
}

function refusal(name: ErrorReason, code: Code, reason: Reason, why: string, random: number): Failure {
  const ms = Math.ceil(RETRY_MS * (1 + random));
  return new Failure({
    code,
    clientCode: code,
    reason,
    refusal: true,
    callee: "",
    message: `refused: ${why}`,
    clientMessage: why,
    details: [errorInfo(name), retryInfo(ms)],
    headers: ["retry-after", String(Math.ceil(ms / 1000))],
    pushbackMs: ms,
  });
}
