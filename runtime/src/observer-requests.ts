// Events of requests, their streams, refusals and traces, for observers.
import type { Degradation } from "@protobff/messages/bff/v1/degradation_pb.js";
import type { Failure } from "./failure.ts";
import type { Traffic } from "./wire/traffic.ts";

/** Class of an RPC under overload: requests of `low` are refused first, of `high` last. */
export type Priority = "low" | "normal" | "high";

/** An RPC that this process serves. Reported once, when its endpoint is created. */
export interface RpcEvent {
  /** `package.Service/Method` */
  readonly method: string;
  /** True if it answers with a stream. */
  readonly streams: boolean;
  /** True if its answers are cached. */
  readonly cached: boolean;
  /** Its limits: `<package>/<name>`. */
  readonly limits: readonly { readonly name: string; readonly dryRun: boolean }[];
  /** Names of the sources of credentials that its callers may use. */
  readonly sources: readonly string[];
  /** Class under overload. Default: `normal`. */
  readonly priority?: Priority | undefined;
  readonly deprecation?: Deprecation | undefined;
  /** Paths of deprecated fields of its request. */
  readonly deprecatedFields?: readonly string[] | undefined;
  /** Its meters. */
  readonly meters?: readonly RpcMeter[] | undefined;
  /** Counts its messages, if its server does. */
  readonly traffic: Traffic;
}

/** A meter of an RPC, with all values of its labels. */
export interface RpcMeter {
  readonly name: string;
  readonly labels: readonly { readonly name: string; readonly values: readonly string[] }[];
}

/** A number that a request adds to a meter. */
export interface MeterCount {
  /** Name of the meter, as declared. */
  readonly meter: string;
  /** Names and values of its labels in turn. */
  readonly labels: readonly string[];
  /** Above 0 and finite. */
  readonly value: number;
}

/** Count of a meter: a request has been answered, or a stream has ended. Comes before the request's `response`. */
export interface MeterEvent extends MeterCount {
  /** As in the request's other events. */
  readonly request: object;
  /** `package.Service/Method` */
  readonly method: string;
}

/**
 * Start of a response: the request's message has been read, and no upstream has been called. For a request that is
 * refused earlier, the event comes just before its `response`.
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

/** Trace options of an RPC, applied to one request. */
export interface RequestTelemetry {
  /** The share of requests that leave a trace, from 0 to 1. */
  readonly sample?: number | undefined;
  /** Requests that take longer than this leave a trace regardless of the share, in milliseconds. */
  readonly slowMs?: number | undefined;
  /** Computes the declared attributes of the request, by name. A `bigint` is an integer, a `number` a double. Never throws. */
  attributes?(): readonly (readonly [name: string, value: TelemetryValue])[];
}

/** Value of a declared attribute. */
export type TelemetryValue =
  | string
  | number
  | bigint
  | boolean
  | readonly string[]
  | readonly number[]
  | readonly bigint[]
  | readonly boolean[];

/** Trace of one request, which its calls continue. */
export interface Trace {
  /** Trace id of W3C Trace Context, for logs: 32 hexadecimal digits. */
  readonly traceId?: string | undefined;
  /** Id of the request's span: 16 hexadecimal digits. */
  readonly spanId?: string | undefined;
  /**
   * Returns the headers of a call with those of the trace, which replace headers of the same name. Called once for each
   * call, before its `callStart`.
   *
   * @param call as in the call's events
   */
  onCall(call: object, headers: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>>;
}

/**
 * One response to a client, or its failure (CANCELLED: the client has disconnected). Each request of an RPC has exactly
 * one, even if it was refused.
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
        /** Failures that caused `degraded`, in the same order. */
        readonly failures: readonly Failure[];
      }
    | { readonly ok: false; readonly failure: Failure };
  /** The deprecation and the caller, if the RPC's `version` is deprecated. */
  readonly deprecated?: DeprecatedUse | undefined;
  /** Deprecated fields that the request sets, and the caller; undefined: none. */
  readonly deprecatedFields?: DeprecatedFieldUse | undefined;
  /** Trace that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
  /** Name of the source of the caller's credential; undefined: the caller is unknown. */
  readonly source?: string | undefined;
  /** Use of the stream, if the request opened one. */
  readonly stream?: StreamUse | undefined;
}

/**
 * Opening of a stream to a client, after permits, guards and opening steps have succeeded. Its `response` comes when it
 * ends.
 */
