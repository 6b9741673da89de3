// The server: one process around the endpoints of a package. Configuration from the environment, one port for HTTP/1.1 and HTTP/2,
// health, reflection, logs, draining; ordinary unary calls on a path of its own, all others through Connect's adapter. It may know
// every other room, and no other knows it.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { DescFile, DescService, Message } from "@bufbuild/protobuf";
import { Cache } from "../cache/cache.ts";
import { systemClock } from "../clock.ts";
import type { Endpoint } from "../compose/endpoint-options.ts";
import type { Identity } from "../identity/identity.ts";
import type { IdentitySpec, OpenIdentity } from "../identity/spec.ts";
import type { Limits } from "../limits/limits.ts";
import type { RateLimit } from "../limits/rate-limit.ts";
import type { CertificateEvent, Observer } from "../observer.ts";
import { GrpcClient } from "../transport/grpc-client.ts";
import type { UnaryClient } from "../transport/unary-client.ts";
import { AuditLog, appendingTo, toStandardError } from "./audit-log.ts";
import { CertificateFiles, type Certificates, certificatePaths } from "./certificate-files.ts";
import { explainFaults, readConfig, type ServerConfig, type ServerTls, type UpstreamAddress } from "./config.ts";
import { drainOnSignal } from "./drain.ts";
import { type Environment, EnvReader, type Fault } from "./env-reader.ts";
import { FailureLog, type LogFormat, type ServerFault } from "./failure-log.ts";
import { type Listening, listen } from "./listen.ts";
import { harmless, loadObserver } from "./load-observer.ts";
import { loadResolvers, type Supplied } from "./load-resolvers.ts";
import { together } from "./observers.ts";
import { configureLimits } from "./open-limits.ts";

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
  readonly create: (
    parts: ServeParts<Upstreams, Env, Principal, Limit>,
  ) => readonly Endpoint[] | Promise<readonly Endpoint[]>;
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
>(options: ServeOptions<Upstreams, Env, Principal, Limit>): Promise<void> {
  // Who does not read what is printed, or has no room for it, wants the server all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const { config, faults = [], env } = readConfig(process.env, options, readFileSync);
  const { spec, faults: unknown } = await declaredIdentity(process.env, env, options.identity);
  const { spec: limited, faults: unlimited } = await declaredLimits(process.env, options.limits);
  const { resolvers = [], functions = [] } = options;
  const none = resolvers.length + functions.length === 0;
  const user = none ? { faults: [] } : await loadResolvers(process.env, { resolvers, functions });
  const loaded = options.observer === undefined ? await loadObserver(process.env) : { faults: [] };
  const wrong = [...faults, ...unknown, ...unlimited, ...user.faults, ...loaded.faults];
  if (config === undefined || wrong.length > 0) {
    process.stderr.write(explainFaults(options.name, wrong));
    return process.exit(2);
  }
  const clients = connect(options.upstreams, config);
  const log = config.log === "off" ? undefined : openLog(config.log);
  if (config.branchesOff.length > 0) log?.branchesOff(config.branchesOff);
  const own =
    options.observer ?? (loaded.observer && harmless(loaded.observer, (event, thrown) => log?.observer(event, thrown)));
  const fault = (what: string, cause: unknown): void => log?.server(what, cause);
  const audit = config.audit === undefined ? undefined : openAudit(config.audit, fault);
  const observer = together([log, own, audit].filter((one) => one !== undefined));
  const identity = await spec?.open({ clock: systemClock, fault, audit: (event) => observer?.audit?.(event) });
  const limits = await limited?.open({ clock: systemClock, fault });
  const cache = await openCache(config.redisUrl, log);
  const endpoints = await options.create({
    clients,
    cache,
    supplied: user.supplied ?? { resolvers: undefined, functions: undefined },
    env: config.env,
    identity: identity as ServeParts<Upstreams, Env, Principal, Limit>["identity"],
    limits: limits as ServeParts<Upstreams, Env, Principal, Limit>["limits"],
    ...(observer !== undefined && { observer }),
  });

  let listening: Listening;
  try {
    listening = await listen(endpoints, {
      ...config,
      services: options.services,
      fault,
      ...(identity !== undefined && { identity }),
      ...(options.types !== undefined && { types: options.types }),
    });
  } catch (error) {
    process.stderr.write(`${options.name} cannot start: ${explainListenError(error, config)}\n`);
    return process.exit(1);
  }
  const watched = watchCertificates(options, config, { clients, listening, observer });
  const close = async () => {
    for (const files of watched) files.close();
    const deadline = performance.now() + config.drainDelayMs + config.graceMs;
    await listening.close(config.graceMs);
    await closeClients(Object.values(clients), deadline - performance.now());
    await cache.close();
    await Promise.race([
      closed(identity, limits, audit),
      sleep(Math.max(0, deadline - performance.now()), undefined, { ref: false }),
    ]);
  };
  drainOnSignal(
    process,
    () =>
      close().catch((thrown: unknown) => {
        log?.server("could not shut down in order", thrown);
        throw thrown;
      }),
    (code) => process.exit(code),
  );
  // Of a resolver's, say, which is one request's: the others are not to end with the process.
  process.on("unhandledRejection", (reason) => log?.rejection(reason));
  process.stdout.write(startLine(listening.url, config.log));
}

