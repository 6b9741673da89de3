// The options of the suite's BFFs, as suite.json has them. Only the options that the suite uses.
import type { HttpRule } from "../transcoding/http-rule.ts";

export interface Bind {
  readonly name?: string;
  readonly by?: string;
  readonly if?: string;
  readonly spread?: string;
}
export interface Fail {
  readonly code?: string;
  readonly message?: string;
  readonly details?: readonly string[];
  readonly asIs?: boolean;
}
export interface ErrorRule {
  readonly on?: readonly string[];
  readonly if?: string;
  readonly ignore?: boolean;
  readonly fallback?: string;
  readonly fail?: Fail;
}
/** Policies of a call or of an upstream entry. */
export interface Policy {
  readonly timeout?: string | undefined;
  readonly retry?: {
    readonly attempts?: number | undefined;
    readonly on?: readonly string[] | undefined;
    readonly if?: string | undefined;
  };
  readonly hedge?: { readonly delay?: string | undefined; readonly max?: number | undefined };
  readonly cache?: { readonly ttl?: string | undefined };
  readonly metadata?: readonly Bind[];
  readonly forward?: readonly string[] | undefined;
  readonly onError?: readonly ErrorRule[];
  readonly protocol?: string | undefined;
  readonly shard?: Shard | undefined;
  readonly breaker?: Breaker;
}
export interface Branch {
  readonly name: string;
  readonly if?: string;
  readonly share?: number;
  readonly by?: string;
}
export interface Shard {
  readonly by?: string | undefined;
  readonly name?: string | undefined;
  readonly hash?: string | undefined;
}
export interface Breaker {
  readonly off?: boolean | undefined;
  readonly minimum?: number | undefined;
  readonly errorRate?: number | undefined;
  readonly window?: string | undefined;
  readonly openFor?: string | undefined;
  readonly consecutive?: number | undefined;
}
export interface Permit {
  readonly public?: boolean;
  readonly scope?: string | readonly string[];
  readonly role?: string | readonly string[];
  readonly let?: readonly Step[];
  readonly if?: string;
  readonly fail?: Fail;
}
export interface RateLimit {
  readonly name: string;
  readonly key: string;
  readonly rate: string;
  readonly per: string;
  readonly burst?: string;
  readonly cost?: string;
  readonly settle?: string;
  readonly if?: string;
}
export interface Identity {
  readonly type: string;
  readonly source: readonly {
    readonly jwt: {
      readonly issuer: string;
      readonly audience: readonly string[];
      readonly jwks: string;
      readonly claims: string;
    };
    readonly set: readonly Bind[];
  }[];
}
interface ServiceRule {
  readonly let?: readonly Step[];
  readonly permit?: Permit;
  readonly rateLimit?: readonly RateLimit[];
}
export interface Call extends Policy {
  readonly method: string;
  readonly set?: readonly Bind[];
  readonly request?: string;
  readonly batch?: {
    readonly name: string;
    readonly by: string;
    readonly items: string;
    readonly key?: string;
    readonly max?: number;
  };
}
export interface Upstream extends Policy {
  readonly branch?: readonly Branch[];
  readonly service?: string;
  readonly method?: string;
}
export interface Compose {
  readonly message: string;
  readonly args?: readonly Bind[];
}
export interface Each {
  readonly var: string;
  readonly in: string;
  readonly if?: string;
  readonly by?: string;
  readonly call?: Call;
  readonly compose?: Compose;
  readonly key?: string;
  readonly partial?: boolean;
  readonly concurrent?: number;
  readonly max?: number;
  readonly min?: number;
  readonly enough?: number;
}
export interface Step {
  readonly name?: string;
  readonly if?: string;
  readonly by?: string;
  readonly call?: Call;
  readonly compose?: Compose;
  readonly each?: Each;
  readonly switch?: {
    readonly case: readonly { readonly if: string; readonly by: string }[];
    readonly default?: string;
  };
  readonly guard?: { readonly if: string; readonly fail: Fail };
  readonly supplementary?: boolean;
  readonly fallback?: string;
  readonly autobind?: boolean;
  readonly after?: readonly string[];
  readonly unordered?: boolean;
  readonly defer?: boolean;
}
interface MessageRule {
  readonly let?: readonly Step[];
  readonly alias?: string | readonly string[];
}
export interface FieldRule {
  readonly by?: string;
  readonly if?: string;
  readonly default?: boolean;
  readonly alias?: string | readonly string[];
  readonly fallback?: string;
}
export interface Stream {
  readonly var: string;
  readonly call?: Call;
  readonly if?: string;
  readonly until?: string;
  readonly position?: string;
  readonly live?: { readonly every: string };
}
interface MethodRule {
  readonly timeout?: string;
  readonly response?: string;
  readonly partsTimeout?: string;
  readonly permit?: Permit;
  readonly rateLimit?: readonly RateLimit[];
  readonly cache?: { readonly ttl: string };
  readonly stream?: Stream;
}
export interface Rules {
  /** By full names. */
  readonly messages: ReadonlyMap<string, MessageRule>;
  readonly fields: ReadonlyMap<string, FieldRule>;
  readonly methods: ReadonlyMap<string, MethodRule>;
  readonly services: ReadonlyMap<string, ServiceRule>;
  readonly identity: Identity | undefined;
  readonly enums: ReadonlyMap<string, { readonly alias?: string | readonly string[] }>;
  readonly values: ReadonlyMap<string, { readonly alias?: string | readonly string[]; readonly default?: boolean }>;
  readonly paths: ReadonlyMap<string, HttpRule>;
  /** Entries of the packages' files and of common.proto. */
  readonly upstreams: ReadonlyMap<string, readonly Upstream[]>;
}

