import type { Degradation } from "@protobff/messages/bff/v1/degradation_pb.js";
import type { Credential } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Failure, Fault } from "./failure.ts";
import type { BreakerEvent, EjectionEvent, TopicEvent, UpstreamEvent } from "./observer-upstreams.ts";

/**
 * One upstream call, after its last attempt. Times are those of the `Clock`, in milliseconds. Calls that the cache or
 * an equal call answered have no such event.
 */
export interface CallEvent {
  /**
   * The request that the call was made for: the same object in all of its events. For a fetch of the cache, it is the
   * request that started the fetch and may end before the call.
   */
  readonly request: object;
  /** The same object in all events of the call. */
  readonly call: object;
  /** For a fetch of the cache: the object in the cache events of all requests that share the fetch. */
  readonly fetch?: object | undefined;
  /** Returns an incoming header of that request; "" when absent. */
  header(name: string): string;
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** `package.Service/Method` */
  readonly method: string;
  /** Number of keys, for a batch. */
  readonly items?: number | undefined;
  /**
   * Number of received items, for a server stream, which is one call from its opening to its end. Its `ok` has no
   * message.
   */
  readonly stream?: { readonly items: number } | undefined;
  /** The bytes of the request message. */
  readonly message: Uint8Array;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Number of attempts that were sent; 0 if this process refused the call. */
  readonly attempts: number;
  readonly outcome:
    | { readonly ok: true; readonly message: Uint8Array }
    | { readonly ok: false; readonly failure: Failure };
  /** Value that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/**
 * Start of a request: its message has been read, and no gate or step has run yet. A request refused earlier is reported
 * just before its `response`.
 */
export interface ResponseStartEvent {
  /** As in the request's other events. */
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly startedAt: number;
  /** Returns the IP address of the connection's other end; "" if unknown. */
  direct?(): string;
  /** Trace options of the RPC. */
  readonly telemetry?: RequestTelemetry | undefined;
}

/** Trace options of an RPC, for one of its requests. */
export interface RequestTelemetry {
  /** Share of requests that leave a trace, from 0 to 1. */
  readonly sample?: number | undefined;
  /** Duration in milliseconds above which a request leaves a trace, whatever the share. */
  readonly slowMs?: number | undefined;
  /**
   * Returns the declared attributes of the request, by name. A `bigint` is an integer, a `number` is not. Never throws.
   */
  attributes?(): readonly (readonly [name: string, value: TelemetryValue])[];
}
export type TelemetryValue =
  | string
  | number
  | bigint
  | boolean
  | readonly string[]
  | readonly number[]
  | readonly bigint[]
  | readonly boolean[];

/** Trace that the calls of one request belong to. */
export interface Trace {
  /** IDs of W3C Trace Context, for logs: 32 digits, and the 16 digits of the request's own span. */
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
  /**
   * Returns the headers of a call together with its trace headers, which replace headers of the same name.
   *
   * @param call the object in the call's events; passed once per call, before its `callStart`
   */
  onCall(call: object, headers: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>>;
}

/**
 * One response of ours, or its failure (CANCELLED: the client has disconnected). Each request of an RPC has exactly
 * one, even a refused request.
 */
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
        /** Failures behind `degraded`, in the same order. */
        readonly failures: readonly Failure[];
      }
    | { readonly ok: false; readonly failure: Failure };
  /** Deprecation of an RPC whose `version` has `deprecated`; undefined for other RPCs. */
  readonly deprecated?: DeprecatedUse | undefined;
  /** Value that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
  /** Name of the source of the caller's credential; undefined if the caller is unknown. */
  readonly source?: string | undefined;
  /** Use of an opened stream; undefined for other RPCs, and for requests refused or failed before the opening. */
  readonly stream?: StreamUse | undefined;
}

/**
 * A stream of ours has been opened: permits, guards and opening steps have admitted its follower. Its `response`
 * follows at its end.
 */
