// Declarations of the author: the options of every file, each value with its origin. Nothing is resolved and no default
// is filled in.

import type {
  DescEnum,
  DescEnumValue,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescOneof,
  DescService,
  Registry,
} from "@bufbuild/protobuf";
import type { PredefinedRules } from "@protobff/messages/buf/validate/validate_pb.js";
import type { Origin, Sourced, Text } from "../diagnostic/diagnostic.ts";
import type {
  IrBinding,
  IrFairShare,
  IrHttpCache,
  IrHttpRule,
  IrIdentity,
  IrMessageRules,
  IrPermit,
  IrPriority,
  IrPurge,
  IrRateLimit,
  IrRules,
  IrTelemetry,
  IrTool,
  IrUsage,
  IrVersion,
} from "./edge.ts";
import type { Amount, IrBind, IrCache, IrLive, IrStep, IrStream, IrTopic, IrUpstream } from "./step.ts";

export interface Ir {
  /** All descriptors of the run, imports included. */
  readonly registry: Registry;
  /**
   * Every file that carries a rule (or is imported by one that does and has upstream or env rules), in the order of the
   * request.
   */
  readonly files: readonly IrFile[];
  /** All files of the run, for "not visible" hints. */
  readonly allFiles: readonly DescFile[];
  /**
   * Rules in buf.validate of the requests of the run's rpcs, and of the messages inside of them. Messages without rules
   * are left out.
   */
  readonly rules: ReadonlyMap<DescMessage, IrMessageRules>;
  /** Rules that users have defined: extensions of rules, with the checks that they cause. Read if there are `rules`. */
  readonly predefined: ReadonlyMap<string, IrRules<PredefinedRules>>;
  /** HTTP bindings of the rpcs that declare google.api.http. Read if an upstream or a branch of one declares HTTP_JSON. */
  readonly bindings: ReadonlyMap<DescMethod, IrBinding>;
}

export interface IrFile {
  readonly kind: "file";
  readonly desc: DescFile;
  /** True if code is generated for it; false: it is only imported. */
  readonly target: boolean;
  readonly upstreams: readonly IrUpstream[];
  readonly env: readonly IrEnvVar[];
  /** Functions of the user that expressions may call. */
  readonly functions: readonly IrFunction[];
  /** Identity of the callers of the package's services. */
  readonly identity: IrIdentity | undefined;
  /** Rate limits of all rpcs of its package. */
  readonly limits: readonly IrRateLimit[];
  /** Telemetry of all rpcs of the package. */
  readonly telemetry: IrTelemetry | undefined;
  /** Events about charged requests of the package. */
  readonly usage: IrUsage | undefined;
  /** Maximum number of elements in a request to the package's rpcs, unless the request declares its own. */
  readonly maxElements: Sourced<number> | undefined;
  /** Shares of the callers of all rpcs of the package. */
  readonly fairShare: IrFairShare | undefined;
  /** Host names of the package's services, with holes. */
  readonly hosts: readonly Text[];
  /** Events that purge tags. */
  readonly purges: readonly IrPurge[];
  /** Only services with `(bff.v1.service)`. */
  readonly services: readonly IrService[];
  /** Every message of the file, nested ones too (map entries left out), ruled or not, in file order. */
  readonly messages: readonly IrMessage[];
  /** Every enum of the file, nested ones too. */
  readonly enums: readonly IrEnum[];
}

export interface IrService {
  readonly kind: "service";
  readonly desc: DescService;
  readonly at: Origin;
  /** Run once per request, for all messages of a response. */
  readonly steps: readonly IrStep[];
  /** Permitted callers of its rpcs. */
  readonly permit: IrPermit | undefined;
  /** End of its rpcs. */
  readonly version: IrVersion | undefined;
  /** Rate limits of all its rpcs. */
  readonly limits: readonly IrRateLimit[];
  /** Directives to HTTP caches for responses of its rpcs without side effects. */
  readonly httpCache: IrHttpCache | undefined;
  /** Variables of the environment that its steps and its messages see. */
  readonly env: readonly IrEnvVar[];
  /** Sources that its rpcs may follow. */
  readonly topics: readonly IrTopic[];
  /** Its unary rpcs without side effects that are not public are tools. */
  readonly tool: IrTool | undefined;
  readonly methods: readonly IrMethod[];
}
export interface IrMethod {
  readonly kind: "method";
  readonly desc: DescMethod;
  /** The name of the rpc in the source. */
  readonly at: Origin;
  /** Milliseconds. */
  readonly timeout: Amount | undefined;
  /** Milliseconds from the beginning to the last part of a response that comes in parts. */
  readonly partsTimeout: Sourced<number> | undefined;
  readonly maxCalls: Sourced<number> | undefined;
  readonly maxElements: Sourced<number> | undefined;
  /** Class under overload. */
  readonly priority: Sourced<IrPriority> | undefined;
  /** The message to compose in place of the declared response. */
  readonly response: Text | undefined;
  /** Permitted callers, in addition to the service's permit. */
  readonly permit: IrPermit | undefined;
  /** End of the rpc; each leaf replaces that of the service. */
  readonly version: IrVersion | undefined;
  /** Rate limits, in addition to those of the service and the files. */
  readonly limits: readonly IrRateLimit[];
  /** Headers of its answers. */
  readonly headers: readonly IrBind[];
  /** The rpc is a tool for agents, or with `off` none; undefined: its service decides. */
  readonly tool: IrTool | undefined;
  /** Path of the request's FieldMask, `args.fields`: its clients choose fields. */
  readonly fields: Text | undefined;
  /** True if its request's rules are checked; undefined: they are checked if the request has some. */
  readonly validate: Sourced<boolean> | undefined;
  /** Directives to HTTP caches for its responses; each leaf replaces that of the service. */
  readonly httpCache: IrHttpCache | undefined;
  /** Cache of whole responses. */
  readonly cache: IrCache | undefined;
  /** Its paths besides that of the rpc. */
  readonly http: readonly IrHttpRule[];
  /** Source that it follows; undefined: it returns one response, or a diagnostic was reported. */
  readonly stream: IrStream | undefined;
  /** Undefined: its answer is no live one. There is then no `stream`. */
  readonly live: IrLive | undefined;
}

