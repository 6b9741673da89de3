// The gate in front of an rpc: who calls, and whether they may, before the request's message is read.
import type { Message } from "@bufbuild/protobuf";
import type { Timer } from "../clock.ts";
import type { Request } from "../compose/request.ts";
import { asFailure, Code, type Failure } from "../failure.ts";
import { AuthenticatedRequest } from "../identity/authenticated-request.ts";
import type { Identity } from "../identity/identity.ts";
import { type IncomingHeaders, incomingOf } from "../identity/incoming.ts";
import { denied, refusedCredential, unauthenticated, unjudged } from "../identity/refusals.ts";
import type { AuditEvent, Observer } from "../observer.ts";
import { type AnswerMetadata, withHeaders } from "./answer-metadata.ts";
import { type RefusedParts, reportRefusal } from "./telemetry.ts";

/** Who may call an rpc. Nothing said: whoever is known. */
export interface Permit<App, Args extends Message, Principal> {
  /** Nobody has to be known. */
  readonly public?: boolean | undefined;
  /** Any of these; left out: any at all. */
  readonly sources?: readonly string[] | undefined;
  /** All of these, of the principal's `scopes`. */
  readonly scopes?: readonly string[] | undefined;
  /** Of each list any, of the principal's `roles`. */
  readonly roles?: readonly (readonly string[])[] | undefined;
  /** Asked when the message has been read, before anything else of the rpc; what it throws, or refuses, ends the request. */
  readonly judge?: ((cx: Request<App, Principal>, args: Args) => void | Promise<void>) | undefined;
  /** The same for what has to make calls first: asked when limits have let the request on. */
  readonly decide?: ((cx: Request<App, Principal>, args: Args) => void | Promise<void>) | undefined;
}

/** What a request's credentials come to for one rpc: who calls, or why they may not. */
export type Verdict = AuthenticatedRequest | Denied;

export class Denied {
  readonly failure: Failure;
  /** What goes out beside it. */
  readonly metadata: AnswerMetadata | undefined;

  constructor(failure: Failure, metadata?: AnswerMetadata) {
    this.failure = failure;
    this.metadata = metadata;
  }
}

/** What stands before an rpc's message. What it gives never throws, and never rejects. */
export interface AdmissionCheck {
  judge(headers: IncomingHeaders): Verdict | Promise<Verdict>;
}

interface AdmissionOptions extends RefusedParts {
  readonly identity: Identity;
  readonly permit: Pick<Permit<never, never, never>, "public" | "sources" | "scopes" | "roles">;
  /** Judging may not take longer, in milliseconds. */
  readonly timeoutMs: number;
}

/** Judges the requests of one rpc. */
export class Admission implements AdmissionCheck {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** A promise only where a credential's source has to ask somebody. */
  judge(headers: IncomingHeaders): Verdict | Promise<Verdict> {
    const { identity, clock } = this.#options;
    const startedAt = clock.now();
    let judged: AuthenticatedRequest | Promise<AuthenticatedRequest>;
    try {
      judged = headers instanceof AuthenticatedRequest ? headers : identity.judge(headers);
    } catch (thrown) {
      return this.#unjudged(headers, thrown, startedAt);
    }
    if (judged instanceof AuthenticatedRequest) return this.#admit(judged, startedAt);
    return this.#inTime(judged).then(
      (found) => {
        found.tookMs = clock.now() - startedAt;
        return this.#admit(found, startedAt);
      },
      (thrown: unknown) => this.#unjudged(headers, thrown, startedAt),
    );
  }

  /** Rejects when it takes too long. */
  #inTime(judging: Promise<AuthenticatedRequest>): Promise<AuthenticatedRequest> {
    const { clock, timeoutMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<AuthenticatedRequest>();
    const late = (): void => reject(unjudged("judging the credential has taken too long"));
    const timer: Timer = clock.setTimeout(late, timeoutMs, undefined);
    judging.then(
      (judged) => {
        clock.clearTimeout(timer);
        resolve(judged);
      },
      (thrown: unknown) => {
        clock.clearTimeout(timer);
        reject(thrown);
      },
    );
    return promise;
  }

  #admit(judged: AuthenticatedRequest, startedAt: number): Verdict {
    const refusal = this.#refusalOf(judged);
    if (refusal === undefined) return judged;
    return this.#denied(refusal, judged, startedAt);
  }
  #refusalOf({ caller }: AuthenticatedRequest): Failure | undefined {
    const { permit } = this.#options;
    if (permit.public === true) return undefined;
    if (caller === undefined) return unauthenticated("no credential");
    const { sources, scopes, roles } = permit;
    const { credential, principal } = caller;
    if (sources !== undefined && !sources.includes(credential.source)) return denied("not from this source");
    const has = held(principal, "scopes");
    if (scopes?.some((scope) => !has.includes(scope))) return denied("a scope is missing");
    const plays = held(principal, "roles");
    if (roles?.some((any) => !any.some((role) => plays.includes(role)))) return denied("a role is missing");
    return undefined;
  }

  /** Whatever was thrown: nobody passes. */
  #unjudged(headers: IncomingHeaders, thrown: unknown, startedAt: number): Denied {
    const { hidden } = this.#options.identity;
    const peer = headers instanceof AuthenticatedRequest ? headers.peer : incomingOf(headers).peer;
    return this.#denied(
      asFailure(thrown),
      new AuthenticatedRequest(headers, hidden, { caller: undefined, peer, answer: [] }),
      startedAt,
    );
  }
  #denied(failure: Failure, judged: AuthenticatedRequest, startedAt: number): Denied {
    const { observer, method, clock } = this.#options;
    auditRefusal(observer, failure, { judged, method, at: clock.date() });
    reportRefusal(this.#options, failure, { headers: judged, startedAt });
    return new Denied(failure, withHeaders(beside(judged), failure.headers));
  }
}

/** What goes out beside every answer to such a request. */
export function beside({ answer }: AuthenticatedRequest): AnswerMetadata | undefined {
  return answer.length === 0 ? undefined : { headers: answer, trailers: [] };
}

const EVENTS: ReadonlyMap<Code, AuditEvent["event"]> = new Map([
  [Code.UNAUTHENTICATED, "unauthenticated"],
  [Code.PERMISSION_DENIED, "denied"],
  [Code.UNAVAILABLE, "unjudged"],
]);

/** Tells of a refusal, if that is what the failure is. */
export function auditRefusal(
  observer: Observer | undefined,
  failure: Failure,
  { judged, method, at }: { readonly judged: AuthenticatedRequest; readonly method: string; readonly at: Date },
): void {
  const { clientCode, message, refusal } = failure;
  // A permit may refuse with another code, so that nobody learns that there is something.
  const event = EVENTS.get(clientCode) ?? (refusal ? "denied" : undefined);
  if (event === undefined || observer?.audit === undefined) return;
  const { source, issuer, subject, id } = judged.caller?.credential ?? {};
  const known = { source, issuer, subject, id, address: judged.peer.address };
  observer.audit({ event, at, reason: message, method, ...known, ...refusedCredential(failure) });
}

/** A list of texts that the principal may have. */
function held(principal: Message, field: "scopes" | "roles"): readonly unknown[] {
  const value: unknown = (principal as { readonly [name: string]: unknown })[field];
  return Array.isArray(value) ? value : [];
}
