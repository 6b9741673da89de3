// What the declarations mean: names are descriptors, expressions are typed trees, steps form a graph. Still nothing is decided about how it runs.
import type { DescField, DescFile, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import type { Expression, Overload, Proto, Variable } from "../../cel/index.ts";
import type { Diagnostic } from "../../diagnostic/diagnostic.ts";
import type { Origin, Text } from "../../diagnostic/origin.ts";
import type { IrRateLimit } from "../../ir/edge.ts";
import type { Ir, IrEnvVar, IrFile, IrFunction, IrMessage, IrMethod, IrService } from "../../ir/ir.ts";
import type { IrStep } from "../../ir/step.ts";
import type { IrStream, IrTopic } from "../../ir/stream.ts";
import type { Bound, Conversions, MessageConversion, Target } from "../../model/conversion.ts";
import type { RuledMessage } from "../../model/rules.ts";
import type { Call, Fail } from "./call.ts";
import type { Callers, HttpCaching, Identity, ResponseCaching, Version } from "./edge.ts";
import type { RestRule } from "./rest.ts";

export interface Model {
  readonly ir: Ir;
  readonly files: readonly BffFile[];
  readonly packages: readonly BffPackage[];
  /** The `let` of every service that has one. */
  readonly lets: readonly Let[];
  /** Who may call each rpc; none of those whose permit has a fault. */
  readonly permits: readonly Permit[];
  /** How often each rpc may be called; none of those without limits. */
  readonly limits: readonly Limits[];
  /** What each rpc leaves traces of; none of those of whose package nothing is said. */
  readonly telemetry: readonly Telemetry[];
  /** What each streaming rpc follows; none of those that have a fault. */
  readonly streams: readonly Followed[];
  /** Of every service; none of those that have a fault. */
  readonly topics: readonly Topic[];
  /** What runs once for messages that are composed per item of a stream. */
  readonly openings: readonly Opening[];
  /** Every identity that governs a package of this run. */
  readonly identities: readonly Identity[];
  /** Composed messages, composers before what they compose. */
  readonly messages: readonly Composed[];
  readonly conversions: Conversions;
  /** What is checked of requests before they are composed: by message, also of those inside of them. */
  readonly rules: ReadonlyMap<DescMessage, RuledMessage>;
  /** Functions of the user, by declaration. */
  readonly functions: ReadonlyMap<IrFunction, Overload>;
  /** What messages that nothing composes name outside of themselves, of services that they may be meant for: steps, and `env.X`. */
  readonly namedAdrift: ReadonlySet<string>;
  /** What looks superfluous: only to be told when nothing is wrong, since a fault may be why nobody uses it. */
  readonly suspicions: readonly Diagnostic[];
}

/** A file for which code is generated. */
export interface BffFile {
  readonly ir: IrFile;
  readonly desc: DescFile;
  readonly services: readonly BffService[];
  /** In file order. */
  readonly messages: readonly Composed[];
  /** What the files of its package, and those that they import, say of the environment. */
  readonly env: readonly EnvVar[];
}
export interface BffPackage {
  readonly name: string;
  readonly files: readonly BffFile[];
  readonly identity: Identity | undefined;
}

// ---- who is calling ----

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
  /** Undefined: nothing says who calls. */
  readonly callers: Callers | undefined;
  /** The response, or what `response` puts in its place. */
  readonly composed: Composed;
  /** From what is composed to the declared response, where they differ. */
  readonly response: MessageConversion | undefined;
  /** Of the declared response. */
  readonly degradedField: DescField | undefined;
  /** Undefined: nothing says who calls. */
  readonly permit: Permit | undefined;
  /** Undefined: nothing says when it ends. */
  readonly version: Version | undefined;
  /** Undefined: as often as callers like. */
  readonly limits: Limits | undefined;
  readonly telemetry: Telemetry | undefined;
  /** What it follows; undefined: it gives one answer. */
  readonly stream: Followed | undefined;
  /** Of a stream: the steps of the response that do not rest on the item; undefined: there are none. */
  readonly opening: Opening | undefined;
  /** Of the declared response: where a follower is told where it stands. */
  readonly positionField: DescField | undefined;
  /** Its paths besides that of the rpc. */
  readonly rest: readonly RestRule[];
  /** Its answers as wholes are used again. */
  readonly cache: ResponseCaching | undefined;
  /** What HTTP caches are told of its answers. */
  readonly httpCache: HttpCaching | undefined;
  readonly timeoutMs: number;
  /** Of a stream that is one response in parts; undefined: it is none. */
  readonly parts: { readonly timeoutMs: number } | undefined;
  /** Of the declared response: where a client is told which parts have arrived. */
  readonly partsField: DescField | undefined;
  readonly noSideEffects: boolean;
  /** The steps of the service's `let` that it starts, in order of declaration. */
  readonly shared: readonly Step[];
}

// ---- composed messages ----

/** Steps that see each other, and what is made of them. */
export interface Block {
  readonly file: IrFile;
  readonly args: Args;
  /**
   * Steps of a service's `let` that it, or what it composes, reads: one for each name, whichever service it is composed for
   * (`SharedSource`). They count as declared before its own.
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
  /** The last of the steps, where its value is the message; then there are no targets. */
  readonly resolver: Step | undefined;
  /** What its resolvers can call. */
  readonly clients: readonly Call[];
  /** Undefined: no rpc that reaches it knows callers. */
  readonly callers: Callers | undefined;
}
/** The steps of a message that is composed per item of a stream which do not rest on the item: they run once, before the source opens. */
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