interface Declared {
  readonly name: string;
  readonly options?: Readonly<Record<string, object>>;
}
interface FileJson extends Declared {
  readonly package: string;
  readonly messageType?: readonly (Declared & { readonly field?: readonly Declared[] })[];
  readonly enumType?: readonly (Declared & { readonly value?: readonly Declared[] })[];
  readonly service?: readonly (Declared & { readonly method?: readonly Declared[] })[];
}

/** Reads the options of all files. */
export function rulesOf({ file: files }: { readonly file: readonly FileJson[] }): Rules {
  const maps: Record<string, Map<string, object>> = {};
  const add = (kind: string, prefix: string, { name, options }: Declared): void => {
    const rule = options?.[`[${kind === "http" ? "google.api" : "bff.v1"}.${kind}]`];
    maps[kind] ??= new Map();
    if (rule !== undefined) maps[kind].set(`${prefix}.${name}`, rule);
  };
  const upstreams = new Map<string, readonly Upstream[]>();
  const ruleOf = ({ options }: FileJson): { upstream?: readonly Upstream[]; identity?: Identity } =>
    options?.["[bff.v1.file]"] ?? {};
  const common = files.filter((file) => file.package === "conformance").map(ruleOf);
  const shared = common.flatMap(({ upstream = [] }) => upstream);
  for (const file of files) {
    upstreams.set(file.package, [...(ruleOf(file).upstream ?? []), ...shared]);
    for (const message of file.messageType ?? []) {
      add("message", file.package, message);
      for (const field of message.field ?? []) add("field", `${file.package}.${message.name}`, field);
    }
    for (const type of file.enumType ?? []) {
      add("enum", file.package, type);
      for (const value of type.value ?? []) add("enum_value", `${file.package}.${type.name}`, value);
    }
    for (const service of file.service ?? []) {
      add("service", file.package, service);
      for (const method of service.method ?? [])
        for (const kind of ["method", "http"]) add(kind, `${file.package}.${service.name}`, method);
    }
  }
  const of = (kind: string) => (maps[kind] ?? new Map()) as unknown as ReadonlyMap<string, never>;
  return {
    messages: of("message"),
    fields: of("field"),
    methods: of("method"),
    services: of("service"),
    enums: of("enum"),
    values: of("enum_value"),
    paths: of("http"),
    identity: common.find(({ identity }) => identity)?.identity,
    upstreams,
  };
}

/** An option that may be written once or as a list. */
export const first = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === "string" ? value : value?.[0];

/** Returns milliseconds. */
export function durationMs(text: string): number {
  const [, number, unit = "ms"] = /^([\d.]+)(ms|s|m|h|d)$/.exec(text) ?? [];
  return Number(number) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit] ?? 1);
}