export interface StreamOpenEvent {
  /** As in the request's other events. Calls for its items have the same object. */
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly startedAt: number;
  readonly openedAt: number;
  /** Returns the current number of messages that its follower has received. */
  items(): number;
  /** Trace that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
  readonly source?: string | undefined;
}

/** Use of a stream, at its end. */
export interface StreamUse {
  readonly openedAt: number;
  /** Number of messages that its follower received, without heartbeats. */
  readonly items: number;
  /** Number of those messages that lacked a part. */
  readonly degraded: number;
  /**
   * Reason of the end.
   *
   * - `ended`: its source has ended, or `until` holds
   * - `age`: it was open for `max_age`
   * - `expired`: the caller's credential has expired
   * - `denied`: an operator has denied the caller, or the credential was revoked
   * - `deadline`: the client's deadline has passed
   * - `drained`: the server shuts down
   * - `slow`: its follower did not read
   * - `idle`: its source was silent
   * - `left`: its follower has disconnected
   * - `failed`: the outcome has the failure
   */
  readonly end: "ended" | "age" | "expired" | "denied" | "deadline" | "drained" | "slow" | "idle" | "left" | "failed";
}

/** Message of a stream that lacks a part, after its follower has received it. */
export interface StreamDegradedEvent {
  /** As in the stream's other events. */
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly degraded: readonly Degradation[];
  /** Failures that caused `degraded`, in the same order. */
  readonly failures: readonly Failure[];
  readonly trace?: Trace | undefined;
}

/** Dates of a deprecated RPC. They are days, such as `2026-11-01`, that begin at midnight UTC. */
export interface Deprecation {
  /** First day of the deprecation; may be in the future. */
  readonly since: string;
  /** Day from which the RPC may no longer exist. */
  readonly sunset?: string | undefined;
  /** Replacement: `package.Service/Method`. */
  readonly successor?: string | undefined;
}

/** Authenticated caller that uses something deprecated, if known. */
export interface DeprecationCaller {
  /** Name of the credential's source; undefined: the caller is unknown. */
  readonly source?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  /** Id of the key, the session or the token; no secret. */
  readonly id?: string | undefined;
}

/** Call of a deprecated RPC. A refused request may have one, too. */
export interface DeprecatedUse extends Deprecation, DeprecationCaller {}

/** Deprecated fields that a request sets. */
export interface DeprecatedFieldUse extends DeprecationCaller {
  /** Such as `items[*].sku`; 20 at most. */
  readonly paths: readonly string[];
}

/** Rate limit that has refused a request, or whose counters were unreachable. The event does not contain its key. */
export interface LimitEvent {
  /** As in the request's other events. */
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  /** `<package>/<name>` */
  readonly limit: string;
  /**
   * - `exceeded`: refused
   * - `cost`: refused, because the limit can never admit this cost
   * - `unreachable`: refused, because the counters are unreachable and the limit is `closed`
   * - `dry`: admitted, because the limit that would refuse is in a dry run
   * - `alone`: admitted, because this process counts alone while the counters are unreachable
   */
  readonly outcome: "exceeded" | "cost" | "unreachable" | "alone" | "dry";
  /** Trace that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/** Header of an answer that was left out, because its value cannot be sent. The event does not contain the value. */
export interface HeaderEvent {
  /** As in the request's other events. */
  readonly request: object;
  header(name: string): string;
  /** `package.Service/Method` */
  readonly method: string;
  /** Name of the header. */
  readonly name: string;
  /**
   * - `failed`: its expression could not be evaluated
   * - `characters`: the value has characters other than printable ASCII
   * - `length`: the value is longer than 1 KiB
   */
  readonly why: "failed" | "characters" | "length";
  /** The failure of `failed`. */
  readonly failure?: Failure | undefined;
  /** Trace that `responseStart` returned for the request. */
  readonly trace?: Trace | undefined;
}

/** Request that an overloaded server has refused before its credentials and its message were read. */
export interface ShedEvent {
  /** `package.Service/Method` */
  readonly method: string;
  readonly priority: Priority;
  /** Standing delay of the event loop, in milliseconds. Undefined: the server's door refuses (`BFF_MAX_REQUESTS`). */
  readonly standingDelayMs?: number | undefined;
}

/** Begin or end of a time in which an overloaded server refuses requests. */
export interface SheddingEvent {
  readonly state: "begun" | "ended";
  /** Standing delay of the event loop, in milliseconds. */
  readonly standingDelayMs: number;
  /** Number of refused requests; undefined: the time begins. */
  readonly refused?: number | undefined;
  /** Length of the time in milliseconds; undefined: it begins. */
  readonly tookMs?: number | undefined;
}

/** Entry of the audit log: a refusal, a login, a change of keys. It contains no credential and no part of one. */
export interface AuditEvent {
  /**
   * `unauthenticated`, `denied`, `unavailable`: a request that was refused with UNAUTHENTICATED, with PERMISSION_DENIED, or
   * with UNAVAILABLE because no check could decide. The others belong to sessions and keys. Each process may report
   * `key-first-used` once for the same key.
   */
  readonly event:
    | "unauthenticated"
    | "denied"
    | "unavailable"
    | "login"
    | "login-failed"
    | "logout"
    | "session-ended"
    | "keys-changed"
    | "key-created"
    | "key-revoked"
    | "key-first-used"
    | "denylist-added"
    | "denylist-removed"
    | "limit-overridden"
    | "limit-restored";
  readonly at: Date;
  /** Reason, in fixed words of this package. A change of the denylist or of a limit has the entry. */
  readonly reason?: string | undefined;
  /** `package.Service/Method` */
  readonly method?: string | undefined;
  /** Name of the credential's source, if known; so are issuer and subject. */
  readonly source?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  /** Issuer in the source's configuration, for `unauthenticated`. */
  readonly expected?: string | undefined;
  /** Issuer in the credential, for `unauthenticated`. It is unverified: a client may write any text. */
  readonly received?: string | undefined;
  /** Missing claim, or claim of another type than its field, for `unauthenticated` and `login-failed`. */
  readonly claim?: string | undefined;
  /** Id of the key, the session or the token; no secret. */
  readonly id?: string | undefined;
  /** IP address of the client, as `peer.address`; "" if unknown. */
  readonly address?: string | undefined;
}
