// The plan: defaults filled, policies merged and named, order fixed. Emission only reads it.

import type { DescEnum, DescField, DescFile, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import type { Expression } from "../../cel/index.ts";
import type { Origin } from "../../diagnostic/diagnostic.ts";
import type { IrFairShare, IrPriority } from "../../ir/edge.ts";
import type { IrOverflow } from "../../ir/step.ts";
import type { JsonObject } from "../../json-schema/json.ts";
import type { Conversions, EnumConversion, MessageConversion } from "../../model/conversion.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { CostlyExpression } from "../../resolve/model/costs/expression-costs.ts";
import type { Callers, Identity } from "../../resolve/model/edge.ts";
import type {
  AnswerHeaders,
  AnswerTags,
  BffMethod,
  EnvVar,
  Followed,
  Host,
  Let,
  Permit,
  Purge,
  RequestShare,
  Telemetry,
  Tool,
} from "../../resolve/model/model.ts";
import type { Pages } from "../../resolve/model/page-calls.ts";
import type { RestRule } from "../../resolve/model/rest.ts";
import type { Reveal } from "../../resolve/model/reveals.ts";
import type { AmountValue } from "../../text/amount.ts";
import type { NameScope } from "../names/name-scope.ts";
import type { PlanInputs } from "./answer-inputs.ts";
import type { CallerFields } from "./caller-fields.ts";
import type { Entry, Leaf, PlanClient, PlanFunction, PlanResolver, PlanTopic, PlanUpstream } from "./calls.ts";
import type { ComparedFields, PlanCodec } from "./codec.ts";
import type { PlanLimits, PlanRateLimit } from "./limits.ts";
import type { PlanLive } from "./live.ts";
import type { KeptFor, Need, PlanBlock, PlanMessage, PlanOpening, PlanStep, TouchOrigin } from "./messages.ts";
import type { PlanRuledMessage, PlanRules } from "./rules.ts";

export interface Plan {
  readonly files: readonly PlanFile[];
  readonly servers: readonly PlanServer[];
  /** Every composed message of the run, also of files that are only imported. */
  readonly messages: readonly PlanMessage[];
  /** The function of a copy: `toSummary`. */
  readonly convert: (conversion: MessageConversion | EnumConversion) => string;
  /** Returns the conversion of one enum to another. */
  readonly enumConversion: (from: DescEnum, to: DescEnum) => EnumConversion | undefined;
  /** Fields that are marked if they are missing, also in copies. */
  readonly marked: ReadonlySet<DescField>;
}

export interface PlanFile {
  readonly desc: DescFile;
  /** Identity of its services. */
  readonly identity: Identity | undefined;
  /** Host names of its services. None: every host. */
  readonly hosts: readonly Host[];
  /** Its places with `reveal`, in order of declaration. */
  readonly reveals: readonly Reveal[];
  /** Its expressions whose nested macros take more steps than a list of a request has items. */
  readonly costs: readonly CostlyExpression[];
  /** True if the run has redacted fields: errors of the user's functions may quote their values. */
  readonly sensitive: boolean;
  readonly services: readonly PlanService[];
  /** The fair share of its services' requests. */
  readonly fairShare: PlanFairShare | undefined;
  /** The counters of its services, in the order of their first use. */
  readonly limits: readonly PlanRateLimit[];
  /** Messages in file order. */
  readonly messages: readonly PlanMessage[];
  /** Openings of its messages that are composed per item of a stream. */
  readonly openings: readonly PlanOpening[];
  readonly conversions: Conversions;
  /** The environment variables that its expressions, and those of the messages they compose, read. */
  readonly env: readonly EnvVar[];
  /** Calls and batches of the messages that its services reach; a file without services has those of its messages. */
  readonly entries: readonly Entry[];
  /** Events that purge tags of its package. */
  readonly purges: readonly PlanPurge[];
  /** The topics that those messages, and its services, read or follow. */
  readonly topics: readonly PlanTopic[];
  /** The functions of the user that those messages need. */
  readonly resolvers: readonly PlanResolver[];
  /** Functions of the user that expressions call, in the order of their names. */
  readonly functions: readonly PlanFunction[];
  /** Calls that its resolvers can make. */
  readonly clients: readonly PlanClient[];
  /** Callers of the messages that have resolvers. */
  readonly resolved: Callers | undefined;
  /** Upstream services of those entries and clients. */
  readonly upstreams: readonly PlanUpstream[];
  /** The codec of the messages that its calls and rpcs send and receive; undefined: protobuf-es handles them. */
  readonly codec: PlanCodec | undefined;
  /** Fields in which mirrors are compared, by the methods whose calls are copied. */
  readonly compared: ReadonlyMap<DescMethod, ComparedFields>;
  /** The responses that its rpcs send in parts. */
  readonly parts: readonly PlanPartNames[];
  /** Rules for the requests of its rpcs; undefined: nothing is checked. */
  readonly rules: PlanRules | undefined;
}

export interface PlanService {
  readonly desc: DescService;
  /** `createDashboardService` */
  readonly create: string;
  readonly methods: readonly PlanMethod[];
  /** Callers of all its rpcs. */
  readonly callers: Callers | undefined;
  /** Each once. */
  readonly starts: readonly PlanStart[];
}

/** A function that starts the steps of a service's `let` that some of its rpcs need. */
export interface PlanStart extends PlanBlock {
  readonly let: Let;
  /** The rpcs that it is for; undefined: all of the service. */
  readonly rpcs: readonly string[] | undefined;
  /** `startDashboardService`. */
  readonly name: string;
  /** `admitDashboardService`; undefined: no guard of it is immediate. */
  readonly admit: string | undefined;
  /** True if no step is left to start. */
  readonly empty: boolean;
  /** Callers of its rpcs. */
  readonly callers: Callers | undefined;
  /** Steps that messages read, with the names under which messages receive them. */
  readonly gives: readonly { readonly name: string; readonly step: PlanStep }[];
  /** Steps that the side effects of messages wait for; undefined: the messages have no side effects. */
  readonly before: readonly PlanStep[] | undefined;
  /** Steps that an answer waits for although none of its fields does. */
  readonly holds: readonly PlanStep[];
  /** Possible origins of a touched step besides the step itself: readers outside see only the step. */
  readonly inherits: ReadonlyMap<PlanStep, readonly TouchOrigin[]>;
  /**
   * The names of handed-on steps that need each step, if some answers do not need all of them: starting then takes a
   * parameter `needs`.
   */
  readonly neededFor: KeptFor | undefined;
}
/** Decides, after a request has been read, if its caller may call the rpc. */
export interface PlanPermit extends PlanBlock {
  readonly composed: Permit;
  /** The functions that it consists of: one, or two if limits run between them. */
  readonly parts: readonly PermitPart[];
  readonly callers: Callers | undefined;
}
export interface PermitPart {
  /** Stage at which the endpoint calls it: `decide` follows its limits. */
  readonly gate: "check" | "decide";
  /** `permitGetDashboard`, `decideGetDashboard` */
  readonly name: string;
  readonly steps: readonly PlanStep[];
}
/** Traces and meters of an rpc's requests. */
export interface PlanTelemetry {
  readonly of: Telemetry;
  /** Names of surrounding functions, which no local name may hide. */
  readonly functions: NameScope;
}
/** Headers of an rpc's answers. */
export interface PlanAnswerHeaders {
  readonly of: AnswerHeaders;
  /** Names of surrounding functions, which no local name may hide. */
  readonly functions: NameScope;
}
/** Tags of an rpc's cached answers. */
export interface PlanAnswerTags {
  readonly of: AnswerTags;
  /** Names of surrounding functions, which no local name may hide. */
  readonly functions: NameScope;
}
/** Fair shares of a package. */
interface PlanFairShare {
  readonly share: IrFairShare;
  /** Maximum number of waiters of one key at one place. */
  readonly queue: number;
}
/** The party of an rpc's requests. */
interface PlanRequestShare {
  readonly of: RequestShare;
  /** Names of surrounding functions, which no local name may hide. */
  readonly functions: NameScope;
}
/** An rpc as a tool for agents. */
export interface PlanTool {
  readonly of: Tool;
  /** Empty: neither the option nor the comment has any text. */
  readonly description: string;
  readonly readOnly: boolean;
  readonly idempotent: boolean;
  /** JSON Schema of the arguments, without hidden fields. */
  readonly input: JsonObject;
  /** JSON Schema of the answer. */
  readonly output: JsonObject;
  /** Request fields that make the answer smaller, in ProtoJSON names. */
  readonly narrow: readonly string[];
  /** Size in the list of tools, as JSON. */
  readonly bytes: number;
}
export interface PlanMethod {
  readonly method: BffMethod;
  readonly message: PlanMessage;
  /** The steps of the service's `let` that it starts. */
  readonly start: PlanStart | undefined;
  /** The permit of the rpc; undefined: only names of principals decide, or nothing does. */
  readonly permit: PlanPermit | undefined;
  /** Deprecation headers of the rpc. */
  readonly version: PlanVersion | undefined;
  /** Paths of deprecated fields of the request, near ones first and at most 100; undefined: it has none. */
  readonly deprecatedFields: readonly string[] | undefined;
  /** Paths of fields with `public_id`, likewise. */
  readonly publicIds: readonly string[] | undefined;
  /** Rate limits; undefined: callers may call it without limit. */
  readonly limits: PlanLimits | undefined;
  /** Headers of its answers; undefined: it declares none. */
  readonly headers: PlanAnswerHeaders | undefined;
  readonly tags: PlanAnswerTags | undefined;
  /** Party of its requests in fair queues; undefined: all are one party. */
  readonly share: PlanRequestShare | undefined;
  /** Traces and meters of its requests. */
  readonly telemetry: PlanTelemetry | undefined;
  /** Undefined: the rpc is no tool for agents. */
  readonly tool: PlanTool | undefined;
  /** The stream that the rpc follows; undefined: it returns one answer. */
  readonly stream: PlanStream | undefined;
  /** The triggers of its live answer. */
  readonly live: PlanLive | undefined;
  /** True if a part of its answer may arrive later: the rpc sends clients the names of arrived parts. */
  readonly hasParts: boolean;
  /** Its paths besides that of the rpc. */
  readonly rest: readonly RestRule[];
  /** Page sizes and page tokens of its request; undefined: it has no pages. */
  readonly pages: Pages | undefined;
  /** Parts of the caller that the rpc reads; undefined: no identity is declared. */
  readonly caller: CallerFields | undefined;
  /** The part of its answers that depends on the client; undefined: every answer has all fields. */
  readonly fields: PlanFieldChoice | undefined;
  /** Cache of its whole answers. */
  readonly cache: PlanResponseCache | undefined;
  /** Directives for HTTP caches of its answers. */
  readonly http: PlanHttpCache | undefined;
  /** Calls to one upstream at a time in one response. */
  readonly concurrent: number;
  /** Elements that a request may hold; undefined: as many as the server allows. */
  readonly maxElements: number | undefined;
  /** Class under overload; undefined: `normal`. */
  readonly priority: Exclude<IrPriority, "normal"> | undefined;
  /** Rules for the request, which run before anything is composed. */
  readonly validated: PlanRuledMessage | undefined;
}

/** Fields of an rpc's answers that depend on the client. */
export interface PlanFieldChoice {
  /** Path of the request's FieldMask, in proto names; undefined: clients cannot choose. */
  readonly mask: string | undefined;
  /** Full names of fields that only a mask selects. */
  readonly onRequest: readonly string[];
  /** Fields that headers, limits and meters read of the answer. */
  readonly needed: readonly string[];
  /** True if composing reads the mask. */
  readonly read: boolean;
  /** True if composing takes the selection; false: it is applied to the whole answer. */
  readonly byName: boolean;
  /** The fields that need each step that the rpc's service or opening hands on, by the names of these. */
  readonly needs: ReadonlyMap<string, Need>;
}

/** Source of a streaming rpc's messages, with defaults. Times are in milliseconds. */
export interface PlanStream {
  readonly of: Followed;
  readonly source:
    | { readonly kind: "call"; readonly call: Call; readonly entry: Entry }
    | { readonly kind: "follow"; readonly topic: PlanTopic; readonly key: Expression };
  /** The steps of the response that run once, before the source opens. */
  readonly opening: PlanOpening | undefined;
  readonly idleMs: Leaf<number> | undefined;
  /** Undefined: the response has no field for a heartbeat. */
  readonly heartbeatMs: Leaf<number> | undefined;
  readonly maxAgeMs: Leaf<number>;
  readonly ahead: Leaf<number>;
  readonly overflow: Leaf<IrOverflow>;
  readonly minIntervalMs: Leaf<number> | undefined;
  /** Names of surrounding functions, which no local name may hide. */
  readonly functions: NameScope;
}

/** A cache of whole answers. */
export interface PlanResponseCache extends PlanInputs {
  readonly at: Origin;
  /** In milliseconds. */
  readonly ttl: AmountValue;
  readonly stale: AmountValue | undefined;
  /** Undefined: purged answers are not used. */
  readonly purged: "spare" | "counted" | undefined;
  /** Undefined: one process fetches for all. */
  readonly singleFetch: false | undefined;
  /** True if entries or their requests may contain sensitive values: in Redis they are sealed. */
  readonly sensitive: boolean;
  /** A digest of all that the rpc is generated from. */
  readonly plan: string;
  /** `env.X` */
  readonly env: readonly string[];
  /** One call of each upstream with branches. */
  readonly ways: readonly Entry[];
}
/** Directives for HTTP caches. */
export interface PlanHttpCache {
  readonly at: Origin;
  readonly maxAgeMs: number;
  readonly staleMs: number | undefined;
  /**
   * Names of headers, lower-case: headers that are read or passed on, headers that identify the caller, and declared
   * headers.
   */
  readonly vary: readonly string[];
  readonly shared: boolean;
  /** True if a CDN receives the tags. */
  readonly tag: boolean;
}

/** Events that purge tags. */
export interface PlanPurge {
  readonly of: Purge;
  /** Identifies the declaration by its texts. */
  readonly digest: string;
}

/** Deprecation of an rpc. Days have the form of ISO 8601. */
export interface PlanVersion {
  /** Headers of every answer: names and values in turn. */
  readonly headers: readonly string[];
  readonly deprecation:
    | { readonly since: string; readonly sunset: string | undefined; readonly successor: string | undefined }
    | undefined;
  /** `package.Service/Method` */
  readonly successor: string | undefined;
}

/** `server.ts` of one package, or of several. */
export interface PlanServer {
  /** Name of the package, or the common prefix of all packages. */
  readonly name: string;
  /** `web/v1/server`, without extension. */
  readonly path: string;
  /** True if the server is generated; its identity is always written. */
  readonly written: boolean;
  /** Files whose messages a google.protobuf.Any may contain in JSON: all files of the run if an rpc has an Any. */
  readonly types: readonly DescFile[];
  readonly files: readonly PlanFile[];
  readonly upstreams: readonly PlanUpstream[];
  /** True if its caches may contain sensitive values. */
  readonly sensitive: boolean;
  /** True if cached answers have tags. */
  readonly tagged: boolean;
  /** True if a CDN receives tags. */
  readonly cdn: boolean;
  readonly purges: readonly PlanPurge[];
  readonly env: readonly EnvVar[];
  /**
   * Variables that services or their packages declare differently from `env`, with another default or other alternates.
   */
  readonly serviceEnv: ReadonlyMap<DescService, readonly EnvVar[]>;
  readonly identity: PlanIdentity | undefined;
  /** Its tools for agents, by name. */
  readonly tools: readonly PlanTool[];
}

/** `identity.ts` of one package. */
export interface PlanIdentity {
  /** `web/v1/identity`, without extension. */
  readonly path: string;
  readonly identity: Identity;
  /** The variables of the environment that it reads: `env.OIDC_ISSUER`. */
  readonly reads: ReadonlySet<string>;
  /** True if a call of its services carries a signed identity of the caller. */
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