/** Who may call an rpc: what its service and itself say together. Its steps decide what names alone do not. */
export interface Permit extends Block {
  readonly kind: "permit";
  readonly ir: IrService;
  readonly desc: DescService;
  readonly rpc: IrMethod;
  /** The nearest permit that says so. */
  readonly at: Origin;
  /** Where it says that nobody has to be known; then it says nothing else. */
  readonly public: Origin | undefined;
  /** Any of these; undefined: any at all. */
  readonly sources: readonly string[] | undefined;
  /** All of these. */
  readonly scopes: readonly string[];
  /** Of each list any. */
  readonly roles: readonly (readonly string[])[];
  /**
   * Those of its steps that say when somebody may not: guards that are turned round, for theirs is the condition on which one passes. The
   * service's comes first. Others are decisions, steps of the service among them, which are taken here for themselves.
   */
  readonly conditions: readonly Step[];
  readonly callers: Callers | undefined;
  /** The steps of the service that it rests on, as declared. */
  readonly rests: ReadonlySet<IrStep>;
}

/** How often an rpc may be called: what the files of its package, its service and itself say. Its steps are the expressions of its uses. */
export interface Limits extends Block {
  readonly kind: "limits";
  readonly ir: IrService;
  readonly desc: DescService;
  readonly rpc: IrMethod;
  /** In this order; all apply. */
  readonly uses: readonly LimitUse[];
  readonly callers: Callers | undefined;
}
export interface LimitUse {
  readonly ir: IrRateLimit;
  /** Where it stands. */
  readonly of: "file" | "service" | "rpc";
  /** Of the rpc: its counters are those of this package. */
  readonly package: string;
  readonly key: Expression;
  readonly if: Expression | undefined;
  readonly cost: Expression | undefined;
  /** Over the answer, too: the declared response. */
  readonly settle: Expression | undefined;
  /** It is charged before credentials are judged: it reads nothing but the address, headers and `env`. */
  readonly early: boolean;
  /** It does not apply to callers of whom nobody is known: the rpc is public, and it reads the principal. */
  readonly spares: boolean;
  readonly env: readonly EnvVar[];
}

/** What a streaming rpc follows. Its steps are its call and the expressions around it. */
export interface Followed extends Block {
  readonly kind: "stream";
  readonly ir: IrService;
  readonly desc: DescService;
  readonly rpc: IrMethod;
  readonly stream: IrStream;
  readonly item: Variable;
  /** One of these two. */
  readonly call: Call | undefined;
  readonly follow: { readonly topic: IrTopic; readonly key: Expression } | undefined;
  /** In the requests of `call`: where to go on. */
  readonly resume: Variable | undefined;
  readonly position: { readonly kind: "int" | "uint" | "string"; readonly by: Expression } | undefined;
  readonly if: Expression | undefined;
  readonly until: Expression | undefined;
  readonly callers: Callers | undefined;
}

/** A log of items by key, of a service. Its steps are its call and the expressions around it. */
export interface Topic extends Block {
  readonly kind: "topic";
  readonly ir: IrService;
  readonly desc: DescService;
  readonly topic: IrTopic;
  /** An item, `event`. */
  readonly event: Variable;
  /** In the requests of `call`, as `resume`. */
  readonly key: Variable;
  readonly resume: Variable | undefined;
  readonly call: Call | undefined;
  readonly position: Followed["position"];
  readonly until: Expression | undefined;
}

/** What an rpc leaves traces of: what the files of its package say. Its steps are the expressions of its attributes. */
export interface Telemetry extends Block {
  readonly kind: "telemetry";
  readonly ir: IrService;
  readonly desc: DescService;
  readonly rpc: IrMethod;
  readonly attributes: readonly Attribute[];
  /** From 0 to 1. */
  readonly sample: number | undefined;
  readonly slowMs: number | undefined;
  readonly callers: Callers | undefined;
}
export interface Attribute {
  readonly text: Text;
  readonly expression: Expression;
  /** As what it is sent: a scalar, or a list of one. */
  readonly proto: Proto;
  readonly env: readonly EnvVar[];
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
  /** Whether a failure (not only an `if` or a missing key) may make it absent. */
  readonly absentByFailure: boolean;
  /** Whether a failure may have touched its value (even when it is present). */
  readonly tainted: boolean;
  /** Whether it is a field of the client's request, of the same name, at every place. */
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
  /** Its side effects wait for none of another such step, nor those of one of its items for another's. */
  readonly unordered: boolean;
  /** Fields that rest on it may come behind the first message of a stream of parts. */
  readonly deferred: boolean;
  readonly fallback: Bound | undefined;
  readonly after: readonly Step[];
  /** Steps that any of its expressions read, in order of declaration. */
  readonly reads: readonly Step[];
  /** Whether a reader may find no value (after its fallback). */
  readonly absent: boolean;
  readonly absentByFailure: boolean;
  /** Whether a failure may reach its value: it or what it reads may fail without failing the response. */
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
  /** Whether an item may have no value. */
  readonly itemAbsent: boolean;
  readonly key: Expression | undefined;
  readonly partial: boolean;
  readonly concurrent: number;
  readonly max: number | undefined;
}
/** The newest item of a topic's key; absent where there is none. */
export interface LatestSource {
  readonly kind: "latest";
  readonly topic: IrTopic;
  readonly type: DescMessage;
  readonly key: Expression;
}
export interface SwitchSource {
  readonly kind: "switch";
  /** All `by` are of one type; `value` says how each gets there. */
  readonly cases: readonly { readonly if: Expression; readonly value: Bound }[];
  readonly default: Bound | undefined;
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
  /** Whether it says what it reads. */
  readonly said: boolean;
}
/** A step of the service around a message, started elsewhere. */
export interface SharedSource {
  readonly kind: "shared";
  /** The step of each service that the message is composed for. */
  readonly of: readonly Step[];
}
