import { Code, Failure, Reason } from "../failure.ts";

/** The client is told only that it is so; `why` is for the audit, and holds nothing of the credential. */
export function unauthenticated(why: string): Failure {
  return told(Code.UNAUTHENTICATED, why);
}
/** The same of a caller who is known. */
export function denied(why: string): Failure {
  return told(Code.PERMISSION_DENIED, why);
}
function told(code: Code, why: string): Failure {
  return new Failure({ code, reason: Reason.REJECTED, callee: "", message: why, clientCode: code, refusal: true });
}

/**
 * It is not known whether a credential is good: what would tell is away. The client may keep it and come again.
 *
 * @param why for the log, with nothing of the credential
 */
export function unjudged(why: string, cause?: unknown): Failure {
  const code = Code.UNAVAILABLE;
  const clientMessage = "cannot judge credentials now";
  return new Failure({
    ...{ code, reason: Reason.UNAVAILABLE, callee: "", message: why },
    ...{ clientCode: code, clientMessage, cause },
  });
}
