import { Code, Failure, Reason } from "../failure.ts";

/**
 * Facts about a credential that was refused, for operators. They contain no part of the credential except the issuer
 * that it claims.
 */
export interface RefusedCredential {
  /** Source that refused it; several, separated by commas, share its place. */
  readonly source?: string | undefined;
  /** Issuer that the source is configured with. */
  readonly expected?: string | undefined;
  /** Issuer that the credential claims, unverified. */
  readonly received?: string | undefined;
  /** Claim that has another type than its field, or that is missing. */
  readonly claim?: string | undefined;
}

const refused = new WeakMap<Failure, RefusedCredential>();

/** Facts about the credential that a failure refuses; undefined if the request had none. */
export function refusedCredential(failure: Failure): RefusedCredential | undefined {
  return refused.get(failure);
}
/** The same failure, with facts that it did not have yet. */
export function refusing(failure: Failure, credential: RefusedCredential): Failure {
  if (failure.clientCode === Code.UNAUTHENTICATED && failure.refusal)
    refused.set(failure, { ...credential, ...refused.get(failure) });
  return failure;
}

/**
 * Returns the failure UNAUTHENTICATED, of which the client receives the code only. `why` is for the audit, and contains
 * no part of the credential.
 *
 * @example
 * throw unauthenticated("the signature does not match", { source: "user" });
 */
export function unauthenticated(why: string, credential?: RefusedCredential): Failure {
  const failure = rejected(Code.UNAUTHENTICATED, why);
  return credential === undefined ? failure : refusing(failure, credential);
}
/**
 * Returns the failure PERMISSION_DENIED for a caller that is authenticated. The client receives the code only, and
 * `why` is for the audit.
 *
 * @example
 * throw denied("a scope is missing");
 */
export function denied(why: string): Failure {
  return rejected(Code.PERMISSION_DENIED, why);
}
function rejected(code: Code, why: string): Failure {
  return new Failure({ code, reason: Reason.REJECTED, callee: "", message: why, clientCode: code, refusal: true });
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
    cause,
  });
}
