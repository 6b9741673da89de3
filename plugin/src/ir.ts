// What the author declared: the options of every file, each value with its origin. Nothing is resolved and no default is filled in.
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
import type { Code, Identify } from "./gen/bff/v1/options_pb.ts";
import type { FieldRules, MessageRules, OneofRules, PredefinedRules } from "./gen/buf/validate/validate_pb.ts";
import type { Origin, Place, Sourced, Text } from "./origin.ts";

export interface Ir {
  /** All descriptors of the run, imports included. */
  readonly registry: Registry;
  /** Every file that carries a rule (or is imported by one that does and has upstream or env rules), in the order of the request. */
  readonly files: readonly IrFile[];
  /** All files of the run, for "not visible" hints. */
  readonly allFiles: readonly DescFile[];
  /** What requests of the run's rpcs, and the messages inside of them, declare in buf.validate; none of those that declare nothing. */
  readonly rules: ReadonlyMap<DescMessage, IrMessageRules>;
  /** Rules that users have made: extensions of rules, with what is checked where they are set. Read where there are `rules`. */
  readonly predefined: ReadonlyMap<string, IrRules<PredefinedRules>>;
}

export interface IrFile {
  readonly kind: "file";
  readonly desc: DescFile;
  /** Whether code is to be generated for it (false: it is only imported). */
  readonly target: boolean;
  readonly upstreams: readonly IrUpstream[];
  readonly env: readonly IrEnvVar[];
  /** Functions of the user that expressions may call. */
  readonly functions: readonly IrFunction[];
  /** Who is calling the services of its package. */
  readonly identity: IrIdentity | undefined;
  /** How often callers may, of all rpcs of its package. */
  readonly limits: readonly IrRateLimit[];
  /** How many elements a request to one of its rpcs may hold that says nothing itself. */
  readonly maxElements: Sourced<number> | undefined;
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
  /** Who may call its rpcs. */
  readonly permit: IrPermit | undefined;
  /** When its rpcs end. */
  readonly version: IrVersion | undefined;
  /** How often callers may, of all its rpcs. */
  readonly limits: readonly IrRateLimit[];
  /** What HTTP caches are told of answers of its rpcs without side effects. */
  readonly httpCache: IrHttpCache | undefined;
  /** Variables of the environment that its steps and its messages see. */
  readonly env: readonly IrEnvVar[];
  readonly methods: readonly IrMethod[];
}
export interface IrMethod {
  readonly kind: "method";
  readonly desc: DescMethod;
  /** The name of the rpc in the source. */
  readonly at: Origin;
  /** Milliseconds. */
  readonly timeout: Sourced<number> | undefined;
  readonly maxCalls: Sourced<number> | undefined;
  readonly maxElements: Sourced<number> | undefined;
  /** The message to compose in place of the declared response. */
  readonly response: Text | undefined;
  /** Who may call it, in addition to what the service says. */
  readonly permit: IrPermit | undefined;
  /** When it ends, leaf by leaf in place of what the service says. */
  readonly version: IrVersion | undefined;
  /** How often callers may, in addition to what the service and the files say. */
  readonly limits: readonly IrRateLimit[];
  /** Whether its request's rules are checked; undefined: where it has some. */
  readonly validate: Sourced<boolean> | undefined;
  /** What HTTP caches are told of its answers, leaf by leaf in place of what the service says. */
  readonly httpCache: IrHttpCache | undefined;
  /** Of its answers as wholes. */
  readonly cache: IrCache | undefined;
  /** Its paths besides that of the rpc. */
  readonly http: readonly IrHttpRule[];
}
/** One binding of google.api.http. */
export interface IrHttpRule {
  readonly kind: "http_rule";
  readonly at: Origin;
  /** In capitals; `*`: any. */
  readonly method: string;
  readonly path: Text;
  /** What `path` says. */
  readonly template: HttpTemplate;
  /** `*` or a field; undefined: there is no body. */
  readonly body: Text | undefined;
  readonly responseBody: Text | undefined;
}
/** A path template taken apart. Segments are `*`, `**` (the last alone), or literals, percent-decoded, of which none is `*` or `**`. */
export interface HttpTemplate {
  readonly segments: readonly string[];
  readonly variables: readonly HttpVariable[];
  /** What stands behind the last colon, percent-decoded; undefined: none does. */
  readonly verb: string | undefined;
}
/** A field of the request, and the segments that it takes. */
export interface HttpVariable {
  /** `name`, `book.name`. */
  readonly field: string;
  /** Where that name stands in the template. */
  readonly at: number;
  /** Segments, the end exclusive. */
  readonly from: number;
  readonly to: number;
}
/** Days are as ISO 8601 has them, `2026-11-01`. */
export interface IrVersion {
  readonly kind: "version";
  readonly at: Origin;
  readonly deprecated: Text | undefined;
  readonly sunset: Text | undefined;
  /** "package.Service" or "package.Service/Method". */
  readonly successor: Text | undefined;
  /** Whether a day was none, which has been told. */
  readonly faulty: boolean;
}
/** Nothing said: any principal. */
export interface IrPermit {
  readonly kind: "permit";
  readonly at: Origin;
  /** No principal is needed; then it says nothing else. Never false. */
  readonly public: Sourced<boolean> | undefined;
  /** Any of these; none said: any. */
  readonly sources: readonly Text[];
  /** All of these. */
  readonly scopes: readonly Text[];
  /** Any of these; none said: none needed. */
  readonly roles: readonly Text[];
  readonly if: Text | undefined;
  /** How `if` refuses: PERMISSION_DENIED or NOT_FOUND, where a code is said. */
  readonly fail: IrFailure | undefined;
  /** Decisions of an rpc: `by`, `call` and `switch` alone. */
  readonly steps: readonly IrStep[];
}

