import { errorInfo } from "../error-info.ts";
import { Code, codeText, Failure, Reason } from "../failure.ts";

/**
 * Returns the client's failure for a permit that was refused or could not be decided. A failure admits no caller, and
 * reveals nothing more.
 */
export function permitFailure(failure: Failure): Failure {
  const { code, reason, upstream, method, message, logText, cause } = failure;
  if (failure.refusal) return declaresStatus(failure) ? failure : denial(message);
  if (failure.clientCode !== Code.INTERNAL) return failure;
  // An expression that cannot be evaluated does not hold.
  if (upstream === "") return denial(`a permit fails: ${logText}`, cause);
  const callee = method === "" ? upstream : method;
  return new Failure({ code, reason, callee, message, logText, clientCode: Code.UNAVAILABLE, cause });
}

/** A refusal without a declared status has the code, the text and the details of the default. */
function declaresStatus({ clientCode, clientMessage, details }: Failure): boolean {
  return clientCode !== DENIED || clientMessage !== codeText(DENIED) || details.length > 0;
}
const DENIED = Code.PERMISSION_DENIED;

function denial(message: string, cause?: unknown): Failure {
  const status = { code: DENIED, clientCode: DENIED, reason: Reason.REJECTED, callee: "", refusal: true };
  return new Failure({ ...status, message, cause, details: [errorInfo("NOT_PERMITTED")] });
}
