// A package inside another program: without a port, by every door of a framework.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { DescService, Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type Transport } from "@connectrpc/connect";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { ConfigFault, Environment } from "@protobff/runtime/internal/environment/env-reader";
import type { RateLimit } from "@protobff/runtime/internal/limits/rate-limit";
import type { Observer } from "@protobff/runtime/internal/observer";
import { routes } from "@protobff/runtime/internal/routes/routes";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { readConfig, type ServerConfig } from "../config/config.ts";
import { hostFaults } from "../config/host-faults.ts";
import { OwnRequests } from "../http2/own-http2.ts";
import {
  createEndpoints,
  openCertificates,
  openParts,
  type Parts,
  pathsOptions,
  release,
} from "../parts/open-parts.ts";
import { openPaths, REQUEST_TIMEOUT_MS, type ServedPaths } from "../paths/served-paths.ts";
import { readDeclarations } from "../process/declarations.ts";
import { without } from "../process/mocks.ts";
import { openSeparateAdmin } from "../process/open-admin.ts";
import type { ServeOptions } from "../process/serve-options.ts";
import { explainFaults } from "../process/start-line.ts";
import type { UpstreamClient } from "../process/upstream-clients.ts";
import { AdapterRequests } from "../requests/adapter-requests.ts";
import { type BffPeer, peerOf } from "./bff-peer.ts";
import { fetchOf } from "./fetch.ts";
import { MemoryRequests } from "./memory-requests.ts";
import { type NodeHandler, NodeRequests } from "./node.ts";
import { type BffTransportOptions, hostsOf, transportOf } from "./transport.ts";
import { checkedBase } from "./without-base.ts";

/** A package, as its generated `bff.ts` declares it. */
export interface EmbedOptions<
  Upstreams extends Readonly<Record<string, DescService>>,
  Env,
  Principal extends Message = never,
  Limit extends RateLimit = never,
> extends ServeOptions<Upstreams, Env, Principal, Limit> {
  /** True if expressions of the package read `peer.address`. */
  readonly readsPeer?: boolean;
}

/** Options of `openBff`. */
export interface OpenBffOptions {
  /** Variables, as the server reads them. Default: those of the process. */
  readonly env?: Environment;
  /** Clients by the names of upstreams. These upstreams need no address. */
  readonly clients?: Readonly<Record<string, UpstreamClient>>;
  /** Functions of the package's resolvers. Default: those of the module in BFF_RESOLVERS. */
  readonly resolvers?: object;
  /** Functions that expressions call. Default: those of the module in BFF_RESOLVERS. */
  readonly functions?: object;
  /** Receives the lines of the log, without line breaks. Default: prints them on standard error. */
  readonly logger?: (line: string) => void;
  readonly observer?: Observer;
  /** Returns the client of a request to `fetch`. Default: it is unknown, and no source counts that depends on it. */
  readonly peer?: (request: Request) => BffPeer;
  /** Path at which the program serves the BFF, such as `/api`. Default: the root. */
  readonly basePath?: string;
}

/** A BFF inside another program. */
export interface Bff {
  /**
   * Routes for adapters of Connect: Node, Fastify, Express, Next.
   *
   * @throws TypeError on reading this property, if the package reads `peer.address`
   */
  readonly routes: (router: ConnectRouter) => void;
  /**
   * Answers Connect, gRPC-Web, REST, server-sent events and MCP; gRPC with 415. Rejects if the request is aborted.
   *
   * @throws TypeError on reading this property, if the package needs `peer` and has none
   */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Serves requests of node:http, node:http2 and Express. Paths of others go to `next`. */
  readonly node: NodeHandler;
  /**
   * Returns a Connect transport in this process.
   *
   * @throws TypeError if the package reads `peer.address` and `options.peer` is missing
   */
  transport(options?: BffTransportOptions): Transport;
  /** Returns the metrics in Prometheus' text format. */
  metrics(): Promise<string>;
  /** Returns true if callers can be verified and upstreams are as they should be. */
  ready(): boolean;
  /** Refuses new requests, lets open ones end for at most this time, and closes everything. Default: BFF_GRACE. */
  close(graceMs?: number): Promise<void>;
}

