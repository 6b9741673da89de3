import { Code, Failure, Reason } from "../failure.ts";

/**
 * Returns the client's failure for a permit that was refused or could not be decided. A failure admits no caller, and
 * reveals nothing more.
 */
export function permitFailure(failure: Failure): Failure {
  if (failure.refusal || failure.clientCode !== Code.INTERNAL) return failure;
  const { code, reason, upstream, method, message, cause } = failure;
  // An expression that cannot be evaluated does not hold.
  if (upstream === "") {
    const denial = { code: Code.PERMISSION_DENIED, clientCode: Code.PERMISSION_DENIED, refusal: true };
    return new Failure({
      ...denial,
      reason: Reason.REJECTED,
      callee: "",
      message: `a permit fails: ${message}`,
      cause,
    });
  }
  const callee = method === "" ? upstream : method;
  return new Failure({ code, reason, callee, message, clientCode: Code.UNAVAILABLE, cause });
}
