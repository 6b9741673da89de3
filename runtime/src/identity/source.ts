import type { Failure } from "../failure.ts";
import type { Caller } from "./caller.ts";
import type { Incoming } from "./incoming-request.ts";
import type { RefusedCredential } from "./refusals.ts";
import type { Routes } from "./routes.ts";

/** Place of a credential in a request. Names are lower-case, except those of cookies. */
export type Place =
  /** `scheme`: precedes the credential, compared without case; for `authorization` only. */
  | { readonly kind: "header"; readonly name: string; readonly scheme: "bearer" | undefined }
  | { readonly kind: "cookie"; readonly name: string }
  /** The connection's client certificate. It counts only if the request presents no other credential. */
  | { readonly kind: "certificate" };

/** One way to authenticate callers, open for requests. */
export interface Source {
  /** Name of the source, as declared. */
  readonly name: string;
  readonly place: Place;
  /**
   * True if the source counts only for requests with `x-csrf: 1` or of the same origin, because browsers add its
   * credential.
   */
  readonly ambient: boolean;
  /**
   * Certificate names (SPIFFE or DNS, `*` for one segment) of the connections over which the source counts. Empty for
   * any connection.
   */
  readonly from: readonly string[];
  /**
   * Reports whether a credential belongs to this source, for sources that share a place. The prefix of a key or the
   * `iss` that a token claims decides. It verifies nothing.
   */
  owns(credential: string): boolean;
  /** Returns the reason why a credential belongs to another source, if the issuer decides. */
  readonly foreign?: ((credential: string) => RefusedCredential | undefined) | undefined;
  /**
   * Returns the caller that presents this credential.
   *
   * @param credential without its scheme; "" for a certificate
   * A failure that needs no lookup is returned, because to throw it costs more.
   *
   * @returns undefined if the credential counts as not presented: a session that is unknown or has ended
   * @throws Failure UNAUTHENTICATED for one that proves nothing; UNAVAILABLE if that cannot be verified now
   */
  verify(credential: string, incoming: Incoming): Caller | Failure | undefined | Promise<Caller | undefined>;
  /**
   * Verifies a credential again while a stream of its caller is open. Does not count as a use of the credential.
   * Undefined: no credential ends before its time.
   */
  readonly verifyAgain?: Source["verify"] | undefined;
  /** Resolves when the source can verify for the first time. Until then the server is not ready. Never rejects. */
  readonly opened: Promise<void>;
  /** Routes that the source serves, by path: a login, published keys. */
  readonly routes?: Routes | undefined;
  close(): Promise<void>;
}