/** Variables of a port that programs have, too: frameworks set them. */
const OF_PROGRAMS: readonly string[] = ["PORT", "HOST"];
/** Variables of a server that have no meaning inside another program. */
const IGNORED: readonly string[] = [
  ...[...OF_PROGRAMS, "BFF_WORKERS", "BFF_WARM_UP", "BFF_DRAIN_DELAY", "BFF_HTTP2_SERVER", "BFF_MAX_CONNECTIONS"],
  ...["BFF_MAX_STREAMS", "BFF_IDLE", "BFF_MAX_CONNECTION_AGE", "TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CLIENT_CA_FILE"],
  "BFF_HSTS",
];
/** Time between two checks for requests that do not arrive, in milliseconds. */
const ARRIVAL_CHECK_MS = 30_000;

/**
 * Opens a package inside another program.
 *
 * @throws Error that names all missing or malformed variables
 * @example
 * const bff = await embed({ name: "shop.v1", services, upstreams, env, create }, { basePath: "/api" });
 * Bun.serve({ fetch: bff.fetch });
 */
export async function embed<
  const Upstreams extends Readonly<Record<string, DescService>>,
  Env,
  Principal extends Message = never,
  Limit extends RateLimit = never,
>(declaration: EmbedOptions<Upstreams, Env, Principal, Limit>, chosen: OpenBffOptions = {}): Promise<Bff> {
  const basePath = checkedBase(chosen.basePath ?? "");
  const setup = configured(declaration, chosen);
  const { config, options, environment, ignored } = setup;
  const declared = await readDeclarations(options, setup, false, environment);
  // A missing variable of a port is no fault: certificates of clients come by `peer`, or over the server of the program.
  const faults = [...(setup.faults ?? []), ...declared.faults.filter(({ variable }) => !IGNORED.includes(variable))];
  if (config === undefined || faults.length > 0) throw new Error(reasonOf(options.name, faults));
  const supplied = { ...declared.supplied, ...pick(chosen, "resolvers"), ...pick(chosen, "functions") };
  const parts = await openParts({ declaration, options, mocked: new Map(), config }, declared, {
    serverUrl: () => undefined,
    logger: chosen.logger,
    measures: true,
    supplied: chosen.clients,
    basePath,
  });
  try {
    const { fault } = parts.observers;
    if (ignored.length > 0) fault(`ignored inside another program: ${ignored.join(", ")}`, undefined);
    const endpoints = await createEndpoints(options, config, supplied, parts);
    const misnamed = hostFaults(endpoints, config.env);
    if (misnamed.length > 0) throw new Error(reasonOf(options.name, misnamed));
    const served = await openPaths(endpoints, await pathsOptions(options, config, parts, endpoints));
    const admin = await openSeparateAdmin(config, parts.observers, () => undefined, parts.purge);
    const { clients, observers } = parts;
    const to = { clients, listening: undefined, observer: observers.observer };
    const closing = [
      ...(await openCertificates(options, config, to, environment)),
      ...(admin === undefined ? [] : [admin]),
    ];
    return bffOf({ declaration, chosen, config, parts, endpoints, basePath }, served, closing);
  } catch (error) {
    await release(parts, () => 0);
    throw error;
  }
}

function reasonOf(name: string, faults: readonly ConfigFault[]): string {
  return explainFaults(name, faults, "text").trimEnd();
}

const pick = <Name extends "resolvers" | "functions">(chosen: OpenBffOptions, name: Name) =>
  chosen[name] === undefined ? {} : { [name]: chosen[name] };

/** Reads the configuration without the variables that only a server has. */
function configured<
  Upstreams extends Readonly<Record<string, DescService>>,
  Env,
  Principal extends Message,
  Limit extends RateLimit,
>(declaration: EmbedOptions<Upstreams, Env, Principal, Limit>, chosen: OpenBffOptions) {
  const { env = process.env, clients = {}, observer = declaration.observer } = chosen;
  const ignored = IGNORED.filter((name) => (env[name] ?? "") !== "" && !OF_PROGRAMS.includes(name));
  const read = Object.entries(env).filter(([name]) => !IGNORED.includes(name));
  // Other work of the program delays the event loop, too.
  const environment: Environment = { BFF_SHED_DELAY: "0s", ...Object.fromEntries(read) };
  const { resolvers, functions, ...rest } = declaration;
  const options: ServeOptions<Upstreams, Env, Principal, Limit> = {
    ...rest,
    upstreams: without(declaration.upstreams, new Map(Object.entries(clients))),
    // Functions that the program passes come from no module.
    resolvers: chosen.resolvers === undefined ? resolvers : undefined,
    functions: chosen.functions === undefined ? functions : undefined,
    ...(observer !== undefined && { observer }),
  };
  return { options, environment, ignored, ...readConfig(environment, options, readFileSync) };
}

