// The meaning of the declarations: names are descriptors, expressions are typed trees, steps form a graph. How it runs
// is still undecided.

import type { DescEnum, DescField, DescFile, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import type { Expression, Overload, Proto, Variable } from "../../cel/index.ts";
import type { Diagnostic, Origin, Text } from "../../diagnostic/diagnostic.ts";
import type { IrFairShare, IrMeter, IrPurge, IrRateLimit, IrUsage } from "../../ir/edge.ts";
import type { Ir, IrEnvVar, IrFile, IrFunction, IrMessage, IrMethod, IrService } from "../../ir/ir.ts";
import type { IrBind, IrStep, IrStream, IrTopic } from "../../ir/step.ts";
import type { BoundExpression, Conversions, MessageConversion, Target } from "../../model/conversion.ts";
import type { RuledMessage } from "../../model/rules.ts";
import type { AmountValue } from "../../text/amount.ts";
import type { Call, Fail } from "./call.ts";
import type { Callers, FieldChoice, HttpCaching, Identity, ResponseCaching, Version } from "./edge.ts";
import type { FailableFields } from "./missing/failable-fields.ts";
import type { RestRule } from "./rest.ts";

export interface Model {
  readonly ir: Ir;
  readonly files: readonly BffFile[];
  readonly packages: readonly BffPackage[];
  /** The `let` of every service that has one. */
  readonly lets: readonly Let[];
  /** The permit of each RPC, without permits that have a fault. */
  readonly permits: readonly Permit[];
  /** The limits of each RPC that has any. */
  readonly limits: readonly Limits[];
  /** The headers of the answers of each RPC that declares any. */
  readonly headers: readonly AnswerHeaders[];
  readonly tags: readonly AnswerTags[];
  /** Events that purge tags, without those that have a fault. */
  readonly purges: readonly Purge[];
  /** The fair shares of each RPC, without packages that declare none. */
  readonly shares: readonly RequestShare[];
  /** The telemetry of each RPC, without packages that declare none. */
  readonly telemetry: readonly Telemetry[];
  /** The tool of each RPC that is one. */
  readonly tools: readonly Tool[];
  /** The stream of each streaming RPC, without streams that have a fault. */
  readonly streams: readonly Followed[];
  /** The topics of every service, without topics that have a fault. */
  readonly topics: readonly Topic[];
  /** The steps that run once for messages that are composed per item of a stream. */
  readonly openings: readonly Opening[];
  /** Every identity that governs a package of this run. */
  readonly identities: readonly Identity[];
  /** Composed messages, composers before what they compose. */
  readonly messages: readonly Composed[];
  readonly conversions: Conversions;
  /**
   * Rules for requests, checked before composition. They are grouped by message, including messages inside of requests.
   */
  readonly rules: ReadonlyMap<DescMessage, RuledMessage>;
  /** Functions of the user, by declaration. */
  readonly functions: ReadonlyMap<IrFunction, Overload>;
  /** Names of services' steps and variables (`env.X`) that messages without a composer read outside of themselves. */
  readonly namedUncomposed: ReadonlySet<string>;
  /**
   * Warnings about superfluous declarations. They are reported only if nothing is wrong, since a fault may be why a
   * declaration is unused.
   */
  readonly suspicions: readonly Diagnostic[];
  readonly failable: FailableFields;
}

/** A file for which code is generated. */
export interface BffFile {
  readonly ir: IrFile;
  readonly desc: DescFile;
  readonly services: readonly BffService[];
  /** In file order. */
  readonly messages: readonly Composed[];
  /** Environment variables that the files of its package and their imports declare. */
  readonly env: readonly EnvVar[];
  /** Host names of its package. None: every host. */
  readonly hosts: readonly Host[];
}
/** Parts of a host name, in order: text, and variables of type string. */
export type Host = readonly (string | { readonly env: string })[];

export interface BffPackage {
  readonly name: string;
  readonly files: readonly BffFile[];
  readonly identity: Identity | undefined;
}

// ---- callers ----

export interface EnvVar {
  readonly ir: IrEnvVar;
  readonly variable: Variable;
}
export interface BffService {
  readonly ir: IrService;
  readonly desc: DescService;
  readonly methods: readonly BffMethod[];
  readonly let: Let | undefined;
  /** Its own variables of the environment. */
  readonly env: readonly EnvVar[];
}
export interface BffMethod {
  readonly ir: IrMethod;
  readonly desc: DescMethod;
  /** Undefined: no identity is declared. */
  readonly callers: Callers | undefined;
  /** The response, or the message that `response` names instead. */
  readonly composed: Composed;
  /** Conversion of the composed message to the declared response, if they differ. */
  readonly response: MessageConversion | undefined;
  /** The field for degradations, in the declared response. */
  readonly degradedField: DescField | undefined;
  /** Undefined: no identity is declared. */
  readonly permit: Permit | undefined;
  /** Undefined: no end is declared. */
  readonly version: Version | undefined;
  /** Undefined: no limit. */
  readonly limits: Limits | undefined;
  /** Undefined: it declares no headers of its answers. */
  readonly headers: AnswerHeaders | undefined;
  readonly tags: AnswerTags | undefined;
  readonly telemetry: Telemetry | undefined;
  /** Undefined: all of its requests are one party. */
  readonly share: RequestShare | undefined;
  /** Undefined: the RPC is no tool for agents. */
  readonly tool: Tool | undefined;
  /** The stream that the RPC follows. Undefined: it returns one answer. */
  readonly stream: Followed | undefined;
  /** Steps of a stream's response that do not depend on the item. Undefined: none. */
  readonly opening: Opening | undefined;
  /** The field for a follower's position, in the declared response. */
  readonly positionField: DescField | undefined;
  /** The mask of its requests. Undefined: clients cannot choose fields. */
  readonly fields: FieldChoice | undefined;
  /** Its paths besides that of the rpc. */
  readonly rest: readonly RestRule[];
  /** Caching of its answers as a whole. */
  readonly cache: ResponseCaching | undefined;
  /** Caching headers of its answers. */
  readonly httpCache: HttpCaching | undefined;
  /** In milliseconds. */
  readonly timeout: AmountValue;
  /** Set for a stream that is one response in parts. */
  readonly parts: { readonly timeoutMs: number } | undefined;
  /** The field for arrived parts, in the declared response. */
  readonly partsField: DescField | undefined;
  readonly noSideEffects: boolean;
  /** The steps of the service's `let` that it starts, in order of declaration. */
  readonly shared: readonly Step[];
}

// ---- composed messages ----

/** Steps that see each other, and the values made from them. */
export interface Block {
  readonly file: IrFile;
  readonly args: Args;
  /**
   * Steps of a service's `let` that the message, or one that it composes, reads. There is one for each name,
   * independent of the service (`SharedSource`). They count as declared before its own.
   */
  readonly shared: readonly Step[];
  /** The variables of the environment that its expressions may read. */
  readonly env: readonly EnvVar[];
  /** In order of declaration. */
  readonly steps: readonly Step[];
  /** In order of declaration; the Degradation field left out. */
  readonly targets: readonly Target[];
}
export interface Composed extends Block {
  readonly kind: "composed";
  readonly ir: IrMessage;
  readonly desc: DescMessage;
  readonly degradedField: DescField | undefined;
  /** The last step, if its value is the message. There are then no targets. */
  readonly resolver: Step | undefined;
  /** Calls that its resolvers can make. */
  readonly clients: readonly Call[];
  /** Undefined: no RPC that reaches it has callers. */
  readonly callers: Callers | undefined;
}
/**
 * Steps of a message composed per item of a stream that do not depend on the item. They run once, before the source
 * opens.
 */
export interface Opening extends Omit<Composed, "kind" | "targets" | "resolver" | "clients"> {
  readonly kind: "opening";
  readonly targets: readonly [];
}
/** The `let` of a service. */
export interface Let extends Block {
  readonly kind: "let";
  readonly ir: IrService;
  readonly desc: DescService;
}

/** Block of an option of one RPC. */
export interface RpcBlock extends Block {
  readonly ir: IrService;
  readonly desc: DescService;
  readonly rpc: IrMethod;
  readonly callers: Callers | undefined;
}

/** Permit of an RPC, merged from its service and itself. Its steps decide the parts that names alone cannot. */
export interface Permit extends RpcBlock {
  readonly kind: "permit";
  /** Place of the nearest permit. */
  readonly at: Origin;
  /** Place of `public`, which allows calls without a principal. All other parts are then empty. */
  readonly public: Origin | undefined;
  /** The caller needs one of these. Undefined: any source. */
  readonly sources: readonly string[] | undefined;
  /** The caller needs all of these. */
  readonly scopes: readonly string[];
  /** The caller needs at least one role of each list. */
  readonly roles: readonly (readonly string[])[];
  /**
   * Steps that refuse the caller, as inverted guards: a guard has the condition to pass, these have the condition to
   * refuse. The service's come first. Other steps are decisions, including steps of the service, which run for the
   * permit separately.
   */
  readonly conditions: readonly Step[];
  /** The steps of the service that the permit reads, as declared. */
  readonly rests: ReadonlySet<IrStep>;
}

/**
 * Limits of an RPC: those of its package's files, its service and itself. Its steps are the expressions of its uses.
 */
export interface Limits extends RpcBlock {
  readonly kind: "limits";
  /** In this order; all apply. */
  readonly uses: readonly LimitUse[];
  /** Events about these charges. Undefined: there are none. */
  readonly usage: Usage | undefined;
}
/** Usage events of an RPC. */
export interface Usage {
  readonly ir: IrUsage;
  readonly fields: readonly UsageField[];
}
export interface UsageField {
  readonly name: string;
  readonly by: Expression;
  readonly proto: Proto;
  readonly env: readonly EnvVar[];
}
export interface LimitUse {
  readonly ir: IrRateLimit;
  /** Level of the declaration. */
  readonly of: "file" | "service" | "rpc";
  /** Package of the RPC, which owns the counters. */
  readonly package: string;
  readonly key: Expression;
  readonly if: Expression | undefined;
  readonly cost: Expression | undefined;
  /** Over the answer, too: the declared response. */
  readonly settle: Expression | undefined;
  /** The stream's variable if `settle` reads it. Undefined: `settle` reads each message. */
  readonly settledItem: Variable | undefined;
  /**
   * True if the limit is charged before credentials are checked: it reads nothing but the address, headers and `env`.
   */
  readonly early: boolean;
  /** True if the limit does not apply to anonymous callers: the RPC is public, and the limit reads the principal. */
  readonly spares: boolean;
  readonly env: readonly EnvVar[];
}

/** Headers of an RPC's answers. Its steps are their expressions. */
export interface AnswerHeaders extends RpcBlock {
  readonly kind: "headers";
  readonly headers: readonly AnswerHeader[];
}
export interface AnswerHeader {
  readonly ir: IrBind;
  readonly name: string;
  /** Over the answer, too, unless it is a stream: the declared response. */
  readonly by: Expression;
  readonly if: Expression | undefined;
  readonly env: readonly EnvVar[];
}

/** Tags of an RPC's cached answers, or triggers of its live answer. Its steps are their holes. */
export interface AnswerTags extends RpcBlock {
  readonly kind: "tags";
  readonly tags: readonly AnswerTag[];
  /** Topics whose events compose a live answer again. */
  readonly follows: readonly { readonly topic: IrTopic; readonly key: Expression }[];
}
export interface AnswerTag {
  readonly text: Text;
  /** Literal text, and holes over the request and the answer. */
  readonly parts: readonly (string | Expression)[];
}

/** Events that purge tags. */
export interface Purge {
  readonly ir: IrPurge;
  readonly file: IrFile;
  /** Message of an event. */
  readonly type: DescMessage;
  /** Holes read `event`. */
  readonly tags: readonly AnswerTag[];
  /** Names of the packages whose servers read the events. */
  readonly packages: ReadonlySet<string>;
}

/** An RPC that is a tool for agents. Its steps are the expressions of its hidden fields. */
export interface Tool extends RpcBlock {
  readonly kind: "tool";
  /** Place of the `tool` of the RPC, or else of its service. */
  readonly at: Origin;
  readonly name: string;
  /** Place of the name if it is declared, or else of the RPC's name. */
  readonly nameAt: Origin;
  /** Undefined: neither the option nor the comment has any text. */
  readonly description: string | undefined;
  readonly group: string | undefined;
  readonly confirm: boolean;
  readonly maxBytes: number;
  /** Undefined: the RPC returns one response. */
  readonly waitMs: number | undefined;
  readonly hidden: readonly HiddenField[];
}
/** A request field that clients of a tool do not see. */
export interface HiddenField {
  readonly ir: IrBind;
  readonly path: readonly DescField[];
  /** Undefined: the field stays unset. */
  readonly bound: BoundExpression | undefined;
}

/** Source of a streaming RPC. Its steps are its call and the expressions around it. */
export interface Followed extends RpcBlock {
  readonly kind: "stream";
  readonly stream: IrStream;
  readonly item: Variable;
  /** Exactly one of these two is set. */
  readonly call: Call | undefined;
  readonly follow: { readonly topic: IrTopic; readonly key: Expression } | undefined;
  /** The position at which the requests of `call` resume. */
  readonly resume: Variable | undefined;
  readonly position: { readonly kind: "int" | "uint" | "string"; readonly by: Expression } | undefined;
  readonly if: Expression | undefined;
  readonly until: Expression | undefined;
}

/** A log of items by key, of a service. Its steps are its call and the expressions around it. */
export interface Topic extends Block {
  readonly kind: "topic";
  readonly desc: DescService;
  readonly topic: IrTopic;
  /** An item, `event`. */
  readonly event: Variable;
  readonly call: Call | undefined;
  readonly position: Followed["position"];
  readonly until: Expression | undefined;
}

/** Telemetry of an RPC, from the files of its package. Its steps are the expressions of its attributes and meters. */
export interface Telemetry extends RpcBlock {
  readonly kind: "telemetry";
  readonly attributes: readonly Attribute[];
  readonly meters: readonly Meter[];
  /** From 0 to 1. */
  readonly sample: number | undefined;
  readonly slowMs: number | undefined;
}
export interface Attribute {
  readonly text: Text;
  readonly expression: Expression;
  /** The type in which it is sent: a scalar, or a list of scalars. */
  readonly proto: Proto;
  readonly env: readonly EnvVar[];
}

/** The party of an RPC's requests in fair queues. Its steps are the key and the weight. */
export interface RequestShare extends RpcBlock {
  readonly kind: "share";
  readonly share: IrFairShare;
  readonly key: Expression;
  readonly weight: Expression | undefined;
}

/** A counter, as one RPC adds to it. */
export interface Meter {
  readonly ir: IrMeter;
  readonly by: Expression;
  readonly labels: readonly MeterLabel[];
  readonly env: readonly EnvVar[];
}
export interface MeterLabel {
  readonly name: string;
  readonly by: Expression;
  /** Undefined: the label is a bool. */
  readonly enum: DescEnum | undefined;
}

export interface Args {
  /** The request's message, when every place passes the same one; undefined: a set of names. */
  readonly message: DescMessage | undefined;
  readonly variable: Variable;
  /** The names in use, in order of first use; empty when `message` is set. */
  readonly members: readonly Arg[];
}
export interface Arg {
  readonly name: string;
  readonly variable: Variable;
  /** True if a failure (not only an `if` or a missing key) may make it absent. */
  readonly absentByFailure: boolean;
  /** True if a failure may affect its value (even if it is present). */
  readonly tainted: boolean;
  /** True if it is a field of the client's request, of the same name, at every place. */
  readonly ofRequest: boolean;
}

export interface Step {
  readonly ir: IrStep;
  readonly name: string | undefined;
  readonly index: number;
  /** How others read it; undefined for guards and unnamed steps. */
  readonly variable: Variable | undefined;
  readonly if: Expression | undefined;
  readonly source: Source;
  readonly supplementary: boolean;
  readonly autobind: boolean;
  /** True if its side effects wait for no other such step, and side effects of its items do not wait for each other. */
  readonly unordered: boolean;
  /** True if fields that depend on it may follow the first message of a stream of parts. */
  readonly deferred: boolean;
  readonly fallback: BoundExpression | undefined;
  readonly after: readonly Step[];
  /** Steps that any of its expressions read, in order of declaration. */
  readonly reads: readonly Step[];
  /** True if a reader may find no value (after its fallback). */
  readonly absent: boolean;
  readonly absentByFailure: boolean;
  /** True if a failure may affect its value: the step or one of its inputs may fail without failing the response. */
  readonly tainted: boolean;
}

export type Source =
  | BySource
  | CallSource
  | ComposeSource
  | EachSource
  | SwitchSource
  | GuardSource
  | LatestSource
  | SharedSource
  | ResolverSource;

export interface BySource {
  readonly kind: "by";
  readonly by: Expression;
}
export interface CallSource {
  readonly kind: "call";
  readonly call: Call;
}
export interface ComposeSource {
  readonly kind: "compose";
  readonly message: DescMessage;
  readonly args: readonly ArgBinding[];
}
export interface ArgBinding {
  readonly name: string;
  readonly by: Expression;
  readonly if: Expression | undefined;
  readonly at: Origin;
}
export interface EachSource {
  readonly kind: "each";
  readonly item: Variable;
  readonly in: Expression;
  readonly if: Expression | undefined;
  readonly source: BySource | CallSource | ComposeSource;
  /** True if an item may have no value. */
  readonly itemAbsent: boolean;
  readonly key: Expression | undefined;
  readonly partial: boolean;
  readonly concurrent: number;
  readonly max: number | undefined;
  /** True: the items are the names of all shards of the called upstream. */
  readonly scatters: boolean;
  readonly quorum: Quorum | undefined;
}
/** The number of values that an `each` needs. */
export interface Quorum {
  /** Fewer values fail the step, and fewer items fail it before any call. */
  readonly min: number | undefined;
  /** After this many values the remaining items are cancelled. */
  readonly enough: number | undefined;
}
/** The newest item of a topic's key. Absent if there is none. */
interface LatestSource {
  readonly kind: "latest";
  readonly topic: IrTopic;
  readonly type: DescMessage;
  readonly key: Expression;
}
export interface SwitchSource {
  readonly kind: "switch";
  /** All cases result in one type. `value` converts each case to it. */
  readonly cases: readonly { readonly if: Expression; readonly value: BoundExpression }[];
  readonly default: BoundExpression | undefined;
}
export interface GuardSource {
  readonly kind: "guard";
  readonly if: Expression;
  readonly fail: Fail;
}
/** A function of the user. */
export interface ResolverSource {
  readonly kind: "resolver";
  readonly message: DescMessage;
  /** Undefined: it supplies the whole message. */
  readonly field: DescField | undefined;
  /** True if the declaration lists its reads. */
  readonly hasReads: boolean;
  /** True if its errors may quote sensitive values: the run has redacted fields. */
  readonly sensitive: boolean;
}
/** A step of the service around a message, started elsewhere. */
export interface SharedSource {
  readonly kind: "shared";
  /** The step of each service that the message is composed for. */
  readonly of: readonly Step[];
}
