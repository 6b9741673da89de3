import type { Failure, Fault } from "./failure.ts";
import type { Degradation } from "./gen/bff/v1/degradation_pb.ts";
import type { Credential } from "./gen/bff/v1/identity_pb.ts";

/**
 * One upstream call, after its last attempt. Times are those of the `Clock`, in milliseconds. Calls that were answered by the
 * cache, or by an equal call, are none.
 */
export interface CallEvent {
  /**
   * The request that the call was made for: the same object in all of its events. Of a fetch of the cache it is the one that began the
   * fetch, which may be over when the call is.
   */
  readonly request: object;
  /** The same object in all events of the call. */
  readonly call: object;
  /** Of a fetch of the cache: as in the cache's events of all requests that it is for. */
  readonly fetch?: object | undefined;
  /** An incoming header of that request; "" when absent. */
  header(name: string): string;
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** `package.Service/Method` */
  readonly method: string;
  /** The bytes of the request message. */
  readonly message: Uint8Array;
  readonly startedAt: number;
  readonly endedAt: number;
  /** How many were sent; 0 when the call was refused here. */
  readonly attempts: number;
  readonly outcome:
    | { readonly ok: true; readonly message: Uint8Array }
    | { readonly ok: false; readonly failure: Failure };
}

/** One response of ours, or its failure (CANCELLED: the client has gone). */
export interface ResponseEvent {
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome:
    | {
        readonly ok: true;
        readonly degraded: readonly Degradation[];
        /** What is behind each of `degraded`, in their order. */
        readonly failures: readonly Failure[];
      }
    | { readonly ok: false; readonly failure: Failure };
  /** Of an rpc with a `version` that says `deprecated`; undefined of others. */
  readonly deprecated?: DeprecatedUse | undefined;
}

/** What a deprecated rpc says of its end. Dates are days, `2026-11-01`, and begin at midnight UTC. */
export interface Deprecation {
  /** From then on it is deprecated; may lie ahead. */
  readonly since: string;
  /** From then on it may be gone. */
  readonly sunset?: string | undefined;
  /** `package.Service/Method` to call instead. */
  readonly successor?: string | undefined;
}

/** Who still calls a deprecated rpc, as far as that is known: of requests that are refused, who they say they are from, once that is proven. */
export interface DeprecatedUse extends Deprecation {
  /** The name of the credential's source; undefined: nobody is known. */
  readonly source?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  /** Of the key, the session or the token; no secret. */
  readonly id?: string | undefined;
}

/** One use of an rpc, by the owner of this credential. */
export function usedBy(deprecation: Deprecation, credential: Credential | undefined): DeprecatedUse {
  if (credential === undefined) return deprecation;
  const { source, issuer, subject, id } = credential;
  return { ...deprecation, source, issuer, subject, id };
}

/** One run of a resolver. What the function threw is the failure's `cause`, where it was no status. */
export interface ResolverEvent {
  /** As in the events of the request's calls. */
  readonly request: object;
  header(name: string): string;
  /** What it supplies: the full name of a message, or of a field. */
  readonly name: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: { readonly ok: true } | { readonly ok: false; readonly failure: Failure };
}

/** A call begins: it is ready, and has nothing but its turn to wait for. */
export interface CallStartEvent {
  /** As in the call's other events. */
  readonly request: object;
  readonly call: object;
  readonly fetch?: object | undefined;
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** `package.Service/Method` */
  readonly method: string;
  readonly startedAt: number;
}

/** One attempt of a call, when it has ended; those that were never sent are none. */
export interface AttemptEvent {
  /** The same object in all events of the call. */
  readonly call: object;
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** `package.Service/Method` */
  readonly method: string;
  /** 1 for the first of its call. */
  readonly number: number;
  /** Whether it was sent beside another one. */
  readonly hedge: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
  /** `unprocessed`: the upstream never saw it; `expired`: the call's deadline; `cancelled`: nobody wanted it any more. */
  readonly outcome: "ok" | "cancelled" | "expired" | "unprocessed" | "refused" | Fault;
}