interface Opened {
  readonly declaration: Pick<EmbedOptions<never, never>, "name" | "types" | "readsPeer">;
  readonly chosen: OpenBffOptions;
  readonly config: ServerConfig<string, unknown>;
  readonly parts: Parts;
  readonly endpoints: readonly (Endpoint | StreamEndpoint)[];
  readonly basePath: string;
}

function bffOf(
  { declaration, chosen, config, parts, endpoints, basePath }: Opened,
  served: ServedPaths,
  closing: readonly { close(): unknown }[],
): Bff {
  const { name, types } = declaration;
  const adapter = new AdapterRequests(served.handler, served.bounds);
  const memory = new MemoryRequests(new OwnRequests(served.shortcut, adapter));
  let isOpen = true;
  const shared = { basePath, isOpen: () => isOpen };
  const node = new NodeRequests({ ...shared, served, requests: adapter });
  const fetch = fetchOf({ ...shared, requests: memory, peerOf: (request) => peerOf(chosen.peer?.(request)) });
  const hosts = hostsOf(endpoints);
  const needsPeer = declaration.readsPeer === true || parts.overrides !== undefined;
  const check = setInterval(() => {
    served.shortcut.checkArrivals(REQUEST_TIMEOUT_MS / ARRIVAL_CHECK_MS);
    adapter.checkArrivals(REQUEST_TIMEOUT_MS / ARRIVAL_CHECK_MS);
  }, ARRIVAL_CHECK_MS).unref();
  let ending: Promise<void> | undefined;
  const end = async (graceMs: number): Promise<void> => {
    isOpen = false;
    const deadline = performance.now() + graceMs;
    const leftMs = (): number => Math.max(0, deadline - performance.now());
    await drained(served, [memory, node], graceMs);
    clearInterval(check);
    await release(parts, leftMs);
    for (const part of closing) await part.close();
  };
  return {
    get routes() {
      if (needsPeer) throw unknownPeer(name, "requests to `fetch` or `node`");
      return routes(endpoints, { ...config, ...(types !== undefined && { types }) });
    },
    get fetch() {
      if (needsPeer && chosen.peer === undefined) throw unknownPeer(name, "`peer` to openBff, or use `node`");
      return fetch;
    },
    node: node.handle,
    transport({ headers, peer } = {}) {
      if (needsPeer && peer === undefined) throw unknownPeer(name, "`peer` to `transport`");
      const { maxReplyBytes } = config;
      return transportOf(memory, { headers, peer, hosts, maxReplyBytes, isOpen: () => isOpen });
    },
    metrics: () => metricsOf(parts),
    ready: () => isOpen && served.readiness.state === "ready",
    close(graceMs = config.graceMs) {
      ending ??= end(graceMs);
      return ending;
    },
  };
}

/** Ends streams, waits for open requests, and aborts those that are left. */
async function drained(
  served: ServedPaths,
  doors: readonly { ended(): Promise<void>; abort(): void }[],
  graceMs: number,
): Promise<void> {
  served.draining.abort();
  served.goodbye(graceMs);
  const expired = new AbortController();
  const all = Promise.all(doors.map((door) => door.ended())).then(() => expired.abort());
  await Promise.race([all, sleep(graceMs, undefined, { signal: expired.signal }).catch(() => {})]);
  expired.abort();
  served.cut(new ConnectError("server is shutting down", Code.Unavailable));
  for (const door of doors) door.abort();
}

function unknownPeer(name: string, remedy: string): TypeError {
  return new TypeError(`${name} reads the addresses of clients, which are not known here: pass ${remedy}`);
}

async function metricsOf({ observers: { metrics } }: Parts): Promise<string> {
  if (metrics === undefined) return "";
  const { renderPrometheus } = await import("../metrics/render.ts");
  return renderPrometheus(metrics.snapshot(), "prometheus");
}