export interface StreamOpenEvent {
  /** As in the request's other events. Calls that its items make have the same. */
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly startedAt: number;
  readonly openedAt: number;
  /** Returns the number of messages that the follower has received. */
  items(): number;
  /** Value that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
  readonly source?: string | undefined;
}

/** Summary of a stream that has ended. */
export interface StreamUse {
  readonly openedAt: number;
  /** Number of messages that its follower received, without heartbeats. */
  readonly items: number;
  /** Number of them with degradations. */
  readonly degraded: number;
  /**
   * Reason of the end.
   * - `ended`: its source ended, or `until` held
   * - `age`: it was open for `max_age`
   * - `expired`: the caller's credential ended
   * - `deadline`: the client's deadline passed
   * - `drained`: the server shuts down
   * - `slow`: its follower did not read
   * - `idle`: its source was silent
   * - `left`: its follower disconnected
   */
  readonly end: "ended" | "age" | "expired" | "deadline" | "drained" | "slow" | "idle" | "left" | "failed";
}

/** A message of a stream that its follower received with degradations. */
export interface StreamDegradedEvent {
  /** As in the stream's other events. */
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly degraded: readonly Degradation[];
  /** Failures behind `degraded`, in the same order. */
  readonly failures: readonly Failure[];
  readonly trace?: Trace | undefined;
}

/** Deprecation of an RPC. Dates are days, `2026-11-01`, and begin at midnight UTC. */
export interface Deprecation {
  /** Date from which it is deprecated; may be in the future. */
  readonly since: string;
  /** Date from which it may be removed. */
  readonly sunset?: string | undefined;
  /** `package.Service/Method` to call instead. */
  readonly successor?: string | undefined;
}

/**
 * Caller of a deprecated RPC, as far as known. A refused request has the claimed caller only once the claim is proven.
 */
export interface DeprecatedUse extends Deprecation {
  /** Name of the credential's source; undefined if the caller is unknown. */
  readonly source?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  /** ID of the key, session or token; not a secret. */
  readonly id?: string | undefined;
}

/** Returns one use of an RPC by the owner of this credential. */
export function usedBy(deprecation: Deprecation, credential: Credential | undefined): DeprecatedUse {
  if (credential === undefined) return deprecation;
  const { source, issuer, subject, id } = credential;
  return { ...deprecation, source, issuer, subject, id };
}

/** One run of a resolver. A thrown value that was no status is the failure's `cause`. */
export interface ResolverEvent {
  /** As in the events of the request's calls. */
  readonly request: object;
  header(name: string): string;
  /** Full name of the message or field that the resolver supplies. */
  readonly name: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: { readonly ok: true } | { readonly ok: false; readonly failure: Failure };
  /** Value that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/** Start of a call: it is ready, and waits only for its turn. */
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
  /** Value that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/** One attempt of a call, when it has ended. An attempt that was never sent has no such event. */
export interface AttemptEvent {
  /** The same object in all events of the call. */
  readonly call: object;
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** `package.Service/Method` */
  readonly method: string;
  /** Number of the attempt in its call, from 1. */
  readonly number: number;
  /** True if it was sent while another attempt was running. */
  readonly hedge: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
  /**
   * `unprocessed`: the upstream never processed it; `expired`: the call's deadline passed; `cancelled`: its result was
   * no longer needed.
   */
  readonly outcome: "ok" | "cancelled" | "expired" | "unprocessed" | "refused" | Fault;
  /** Value that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/** Answer of a call with a cache, or the start of its fetch. */
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
   * Source of the answer.
   * - `fresh`: an entry within its ttl
   * - `stale`: an entry past its ttl, while a refresh runs or after one failed
   * - `joined`: another caller's fetch that was running
   * - `missed`: a new fetch
   */
  readonly outcome: "fresh" | "stale" | "joined" | "missed";
  /**
   * The fetch that was started or joined, including the refresh of a stale answer. It is the `fetch` of the call's
   * events. If the second level of the cache has the answer, no call exists.
   */
  readonly fetch?: object | undefined;
  /** Time since the fetch, in milliseconds; `fresh` and `stale` only. */
  readonly ageMs?: number | undefined;
  /** Value that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/**
 * A call that waited for another one, or found it ended: an equal call of the same request, or a fetch of the cache.
 */
export interface JoinEvent {
  /** As in the request's other events. */
  readonly request: object;
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** `package.Service/Method` */
  readonly method: string;
  /** The call that it waited for: `call` of that call's events. */
  readonly call?: object | undefined;
  /** The fetch that it waited for: `fetch` of that fetch's events. */
  readonly fetch?: object | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: { readonly ok: true } | { readonly ok: false; readonly failure: Failure };
  /** Value that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/** Record for the audit log, such as a refusal or a login. It contains no credential and no part of a credential. */
export interface AuditEvent {
  /**
   * `unauthenticated`, `denied`, `unjudged`: a request refused with UNAUTHENTICATED, PERMISSION_DENIED, or UNAVAILABLE
   * because the check was impossible. The other events concern sessions and keys. `key-first-used` may come from each
   * process that sees the key for the first time.
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
  /** Reason of the event, in our own words. */
  readonly reason?: string | undefined;
  /** `package.Service/Method` */
  readonly method?: string | undefined;
  /** Caller as far as known: the source of the credential, its issuer and its subject. */
  readonly source?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  /** `unauthenticated` only: the issuer in the source's configuration. */
  readonly expected?: string | undefined;
  /** `unauthenticated` only: the issuer in the credential, unverified; a client may write any text. */
  readonly received?: string | undefined;
  /** `unauthenticated` and `login-failed` only: the claim that is missing or whose type differs from its field's. */
  readonly claim?: string | undefined;
  /** ID of the key, session or token; not a secret. */
  readonly id?: string | undefined;
  /** IP address of the client, as `peer.address`; "" if unknown. */
  readonly address?: string | undefined;
}

/** A limit that refused a request, or whose counters were unreachable. The event does not identify the caller. */
export interface LimitEvent {
  /** As in the request's other events. */
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  /** `<package>/<name>` */
  readonly limit: string;
  /**
   * Outcome of the check.
   * - `exceeded`: refused
   * - `cost`: refused, because the limit could never allow the cost
   * - `unreachable`: refused, because its counters are unreachable and it is `closed`
   * - `alone`: admitted, because this process counts alone while they are unreachable
   */
  readonly outcome: "exceeded" | "cost" | "unreachable" | "alone";
  /** Value that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/** A certificate of this server, or a client certificate for an upstream. */
export interface CertificateEvent {
  /** Environment variable with the certificate's path, or with that of the authorities if there is no certificate. */
  readonly variable: string;
  /**
   * `renewed`: new connections use it. `refused`: the files are unusable, and the old certificate stays. `ending`: less
   * than 14 days and less than a quarter of its time are left; reported once a day.
   */
  readonly outcome: "renewed" | "refused" | "ending";
  /** End of the current certificate; undefined: there are only authorities. */
  readonly ends: Date | undefined;
  /** `ending` only: days left, rounded down; negative after the end. */
  readonly days?: number | undefined;
  /** `refused` only: why the files are unusable. */
  readonly reason?: string | undefined;
}

/**
 * Receiver of the runtime's events. An undefined method costs nothing. The runtime does not handle exceptions from
 * observers.
 */
export interface Observer {
  upstream?(event: UpstreamEvent): void;
  topic?(event: TopicEvent): void;
  /** If several observers return a trace, the first one wins. */
  responseStart?(event: ResponseStartEvent): Trace | undefined;
  callStart?(event: CallStartEvent): void;
  call?(event: CallEvent): void;
  streamOpen?(event: StreamOpenEvent): void;
  streamDegraded?(event: StreamDegradedEvent): void;
  response?(event: ResponseEvent): void;
  resolver?(event: ResolverEvent): void;
  attempt?(event: AttemptEvent): void;
  breaker?(event: BreakerEvent): void;
  ejection?(event: EjectionEvent): void;
  cache?(event: CacheEvent): void;
  joined?(event: JoinEvent): void;
  limited?(event: LimitEvent): void;
  audit?(event: AuditEvent): void;
  certificate?(event: CertificateEvent): void;
}

/** Replaces the positions in a path: `runs[3].owner` and `runs["a"].owner` become `runs[*].owner`. */
export function withoutPositions(path: string): string {
  return path.includes("[") ? path.replace(POSITION, "[*]") : path;
}
const POSITION = /\[(?:"(?:[^"\\]|\\.)*"|[^\]"]*)\]/g;