/** What is wrong with the variables of its sources, and what there is to open. */
async function declaredIdentity<Env, Principal extends Message>(
  source: Environment,
  env: Env | undefined,
  declare: ((env: Env) => IdentitySpec<Principal>) | undefined,
): Promise<{ readonly spec?: IdentitySpec<Principal>; readonly faults: readonly Fault[] }> {
  // Without the values that it is declared with nothing can be said about it.
  if (declare === undefined || env === undefined) return { faults: [] };
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

/** Of this server, and those that it shows to upstreams. */
function watchCertificates(
  { upstreams, branches }: Pick<ServeOptions<Readonly<Record<string, DescService>>, unknown>, "upstreams" | "branches">,
  config: ServerConfig<string, unknown>,
  to: {
    readonly clients: Readonly<Record<string, GrpcClient>>;
    readonly listening: Listening;
    readonly observer?: Observer | undefined;
  },
): readonly CertificateFiles[] {
  const tell = (event: CertificateEvent): void => to.observer?.certificate?.(event);
  return certificatePaths(process.env, upstreams, branches).flatMap((paths) => {
    const { of } = paths;
    const { clientCa, ...own }: Partial<ServerTls> = config.tls ?? {};
    const first =
      of === undefined
        ? { ...own, ...(clientCa !== undefined && { ca: clientCa }) }
        : { ...config.upstreams, ...config.branches }[of]?.tls;
    if (first === undefined) return [];
    const renew = (found: Certificates): void => {
      const { cert, key, ca } = found;
      if (of !== undefined) to.clients[of]?.renew(found);
      else if (cert !== undefined && key !== undefined)
        to.listening.renew({ cert, key, ...(ca !== undefined && { clientCa: ca }) });
    };
    return [new CertificateFiles(paths, first, { clock: systemClock, renew, tell })];
  });
}

function openAudit(where: string, fault: ServerFault): AuditLog {
  return new AuditLog(where === "stderr" ? toStandardError : appendingTo(where), fault);
}

async function closed(
  identity: OpenIdentity | undefined,
  limits: Limits | undefined,
  audit: AuditLog | undefined,
): Promise<void> {
  await identity?.close();
  await limits?.close();
  await audit?.flush();
}

function startLine(url: string, format: LogFormat | "off"): string {
  if (format !== "json") return `listening on ${url}\n`;
  return `${JSON.stringify({ time: new Date().toISOString(), event: "listening", url })}\n`;
}

function openLog(format: LogFormat): FailureLog {
  return new FailureLog((line) => void process.stderr.write(line), format);
}

async function openCache(redisUrl: string | undefined, log: FailureLog | undefined): Promise<Cache> {
  if (redisUrl === undefined) return new Cache();
  const { RedisLevel } = await import("../cache/redis-level.ts"); // nobody else pays for loading it
  return new Cache({ second: new RedisLevel(redisUrl, (error) => log?.redis(error)) });
}

function connect<Upstreams extends Readonly<Record<string, DescService>>>(
  upstreams: Upstreams,
  config: ServerConfig<keyof Upstreams & string, unknown>,
): { readonly [Name in keyof Upstreams]: GrpcClient } {
  const clients: Partial<Record<keyof Upstreams, GrpcClient>> = {};
  const clientOf = ({ url, tls }: UpstreamAddress): GrpcClient =>
    new GrpcClient(url, { ...tls, maxReplyBytes: config.maxReplyBytes, http2: config.http2 });
  for (const name in upstreams) clients[name] = clientOf(config.upstreams[name]);
  for (const [name, address] of Object.entries(config.branches)) Object.assign(clients, { [name]: clientOf(address) });
  return clients as Record<keyof Upstreams, GrpcClient>;
}

/** Waits for calls with side effects, which may outlive the response that started them. */
async function closeClients(clients: readonly UnaryClient[], leftMs: number): Promise<void> {
  const expired = Promise.withResolvers<void>();
  const timer = setTimeout(expired.resolve, Math.max(0, leftMs));
  await Promise.race([Promise.all(clients.map((client) => client.close?.())), expired.promise]);
  clearTimeout(timer);
}

function explainListenError(error: unknown, { host, port }: { readonly host: string; readonly port: number }): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} of ${host} is already in use; set PORT to another one (0 picks a free port)`;
    case "EACCES":
      return `port ${port} of ${host} may not be used by this user; set PORT to one above 1023`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is not an address of this machine; set HOST to one, or to 0.0.0.0 for all`;
    default:
      return `cannot listen on port ${port} of ${host}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
