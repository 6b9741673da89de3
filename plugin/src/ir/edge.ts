// Declarations about callers and their requests: identity, permits, limits, paths and caching.

import type { DescField, DescMessage, DescOneof } from "@bufbuild/protobuf";
import type { FieldRules, MessageRules, OneofRules } from "@protobff/messages/buf/validate/validate_pb.js";
import type { Diagnostic, Origin, Place, Sourced, Text } from "../diagnostic/diagnostic.ts";
import type { Amount, IrBind, IrFailure, IrStep } from "./step.ts";

export interface IrTelemetry {
  /** Values of a request's span. */
  readonly attributes: readonly Text[];
  /** From 0 to 1. */
  readonly sample: Sourced<number> | undefined;
  /** In milliseconds. */
  readonly slow: Sourced<number> | undefined;
  readonly meters: readonly IrMeter[];
}

/** Shares of callers in places that requests wait for. */
export interface IrFairShare {
  readonly at: Origin;
  readonly key: Text;
  readonly weight: Text | undefined;
  /** Maximum number of waiters of one key at one place. */
  readonly queue: Sourced<number> | undefined;
}

/** A counter over requests and answers. */
export interface IrMeter {
  readonly at: Origin;
  readonly name: Text;
  readonly by: Text;
  readonly labels: readonly { readonly name: Text; readonly by: Text }[];
}

/** Usage events of a package. */
export interface IrUsage {
  readonly at: Origin;
  /** Undefined: events are appended to a file. */
  readonly subject: Text | undefined;
  readonly fields: readonly { readonly name: Text; readonly by: Text }[];
}

/** A tool for agents: of one rpc, or the part that a service declares for its rpcs. */
export interface IrTool {
  readonly kind: "tool";
  readonly at: Origin;
  readonly name: Text | undefined;
  readonly description: Text | undefined;
  /** Set of tools that lists show first. */
  readonly group: Text | undefined;
  /** Request fields that clients do not see; a field without `by` stays unset. */
  readonly hidden: readonly IrBind[];
  readonly confirm: Sourced<boolean> | undefined;
  /** Maximum size of the answer's JSON. */
  readonly maxBytes: Sourced<number> | undefined;
  /** The rpc is no tool; never false. */
  readonly off: Sourced<boolean> | undefined;
  /** In milliseconds. */
  readonly wait: Sourced<number> | undefined;
}

/** Class of an rpc under overload, in the order of refusal. */
export type IrPriority = "low" | "normal" | "high";

/** One binding of google.api.http. */
export interface IrHttpRule {
  readonly kind: "http_rule";
  readonly at: Origin;
  /** In capitals; `*`: any. */
  readonly method: string;
  readonly path: Text;
  /** Content of `path`. */
  readonly template: HttpTemplate;
  /** `*` or a field; undefined: there is no body. */
  readonly body: Text | undefined;
  readonly responseBody: Text | undefined;
}

/** The first binding of an rpc, in the form for callers of upstreams. */
export interface IrBinding {
  readonly kind: "binding";
  /** Undefined: it is faulty. */
  readonly rule: IrHttpRule | undefined;
  /** The fault of the binding, reported at each call. */
  readonly faults: readonly Diagnostic[];
}

/**
 * A path template taken apart. Segments are `*`, `**` (the last alone), or literals, percent-decoded, of which none is
 * `*` or `**`.
 */
export interface HttpTemplate {
  readonly segments: readonly string[];
  readonly variables: readonly HttpVariable[];
  /** The verb: the text behind the template's colon, percent-decoded; undefined: none. */
  readonly verb: string | undefined;
}

/** A field of the request, and the segments that it takes. */
export interface HttpVariable {
  /** `name`, `book.name`. */
  readonly field: string;
  /** Position of the name in the template. */
  readonly at: number;
  /** Segments, the end exclusive. */
  readonly from: number;
  readonly to: number;
}

/** Days are as ISO 8601 has them, `2026-11-01`. */
export interface IrVersion {
  readonly kind: "version";
  readonly deprecated: Text | undefined;
  readonly sunset: Text | undefined;
  /** "package.Service" or "package.Service/Method". */
  readonly successor: Text | undefined;
  /** True if a malformed day was reported. */
  readonly faulty: boolean;
}

/** Without content: any principal. */
export interface IrPermit {
  readonly kind: "permit";
  readonly at: Origin;
  /** No principal is needed; then the permit has no other content. Never false. */
  readonly public: Sourced<boolean> | undefined;
  /** Any of these; empty: any. */
  readonly sources: readonly Text[];
  /** All of these. */
  readonly scopes: readonly Text[];
  /** Any of these; empty: none needed. */
  readonly roles: readonly Text[];
  readonly if: Text | undefined;
  /** The refusal of `if`; a declared code is PERMISSION_DENIED or NOT_FOUND. */
  readonly fail: IrFailure | undefined;
  /** Decisions of an rpc: `by`, `call` and `switch` alone. */
  readonly steps: readonly IrStep[];
}

