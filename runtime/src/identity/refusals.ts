import { type ErrorReason, errorInfo } from "../error-info.ts";
import { Code, Failure, Reason, type RefusedCredential } from "../failure.ts";

export type { RefusedCredential } from "../failure.ts";

/** The same failure, with facts that it did not have yet. */
export function refusing(failure: Failure, credential: RefusedCredential): Failure {
  if (failure.clientCode === Code.UNAUTHENTICATED && failure.refusal)
    failure.credential = { ...credential, ...failure.credential };
  return failure;
}

/**
 * Returns the failure UNAUTHENTICATED, of which the client receives the code only. `why` is for the audit, and contains
 * no part of the credential.
 *
 * @example
 * throw unauthenticated("the signature does not match", { source: "user" });
 */
export function unauthenticated(
  why: string,
  credential?: RefusedCredential,
  reason: ErrorReason = "CREDENTIAL_REFUSED",
): Failure {
  const failure = rejected(Code.UNAUTHENTICATED, why, reason);
  return credential === undefined ? failure : refusing(failure, credential);
}
/**
 * Returns the failure PERMISSION_DENIED for a caller that is authenticated. The client receives the code only, and
 * `why` is for the audit.
 *
 * @example
 * throw denied("a scope is missing");
 */
export function denied(why: string, reason: ErrorReason = "NOT_PERMITTED"): Failure {
  return rejected(Code.PERMISSION_DENIED, why, reason);
}
function rejected(code: Code, message: string, reason: ErrorReason): Failure {
  const details = [errorInfo(reason)];
  return new Failure({ code, reason: Reason.REJECTED, callee: "", message, clientCode: code, refusal: true, details });
}

/**
 * Returns the failure UNAVAILABLE for a credential that cannot be verified now, because a dependency is unavailable.
 * The client may keep the credential and retry.
 *
 * @param why for the log, with no part of the credential
 * @example
 * throw unavailable("the keys cannot be fetched", error);
 */
export function unavailable(why: string, cause?: unknown): Failure {
  const code = Code.UNAVAILABLE;
  const clientMessage = "cannot check credentials now";
  return new Failure({
    code,
    reason: Reason.UNAVAILABLE,
    callee: "",
    message: why,
    clientCode: code,
    clientMessage,
    details: [errorInfo("IDENTITY_UNAVAILABLE")],
    cause,
  });
}
