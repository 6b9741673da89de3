// The server: one process around the endpoints of a package. Configuration from the environment, one port for HTTP/1.1 and HTTP/2,
// health, reflection, logs, draining; ordinary unary calls on a path of its own, all others through Connect's adapter. It may know
// every other room, and no other knows it.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { DescFile, DescService, Message } from "@bufbuild/protobuf";
import { Cache } from "@protobff/runtime/internal/cache/cache";
import { systemClock } from "@protobff/runtime/internal/clock";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { type Environment, EnvReader, type Fault } from "@protobff/runtime/internal/environment/env-reader";
import { configureLimits } from "@protobff/runtime/internal/environment/open-limits";
import { configureTopics, NO_TOPICS, type TopicUse } from "@protobff/runtime/internal/environment/open-topics";
import type { Identity } from "@protobff/runtime/internal/identity/identity";
import type { IdentitySpec, OpenIdentity } from "@protobff/runtime/internal/identity/spec";
import type { Limits } from "@protobff/runtime/internal/limits/limits";
import type { RateLimit } from "@protobff/runtime/internal/limits/rate-limit";
import type { AuditEvent, Observer } from "@protobff/runtime/internal/observer";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import type { Topics } from "@protobff/runtime/internal/topic/topic";
import type { UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import { readConfig, type ServerConfig } from "./config/config.ts";
import { sdkFaults } from "./config/config-otlp.ts";
import { loadObserver } from "./config/load-observer.ts";
import { loadResolvers, type Supplied } from "./config/load-resolvers.ts";
import { type Listening, listen } from "./listen.ts";
import { ADMIN_VARIABLES, explainListenError, OWN_VARIABLES, type WantedPort } from "./listener/listen-error.ts";
import type { FailureLog } from "./logs/failure-log.ts";
import { freeAfterCompiling } from "./memory/compilers-memory.ts";
import { steerOldGeneration } from "./memory/old-generation.ts";
import { sweepOnOneThread } from "./memory/sweeping-threads.ts";
import { boundYoungGeneration } from "./memory/young-generation.ts";
import type { Admin } from "./process/admin.ts";
import { drainOnSignal } from "./process/drain.ts";
import { type MockDefaults, mockedOf, mockMode, openMocks } from "./process/mocks.ts";
import { likened } from "./process/observers.ts";
import { openOwnAdmin, serverFamilies } from "./process/open-admin.ts";
import { type Observers, openObservers } from "./process/open-observers.ts";
import { addCertificates, KeySets } from "./process/server-families.ts";
import { cannotStart, explainFaults, startLine } from "./process/start-line.ts";
import { closeClients, connect, type Reach } from "./process/upstream-clients.ts";
import { watchCertificates } from "./process/watch-certificates.ts";
import { WORKER_MARK } from "./workers/messages.ts";
import type { Worker } from "./workers/worker.ts";

/** What a generated `server.ts` says about its package. */
export interface ServeOptions<
  Upstreams extends Readonly<Record<string, DescService>>,
  Env,
  Principal extends Message = never,
  Limit extends RateLimit = never,
> {
  /** The proto package. */
  readonly name: string;
  /** The BFF services, for health and reflection. */
  readonly services: readonly DescService[];
  /** Files besides those of the services, and what these import, whose messages a google.protobuf.Any may hold in JSON. */
  readonly types?: readonly DescFile[];
  /** What it calls. The address of each is in `<FULL_SERVICE_NAME>_URL`, upper case and dots as underscores. */
  readonly upstreams: Upstreams;
  /** The branches of each. The address of one is in `<FULL_SERVICE_NAME>_<BRANCH>_URL`; without it the branch is off. */
  readonly branches?: { readonly [Name in keyof Upstreams]?: readonly string[] } | undefined;
  /** How each is reached, where that is said. */
  readonly reach?: { readonly [Name in keyof Upstreams]?: Reach } | undefined;
  /** Reads the variables that the BFF's own expressions use. */
  readonly env: (read: EnvReader) => Env;
  /** Functions that the user's module has to export, as members of `resolvers`: its path is in `BFF_RESOLVERS`. */
  readonly resolvers?: readonly string[] | undefined;
  /** The same of `functions`, which expressions call. */
  readonly functions?: readonly string[] | undefined;
  /** How callers are known, of a package that says so. */
  readonly identity?: ((env: Env) => IdentitySpec<Principal>) | undefined;
  /** All that its rpcs are limited by. */
  readonly limits?: readonly Limit[] | undefined;
  /** All topics that its rpcs follow or ask. */
  readonly topics?: readonly TopicUse[] | undefined;
  /** What will run, of each file with services, for the live page: asked when one is looked at. */
  readonly plan?: (() => Promise<readonly unknown[]>) | undefined;
  /** What upstreams answer that are mocked, of a server that was generated with mocks. Loaded only when `--mock` is given. */
  readonly mocks?: (() => Promise<readonly MockDefaults[]>) | undefined;
  readonly create: (
    parts: ServeParts<Upstreams, Env, Principal, Limit>,
  ) => readonly (Endpoint | StreamEndpoint)[] | Promise<readonly (Endpoint | StreamEndpoint)[]>;
  /** Besides the log on standard error, which BFF_LOG turns off. Default: what the module in BFF_OBSERVER exports, if any. */
  readonly observer?: Observer;
}

/** What the endpoints are made from. */
export interface ServeParts<Upstreams, Env, Principal extends Message = never, Limit extends RateLimit = never> {
  /** Of each upstream, and of each branch that has an address, as `agent.canary`. */
  readonly clients: { readonly [Name in keyof Upstreams]: UnaryClient };
  readonly env: Env;
  /** Who is asked who is calling; undefined where `ServeOptions.identity` says nothing. */
  readonly identity: [Principal] extends [never] ? undefined : Identity<Principal>;
  /** What limits are counted with; undefined where `ServeOptions.limits` says nothing. */
  readonly limits: [Limit] extends [never] ? undefined : Limits;
  /** What its topics are made with. */
  readonly topics: Topics;
  /** For the upstreams: the cache of the process, with a second level when REDIS_URL is set. */
  readonly cache: Cache;
  /** What the user's module exports, with all functions of `ServeOptions.resolvers` and `ServeOptions.functions`. */
  readonly supplied: Supplied;
  readonly observer?: Observer;
}

/**
 * Runs a server as a process of its own, configured by the environment. Resolves when it is up, having printed
 * `listening on http://<host>:<port>` (as an object with BFF_LOG=json); tells failures on standard error. Ends the process with 2 when variables are missing or
 * malformed, with 1 when the port cannot be had, and with 0 after SIGTERM or SIGINT.
 */
export async function serve<
  const Upstreams extends Readonly<Record<string, DescService>>,
  Env,
  Principal extends Message = never,
  Limit extends RateLimit = never,
>(given: ServeOptions<Upstreams, Env, Principal, Limit>): Promise<void> {
  freeAfterCompiling();
  const { mode, faults: unmockable } = mockMode(process.argv.slice(2), given.mocks !== undefined);
  const mocked = mockedOf(given.upstreams, mode, process.env);
  const options = { ...given, upstreams: without(given.upstreams, mocked) };
  // Who does not read what is printed, or has no room for it, wants the server all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const { config, faults = [], env, isFilled } = readConfig(process.env, options, readFileSync);
  const worker = await workerOf(process);
  if (config !== undefined && config.workers > 1 && worker === undefined) {
    // What only the user's modules show is wrong is told by the first worker.
    const { supervise } = await import("./workers/supervise.ts");
    boundYoungGeneration(process);
    return supervise(options.name, config);
  }
  const { spec, faults: unknown } = await declaredIdentity(process.env, env, options.identity);
  // Zero values stand in for variables that are reported already: what these make wrong is not.
  const also = isFilled === true ? unknown.filter((one) => isOfItself(one, faults)) : unknown;
  const { spec: limited, faults: unlimited } = await declaredLimits(process.env, options.limits);
  const { spec: followed, faults: unfollowed } = await declaredTopics(process.env, options.topics, mode !== "none");
  const { resolvers = [], functions = [] } = options;
  const none = resolvers.length + functions.length === 0;
  const user = none ? { faults: [] } : await loadResolvers(process.env, { resolvers, functions });
  const loaded = options.observer === undefined ? await loadObserver(process.env) : { faults: [] };
  const untraced = await sdkFaults(config?.telemetry.spans);
  const wrong = [
    ...unmockable,
    ...faults,
    ...also,
    ...unlimited,
    ...unfollowed,
    ...user.faults,
    ...loaded.faults,
    ...untraced,
  ];
  if (config === undefined || wrong.length > 0) {
    process.stderr.write(explainFaults(options.name, wrong, process.env.BFF_LOG === "json" ? "json" : "text"));
    return process.exit(2);
  }
  /** Those of this process, by the names of upstreams. */
  const mocks = await openMocks(mocked, given.mocks);
  const clients = { ...(await connect(options, config)), ...Object.fromEntries(mocks) };
  let listening: Listening | undefined;
  const explored = { ...given, mocks, own: () => listening?.url };
  const observers = await openObservers(explored, config, options.observer, loaded.observer, worker?.speaks);
  const { observer, log, fault } = observers;
  const keySets = new KeySets();
  observers.metrics?.add(() => keySets.families);
  const audit = (event: AuditEvent) => observer?.audit?.(event);
  const identity = await spec?.open({ clock: systemClock, fault, audit, fetched: keySets.fetched });
  const limits = await limited?.open({ clock: systemClock, fault, processes: config.workers, first: worker?.speaks });
  const topics = await followed.open({ clock: systemClock, fault, observer, first: worker?.speaks });
  const cache = await openCache(config.redisUrl, log);
  const endpoints = await options.create({
    clients,
    cache,
    supplied: user.supplied ?? { resolvers: undefined, functions: undefined },
    env: config.env,
    identity: identity as ServeParts<Upstreams, Env, Principal, Limit>["identity"],
    limits: limits as ServeParts<Upstreams, Env, Principal, Limit>["limits"],
    topics,
    ...(observer !== undefined && { observer: config.warmUpMs > 0 ? likened(observer, false) : observer }),
  });
  boundYoungGeneration(process); // all is loaded
  sweepOnOneThread(process);
  steerOldGeneration(process);
  observers.metrics?.begin(
    endpoints.map(({ method }) => ({
      name: `${method.parent.typeName}/${method.name}`,
      isStream: method.methodKind === "server_streaming",
    })),
  );
  if (config.warmUpMs > 0) await warmedUp(given, config, identity, observers);

  let admin: Admin | undefined;
  let wanted: WantedPort = { ...(config.telemetry.admin ?? config), variables: ADMIN_VARIABLES };
  try {
    // That of several processes is the supervisor's.
    if (worker === undefined) admin = await openOwnAdmin(config.telemetry.admin, observers, () => listening);
    else observers.metrics?.add(() => serverFamilies(listening));
    wanted = { ...config, variables: OWN_VARIABLES };
    listening = await listen(endpoints, {
      ...config,
      services: options.services,
      fault,
      // The supervisor waits before it says so.
      ...(worker !== undefined && { connections: worker, drainDelayMs: 0 }),
      ...(identity !== undefined && { identity }),
      ...(options.types !== undefined && { types: options.types }),
    });
  } catch (error) {
    process.stderr.write(cannotStart(options.name, explainListenError(error, wanted), config.log));
    return process.exit(1);
  }
  const up = listening;
  const watched = watchCertificates(options, config, { clients, listening: up, observer });
  addCertificates(observers.metrics, watched);
  const close = async (replaced: boolean) => {
    for (const files of watched) files.close();
    const drainDelayMs = worker === undefined ? config.drainDelayMs : 0;
    const deadline = performance.now() + drainDelayMs + config.graceMs;
    await (replaced ? up.handOver(config.graceMs) : up.close(config.graceMs));
    await closeClients(Object.values(clients), deadline - performance.now());
    await cache.close();
    await Promise.race([
      closed(identity, limits, topics, observers, () => Math.max(0, deadline - performance.now())),
      sleep(Math.max(0, deadline - performance.now()), undefined, { ref: false }),
    ]);
    await admin?.close(); // the last one: who looks on sees it end
  };
  const end = (replaced = false) =>
    close(replaced).catch((thrown: unknown) => {
      log?.server("could not shut down in order", thrown);
      throw thrown;
    });
  // Of a resolver's, say, which is one request's: the others are not to end with the process.
  process.on("unhandledRejection", (reason) => log?.rejection(reason));
  if (worker !== undefined) {
    const snapshot = () => observers.metrics?.snapshot();
    worker.serves({ leave: () => up.leave(), end, snapshot }, identity?.opened ?? Promise.resolve());
    return;
  }
  drainOnSignal(process, end, (code) => process.exit(code));
  const shown = { admin: admin?.url, explorer: observers.explorer !== undefined, mocked: [...mocks.keys()] };
  process.stdout.write(startLine(up.url, shown, config.log));
}

/** Nobody is asked or told anything outside: not the user's functions either. */
async function warmedUp<
  Upstreams extends Readonly<Record<string, DescService>>,
  Env,
  P extends Message,
  L extends RateLimit,
>(
  { upstreams, create }: ServeOptions<Upstreams, Env, P, L>,
  { warmUpMs: forMs, http2, http2Server, env }: ServerConfig<keyof Upstreams & string, Env>,
  judging: OpenIdentity | undefined,
  { observer: told, log }: Observers,
): Promise<void> {
  const { warmUp, NoLimits, REFUSING, SampleIdentity } = await import("./warm-up/warm-up.ts"); // nobody else pays for loading it
  const topics = await NO_TOPICS.open({ clock: systemClock, fault: () => {} });
  const limits = new NoLimits({ clock: systemClock, fault: () => {} });
  const identity = judging && new SampleIdentity(judging);
  const observer = told && likened(told, true);
  const rest = { supplied: REFUSING, env, identity, limits, topics, ...(observer !== undefined && { observer }) };
  const endpoints = (clients: Readonly<Record<string, UnaryClient>>) =>
    create({ ...rest, cache: new Cache(), clients } as unknown as ServeParts<Upstreams, Env, P, L>);
  try {
    await warmUp({ forMs, upstreams, http2, http2Server, create: endpoints });
  } catch (thrown) {
    log?.server("could not warm up", thrown); // it serves all the same
  } finally {
    await topics.close();
  }
}

/** This process as one of several that serve the port; undefined where it serves alone. */
async function workerOf(of: NodeJS.Process): Promise<Worker | undefined> {
  if (of.env[WORKER_MARK] === undefined) return undefined;
  const { Worker } = await import("./workers/worker.ts"); // nobody else pays for loading it
  return Worker.of(of);
}

/** Whether a fault names a variable, and none that is reported already. */
function isOfItself({ variable }: Fault, reported: readonly Fault[]): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(variable) && reported.every((other) => other.variable !== variable);
}