/** How often callers may. */
export interface IrRateLimit {
  readonly kind: "rate_limit";
  readonly at: Origin;
  /** Limits of one name in a package are one counter. */
  readonly name: Text;
  /** Whom it counts. */
  readonly key: Text;
  /** So many in `per`. */
  readonly rate: Sourced<number>;
  /** In milliseconds; or a unit of the calendar, UTC. */
  readonly per: Sourced<number | CalendarUnit>;
  /** So many at once, after a rest; never of a unit of the calendar. Undefined: `rate`. */
  readonly burst: Sourced<number> | undefined;
  /** What a request is charged. Undefined: 1. */
  readonly cost: Text | undefined;
  /** What it has cost after all, over its answer. */
  readonly settle: Text | undefined;
  /** When it applies. */
  readonly if: Text | undefined;
  /** Each process counts alone. */
  readonly local: boolean;
  /** Refuses while its counters cannot be reached. */
  readonly closed: boolean;
  readonly sources: { readonly local: Sourced<boolean> | undefined; readonly closed: Sourced<boolean> | undefined };
}
export type CalendarUnit = "day" | "month";

export interface IrMessage {
  readonly kind: "message";
  readonly desc: DescMessage;
  /** The name of the message in the source. */
  readonly at: Origin;
  /** Whether `(bff.v1.message)` is there at all, even empty. */
  readonly ruled: boolean;
  readonly steps: readonly IrStep[];
  readonly alias: Text | undefined;
  /** Further messages that it is a copy of. Towards upstreams the first alias is used. */
  readonly otherAliases: readonly Text[];
  /** A function of the user supplies it; never false. */
  readonly resolver: Sourced<boolean> | undefined;
  /** What that function reads; undefined: every step of the message. */
  readonly reads: IrReads | undefined;
  /** Every field, in order of declaration. */
  readonly fields: readonly IrField[];
}
export interface IrField {
  readonly kind: "field";
  readonly desc: DescField;
  /** The name of the field in the source. */
  readonly at: Origin;
  /** Whether its rule has a fault, told when it was read: what the field means nobody knows. */
  readonly faulty: boolean;
  readonly by: Text | undefined;
  readonly alias: Text | undefined;
  /** A function of the user supplies it; never false. */
  readonly resolver: Sourced<boolean> | undefined;
  /** What that function reads; undefined: every step of the message. */
  readonly reads: IrReads | undefined;
  readonly if: Text | undefined;
  readonly default: Sourced<boolean> | undefined;
  /** Of a field of a copy: what stands in where it is unset. */
  readonly fallback: Text | undefined;
}

export interface IrReads {
  readonly at: Origin;
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
  /** What `enums.text` gives; may be empty. */
  readonly text: Sourced<string> | undefined;
}

