// What will run: defaults filled, policies merged and named, order fixed. Emission only walks it.
import type { DescEnum, DescField, DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import type { Expression, Overload } from "../cel/index.ts";
import type { Code } from "../gen/bff/v1/options_pb.ts";
import type { IrOverflow, IrTopic } from "../ir-stream.ts";
import type { Origin } from "../origin.ts";
import type { Conversions, EnumConversion, MessageConversion } from "../resolve/model/conversion.ts";
import type { Callers, Identity } from "../resolve/model/edge.ts";
import type {
  Batch,
  BffMethod,
  Call,
  Composed,
  EnvVar,
  Followed,
  Let,
  LimitLeaves,
  MetadataBinding,
  Opening,
  Permit,
  ResolverSource,
  Step,
  Telemetry,
  Topic,
} from "../resolve/model/model.ts";
import type { Wanted } from "../resolve/model/oneof-only.ts";
import type { RestRule } from "../resolve/model/rest.ts";
import type { NameScope } from "./names.ts";
import type { PlanPartNames } from "./part-paths.ts";
import type { PlanCodec } from "./plan-codec.ts";
import type { PlanLimits, PlanRateLimit } from "./plan-limits.ts";
import type { PlanRuledMessage, PlanRules } from "./plan-rules.ts";

export interface Plan {
  readonly files: readonly PlanFile[];
  readonly servers: readonly PlanServer[];
  /** Every composed message of the run, also of files that are only imported. */
  readonly messages: readonly PlanMessage[];
  /** The function of a copy: `toSummary`. */
  readonly convert: (conversion: MessageConversion | EnumConversion) => string;
  /** How values of one enum become those of another. */
  readonly enumConversion: (from: DescEnum, to: DescEnum) => EnumConversion | undefined;
}

export interface PlanFile {
  readonly desc: DescFile;
  /** Of its services. */
  readonly identity: Identity | undefined;
  readonly services: readonly PlanService[];
  /** The counters of its services, in the order of their first use. */
  readonly limits: readonly PlanRateLimit[];
  /** In file order. */
  readonly messages: readonly PlanMessage[];
  /** Of those of its messages that are composed per item of a stream. */
  readonly openings: readonly PlanOpening[];
  readonly conversions: Conversions;
  /** The environment variables that its expressions, and those of the messages they compose, read. */
  readonly env: readonly EnvVar[];
  /** What its services need: calls and batches of every message they reach; without services, of its own messages. */
  readonly entries: readonly Entry[];
  /** The topics that those messages, and its services, read or follow. */
  readonly topics: readonly PlanTopic[];
  /** The functions of the user that those messages need. */
  readonly resolvers: readonly PlanResolver[];
  /** Functions of the user that expressions call, in the order of their names. */
  readonly functions: readonly PlanFunction[];
  /** What the resolvers can call. */
  readonly clients: readonly PlanClient[];
  /** Of the messages that have resolvers. */
  readonly resolved: Callers | undefined;
  /** Upstream services of those entries and clients. */
  readonly upstreams: readonly PlanUpstream[];
  /** How what its calls and rpcs put on the wire is read and written; undefined: protobuf-es does it. */
  readonly codec: PlanCodec | undefined;
  /** The responses that its rpcs send in parts. */
  readonly parts: readonly PlanPartNames[];
  /** What is checked of its rpcs' requests; undefined: nothing. */
  readonly rules: PlanRules | undefined;
}

export interface PlanService {
  readonly desc: DescService;
  /** `createDashboardService` */
  readonly create: string;
  readonly methods: readonly PlanMethod[];
  /** Of all its rpcs. */
  readonly callers: Callers | undefined;
  /** Each once. */
  readonly starts: readonly PlanStart[];
}

/** What function starts the steps of a service's `let`: those that some of its rpcs need. */
export interface PlanStart extends PlanBlock {
  readonly let: Let;
  /** The rpcs that it is for; undefined: all of the service. */
  readonly rpcs: readonly string[] | undefined;
  /** `startDashboardService`. */
  readonly name: string;
  /** `admitDashboardService`; undefined: no guard of it is immediate. */
  readonly admit: string | undefined;
  /** Whether anything is left to start. */
  readonly empty: boolean;
  /** Of the rpcs that it is for. */
  readonly callers: Callers | undefined;
  /** What messages read, under these names. */
  readonly gives: readonly { readonly name: string; readonly step: PlanStep }[];
  /** What the side effects of messages wait for; undefined: they have none. */
  readonly before: readonly PlanStep[] | undefined;
  /** What an answer waits for although nothing that it is made of does. */
  readonly holds: readonly PlanStep[];
  /** Where a failure that has touched a step may have begun, besides in itself: readers outside know only the step. */
  readonly inherits: ReadonlyMap<PlanStep, readonly TouchOrigin[]>;
}
/** What decides, once a request has been read, whether its caller may call the rpc. */
export interface PlanPermit extends PlanBlock {
  readonly composed: Permit;
  /** The functions that it is made of: one, or two where limits stand between them. */
  readonly parts: readonly PermitPart[];
  readonly callers: Callers | undefined;
}
export interface PermitPart {
  /** When the endpoint asks: `decide` behind its limits. */
  readonly gate: "judge" | "decide";
  /** `permitGetDashboard`, `decideGetDashboard` */
  readonly name: string;
  readonly steps: readonly PlanStep[];
}
/** What an rpc leaves traces of. */
export interface PlanTelemetry {
  readonly of: Telemetry;
  /** Names that stand for functions around, which no local name may hide. */
  readonly functions: NameScope;
}
export interface PlanMethod {
  readonly method: BffMethod;
  readonly message: PlanMessage;
  /** What of the service's `let` it starts. */
  readonly start: PlanStart | undefined;
  /** What decides who may call it; undefined: names alone do, or nothing. */
  readonly permit: PlanPermit | undefined;
  /** What callers are told of its end. */
  readonly version: PlanVersion | undefined;
  /** How often it may be called; undefined: as often as callers like. */
  readonly limits: PlanLimits | undefined;
  /** What it leaves traces of. */
  readonly telemetry: PlanTelemetry | undefined;
  /** What it follows; undefined: it gives one answer. */
  readonly stream: PlanStream | undefined;
  /** Whether something of its answer may come later: clients are told of parts that have arrived. */
  readonly hasParts: boolean;
  /** Its paths besides that of the rpc. */
  readonly rest: readonly RestRule[];
  /** Its answers as wholes are used again. */
  readonly cache: PlanResponseCache | undefined;
  /** What HTTP caches are told of its answers. */
  readonly http: PlanHttpCache | undefined;
  /** Calls to one upstream at a time in one response. */
  readonly concurrent: number;
  /** Elements that a request may hold; undefined: as many as the server allows. */
  readonly maxElements: number | undefined;
  /** What is checked of the request before anything is composed. */
  readonly validated: PlanRuledMessage | undefined;
}

/** How a streaming rpc comes to its messages, with its defaults. Times are milliseconds. */
export interface PlanStream {
  readonly of: Followed;
  readonly source:
    | { readonly kind: "call"; readonly call: Call; readonly entry: Entry }
    | { readonly kind: "follow"; readonly topic: PlanTopic; readonly key: Expression };
  /** The steps of the response that run once, before the source opens. */
  readonly opening: PlanOpening | undefined;
  readonly idleMs: Leaf<number> | undefined;
  /** Undefined: the response has no place for a beat. */
  readonly heartbeatMs: Leaf<number> | undefined;
  readonly maxAgeMs: Leaf<number>;
  readonly ahead: Leaf<number>;
  readonly overflow: Leaf<IrOverflow>;
  readonly minIntervalMs: Leaf<number> | undefined;
  /** Names that stand for functions around, which no local name may hide. */
  readonly functions: NameScope;
}

/** What an answer depends on besides its request. */
export interface PlanResponseCache {
  readonly at: Origin;
  readonly ttlMs: number;
  readonly staleMs: number | undefined;
  /** A digest of all that the rpc is generated from. */
  readonly plan: string;
  /** Fields, by their proto names, none where it counts only whether there is one; undefined: nothing of it. */
  readonly principal: readonly string[] | "whole" | undefined;
  readonly token: boolean;
  readonly peer: boolean;
  /** Names of incoming headers, lower-case. */
  readonly headers: readonly string[];
  /** `env.X` */
  readonly env: readonly string[];
  /** Of each upstream with branches one call. */
  readonly ways: readonly Entry[];
}
/** What HTTP caches are told. */
export interface PlanHttpCache {
  readonly at: Origin;
  readonly maxAgeMs: number;
  readonly staleMs: number | undefined;
  /** Names of headers, lower-case: what is read or passed on, what says who calls, and what is declared besides. */
  readonly vary: readonly string[];
  readonly shared: boolean;
}

/** When an rpc ends. Days are as ISO 8601 has them. */
export interface PlanVersion {
  /** Of every answer: names and values in turn. */
  readonly headers: readonly string[];
  readonly deprecation:
    | { readonly since: string; readonly sunset: string | undefined; readonly successor: string | undefined }
    | undefined;
  /** `package.Service/Method` */
  readonly successor: string | undefined;
}

/** `server.ts` of one package, or of several. */
export interface PlanServer {
  /** Of the package, or what all of them are below. */
  readonly name: string;
  /** `web/v1/server`, without extension. */
  readonly path: string;
  /** Whether it is wanted; its identity is written anyway. */
  readonly written: boolean;
  /** The files whose messages a google.protobuf.Any may hold in JSON: all of the run, where an rpc has an Any. */
  readonly types: readonly DescFile[];
  readonly files: readonly PlanFile[];
  readonly upstreams: readonly PlanUpstream[];
  readonly env: readonly EnvVar[];
  /** What services, or their packages, declare otherwise than `env` has it: with another default, or other alternates. */
  readonly own: ReadonlyMap<DescService, readonly EnvVar[]>;
  readonly identity: PlanIdentity | undefined;
}

/** `identity.ts` of one package. */
export interface PlanIdentity {
  /** `web/v1/identity`, without extension. */
  readonly path: string;
  readonly identity: Identity;
  /** Whether a call of its services tells who calls, signed. */
  readonly signs: boolean;
}

// ---- policies ----

/** A value with the place that says it; without one it is a default. */
export interface Leaf<T> {
  readonly value: T;
  readonly at: Origin | undefined;
}
export interface PlanUpstream {
  /** `billing`, for billing.v1.BillingService. */
  readonly name: string;
  readonly service: DescService;
  readonly breaker: PlanBreaker | undefined;
  readonly limit: PlanLimit;
  readonly retryBudget: { readonly maxTokens: Leaf<number>; readonly tokenRatio: Leaf<number> } | undefined;
  /** Undefined: nothing is said of it. */
  readonly balance: PlanBalance | undefined;
  /** Undefined: nothing is said of it, so that it is gRPC. */
  readonly protocol: Leaf<"GRPC" | "HTTP_JSON"> | undefined;
  /** Of those that are called over HTTP, in the order of the service. */
  readonly http: readonly PlanHttpRpc[];
  /** Methods with a breaker of their own, by name; undefined: none for that method. */
  readonly methods: readonly { readonly name: string; readonly breaker: PlanBreaker | undefined }[];
  /** In the order in which they are tried. */
  readonly branches: readonly PlanBranch[];
}
export interface PlanHttpRpc {
  readonly method: DescMethod;
  readonly rule: RestRule;
}
/** Where else a part of the requests goes. */
export interface PlanBranch {
  readonly name: string;
  readonly at: Origin;
  readonly if: Expression | undefined;
  /** Undefined: all for which `if` holds. */
  readonly share: number | undefined;
  /** A text; undefined: each request draws. */
  readonly by: Expression | undefined;
}
export interface PlanBreaker {
  readonly errorRate: Leaf<number>;
  readonly windowMs: Leaf<number>;
  readonly minimum: Leaf<number>;
  readonly openMs: Leaf<number>;
  readonly probes: Leaf<number>;
  /** Undefined: slow answers are no fault. */
  readonly slowMs: Leaf<number> | undefined;
  readonly slowRate: Leaf<number> | undefined;
}
export interface PlanBalance {
  readonly ejectAfter: Leaf<number>;
  readonly ejectMs: Leaf<number>;
  readonly maxEjected: Leaf<number>;
  readonly refreshMs: Leaf<number>;
  readonly connections: Leaf<number>;
}
export interface PlanLimit {
  readonly concurrent: Leaf<number>;
  readonly queued: Leaf<number>;
  readonly adaptive: Leaf<boolean>;
  /** That are followed at a time; undefined: nothing of it is. */
  readonly streams: Leaf<number> | undefined;
}
export interface PlanCallPolicy {
  readonly timeoutMs: Leaf<number> | undefined;
  /** Undefined: no retries, because of one attempt or because the call must not be repeated. */
  readonly retry:
    | {
        readonly attempts: Leaf<number>;
        readonly on: Leaf<readonly Code[]>;
        readonly initialMs: Leaf<number>;
        readonly maxMs: Leaf<number>;
        readonly multiplier: Leaf<number>;
        readonly when: Expression | undefined;
      }
    | undefined;
  readonly hedge: { readonly delayMs: Leaf<number>; readonly max: Leaf<number> } | undefined;
  readonly cache: { readonly ttlMs: Leaf<number>; readonly staleMs: Leaf<number> | undefined } | undefined;
  readonly forward: Leaf<readonly string[]> | undefined;
  /** Undefined: the upstream is not told who calls. */
  readonly identify: Leaf<"signed" | "token" | "plain"> | undefined;
  /** The same for all calls of an upstream. */
  readonly branches: readonly PlanBranch[];
  readonly limit: LimitLeaves | undefined;
  /** Of a call that is followed: a limit of its own on streams. */
  readonly streams: Leaf<number> | undefined;
  /** Whether a limit that it has to pass is adaptive. */
  readonly adaptive: boolean;
}

// ---- calls ----

/** One call or batch of the app object. */
export interface Entry {
  /** `getUsage`; a batch's `userById`. */
  readonly name: string;
  readonly method: DescMethod;
  readonly upstream: string;
  readonly policy: PlanCallPolicy;
  /** How it is called over HTTP; undefined: over gRPC. */
  readonly http: RestRule | undefined;
  readonly batch: Batch | undefined;
  /** Whether keys are grouped by what else is in the request, and by metadata. */
  readonly grouped: boolean;
  /** Whether the batch sends metadata. */
  readonly metadata: boolean;
  /** Equal calls of one response are made once: it has no side effects, and one response may reach it twice. */
  readonly coalesce: boolean;
  /** Expressions read headers or trailers of its answers. */
  readonly received: boolean;
}

/** A log of items by key, as a member of the app object. */
export interface PlanTopic {
  /** `runTopic` */
  readonly name: string;
  readonly of: Topic;
  /** Of its call. */
  readonly entry: Entry | undefined;
  readonly keep: Leaf<number>;
}
/** By declaration. */
export type PlanTopics = ReadonlyMap<IrTopic, PlanTopic>;

/** A method that resolvers can call. */
export interface PlanClient extends Entry {
  /** Metadata over headers, `env` and `now`. */
  readonly sends: readonly MetadataBinding[];
  /** Whether an upstream entry says `read_only`, where its proto does not say that it has no side effects. */
  readonly readOnly: boolean;
}

/** A function of the user. */
export interface PlanResolver {
  /** `card`, `cardBadge`. */
  readonly name: string;
  readonly step: Step;
  readonly source: ResolverSource;
  readonly message: Composed;
}

/** A function of the user that expressions call. */
export interface PlanFunction {
  /** `slugOf`, for `slug.of`. */
  readonly name: string;
  readonly own: Overload;
  readonly at: Origin;
}

// ---- messages ----

/** Steps that one function starts. */
export interface PlanBlock {
  readonly composed: Composed | Let | Permit | Opening;
  /** All but the steps that only one case of a switch reads; what a step reads stands before it. */
  readonly steps: readonly PlanStep[];
  /** Whether a call with side effects is inside, so that the function takes a parameter `before`. */
  readonly effectful: boolean;
  /** Arguments that may be absent: taken into local names first, so that TypeScript sees what has been checked. */
  readonly optionalArgs: readonly string[];
  readonly calls: ReadonlyMap<Call, Entry>;
  readonly topics: PlanTopics;
  /** The functions of the user that its steps call. */
  readonly resolvers: ReadonlyMap<Step, PlanResolver>;
  /** Place in the declared order of all guards of a response: lower wins. */
  readonly ranks: ReadonlyMap<Step, number>;
  /** Names that stand for functions around it, which no local name may hide. */
  readonly functions: NameScope;
  /** The property under which the steps of services are handed on, by their names. */
  readonly sharedNames: ReadonlyMap<string, string>;
}

export interface PlanMessage extends PlanBlock {
  readonly composed: Composed;
  /** `composeDashboard`. */
  readonly name: string;
  readonly file: DescFile;
  /** Steps of the service that it, or what it composes, reads: then composing takes a parameter `shared`. */
  readonly shared: readonly PlanStep[];
  /**
   * Its immediate guards stand in a function of their own, `admitDashboard`, so that they speak before the steps of a
   * service are started. `inside`: composing calls it as well, since steps compose the message, too.
   */
  readonly admits: { readonly name: string; readonly inside: boolean } | undefined;
  /** Steps whose values the literal or a touch reads, in the order of `steps`. */
  readonly awaited: readonly PlanStep[];
  /** Steps that only have to have ended: critical ones and those with side effects that feed no field. */
  readonly barriers: readonly PlanStep[];
  readonly touches: readonly Touch[];
  /** Fields that come later in a stream of parts: each with what it waits for. No field is in two. */
  readonly parts: readonly PlanPart[];
  /** Arguments that bring causes with them: then composing takes a parameter `from`. */
  readonly tainted: readonly string[];
  /** Whether anything in it, or in what it composes, may be recorded as degraded. */
  readonly degradable: boolean;
  /** Composed from another file too: the members of the app object that it and what it composes need. */
  readonly needs: AppNeeds | undefined;
}
export interface PlanPart {
  /** Places among the targets of the message. */
  readonly targets: readonly number[];
  /** In that order, all members of a oneof. */
  readonly fields: readonly DescField[];
  /** Steps whose values its fields read and the first message does not, in the order of steps. */
  readonly awaited: readonly PlanStep[];
  /** Steps that only have to have ended. */
  readonly barriers: readonly PlanStep[];
  /** Those of the message's that are of its fields. */
  readonly touches: readonly Touch[];
}
/** The steps of a message that run once for all items of a stream. */
export interface PlanOpening extends PlanBlock {
  readonly composed: Opening;
  /** `openRunUpdate` */
  readonly name: string;
  readonly file: DescFile;
  /** Steps of the service that they read: then opening takes a parameter `shared`. */
  readonly shared: readonly PlanStep[];
  readonly admits: PlanMessage["admits"];
  /** What has to have ended before the source opens. */
  readonly awaited: readonly PlanStep[];
  /** What items read, under these names. */
  readonly gives: readonly { readonly name: string; readonly step: PlanStep }[];
  readonly inherits: ReadonlyMap<PlanStep, readonly TouchOrigin[]>;
  readonly needs: AppNeeds | undefined;
}
export interface AppNeeds {
  readonly names: readonly string[];
  /** The variables of the environment, in place of `env` among the names, where the file's own type `Env` does not have all of them. */
  readonly env: readonly EnvVar[] | undefined;
}

export interface PlanStep {
  readonly step: Step;
  /** Name of the value; the started step is `${name}Step`. */
  readonly name: string;
  /** A plain value: nothing to wait for, cannot fail. */
  readonly sync: boolean;
  /** A guard over what is there at once: it speaks before any call is sent. */
  readonly immediate: boolean;
  /** Steps whose values it waits for, in order of declaration. */
  readonly waitsFor: readonly PlanStep[];
  /** For a switch: the steps that only one case reads, by case (the default last), in order. */
  readonly lazy: readonly (readonly PlanStep[])[];
  /** Whether it is one of those. */
  readonly onlyInCase: boolean;
  /** Set for what only values of members of one oneof read: it starts once such a member may be chosen. */
  readonly wanted: (Wanted & { readonly waitsFor: readonly PlanStep[] }) | undefined;
  /** A flag the emitted code keeps, for touches: whether its `if` let it run, whether its `each` had items, which case was chosen. */
  readonly tracks: { readonly ran: boolean; readonly items: boolean; readonly case: boolean };
  /** Whether an expression asks for its failure, or for that of a step that is left out for want of it. */
  readonly explained: boolean;
  /** For side effects: the steps that must have succeeded before, besides the parameter `before`. */
  readonly clearedBy: readonly PlanStep[];
  readonly effectful: boolean;
  /** `each`: calls in flight are bounded. */
  readonly bounded: boolean;
  /** `each`: more items than this fail the step; `asked`: they are the client's, who is told so. */
  readonly most: { readonly items: number; readonly asked: boolean } | undefined;
}

/** What a failure may do to a field. */
export interface Touch {
  /** The field's proto name. */
  readonly field: string;
  readonly target:
    | { readonly kind: "field"; readonly index: number }
    /** `held`: counts only where the member's `if` held (true), or did not (false). */
    | { readonly kind: "member"; readonly index: number; readonly member: number; readonly held?: boolean | undefined }
    /** Of a message that a resolver supplies. */
    | { readonly kind: "resolved"; readonly field: DescField };
  readonly origins: readonly TouchOrigin[];
}
export interface TouchOrigin {
  readonly origin:
    | { readonly kind: "step"; readonly step: PlanStep }
    | { readonly kind: "arg"; readonly name: string }
    /** Something inside a composed value. */
    | { readonly kind: "within"; readonly step: PlanStep };
  /** The cause left items out of a list. */
  readonly leftOut: boolean;
  readonly when: readonly Condition[];
}
export type Condition =
  | { readonly kind: "ran"; readonly step: PlanStep }
  | { readonly kind: "items"; readonly step: PlanStep }
  /** Case number `index` (the default is the last) was chosen. */
  | { readonly kind: "chosen"; readonly step: PlanStep; readonly index: number }
  /** The condition of this case was asked. */
  | { readonly kind: "asked"; readonly step: PlanStep; readonly index: number };