export interface IrMessage {
  readonly kind: "message";
  readonly desc: DescMessage;
  /** The name of the message in the source. */
  readonly at: Origin;
  /** True if `(bff.v1.message)` is present, even if it is empty. */
  readonly ruled: boolean;
  readonly steps: readonly IrStep[];
  readonly alias: Text | undefined;
  /** Further messages that it is a copy of. Towards upstreams the first alias is used. */
  readonly otherAliases: readonly Text[];
  /** A function of the user supplies it; never false. */
  readonly resolver: Sourced<boolean> | undefined;
  /** Steps that the function reads; undefined: every step of the message. */
  readonly reads: IrReads | undefined;
  /** Every field, in order of declaration. */
  readonly fields: readonly IrField[];
  /** Set for an alias of a composed message: its steps and sources are those of that message. Never read. */
  readonly subset?: IrSubset;
}

/** A composed message, as another message copies a part of it. */
export interface IrSubset {
  readonly of: IrMessage;
  /** The file of `of`, whose names, policies and functions its steps see. */
  readonly file: IrFile;
  /** The file of the copy. */
  readonly home: IrFile;
  /** The alias that names `of`. */
  readonly alias: Text;
}
export interface IrField {
  readonly kind: "field";
  readonly desc: DescField;
  /** The name of the field in the source. */
  readonly at: Origin;
  /** True if its rule has a fault, which was reported when it was read: the meaning of the field is undefined. */
  readonly faulty: boolean;
  readonly by: Text | undefined;
  readonly alias: Text | undefined;
  /** A function of the user supplies it; never false. */
  readonly resolver: Sourced<boolean> | undefined;
  /** Steps that the function reads; undefined: every step of the message. */
  readonly reads: IrReads | undefined;
  readonly if: Text | undefined;
  readonly default: Sourced<boolean> | undefined;
  /** Value of a copied field that is unset. */
  readonly fallback: Text | undefined;
  /** Reason for which clients may receive a sensitive value. */
  readonly reveal: Text | undefined;
  /** It is sent only if a mask names it; never false. */
  readonly onRequest: Sourced<boolean> | undefined;
  /** The upstream values behind it come from calls begun after the request; never false. */
  readonly fresh: Sourced<boolean> | undefined;
  /** Any caller may name the ids in it; never false. */
  readonly publicId: Sourced<boolean> | undefined;
  /** In a subset: the field of the composed message whose value it copies. */
  readonly source?: IrField;
  /** In a subset: the oneof whose member it decides about, its own or another message's. */
  readonly oneof?: DescOneof;
  /** In a subset: a member that decides about later members of its oneof, and is not kept. */
  readonly left?: true;
}

export interface IrReads {
  readonly steps: readonly Text[];
}

export interface IrEnum {
  readonly kind: "enum";
  readonly desc: DescEnum;
  readonly at: Origin;
  readonly alias: readonly Text[];
  readonly values: readonly IrEnumValue[];
}
export interface IrEnumValue {
  readonly kind: "enum_value";
  readonly desc: DescEnumValue;
  readonly at: Origin;
  readonly alias: readonly Text[];
  readonly default: Sourced<boolean> | undefined;
  readonly noAlias: Sourced<boolean> | undefined;
  /** Text that `enums.text` returns; may be empty. */
  readonly text: Sourced<string> | undefined;
}

export interface IrEnvVar {
  readonly kind: "env";
  readonly at: Origin;
  readonly name: Text;
  /** None of the known types after a fault; "" where none is written. */
  readonly type: Text;
  /** Shape that the type declares; undefined after a fault. */
  readonly shape: EnvShape | undefined;
  readonly default: Text | undefined;
  /** Other variables, read in this order if it is not set. */
  readonly alternates: readonly Text[];
  /** Smallest and largest value, in the notation of the type; undefined after a fault, too. */
  readonly min: Text | undefined;
  readonly max: Text | undefined;
}
export interface EnvShape {
  readonly of: "one" | "list" | "map";
  readonly item: "string" | "int" | "uint" | "bool" | "double" | "duration";
}

// ---- who is calling ----

/** A function of the user. */
export interface IrFunction {
  readonly kind: "function";
  /** With a dot: `slug.of`. */
  readonly name: Text;
  readonly params: readonly Text[];
  /** Undefined only after a diagnostic, of the name or of the result. */
  readonly result: Text | undefined;
}

// ---- steps ----
// ---- calls and policies ----
// ---- buf.validate ----