/** What is wrong with the variables of its sources, and what there is to open. */
async function declaredIdentity<Env, Principal extends Message>(
  source: Environment,
  env: Env,
  declare: ((env: Env) => IdentitySpec<Principal>) | undefined,
): Promise<{ readonly spec?: IdentitySpec<Principal>; readonly faults: readonly Fault[] }> {
  if (declare === undefined) return { faults: [] };
  const faults: Fault[] = [];
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

/** The same of limits. */
async function declaredLimits(source: Environment, limits: readonly RateLimit[] = []) {
  const faults: Fault[] = [];
  const spec = limits.length === 0 ? undefined : await configureLimits(limits, new EnvReader(source, faults));
  return { spec, faults };
}

/** The same of topics. */
async function declaredTopics(source: Environment, topics: readonly TopicUse[] = [], mocked = false) {
  const faults: Fault[] = [];
  const spec = await configureTopics(topics, new EnvReader(source, faults), readFileSync, mocked);
  return { spec: spec ?? NO_TOPICS, faults };
}

async function closed(
  identity: OpenIdentity | undefined,
  limits: Limits | undefined,
  topics: Topics,
  observers: Observers,
  leftMs: () => number,
): Promise<void> {
  await identity?.close();
  await limits?.close();
  await topics.close();
  await observers.close(leftMs());
}

function without<T extends Readonly<Record<string, unknown>>>(all: T, names: ReadonlyMap<string, unknown>): T {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !names.has(name))) as T;
}

async function openCache(redisUrl: string | undefined, log: FailureLog | undefined): Promise<Cache> {
  if (redisUrl === undefined) return new Cache();
  const { RedisLevel } = await import("@protobff/runtime/internal/cache/redis-level"); // nobody else pays for loading it
  return new Cache({ second: new RedisLevel(redisUrl, (error) => log?.redis(error)) });
}
