// The gate in front of an RPC: authentication and permission, before the request's message is read.
import type { Message } from "@bufbuild/protobuf";
import type { Timer } from "../clock.ts";
import type { Request } from "../compose/request.ts";
import { asFailure, Code, Failure } from "../failure.ts";
import { AuthenticatedRequest } from "../identity/authenticated-request.ts";
import type { Caller } from "../identity/caller.ts";
import type { Identity } from "../identity/identity.ts";
import { type IncomingHeaders, incomingOf } from "../identity/incoming-request.ts";
import { denied, unauthenticated, unavailable } from "../identity/refusals.ts";
import type { Observer } from "../observer.ts";
import type { AuditEvent } from "../observer-requests.ts";
import { type AnswerMetadata, withHeaders } from "./answer-metadata.ts";
import { hasRoles, hasScopes, isFromSource, type StaticPermit } from "./static-permit.ts";
import { type RefusedParts, reportRefusal } from "./telemetry.ts";

/** Permission to call an RPC. An empty permit admits every known caller. */
export interface Permit<App, Args extends Message, Principal> extends StaticPermit {
  /** Called when the message has been read, before any other code of the RPC. A throw or a refusal ends the request. */
  readonly check?: ((cx: Request<App, Principal>, args: Args) => void | Promise<void>) | undefined;
  /** The same for conditions that need calls. Called when limits have admitted the request. */
  readonly decide?: ((cx: Request<App, Principal>, args: Args) => void | Promise<void>) | undefined;
}

/** Result of a request's credentials for one RPC: the caller, or the reason for a refusal. */
export type Verdict = AuthenticatedRequest | Denied;

/**
 * Refusal of a request before its message is read: the failure, and the metadata that the client receives.
 *
 * @example
 * const codeOf = (verdict: Verdict): Code | undefined =>
 *   verdict instanceof Denied ? verdict.failure.clientCode : undefined;
 */
export class Denied {
  readonly failure: Failure;
  /** Metadata that accompanies the refusal. */
  readonly metadata: AnswerMetadata | undefined;
  /** The verified caller that the permit refuses. */
  readonly caller: Caller | undefined;

  constructor(failure: Failure, metadata?: AnswerMetadata, caller?: Caller) {
    this.failure = failure;
    this.metadata = metadata;
    this.caller = caller;
  }
}

/** Check that precedes an RPC's message. It never throws, and its promise never rejects. */
export interface AdmissionCheck {
  authenticate(headers: IncomingHeaders): Verdict | Promise<Verdict>;
  /** Verifies the credential alone: `authenticate` then receives the result. */
  identify(headers: IncomingHeaders): Verdict | Promise<Verdict>;
  /** Undefined: no early limit applies to the whole package. */
  readonly arrival?: ArrivalCheck | undefined;
}

/** Early limits of a package, for requests whose RPC is still unknown. */
export interface ArrivalCheck {
  /**
   * Charges the limits that apply to the whole package. Undefined: admitted. It never throws or rejects.
   *
   * @param method name in events, in place of an RPC's
   */
  arrive(headers: IncomingHeaders, method: string): Denied | undefined | Promise<Denied | undefined>;
  /** As `authenticate`, for a request that `arrive` has admitted. */
  authenticateArrived(headers: IncomingHeaders): Verdict | Promise<Verdict>;
}

interface AdmissionOptions extends RefusedParts {
  readonly identity: Identity;
  readonly permit: Pick<Permit<never, never, never>, "public" | "sources" | "scopes" | "roles">;
  /** Time limit of authentication, in milliseconds. */
  readonly timeoutMs: number;
}

