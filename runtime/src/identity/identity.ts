import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Failure } from "../failure.ts";
import type { AuthenticatedRequest } from "./authenticated-request.ts";
import type { IncomingHeaders } from "./incoming-request.ts";

/**
 * Authenticates the callers of the services of a package. Made by the generated `createIdentity`; endpoints call it
 * first.
 */
export interface Identity<out P extends Message = Message> {
  /** The principal's message. */
  readonly type: DescMessage;
  /** Only for its type. */
  readonly principal?: P | undefined;
  /** The names of its sources, as declared. */
  readonly sources: readonly string[];
  /** Names of headers that hold credentials, in lower case. Only authentication reads them. */
  readonly hidden: ReadonlySet<string>;
  /**
   * Authenticates a request by its credentials. Returns a promise only if an external lookup is necessary.
   *
   * @throws Failure UNAUTHENTICATED for a bad credential or several; UNAVAILABLE if the credential cannot be verified
   *   now
   */
  authenticate(headers: IncomingHeaders): AuthenticatedRequest | Failure | Promise<AuthenticatedRequest>;
}