export interface IrEnvVar {
  readonly kind: "env";
  readonly at: Origin;
  readonly name: Text;
  /** None of the known types after a fault; "" where none is written. */
  readonly type: Text;
  /** What the type says; undefined after a fault. */
  readonly shape: EnvShape | undefined;
  readonly default: Text | undefined;
  /** Other variables, read in this order where it is not set. */
  readonly alternates: readonly Text[];
}
export interface EnvShape {
  readonly of: "one" | "list" | "map";
  readonly item: "string" | "int" | "uint" | "bool" | "double" | "duration";
}

// ---- who is calling ----

export interface IrIdentity {
  readonly kind: "identity";
  readonly at: Origin;
  /** Undefined: bff.v1.Principal. */
  readonly type: Text | undefined;
  readonly sources: readonly IrIdentitySource[];
}

/** One way of proving who is calling. */
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

/** What all kinds have. Texts with holes are templates as those of failures. Times are milliseconds. */
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

/** A function of the user. */
export interface IrFunction {
  readonly kind: "function";
  readonly at: Origin;
  /** With a dot: `slug.of`. */
  readonly name: Text;
  readonly params: readonly Text[];
  /** Undefined only after a diagnostic, of the name or of the result. */
  readonly result: Text | undefined;
}

// ---- steps ----

export interface IrStep {
  readonly kind: "step";
  readonly at: Origin;
  /** Position in the `let`, from 0. */
  readonly index: number;
  readonly name: Text | undefined;
  readonly if: Text | undefined;
  /** Undefined only after a diagnostic. */
  readonly source: IrSource | undefined;
  readonly supplementary: Sourced<boolean> | undefined;
  readonly fallback: Text | undefined;
  readonly autobind: Sourced<boolean> | undefined;
  readonly after: readonly Text[];
  readonly unordered: Sourced<boolean> | undefined;
}
export type IrSource = IrBy | IrCall | IrCompose | IrEach | IrSwitch | IrGuard;

export interface IrBy {
  readonly kind: "by";
  readonly by: Text;
}
export interface IrCompose {
  readonly kind: "compose";
  readonly at: Origin;
  readonly message: Text | undefined;
  readonly args: readonly IrBind[];
}
export interface IrEach {
  readonly kind: "each";
  readonly at: Origin;
  readonly var: Text | undefined;
  readonly in: Text | undefined;
  readonly if: Text | undefined;
  readonly source: IrBy | IrCall | IrCompose | undefined;
  readonly key: Text | undefined;
  readonly partial: Sourced<boolean> | undefined;
  readonly concurrent: Sourced<number> | undefined;
  readonly max: Sourced<number> | undefined;
}
export interface IrSwitch {
  readonly kind: "switch";
  readonly at: Origin;
  readonly cases: readonly { readonly at: Origin; readonly if: Text | undefined; readonly by: Text | undefined }[];
  readonly default: Text | undefined;
}
export interface IrGuard {
  readonly kind: "guard";
  readonly at: Origin;
  readonly if: Text | undefined;
  readonly fail: IrFailure | undefined;
}
export interface IrFailure {
  readonly kind: "failure";
  readonly at: Origin;
  readonly code: Sourced<Code> | undefined;
  readonly message: Text | undefined;
  readonly details: readonly Text[];
  /** What is not said here is the upstream's; never false. */
  readonly asIs: Sourced<boolean> | undefined;
}

// ---- calls and policies ----

export interface IrBind {
  readonly kind: "bind";
  readonly at: Origin;
  readonly name: Text | undefined;
  readonly by: Text | undefined;
  readonly if: Text | undefined;
  readonly spread: Text | undefined;
}
export interface IrCall {
  readonly kind: "call";
  readonly at: Origin;
  readonly method: Text | undefined;
  readonly set: readonly IrBind[];
  readonly request: Text | undefined;
  readonly policy: IrPolicy;
  readonly batch: IrBatch | undefined;
}
export interface IrUpstream {
  readonly kind: "upstream";
  readonly at: Origin;
  /** Neither `service` nor `method`: every upstream. */
  readonly service: Text | undefined;
  readonly method: Text | undefined;
  readonly policy: IrPolicy;
  readonly breaker: IrBreaker | undefined;
  readonly retryBudget: IrRetryBudget | undefined;
  /** Whether it says nothing: it makes a service known to resolvers. */
  readonly bare: boolean;
}

