// What will run: defaults filled, policies merged and named, order fixed. Emission only walks it.

import type { DescEnum, DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import type { Expression } from "../../cel/index.ts";
import type { Origin } from "../../diagnostic/origin.ts";
import type { IrOverflow } from "../../ir/stream.ts";
import type { Conversions, EnumConversion, MessageConversion } from "../../model/conversion.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Callers, Identity } from "../../resolve/model/edge.ts";
import type { BffMethod, EnvVar, Followed, Let, Permit, Telemetry } from "../../resolve/model/model.ts";
import type { RestRule } from "../../resolve/model/rest.ts";
import type { NameScope } from "../names/name-scope.ts";
import type { Entry, Leaf, PlanClient, PlanFunction, PlanResolver, PlanTopic, PlanUpstream } from "./calls.ts";
import type { PlanCodec } from "./codec.ts";
import type { PlanLimits, PlanRateLimit } from "./limits.ts";
import type { PlanBlock, PlanMessage, PlanOpening, PlanStep, TouchOrigin } from "./messages.ts";
import type { PlanRuledMessage, PlanRules } from "./rules.ts";

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
  /** The variables of the environment that it reads: `env.OIDC_ISSUER`. */
  readonly reads: ReadonlySet<string>;
  /** Whether a call of its services tells who calls, signed. */
  readonly signs: boolean;
}

/** The names of a response's parts, for clients. */
export interface PlanPartNames {
  /** `PAGE_PARTS` */
  readonly name: string;
  /** The response, as declared. */
  readonly message: DescMessage;
  /** As in bff.v1.Part. */
  readonly paths: readonly string[];
}
