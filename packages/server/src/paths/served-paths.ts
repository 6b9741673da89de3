import type { DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { systemClock } from "@protobff/runtime/internal/clock";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import { limitSteps } from "@protobff/runtime/internal/expressions/value/meter";
import { typesOf } from "@protobff/runtime/internal/http-rule/types-of";
import { Networks } from "@protobff/runtime/internal/identity/network/networks";
import type { OpenIdentity } from "@protobff/runtime/internal/identity/spec";
import type { Observer } from "@protobff/runtime/internal/observer";
import { MAX_ELEMENTS, MAX_MESSAGE_BYTES } from "@protobff/runtime/internal/routes/bounds";
import { maskNames } from "@protobff/runtime/internal/routes/mask-names";
import { connectAdapter } from "../adapter/connect-adapter.ts";
import type { Handler } from "../carrier/handler.ts";
import { FastPath } from "../fast/fast-path.ts";
import { UnknownMethods } from "../fast/unknown-methods.ts";
import { corsHeaders, withCors } from "../headers/cors.ts";
import { withLongDeadlines } from "../headers/long-deadlines.ts";
import { withRequestDeadline } from "../headers/request-deadline.ts";
import { RequestIds } from "../headers/request-ids.ts";
import { SecurityHeaders } from "../headers/security-headers.ts";
import type { McpRoute } from "../mcp/mcp-route.ts";
import { Shedding } from "../overload/shedding.ts";
import { abandonedReporter } from "../requests/abandoned-requests.ts";
import type { AdapterRequestsOptions } from "../requests/adapter-requests.ts";
import { Peers } from "../requests/peers.ts";
import { DEFAULT_MAX_PENDING_BYTES, PendingBytes } from "../requests/pending-bytes.ts";
import { reservedOf, Shortcuts } from "../rest/shortcuts.ts";
import { unknownPaths } from "../rest/unknown-paths.ts";
import { Health } from "../services/health.ts";
import { withKnownMethods } from "../services/methods.ts";
import { PROBES, withProbes } from "../services/probes.ts";
import { Readiness } from "../services/readiness.ts";
import { withSourceRoutes } from "../services/source-routes.ts";
import type { FollowSockets } from "../streams/follow-sockets.ts";
import { FOLLOW_PATH, REFLECTION_PATHS } from "../streams/service-paths.ts";
import { DEFAULT_MAX_FOLLOWERS } from "../streams/stream-account.ts";
import { StreamAccounts } from "../streams/stream-accounts.ts";
import { type StreamListenable, StreamPath } from "../streams/stream-path.ts";
import type { Listenable } from "./listenable.ts";

/** Time limit for receiving a whole request, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 300_000;

/** Options of what serves requests, whichever way they arrive. */
export interface PathsOptions {
  /** Services of health and reflection. Default: those of the endpoints. */
  readonly services?: readonly DescService[];
  /** Files whose messages a google.protobuf.Any may hold in JSON, besides those of the services and their imports. */
  readonly types?: readonly DescFile[];
  /** Addresses and networks whose `x-forwarded-for` is trusted, such as `10.0.0.0/8`. Default: none. */
  readonly trustedProxies?: readonly string[] | Networks;
  /** Resolves when the server is ready; never rejects. Default: when its identity has opened. */
  readonly opened?: Promise<void> | undefined;
  /** Identity of the endpoints: the server is ready once it has opened, and serves the paths of its sources. */
  readonly identity?: Pick<OpenIdentity, "opened" | "routes">;
  /** Maximum size of a client's message, in bytes. Larger messages fail with RESOURCE_EXHAUSTED. Default: 1 MiB. */
  readonly maxRequestBytes?: number;
  /** Maximum elements of lists, maps and JSON in a message, else INVALID_ARGUMENT. RPCs may differ. Default: 10,000. */
  readonly maxElements?: number;
  /** Maximum number of steps of expressions for one request, for the whole process. Default: 10,000,000. */
  readonly maxSteps?: number;
  readonly reflection?: boolean;
  /** Origins whose scripts may call; `*` is all of them. Default: none. */
  readonly corsOrigins?: readonly string[];
  /** Origin at which browsers see this server. Default: the one that a request's `host` names. */
  readonly publicUrl?: string;
  /**
   * Maximum number of requests that are composed at a time. Others wait for at most a tenth of their budget, then fail with
   * UNAVAILABLE. Default: 0, which sets no limit.
   */
  readonly maxRequests?: number;
  /** Time for which browsers must use TLS only (RFC 6797), in milliseconds. Default: 0, which sends no such header. */
  readonly hstsMs?: number;
  /** Maximum number of open streams of all RPCs. Further ones are refused with RESOURCE_EXHAUSTED. Default: 20,000. */
  readonly maxFollowers?: number;
  /** Maximum open streams of one caller: a principal, or else an address. Default: a tenth of `maxFollowers`. */
  readonly maxFollowersPerCaller?: number;
  /** Maximum size of bodies in progress, in bytes. Beyond it, the heaviest client's are aborted. Default: 128 MiB. */
  readonly maxPendingBytes?: number;
  /**
   * Standing delay of the event loop above which requests are refused with UNAVAILABLE, in milliseconds. Default: 0, which
   * refuses none, because other work of the program may delay the loop.
   */
  readonly shedDelayMs?: number;
  /** True if the server is not ready while it refuses more than half of its requests. Default: false. */
  readonly shedReadyz?: boolean;
  /** Tools for agents, at `/mcp`. */
  readonly mcp?: McpRoute | undefined;
  /** Receives the events of overload. */
  readonly observer?: Pick<Observer, "shed" | "shedding" | "shareRefused"> | undefined;
  /** Reports failures of the server itself. Default: prints them on standard error. */
  readonly fault?: ServerFault;
}

/** Everything that serves the requests of these endpoints, whichever way they arrive. */
export interface ServedPaths
  extends Pick<Base, "readiness" | "accounts" | "shedding" | "draining" | "maxFollowers" | "fault"> {
  /** Paths that a proxy in front may pass on. */
  readonly paths: readonly string[];
  /** True if something is served at this path, which has no query. */
  has(path: string): boolean;
  /** Serves what no shortcut takes. */
  readonly handler: Handler;
  readonly shortcut: Shortcuts;
  /** Serves streams of all RPCs on a connection that has switched to WebSocket. */
  readonly sockets: FollowSockets | undefined;
  readonly bounds: AdapterRequestsOptions;
  /** Ends streams, which would not end by themselves, within the time. */
  goodbye(graceMs: number): void;
  /** Aborts requests in progress. */
  cut(error: ConnectError): void;
}

/** Opens the paths of these endpoints, with `grpc.health.v1`, `/healthz` and `/readyz`. */
export async function openPaths(
  endpoints: readonly (Listenable | StreamListenable)[],
  options: PathsOptions = {},
): Promise<ServedPaths> {
  const { maxRequests = 0, observer } = options;
  if (maxRequests > 0) (await import("../overload/door.ts")).placeDoor(endpoints, maxRequests, observer);
  const base = baseOf(endpoints, options);
  const rpcs = rpcPathsOf(base);
  const connect = connectOf(base, new Set(rpcs));
  const { ids, security, pending, rest, sockets, shortcut } = await shortcutsOf(base, rpcs);
  const handler = ids.added(security.added(withKnownMethods(withProbes(base.readiness, rpcHandler(base, connect)))));
  const sources = [...base.routes.keys(), ...(options.mcp?.paths ?? [])];
  const exact = new Set([...PROBES, ...rpcs, ...sources]);
  const paths = [...exact, ...(rest?.paths ?? []), ...(sockets === undefined ? [] : [FOLLOW_PATH])];
  const { maxBytes, peers, accounts, shedding, readiness, draining, maxFollowers, fault } = base;
  const gone = abandonedReporter(endpoints);
  return {
    readiness,
    accounts,
    shedding,
    draining,
    maxFollowers,
    fault,
    paths: [...new Set(paths)],
    has: (path) => exact.has(path) || rest?.has(path) === true,
    handler,
    shortcut,
    sockets,
    bounds: { maxBytes, pending, peers, streamingPaths: REFLECTION_PATHS, gone, fault },
    goodbye(graceMs) {
      accounts.followers.drain(graceMs / 2);
      sockets?.drain();
      options.mcp?.drain();
      shedding?.stop();
    },
    cut(error) {
      base.cutOff.abort(error);
      shortcut.abort(error);
    },
  };
}

/** Returns the handler of Connect's adapter, behind the routes of sources, tools and preflights. */
function rpcHandler(base: Base, connect: Handler): Handler {
  const { options, peers, fault, routes, cors } = base;
  const adapter = withRequestDeadline(withLongDeadlines(connect));
  const tools = options.mcp?.before(adapter) ?? adapter;
  const rpcs = base.corsOrigins.length === 0 ? tools : withCors(cors, tools);
  return withSourceRoutes({ routes, peers, fault }, rpcs);
}

type Base = ReturnType<typeof baseOf>;
/** The options with their defaults, and the parts that the others share. */
function baseOf(endpoints: readonly (Listenable | StreamListenable)[], options: PathsOptions) {
  const services = options.services ?? [...new Set(endpoints.map(({ method }) => method.parent))];
  if (options.maxSteps !== undefined) limitSteps(options.maxSteps);
  const { maxElements = MAX_ELEMENTS, fault = printed, corsOrigins = [] } = options;
  const unary = endpoints.filter((endpoint): endpoint is Listenable => !("follow" in endpoint));
  const draining = new AbortController();
  const registry = typesOf(services, options.types ?? []);
  const { shedDelayMs: delayMs = 0, shedReadyz: leaves = false, observer } = options;
  const changed = (): void => health.notify();
  const shedding =
    delayMs === 0 ? undefined : new Shedding(endpoints, { delayMs, leaves, clock: systemClock, observer, changed });
  const readiness = new Readiness(draining.signal, options.opened ?? options.identity?.opened, shedding);
  const health = new Health(
    services.map(({ typeName }) => typeName),
    readiness,
  );
  const maxFollowers = options.maxFollowers ?? DEFAULT_MAX_FOLLOWERS;
  return {
    options,
    endpoints,
    streaming: endpoints.filter((endpoint): endpoint is StreamListenable => "follow" in endpoint),
    unary,
    hasRest: unary.some(({ rest = [] }) => rest.length > 0),
    routes: options.identity?.routes ?? new Map(),
    services,
    draining,
    cutOff: new AbortController(),
    maxBytes: options.maxRequestBytes ?? MAX_MESSAGE_BYTES,
    maxElements,
    fault,
    corsOrigins,
    cors: corsHeaders(corsOrigins, endpoints),
    registry,
    masks: maskNames(registry),
    peers: new Peers(networksOf(options.trustedProxies), fault),
    shedding,
    readiness,
    health,
    maxFollowers,
    accounts: new StreamAccounts({
      maxFollowers,
      maxFollowersPerCaller: options.maxFollowersPerCaller,
      fault,
    }),
  };
}

/** Connect's adapter, which serves every RPC that no shortcut serves. */
function connectOf(base: Base, paths: ReadonlySet<string>): Handler {
  const { peers, accounts, fault, hasRest } = base;
  const load = async () => (await import("./connect-handlers.ts")).connectHandlers(base);
  return connectAdapter({ paths, load, fallback: unknownPaths(hasRest), peers, accounts, fault });
}
/** Returns the paths of RPCs, of health and of reflection. */
const rpcPathsOf = ({ endpoints, health, options }: Base): string[] => [
  ...endpoints.map(({ method }) => pathOf(method)),
  ...health.paths,
  ...(options.reflection === true ? REFLECTION_PATHS : []),
];

/** The shortcuts past Connect's adapter. A room is loaded if an endpoint needs it. */
async function shortcutsOf(base: Base, rpcPaths: readonly string[]) {
  const { options, unary, streaming, health, accounts, registry, peers, fault, corsOrigins, shedding } = base;
  const { maxBytes, maxElements, masks, cors } = base;
  const security = new SecurityHeaders(options.hstsMs ?? 0, cors);
  const maxPendingBytes = options.maxPendingBytes ?? DEFAULT_MAX_PENDING_BYTES;
  const pending = new PendingBytes(maxPendingBytes);
  for (const { keeps } of streaming) keeps?.(maxPendingBytes);
  const served = { maxBytes, maxElements, masks, registry, corsHeaders: cors, httpHeaders: security.of };
  const ids = new RequestIds();
  const under = { pending, peers, fault, ids, shedding };
  const fast = new FastPath([...unary, health.check], { ...served, ...under });
  const reserved = reservedOf(base.services, [...base.routes.keys(), ...(options.mcp?.paths ?? [])]);
  const hosts = base.endpoints.some(({ hosts }) => hosts !== undefined)
    ? (await import("../rest/wrong-hosts.ts")).WrongHosts.of(base.endpoints, { ...served, ids, reserved })
    : undefined;
  const rest = base.hasRest
    ? new (await import("../rest/rest-path.ts")).RestPath(unary, { ...served, ...under, reserved })
    : undefined;
  const streams = new StreamPath([...streaming, health.watch], { ...served, ...under, accounts });
  const rpcOf = (name: string, host?: string) =>
    hosts?.admits(name, host) === false ? undefined : streams.rpcOf(name);
  const followed = { ...under, registry, corsOrigins, publicUrl: options.publicUrl, rpcOf };
  const sockets =
    streaming.length === 0 ? undefined : new (await import("../streams/follow-sockets.ts")).FollowSockets(followed);
  const unknown = new UnknownMethods([...rpcPaths, ...base.routes.keys()], ids, cors);
  const shed =
    shedding && ((method: string, connection: object | undefined) => shedding.refusal(shedding.of(method), connection));
  const mcp = options.mcp?.path({ ...served, ...under, corsOrigins, shed });
  const shortcut = new Shortcuts([hosts, fast, streams, rest, unknown, mcp].filter((path) => path !== undefined));
  return { security, pending, ids, rest, sockets, shortcut };
}

const networksOf = (proxies: PathsOptions["trustedProxies"]): Networks | undefined =>
  proxies === undefined || proxies instanceof Networks ? proxies : new Networks(proxies);

const pathOf = ({ parent, name }: DescMethod): string => `/${parent.typeName}/${name}`;

const printed: ServerFault = (message, cause) =>
  console.error(...(cause === undefined ? [message] : [`${message}:`, cause]));