/** How a call with a cache was answered, or begun to be. */
export interface CacheEvent {
  /** As in the request's other events. */
  readonly request: object;
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** `package.Service/Method` */
  readonly method: string;
  /**
   * `fresh`: within its ttl; `stale`: past it, while a refresh runs or after one failed; `joined`: another caller's fetch was
   * under way; `missed`: a fetch was begun.
   */
  readonly outcome: "fresh" | "stale" | "joined" | "missed";
  /**
   * The fetch that was begun, or was under way, also that which renews a stale answer: as in the events of its call, which there may not
   * be when the second level of the cache has the answer.
   */
  readonly fetch?: object | undefined;
  /** Since the fetch, in milliseconds; of `fresh` and `stale`. */
  readonly ageMs?: number | undefined;
}

/** `open`: nothing is let out; `half-open`: probes are. */
export type BreakerState = "closed" | "open" | "half-open";

/** A breaker that has changed its state. */
export interface BreakerEvent {
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** `package.Service/Method`, when it is the breaker of a method of its own. */
  readonly method?: string | undefined;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly at: number;
}

/** What is to be known later of who has called: a refusal, a login. No credential is in it, nor anything of one. */
export interface AuditEvent {
  /**
   * `unauthenticated`, `denied`, `unjudged`: a request that was refused with UNAUTHENTICATED, PERMISSION_DENIED, or UNAVAILABLE since nobody
   * could judge it. The others are sessions', and keys': `key-first-used` may come from each process that sees the key at first.
   */
  readonly event:
    | "unauthenticated"
    | "denied"
    | "unjudged"
    | "login"
    | "login-failed"
    | "logout"
    | "session-ended"
    | "keys-changed"
    | "key-created"
    | "key-revoked"
    | "key-first-used";
  readonly at: Date;
  /** Why, in words of ours. */
  readonly reason?: string | undefined;
  /** `package.Service/Method` */
  readonly method?: string | undefined;
  /** Who, as far as that is known: what the credential's source says. */
  readonly source?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  /** Of the key, the session or the token; no secret. */
  readonly id?: string | undefined;
  /** IP address of the client, as `peer.address`; "" where it is not known. */
  readonly address?: string | undefined;
}

/** A limit that has refused a request, or that could not be asked. Whose it was is not in it. */
export interface LimitEvent {
  /** As in the request's other events. */
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  /** `<package>/<name>` */
  readonly limit: string;
  /**
   * `exceeded`: refused; `cost`: refused, since it could never be allowed; `unreachable`: refused, since its counters cannot be reached and it
   * is `closed`; `alone`: let on, for this process counts alone while they cannot be reached.
   */
  readonly outcome: "exceeded" | "cost" | "unreachable" | "alone";
}

/** A certificate of this server, or one that it shows to an upstream. */
export interface CertificateEvent {
  /** The variable of the environment that has its path, or that of the authorities where there is no certificate. */
  readonly variable: string;
  /** `renewed`: new connections have it; `refused`: what is in the files cannot be used, the old one stays; `ending`: in less than 14 days, and a quarter of its time; told once a day. */
  readonly outcome: "renewed" | "refused" | "ending";
  /** When the one that holds ends; undefined: there are only authorities. */
  readonly ends: Date | undefined;
  /** Of `ending`: how many days are left, rounded down; below 0: it has ended. */
  readonly days?: number | undefined;
  /** Of `refused`. */
  readonly reason?: string | undefined;
}

/** Who wants to know. What is left undefined costs nothing; what throws is the process's problem. */
export interface Observer {
  callStart?(event: CallStartEvent): void;
  call?(event: CallEvent): void;
  response?(event: ResponseEvent): void;
  resolver?(event: ResolverEvent): void;
  attempt?(event: AttemptEvent): void;
  breaker?(event: BreakerEvent): void;
  cache?(event: CacheEvent): void;
  limited?(event: LimitEvent): void;
  audit?(event: AuditEvent): void;
  certificate?(event: CertificateEvent): void;
}
