// Reads the environment and the user's modules before the process opens anything.
import { readFileSync } from "node:fs";
import type { Message } from "@bufbuild/protobuf";
import { type ConfigFault, type Environment, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import type { LimitsSpec } from "@protobff/runtime/internal/environment/open-limits";
import type { TopicsSpec, TopicUse } from "@protobff/runtime/internal/environment/open-topics";
import type { UsageSpec } from "@protobff/runtime/internal/environment/open-usage";
import type { Overrides } from "@protobff/runtime/internal/environment/overrides";
import type { IdentitySpec } from "@protobff/runtime/internal/identity/spec";
import type { RateLimit } from "@protobff/runtime/internal/limits/rate-limit";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import type { ConfigResult } from "../config/config.ts";
import { sdkFaults } from "../config/config-otlp.ts";
import type { loadObserver } from "../config/load-observer.ts";
import type { loadResolvers, Supplied } from "../config/load-resolvers.ts";
import { isStdio } from "../config/stdio.ts";
import type { McpConfig } from "../mcp/open-mcp.ts";
import type { declaredOverrides as readOverrides } from "./open-overrides.ts";
import type { LoadTools, declaredTools as readTools } from "./open-tools.ts";

/** The part of a package's options that names modules and variables besides those of the configuration. */
interface DeclaringOptions<Env, Principal extends Message> {
  readonly name: string;
  readonly identity?: ((env: Env) => IdentitySpec<Principal>) | undefined;
  readonly limits?: readonly RateLimit[] | undefined;
  readonly topics?: readonly TopicUse[] | undefined;
  readonly usage?: readonly (string | undefined)[] | undefined;
  readonly purges?: readonly unknown[] | undefined;
  readonly pages?: boolean | undefined;
  readonly resolvers?: readonly string[] | undefined;
  readonly functions?: readonly string[] | undefined;
  readonly tools?: LoadTools | undefined;
  readonly observer?: Observer;
}

/** All parts of a package that are not yet open. */
export interface Declarations<Principal extends Message> {
  readonly identity: IdentitySpec<Principal> | undefined;
  readonly limits: LimitsSpec | undefined;
  /** Undefined: no package has topics, and no event of NATS purges a cache. */
  readonly topics: TopicsSpec | undefined;
  /** Undefined: no package has usage events. */
  readonly usage: UsageSpec | undefined;
  /** Seals page tokens. Undefined: the package has none. */
  readonly pages: Sealer | undefined;
  /** Undefined without tools. */
  readonly tools: McpConfig | undefined;
  /** Undefined: the server has no store, or they are off. */
  readonly overrides: Overrides | undefined;
  readonly supplied: Supplied;
  /** The export of the module in BFF_OBSERVER. */
  readonly observer: Observer | undefined;
  readonly faults: readonly ConfigFault[];
}

/** @param mocked whether upstreams may be mocked: topics need no NATS then */
export async function readDeclarations<Env, Principal extends Message>(
  options: DeclaringOptions<Env, Principal>,
  { config, faults: reported = [], env, isFilled }: ConfigResult<string, Env>,
  mocked: boolean,
  source: Environment = process.env,
): Promise<Declarations<Principal>> {
  const identity = await declaredIdentity(source, env, options.identity);
  const limits = await declaredLimits(source, options.limits);
  const topics = await declaredTopics(source, options, mocked);
  const usage = await declaredUsage(source, options.usage, mocked);
  const pages = await declaredPages(source, options.pages);
  const tools = await declaredTools(source, options.tools, identity.spec);
  const { limits: declared = [] } = options;
  const { name } = options;
  const sources = identity.spec?.sources ?? [];
  const overrides = await declaredOverrides(source, { name, limits: declared, sources });
  const user = await declaredFunctions(source, options);
  const loaded = options.observer === undefined ? await declaredObserver(source) : { faults: [] };
  const untraced = await sdkFaults(config?.telemetry.spans);
  const keepsState = declared.length > 0 || tools.config?.sealer !== undefined;
  const unstored = await redisFaults(source, keepsState);
  // Zero values replace variables that are reported already. Faults that these values cause are not reported.
  const ofIdentity =
    isFilled === true ? identity.faults.filter((fault) => isOfItself(fault, reported)) : identity.faults;
  return {
    identity: identity.spec,
    limits: limits.spec,
    topics: topics.spec,
    usage: usage.spec,
    pages: pages.sealer,
    tools: tools.config,
    overrides: overrides.overrides,
    supplied: user.supplied ?? { resolvers: undefined, functions: undefined },
    observer: loaded.observer,
    faults: [
      ...ofIdentity,
      ...limits.faults,
      ...topics.faults,
      ...usage.faults,
      ...pages.faults,
      ...tools.faults,
      ...overrides.faults,
      ...user.faults,
      ...loaded.faults,
      ...untraced,
      ...unstored,
    ],
  };
}

/** True if a fault names a variable that is not yet reported. */
function isOfItself({ variable }: ConfigFault, reported: readonly ConfigFault[]): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(variable) && reported.every((other) => other.variable !== variable);
}

