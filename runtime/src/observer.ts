import type { Degradation } from "@protobff/messages/bff/v1/degradation_pb.js";
import type { Credential } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Failure, Fault } from "./failure.ts";
import type { BreakerEvent, EjectionEvent, TopicEvent, UpstreamEvent } from "./observer-upstreams.ts";

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
  /** Of a batch: how many keys are in it. */
  readonly items?: number | undefined;
  /** Of a server stream, which is one call from when it was opened to its end: how many items have come. Its `ok` has no message. */
  readonly stream?: { readonly items: number } | undefined;
  /** The bytes of the request message. */
  readonly message: Uint8Array;
  readonly startedAt: number;
  readonly endedAt: number;
  /** How many were sent; 0 when the call was refused here. */
  readonly attempts: number;
  readonly outcome:
    | { readonly ok: true; readonly message: Uint8Array }
    | { readonly ok: false; readonly failure: Failure };
  /** What `responseStart` gave for the request. */
  readonly trace?: Trace | undefined;
}

/**
 * A request of ours begins to be answered: its message has been read, and nothing has been asked yet. One that is refused before that is told
 * of just before its `response`.
 */
export interface ResponseStartEvent {
  /** As in the request's other events. */
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly startedAt: number;
  /** IP address of the connection's other end; "" where it is not known. */
  direct?(): string;
  /** What its rpc says of traces. */
  readonly telemetry?: RequestTelemetry | undefined;
}

/** What an rpc says of the traces of its requests, for one of them. */
export interface RequestTelemetry {
  /** The share of requests that leave a trace, from 0 to 1. */
  readonly sample?: number | undefined;
  /** Requests that take longer leave one whatever the share, in milliseconds. */
  readonly slowMs?: number | undefined;
  /** Makes the declared attributes of the request, by name. A `bigint` is an integer, a `number` is none. Never throws. */
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

/** What the calls of one request are told to be part of. */
export interface Trace {
  /** As W3C Trace Context has them, for logs: 32 digits, and the 16 of the request's own span. */
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
  /**
   * The headers of a call with those that say what it is part of, in place of any of the same name.
   *
   * @param call as in the call's events; asked once for each, before its `callStart`
   */
  onCall(call: object, headers: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>>;
}

/** One response of ours, or its failure (CANCELLED: the client has gone). Each request of an rpc has exactly one, also one that was refused. */
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
  /** What `responseStart` gave for the request. */
  readonly trace?: Trace | undefined;
  /** The name of the source of the caller's credential; undefined: nobody is known. */
  readonly source?: string | undefined;
  /** Of a stream that was opened; undefined of other rpcs, and of requests that were refused or failed before. */
  readonly stream?: StreamUse | undefined;
}

/** A stream of ours has been opened: permits, guards and opening steps have let its follower pass. Its `response` comes at its end. */
export interface StreamOpenEvent {
  /** As in the request's other events. Calls that its items make have the same. */
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly startedAt: number;
  readonly openedAt: number;
  /** How many messages its follower has been given so far. */
  items(): number;
  /** What `responseStart` gave for the request. */
  readonly trace?: Trace | undefined;
  readonly source?: string | undefined;
}

/** What has become of a stream. */
export interface StreamUse {
  readonly openedAt: number;
  /** Messages that its follower was given, without heartbeats. */
  readonly items: number;
  /** How many of them lacked something. */
  readonly degraded: number;
  /**
   * Why it has ended. `ended`: its source had, or `until` held; `age`: it was open for `max_age`; `expired`: the caller's credential; `deadline`:
   * the client's; `drained`: the server goes; `slow`: its follower did not read; `idle`: its source was silent; `left`: its follower has gone.
   */
  readonly end: "ended" | "age" | "expired" | "deadline" | "drained" | "slow" | "idle" | "left" | "failed";
}

/** A message of a stream lacks something, and its follower was given it. */
export interface StreamDegradedEvent {
  /** As in the stream's other events. */
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly degraded: readonly Degradation[];
  /** What is behind each of `degraded`, in their order. */
  readonly failures: readonly Failure[];
  readonly trace?: Trace | undefined;
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
  /** What `responseStart` gave for the request. */
  readonly trace?: Trace | undefined;
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
  /** What `responseStart` gave for the request. */
  readonly trace?: Trace | undefined;
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
  /** What `responseStart` gave for the request. */
  readonly trace?: Trace | undefined;
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
  /** What `responseStart` gave for the request. */
  readonly trace?: Trace | undefined;
}

/** A call of a request that has waited for another one, or found it ended: an equal call of the same request, or a fetch of the cache. */
export interface JoinEvent {
  /** As in the request's other events. */
  readonly request: object;
  /** Full service name. */
  readonly service: string;
  /** The branch of the service; undefined: the service itself. */
  readonly branch?: string | undefined;
  /** `package.Service/Method` */
  readonly method: string;
  /** What it has waited for: as `call` of that one's events. */
  readonly call?: object | undefined;
  /** The same of a fetch: as `fetch` of its events. */
  readonly fetch?: object | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: { readonly ok: true } | { readonly ok: false; readonly failure: Failure };
  /** What `responseStart` gave for the request. */
  readonly trace?: Trace | undefined;
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
  /** Of `unauthenticated`: the issuer that the source is configured with. */
  readonly expected?: string | undefined;
  /** Of `unauthenticated`: the issuer that the credential claims, unverified; a client may write any text. */
  readonly received?: string | undefined;
  /** Of `unauthenticated` and `login-failed`: the claim that has another type than its field, or that is missing. */
  readonly claim?: string | undefined;
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
  /** What `responseStart` gave for the request. */
  readonly trace?: Trace | undefined;
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
  upstream?(event: UpstreamEvent): void;
  topic?(event: TopicEvent): void;
  /** Of several observers the first one that gives a trace has its way. */
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

/** Where a field stands in an answer, whatever stands beside it: `runs[3].owner` and `runs["a"].owner` are `runs[*].owner`. */
export function withoutPositions(path: string): string {
  return path.includes("[") ? path.replace(POSITION, "[*]") : path;
}
const POSITION = /\[(?:"(?:[^"\\]|\\.)*"|[^\]"]*)\]/g;