/** What a call and an upstream entry may both say. Times are milliseconds. */
export interface IrPolicy {
  readonly timeout: Sourced<number> | undefined;
  readonly retry: IrRetry | undefined;
  readonly hedge: IrHedge | undefined;
  readonly cache: IrCache | undefined;
  readonly limit: IrLimit | undefined;
  readonly metadata: readonly IrBind[];
  readonly forward: readonly Text[];
  readonly onError: readonly IrErrorRule[];
  readonly idempotent: Sourced<boolean> | undefined;
  readonly readOnly: Sourced<boolean> | undefined;
  /** Whether, and how, the upstream is told who calls; never IDENTIFY_UNSPECIFIED. */
  readonly identify: Sourced<Identify> | undefined;
  /** Of an entry of a service, or of all upstreams. */
  readonly branches: readonly IrBranch[];
}
/** Another address of an upstream, and which requests go there. */
export interface IrBranch {
  readonly at: Origin;
  readonly name: Text;
  readonly if: Text | undefined;
  readonly share: Sourced<number> | undefined;
  readonly by: Text | undefined;
}
export interface IrRetry {
  readonly at: Origin;
  readonly attempts: Sourced<number> | undefined;
  readonly on: readonly Sourced<Code>[];
  readonly initial: Sourced<number> | undefined;
  readonly max: Sourced<number> | undefined;
  readonly multiplier: Sourced<number> | undefined;
  readonly if: Text | undefined;
}
export interface IrHedge {
  readonly at: Origin;
  readonly delay: Sourced<number> | undefined;
  /** Attempts beside the first; 0: none. */
  readonly max: Sourced<number> | undefined;
}
export interface IrCache {
  readonly at: Origin;
  /** 0: not cached. */
  readonly ttl: Sourced<number> | undefined;
  readonly stale: Sourced<number> | undefined;
}
/** What HTTP caches are told of answers; milliseconds, in whole seconds. */
export interface IrHttpCache {
  readonly at: Origin;
  readonly maxAge: Sourced<number> | undefined;
  readonly stale: Sourced<number> | undefined;
  /** Names of headers, lower-case. */
  readonly vary: readonly Text[];
  readonly shared: Sourced<boolean> | undefined;
  /** Whether a duration was none, which has been told. */
  readonly faulty: boolean;
}
export interface IrRetryBudget {
  readonly at: Origin;
  readonly maxTokens: Sourced<number> | undefined;
  readonly tokenRatio: Sourced<number> | undefined;
}
export interface IrLimit {
  readonly at: Origin;
  readonly concurrent: Sourced<number> | undefined;
  readonly queued: Sourced<number> | undefined;
}
export interface IrBreaker {
  readonly at: Origin;
  readonly errorRate: Sourced<number> | undefined;
  readonly window: Sourced<number> | undefined;
  readonly minimum: Sourced<number> | undefined;
  readonly openFor: Sourced<number> | undefined;
  readonly probes: Sourced<number> | undefined;
  readonly slow: Sourced<number> | undefined;
  readonly slowRate: Sourced<number> | undefined;
  readonly off: Sourced<boolean> | undefined;
}
export interface IrBatch {
  readonly at: Origin;
  readonly name: Text | undefined;
  readonly by: Text | undefined;
  readonly items: Text | undefined;
  readonly key: Text | undefined;
  /** Over `item`, in place of `key`. */
  readonly keyBy: Text | undefined;
  /** Over `key`. */
  readonly wrap: Text | undefined;
  readonly many: Sourced<boolean> | undefined;
  readonly max: Sourced<number> | undefined;
}
export interface IrErrorRule {
  readonly at: Origin;
  readonly on: readonly Sourced<Code>[];
  readonly if: Text | undefined;
  readonly then:
    | { readonly kind: "ignore"; readonly at: Origin }
    | { readonly kind: "fallback"; readonly by: Text }
    | { readonly kind: "fail"; readonly fail: IrFailure }
    | undefined;
}

// ---- buf.validate ----

/** `(buf.validate.message)`, `(buf.validate.oneof)` and `(buf.validate.field)` of one message. */
export interface IrMessageRules {
  readonly desc: DescMessage;
  readonly message: IrRules<MessageRules> | undefined;
  readonly oneofs: readonly { readonly desc: DescOneof; readonly rules: IrRules<OneofRules> }[];
  readonly fields: ReadonlyMap<DescField, IrRules<FieldRules>>;
}
/** An option of buf.validate and where it stands. */
export interface IrRules<Rules> {
  readonly value: Rules;
  readonly place: Place;
}