/** A rate or quota of callers. */
export interface IrRateLimit {
  readonly kind: "rate_limit";
  readonly at: Origin;
  /** Limits of one name in a package are one counter. */
  readonly name: Text;
  /** The counted callers. */
  readonly key: Text;
  /** Number of units in `per`. */
  readonly rate: Amount;
  /** In milliseconds; or a unit of the calendar, UTC. */
  readonly per: Sourced<number | CalendarUnit> & Pick<Amount, "env">;
  /** Units at once after a rest; never for a unit of the calendar. Undefined: `rate`. */
  readonly burst: Amount | undefined;
  /** Units charged for a request. Undefined: 1. */
  readonly cost: Text | undefined;
  /** Final cost of a request, as an expression over its answer. */
  readonly settle: Text | undefined;
  /** Condition under which it applies. */
  readonly if: Text | undefined;
  /** Each process counts alone. */
  readonly local: boolean;
  /** Refuses while its counters cannot be reached. */
  readonly closed: boolean;
  readonly dryRun: boolean;
  /** Units that a process charges in advance. */
  readonly lease: Sourced<number> | undefined;
  readonly sources: Readonly<Record<"local" | "closed" | "dryRun", Sourced<boolean> | undefined>>;
}

export type CalendarUnit = "day" | "month";

// ---- callers ----

export interface IrIdentity {
  readonly kind: "identity";
  readonly at: Origin;
  /** Undefined: bff.v1.Principal. */
  readonly type: Text | undefined;
  readonly sources: readonly IrIdentitySource[];
}

/** One source of credentials. */
export interface IrIdentitySource {
  readonly kind: "identity_source";
  readonly at: Origin;
  /** Undefined only after a diagnostic. */
  readonly name: Text | undefined;
  /** Undefined only after a diagnostic. */
  readonly credential: IrCredential | undefined;
  readonly set: readonly IrBind[];
  /** Names of certificates over whose connections alone it counts; none: any connection. */
  readonly from: readonly Text[];
}

export type IrCredential = IrJwt | IrSession | IrApiKey | IrAssertion | IrPeer | IrTrusted;

/** Members of all kinds. Texts with holes are templates like those of failures. Times are milliseconds. */
interface IrCredentialBase {
  readonly at: Origin;
  /** The message that its claims are decoded into. */
  readonly claims: Text | undefined;
}

export interface IrJwt extends IrCredentialBase {
  readonly kind: "jwt";
  /** With holes. Undefined only after a diagnostic. */
  readonly issuer: Text | undefined;
  /** With holes. */
  readonly audience: readonly Text[];
  /** With holes. */
  readonly jwks: Text | undefined;
  readonly header: Text | undefined;
  readonly cookie: Text | undefined;
  readonly algorithms: readonly Text[];
  readonly leeway: Sourced<number> | undefined;
  readonly maxStale: Sourced<number> | undefined;
  readonly subject: Text | undefined;
}

export interface IrSession extends IrCredentialBase {
  readonly kind: "session";
  /** With holes. Undefined only after a diagnostic. */
  readonly issuer: Text | undefined;
  /** With holes. Undefined only after a diagnostic. */
  readonly clientId: Text | undefined;
  readonly scopes: readonly Text[];
  readonly cookie: Text | undefined;
  readonly idle: Sourced<number> | undefined;
  readonly absolute: Sourced<number> | undefined;
}

export interface IrApiKey extends IrCredentialBase {
  readonly kind: "api_key";
  readonly header: Text | undefined;
  readonly prefix: Text | undefined;
  readonly cache: Sourced<number> | undefined;
}

export interface IrAssertion extends IrCredentialBase {
  readonly kind: "assertion";
  readonly header: Text | undefined;
  /** With holes. Undefined only after a diagnostic. */
  readonly issuer: Text | undefined;
  /** With holes. Undefined only after a diagnostic. */
  readonly keys: Text | undefined;
}

export interface IrPeer extends IrCredentialBase {
  readonly kind: "peer";
  readonly spiffe: readonly Text[];
  readonly dns: readonly Text[];
}

export interface IrTrusted extends IrCredentialBase {
  readonly kind: "trusted";
  /** Undefined only after a diagnostic. */
  readonly header: Text | undefined;
}

// ---- steps ----
// ---- calls and policies ----

/** Purges on events of NATS. */
export interface IrPurge {
  readonly at: Origin;
  readonly subject: Text;
  readonly jetstream: Text;
  readonly type: Text;
  /** At least one, with holes. */
  readonly tags: readonly Text[];
}

/** Caching of answers by HTTP caches; milliseconds, in whole seconds. */
export interface IrHttpCache {
  readonly at: Origin;
  readonly maxAge: Sourced<number> | undefined;
  readonly stale: Sourced<number> | undefined;
  /** Names of headers, lower-case. */
  readonly vary: readonly Text[];
  readonly shared: Sourced<boolean> | undefined;
  readonly tag: Sourced<boolean> | undefined;
  /** True if a malformed duration was reported. */
  readonly faulty: boolean;
}

// ---- buf.validate ----

/** `(buf.validate.message)`, `(buf.validate.oneof)` and `(buf.validate.field)` of one message. */
export interface IrMessageRules {
  readonly desc: DescMessage;
  readonly message: IrRules<MessageRules> | undefined;
  readonly oneofs: readonly { readonly desc: DescOneof; readonly rules: IrRules<OneofRules> }[];
  readonly fields: ReadonlyMap<DescField, IrRules<FieldRules>>;
}

/** An option of buf.validate and its position. */
export interface IrRules<Rules> {
  readonly value: Rules;
  readonly place: Place;
}
