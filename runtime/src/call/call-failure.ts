import { breakerOpen, Code, Failure, type Fault, invalid, limited, MASKED, Reason } from "../failure.ts";

/**
 * Converts an attempt's fault to the failure for the composition and for clients.
 *
 * @param cause thrown value, if it was not an attempt of ours
 */
export function callFailure(fault: Fault, callee: string, cause?: unknown): Failure {
  const { code, message, upstreamText, details: received } = fault;
  if (fault.kept !== undefined) return fault.kept === Reason.LIMITED ? limited(callee) : breakerOpen(callee);
  if (fault.kind === "invalid") return invalid(callee, message);
  if (fault.kind === "unsendable") return invalid("", message, fault.misfit);
  const text = message === MASKED ? (upstreamText ?? message) : message;
  const from = { code, callee, message: text, logText: message, upstreamText, received, cause };
  if (code === Code.DEADLINE_EXCEEDED) return new Failure({ ...from, reason: Reason.TIMEOUT, clientCode: code });
  if (fault.kind !== "status")
    return new Failure({ ...from, reason: Reason.UNAVAILABLE, clientCode: Code.UNAVAILABLE });
  switch (code) {
    case Code.UNAVAILABLE:
    case Code.RESOURCE_EXHAUSTED:
      return new Failure({ ...from, reason: Reason.UNAVAILABLE, clientCode: code });
    case Code.INTERNAL:
    case Code.UNKNOWN:
    case Code.DATA_LOSS:
    case Code.ABORTED:
    case Code.CANCELLED:
      return new Failure({ ...from, reason: Reason.UNAVAILABLE, clientCode: Code.INTERNAL });
    default:
      return new Failure({ ...from, reason: Reason.REJECTED, clientCode: Code.INTERNAL });
  }
}