/** Authenticates the requests of one RPC, and checks their permission. */
export class Admission implements AdmissionCheck {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Returns a promise only if a credential's source has to make a call. */
  authenticate(headers: IncomingHeaders): Verdict | Promise<Verdict> {
    return this.#verify(headers, (found, startedAt) => this.#admit(found, startedAt));
  }
  identify(headers: IncomingHeaders): Verdict | Promise<Verdict> {
    return this.#verify(headers, (found) => found);
  }
  #verify(
    headers: IncomingHeaders,
    permitted: (found: AuthenticatedRequest, startedAt: number) => Verdict,
  ): Verdict | Promise<Verdict> {
    const { identity, clock } = this.#options;
    const startedAt = clock.now();
    let authentication: AuthenticatedRequest | Failure | Promise<AuthenticatedRequest>;
    try {
      authentication = headers instanceof AuthenticatedRequest ? headers : identity.authenticate(headers);
    } catch (thrown) {
      return this.#failed(headers, thrown, startedAt);
    }
    if (authentication instanceof AuthenticatedRequest) return permitted(authentication, startedAt);
    if (authentication instanceof Failure) return this.#failed(headers, authentication, startedAt);
    return this.#inTime(authentication).then(
      (found) => {
        found.tookMs = clock.now() - startedAt;
        return permitted(found, startedAt);
      },
      (thrown: unknown) => this.#failed(headers, thrown, startedAt),
    );
  }

  /** Rejects after the time limit. */
  #inTime(judging: Promise<AuthenticatedRequest>): Promise<AuthenticatedRequest> {
    const { clock, timeoutMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<AuthenticatedRequest>();
    const late = (): void => reject(unavailable("checking the credential has taken too long"));
    const timer: Timer = clock.setTimeout(late, timeoutMs, undefined);
    judging.then(
      (authentication) => {
        clock.clearTimeout(timer);
        resolve(authentication);
      },
      (thrown: unknown) => {
        clock.clearTimeout(timer);
        reject(thrown);
      },
    );
    return promise;
  }

  #admit(authentication: AuthenticatedRequest, startedAt: number): Verdict {
    const refusal = this.#refusalOf(authentication);
    if (refusal === undefined) return authentication;
    return this.#denied(refusal, authentication, startedAt);
  }
  #refusalOf({ caller }: AuthenticatedRequest): Failure | undefined {
    const { permit } = this.#options;
    if (permit.public === true) return undefined;
    if (caller === undefined) return unauthenticated("no credential", undefined, "CREDENTIAL_MISSING");
    if (!isFromSource(permit, caller)) return denied("not from this source");
    if (!hasScopes(permit, caller)) return denied("a scope is missing");
    if (!hasRoles(permit, caller)) return denied("a role is missing");
    return undefined;
  }

  /** Refuses the request, whatever was thrown. */
  #failed(headers: IncomingHeaders, thrown: unknown, startedAt: number): Denied {
    const { hidden } = this.#options.identity;
    const peer = headers instanceof AuthenticatedRequest ? headers.peer : incomingOf(headers).peer;
    return this.#denied(
      asFailure(thrown),
      new AuthenticatedRequest(headers, hidden, { caller: undefined, peer, answer: [] }),
      startedAt,
    );
  }
  #denied(failure: Failure, authentication: AuthenticatedRequest, startedAt: number): Denied {
    const { observer, method, clock } = this.#options;
    auditRefusal(observer, failure, { authentication, method, at: clock.date() });
    reportRefusal(this.#options, failure, { headers: authentication, startedAt });
    return new Denied(failure, withHeaders(beside(authentication), failure.headers), authentication.caller);
  }
}

/** Returns the metadata that accompanies every answer to such a request. */
export function beside({ answer }: AuthenticatedRequest): AnswerMetadata | undefined {
  return answer.length === 0 ? undefined : { headers: answer, trailers: [] };
}

const EVENTS: ReadonlyMap<Code, AuditEvent["event"]> = new Map([
  [Code.UNAUTHENTICATED, "unauthenticated"],
  [Code.PERMISSION_DENIED, "denied"],
  [Code.UNAVAILABLE, "unavailable"],
]);

/** Reports a refusal to observers, if the failure is a refusal. */
export function auditRefusal(
  observer: Observer | undefined,
  failure: Failure,
  {
    authentication,
    method,
    at,
  }: { readonly authentication: AuthenticatedRequest; readonly method: string; readonly at: Date },
): void {
  const { clientCode, message, refusal } = failure;
  // A permit may refuse with another code, to hide that something exists.
  const event = EVENTS.get(clientCode) ?? (refusal ? "denied" : undefined);
  if (event === undefined || observer?.audit === undefined) return;
  const { source, issuer, subject, id } = authentication.caller?.credential ?? {};
  const known = { source, issuer, subject, id, address: authentication.peer.address };
  observer.audit({ event, at, reason: message, method, ...known, ...failure.credential });
}