/** Checks the variables of the identity's sources, and returns the identity to open. */
async function declaredIdentity<Env, Principal extends Message>(
  source: Environment,
  env: Env,
  declare: ((env: Env) => IdentitySpec<Principal>) | undefined,
): Promise<{ readonly spec?: IdentitySpec<Principal>; readonly faults: readonly ConfigFault[] }> {
  if (declare === undefined) return { faults: [] };
  const faults: ConfigFault[] = [];
  const spec = declare(env);
  const read = new EnvReader(source, faults);
  await spec.configure(read);
  if (spec.byCertificate !== undefined && read.optional("TLS_CLIENT_CA_FILE") === undefined) {
    const problem = `is not set, and the source ${spec.byCertificate} counts only with client certificates`;
    read.fault("TLS_CLIENT_CA_FILE", problem, "the path of a PEM file with the authorities that issue them");
  }
  if (spec.byCookie !== undefined && read.strings("BFF_CORS_ORIGINS", "").includes("*")) {
    const problem = `is *, and the source ${spec.byCookie} counts for browsers, of which only pages that are known may read answers`;
    read.fault("BFF_CORS_ORIGINS", problem, "the origins of these pages separated by commas, like https://app.example");
  }
  return { spec, faults };
}

/** Checks the variables of limits in the same way. */
async function declaredLimits(source: Environment, limits: readonly RateLimit[] = []) {
  if (limits.length === 0) return { spec: undefined, faults: [] };
  const faults: ConfigFault[] = [];
  const { configureLimits } = await import("@protobff/runtime/internal/environment/open-limits");
  return { spec: await configureLimits(limits, new EnvReader(source, faults)), faults };
}

/** Checks the tools of agents. A server without them cannot serve standard input. */
async function declaredTools(...[source, load, spec]: Parameters<typeof readTools>) {
  if (load === undefined && !isStdio(process)) return { config: undefined, faults: [] };
  return (await import("./open-tools.ts")).declaredTools(source, load, spec);
}

/** Variables that turn the tables of operators on. */
const STORES = ["DATABASE_URL", "BFF_STORE_FILE", "BFF_OVERRIDES"];

/** Checks the tables of operators. */
async function declaredOverrides(source: Environment, server: Parameters<typeof readOverrides>[1]) {
  if (STORES.every((name) => !source[name])) return { overrides: undefined, faults: [] };
  return (await import("./open-overrides.ts")).declaredOverrides(source, server);
}

/** Loads the user's functions. */
async function declaredFunctions(
  source: Environment,
  { resolvers = [], functions = [] }: Pick<DeclaringOptions<unknown, never>, "resolvers" | "functions">,
): Promise<Awaited<ReturnType<typeof loadResolvers>>> {
  if (resolvers.length + functions.length === 0) return { faults: [] };
  return (await import("../config/load-resolvers.ts")).loadResolvers(source, { resolvers, functions });
}

/** Loads the user's observer. */
async function declaredObserver(source: Environment): Promise<Awaited<ReturnType<typeof loadObserver>>> {
  return source.BFF_OBSERVER ? (await import("../config/load-observer.ts")).loadObserver(source) : { faults: [] };
}

/** Checks what a cache, or else limits or confirmations, will need of Redis. */
async function redisFaults(source: Environment, keepsState: boolean): Promise<readonly ConfigFault[]> {
  const variables = keepsState ? ["REDIS_URL", "BFF_STATE_REDIS_URL"] : ["REDIS_URL"];
  return variables.some((name) => source[name])
    ? (await import("../config/redis-faults.ts")).redisFaults(source, variables)
    : [];
}

/** Checks the variables of topics in the same way. */
async function declaredTopics(
  source: Environment,
  { topics = [], purges = [] }: Pick<DeclaringOptions<unknown, never>, "topics" | "purges">,
  mocked: boolean,
) {
  if (topics.length + purges.length === 0) return { spec: undefined, faults: [] };
  const faults: ConfigFault[] = [];
  const read = new EnvReader(source, faults);
  const { configureTopics } = await import("@protobff/runtime/internal/environment/open-topics");
  return { spec: await configureTopics(topics, read, readFileSync, mocked, purges.length > 0), faults };
}

/** Checks the destinations of usage events. */
async function declaredUsage(source: Environment, subjects: readonly (string | undefined)[] = [], mocked = false) {
  if (subjects.length === 0) return { spec: undefined, faults: [] };
  const faults: ConfigFault[] = [];
  const { configureUsage } = await import("@protobff/runtime/internal/environment/open-usage");
  return { spec: await configureUsage(subjects, new EnvReader(source, faults), readFileSync, mocked), faults };
}

/** Checks the keys of page tokens. */
async function declaredPages(source: Environment, pages = false) {
  if (!pages) return { sealer: undefined, faults: [] };
  const faults: ConfigFault[] = [];
  const { readPages } = await import("@protobff/runtime/internal/environment/open-pages");
  return { sealer: readPages(new EnvReader(source, faults)), faults };
}
