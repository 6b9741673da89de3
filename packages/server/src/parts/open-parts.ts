// The parts of a package in a process: opened from its configuration, each after those that it depends on, and closed.
import { setTimeout as sleep } from "node:timers/promises";
import type { DescService, Message } from "@bufbuild/protobuf";
import { systemClock } from "@protobff/runtime/internal/clock";
import type { OpenUsage } from "@protobff/runtime/internal/environment/open-usage";
import type { OpenIdentity } from "@protobff/runtime/internal/identity/spec";
import type { Limits } from "@protobff/runtime/internal/limits/limits";
import type { RateLimit } from "@protobff/runtime/internal/limits/rate-limit";
import type { AuditEvent } from "@protobff/runtime/internal/observer-requests";
import type { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import type { Topics } from "@protobff/runtime/internal/topic/topic";
import { NO_USAGE } from "@protobff/runtime/internal/usage/usage-event";
import type { Capture, CapturedServer } from "../capture/open-capture.ts";
import type { ServerConfig } from "../config/config.ts";
import type { CaptureConfig } from "../config/config-capture.ts";
import type { UpstreamAddress } from "../config/config-upstreams.ts";
import type { Supplied } from "../config/load-resolvers.ts";
import type { UpstreamChecks } from "../deployed/open-upstream-checks.ts";
import type { Declarations } from "../process/declarations.ts";
import { withOneShape } from "../process/observers.ts";
import { openCache } from "../process/open-cache.ts";
import type { openMocks } from "../process/open-mocks.ts";
import { type Observers, type ObservingProcess, openObservers } from "../process/open-observers.ts";
import type { Guarded } from "../process/open-overrides.ts";
import type { OpenCache } from "../process/open-shared-cache.ts";
import type { ServeOptions, ServeParts } from "../process/serve-options.ts";
import { closeClients, connect, type UpstreamClient } from "../process/upstream-clients.ts";
import type { watchCertificates } from "../process/watch-certificates.ts";

/** A package with its configuration. */
interface Configured<
  Upstreams extends Readonly<Record<string, DescService>>,
  Env,
  Principal extends Message,
  Limit extends RateLimit,
> {
  readonly declaration: ServeOptions<Upstreams, Env, Principal, Limit>;
  readonly options: ServeOptions<Upstreams, Env, Principal, Limit>;
  readonly mocked: ReadonlyMap<string, DescService>;
  readonly config: ServerConfig<keyof Upstreams & string, Env>;
}

/** All that endpoints and the server need, open. */
export interface Parts extends OpenCache {
  readonly mocks: Awaited<ReturnType<typeof openMocks>>;
  readonly clients: Readonly<Record<string, UpstreamClient>>;
  readonly observers: Observers;
  readonly checks: UpstreamChecks | undefined;
  readonly capture: Capture | undefined;
  readonly overrides: Declarations<Message>["overrides"];
  readonly identity: OpenIdentity | undefined;
  readonly addresses: Guarded<Message>["addresses"];
  readonly limits: Limits | undefined;
  readonly topics: Topics | undefined;
  readonly usage: OpenUsage | undefined;
  readonly pages: Sealer | undefined;
  readonly tools: Declarations<Message>["tools"];
  readonly basePath: string;
}

/** The process that a package runs in. */
interface PartsProcess extends ObservingProcess {
  /** Returns the server's address, once it listens. */
  readonly serverUrl: () => string | undefined;
  /** Clients of upstreams without an address. */
  readonly supplied?: Readonly<Record<string, UpstreamClient>> | undefined;
  /** Path below which the package is served. Default: the root. */
  readonly basePath?: string;
}

/** Opens all that endpoints and the server need, each after those that it depends on. */
export async function openParts<
  Upstreams extends Readonly<Record<string, DescService>>,
  Env,
  Principal extends Message,
  Limit extends RateLimit,
>(
  { declaration, options, mocked, config }: Configured<Upstreams, Env, Principal, Limit>,
  declared: Declarations<Principal>,
  { serverUrl, supplied, basePath = "", ...observing }: PartsProcess,
): Promise<Parts> {
  const mocks =
    mocked.size === 0
      ? new Map()
      : await (await import("../process/open-mocks.ts")).openMocks(mocked, declaration.mocks);
  const clients = { ...(await connect(options, config)), ...Object.fromEntries(mocks), ...supplied };
  const explored = { ...declaration, mocks, serverUrl };
  const observers = await openObservers(explored, config, options.observer, declared.observer, observing);
  const { observer, fault, metrics } = observers;
  const families = metrics && (await import("../process/server-families.ts"));
  const checks =
    config.upstreamCheck === "off"
      ? undefined
      : await (await import("../deployed/open-upstream-checks.ts")).openUpstreamChecks(
          config,
          options,
          clients,
          observers,
        );
  const keySets = families && new families.KeySets();
  metrics?.add(() => keySets?.families ?? []);
  const audit = (event: AuditEvent) => observer?.audit?.(event);
  const clock = systemClock;
  const { first } = observing;
  const opened = await declared.identity?.open({ clock, fault, audit, fetched: keySets?.fetched, basePath });
  const { overrides } = declared;
  const { identity, addresses } =
    overrides === undefined
      ? { identity: opened, addresses: undefined }
      : await (await import("../process/open-overrides.ts")).guarded(opened, overrides, fault);
  if (metrics !== undefined) families?.addOverrides(metrics, overrides);
  const counting = { processes: config.workers, first, overrides: overrides?.limits };
  const limits = await declared.limits?.open({ clock, fault, ...counting });
  const topics = await declared.topics?.open({ clock, fault, observer, first });
  const usage = await declared.usage?.open({ clock, fault });
  if (metrics !== undefined) families?.addUsage(metrics, usage);
  const memo = await openCache(config, observers, options, { links: topics?.store?.links, first });
  const { pages, tools } = declared;
  const capture = await openCapture(config.telemetry.capture, declaration, fault);
  const callers = { overrides, identity, addresses, limits };
  return { mocks, clients, observers, checks, capture, ...callers, topics, usage, pages, tools, basePath, ...memo };
}

/** Loaded only if requests are captured. */
async function openCapture(
  config: CaptureConfig | undefined,
  server: CapturedServer,
  fault: Observers["fault"],
): Promise<Capture | undefined> {
  if (config === undefined) return undefined;
  const { Capture } = await import("../capture/open-capture.ts");
  return new Capture(server, config, fault);
}

/** Makes the endpoints of a package from its open parts. */
export async function createEndpoints<
  Upstreams extends Readonly<Record<string, DescService>>,
  Env,
  Principal extends Message,
  Limit extends RateLimit,
>(
  { create }: ServeOptions<Upstreams, Env, Principal, Limit>,
  { env, warmUpMs }: ServerConfig<keyof Upstreams & string, Env>,
  supplied: Supplied,
  { clients, cache, identity, addresses, limits, topics, usage, pages, capture, observers: { observer } }: Parts,
) {
  const guarded =
    addresses === undefined
      ? create
      : (await import("../process/open-overrides.ts")).behindAddresses(create, addresses);
  return (capture?.around(guarded) ?? guarded)({
    clients: clients as ServeParts<Upstreams, Env, Principal, Limit>["clients"],
    cache,
    supplied,
    env,
    identity: identity as ServeParts<Upstreams, Env, Principal, Limit>["identity"],
    limits: limits as ServeParts<Upstreams, Env, Principal, Limit>["limits"],
    usage: usage ?? NO_USAGE,
    ...({ topics, pages } as Pick<ServeParts<Upstreams, Env, Principal, Limit>, "topics" | "pages">),
    ...(observer !== undefined && { observer: warmUpMs > 0 ? withOneShape(observer, false) : observer }),
  });
}

/** Resolves when the identity has opened and the upstreams are as they should be. Undefined: immediately. */
export function openedOf(identity: Parts["identity"], checks: Parts["checks"]): Promise<void> | undefined {
  const all = [identity?.opened, checks?.opened].filter((opened) => opened !== undefined);
  return all.length === 0 ? undefined : Promise.all(all).then(() => {});
}

/** Returns the options of the paths that serve these endpoints: what their configuration, tools and identity add. */
export async function pathsOptions(
  { name, services, types }: Pick<ServeOptions<never, never>, "name" | "services" | "types">,
  config: ServerConfig<string, unknown>,
  { addresses, identity = addresses, tools, observers: { fault, observer }, checks, basePath }: Parts,
  endpoints: Awaited<ReturnType<typeof createEndpoints>>,
) {
  const { env } = config;
  const served = { name, endpoints, services, types, identity, env, observer, fault, basePath };
  const mcp = tools && (await (await import("../process/open-tools.ts")).openTools(tools, served));
  const opened = openedOf(identity, checks);
  const known = { ...(identity !== undefined && { identity }), ...(types !== undefined && { types }) };
  return { ...config, services, fault, mcp, observer, opened, ...known };
}

/** Watches the certificates of this process, if some are in files: a process without them loads nothing of it. */
export async function openCertificates(
  ...[options, config, ...rest]: Parameters<typeof watchCertificates>
): Promise<ReturnType<typeof watchCertificates>> {
  const { tls, upstreams, branches, shards } = config;
  const addresses = Object.values<UpstreamAddress>({ ...upstreams, ...branches, ...shards });
  const files = addresses.flatMap((address) => Object.values(address.tls).filter((file) => file !== undefined));
  if (tls === undefined && files.length === 0) return [];
  return (await import("../process/watch-certificates.ts")).watchCertificates(options, config, ...rest);
}

/** Closes all that endpoints used, the observers last. */
export async function release(parts: Parts, leftMs: () => number): Promise<void> {
  parts.checks?.close();
  await closeClients(Object.values(parts.clients), leftMs());
  await parts.closeCache();
  await Promise.race([closeOthers(parts, leftMs), sleep(leftMs(), undefined, { ref: false })]);
}

async function closeOthers(
  { overrides, identity, limits, topics, usage, observers, capture }: Parts,
  leftMs: () => number,
): Promise<void> {
  await overrides?.close();
  await identity?.close();
  await limits?.close();
  await topics?.close();
  await usage?.close(leftMs());
  await capture?.close();
  await observers.close(leftMs());
}
