// All variables that servers read, each once. test/deploy-variables.test.ts compares this table with the runtime,
// docs/variables.md and ConfigMaps.
import type { PlanServer } from "../plan/model/plan.ts";
import { declaredVariables } from "./declared-variables.ts";
import { TELEMETRY_VARIABLES } from "./telemetry-variables.ts";
import { upstreamVariables } from "./upstream-variables.ts";
import type { Variable } from "./variable.ts";

/** Variables of every server, or of some servers. `reads`: returns true for those servers; undefined: all. */
export interface FixedVariable extends Variable {
  readonly reads?: ((server: PlanServer) => boolean) | undefined;
}

const sources = ({ identity }: PlanServer) => identity?.identity.sources ?? [];
const hasSource = (server: PlanServer, kind: string): boolean =>
  sources(server).some(({ credential }) => credential.kind === kind);
const byCertificate = (server: PlanServer): boolean =>
  sources(server).some(({ ir, credential }) => credential.kind === "peer" || ir.from.length > 0);
const sharedLimits = ({ files }: PlanServer) => files.flatMap(({ limits }) => limits).filter(({ local }) => !local);
const hasLimits = ({ files }: PlanServer): boolean => files.some(({ limits }) => limits.length > 0);
const hasQuotas = (server: PlanServer): boolean => sharedLimits(server).some(({ per }) => typeof per === "string");
const hasSessions = (server: PlanServer): boolean => hasSource(server, "session");
const hasKeys = (server: PlanServer): boolean => hasSource(server, "api_key");
const signs = (server: PlanServer): boolean => server.identity?.signs === true;
const supplied = ({ files }: PlanServer): boolean =>
  files.some(({ resolvers, functions }) => resolvers.length + functions.length > 0);

const hasTopics = ({ files }: PlanServer): boolean => files.some(({ topics }) => topics.length > 0);
const hasNats = hasTopics;
const hasStoredTopics = ({ files }: PlanServer): boolean =>
  files.some(({ topics }) => topics.some(({ entry }) => entry === undefined));
const NATS_USER = "how NATS lets the server in, one of NATS_CREDS, NATS_USER and NATS_TOKEN";
const NATS_TLS = "how the server identifies to NATS";
const TLS = "serve with TLS: mount the Secret, and give probes the scheme HTTPS";
const SECRETS = "/var/run/secrets/bff";

/** Variables of servers, in the order in which they are listed. */
export const FIXED_VARIABLES: readonly FixedVariable[] = [
  { name: "PORT", default: "8080", about: "port of requests; change the container's port with it" },
  {
    name: "BFF_WORKERS",
    default: "1",
    about: "how many processes serve the port, or auto; more pods do the same, and share load more evenly",
  },
  { name: "HOST", default: "0.0.0.0", about: "the address to listen on" },
  {
    name: "BFF_GRACE",
    default: "10s",
    about: "time for requests in flight after SIGTERM; change terminationGracePeriodSeconds with it",
  },
  {
    name: "BFF_DRAIN_DELAY",
    default: "0s",
    here: { value: "5s", why: "endpoints lag behind a pod that ends, so that no preStop is needed" },
    about: "time after SIGTERM in which it serves but is not ready; change terminationGracePeriodSeconds with it",
  },
  {
    name: "BFF_WARM_UP",
    default: "0s",
    here: { value: "3s", why: "new pods get their share of requests at once" },
    about: "longest time in which the server calls its own RPCs before it listens, with sampled answers of upstreams",
  },
  { name: "BFF_LOG", default: "text", here: { value: "json", why: "logs are collected" }, about: "text, json or off" },
  {
    name: "BFF_ADMIN_PORT",
    here: { value: "9090", why: "the port admin of the container" },
    about: "the port of metrics, health and readiness that is not for clients; off where it is not set",
  },
  {
    name: "BFF_ADMIN_HOST",
    default: "127.0.0.1",
    here: { value: "0.0.0.0", why: "Prometheus is elsewhere; the NetworkPolicy names its namespace" },
    about: "the address of that port",
  },
  {
    name: "BFF_EXPLORER",
    default: "false",
    about: "true: the live page at that port, which shows what callers send; it needs BFF_EXPLORER_TOKEN",
  },
  {
    name: "BFF_EXPLORER_TOKEN",
    kind: "secret",
    about: "what who looks at the live page has to show: openssl rand -hex 16",
  },
  {
    name: "BFF_ACCESS_LOG",
    default: "off",
    about: "which requests get a line on standard output: off, all, or a share of them like 0.01",
  },
  ...TELEMETRY_VARIABLES,
  {
    name: "BFF_AUDIT",
    about: "a line for each request that is refused for who has sent it: stderr",
    example: "stderr",
  },
  { name: "BFF_TRUSTED_PROXIES", about: "addresses and networks of proxies in front", example: "10.0.0.0/8" },
  { name: "BFF_CORS_ORIGINS", about: "origins whose scripts may call", example: "https://app.example" },
  {
    name: "BFF_HSTS",
    about: "for how long browsers are to come by TLS only; only with TLS_CERT_FILE",
    example: "365d",
  },
  { name: "BFF_REFLECTION", default: "false", about: "true: serve gRPC reflection" },
  { name: "BFF_HTTP2", default: "own", about: "whose HTTP/2 carries calls to upstreams: own or node" },
  {
    name: "BFF_HTTP2_SERVER",
    default: "own",
    about: "whose HTTP/2 serves clients: own, or node, which takes more CPU",
  },
  { name: "BFF_MAX_REQUEST_BYTES", default: "1048576", about: "largest message from a client" },
  { name: "BFF_MAX_ELEMENTS", default: "10000", about: "how many elements a request may hold" },
  { name: "BFF_MAX_REPLY_BYTES", default: "16777216", about: "largest message from an upstream" },
  { name: "BFF_MAX_CONNECTIONS", default: "30000", about: "connections of clients, at a time, per process" },
  { name: "BFF_MAX_STREAMS", default: "250", about: "requests at a time on one HTTP/2 connection of a client" },
  {
    name: "BFF_MAX_FOLLOWERS",
    default: "20000",
    about: "clients that follow a stream of any rpc, at a time, per process",
  },
  {
    name: "BFF_MAX_FOLLOWERS_PER_CALLER",
    about: "streams that one principal, or one address, has open at a time, per process; default: a tenth of all",
    example: "2000",
  },
  {
    name: "BFF_MAX_PENDING_BYTES",
    default: "134217728",
    about:
      "request bodies and answers under way in all connections together; part of the memory that the container needs",
  },
  {
    name: "BFF_IDLE",
    default: "5m",
    about: "time without a request after which an HTTP/2 connection of a client is closed",
  },
  {
    name: "BFF_MAX_CONNECTION_AGE",
    default: "0s",
    about: "a client's connection is closed when it is so old, like 30m, so that new pods get work; 0s: never",
  },
  {
    name: "TLS_CERT_FILE",
    kind: "file",
    example: `${SECRETS}/tls/tls.crt`,
    about: TLS,
  },
  { name: "TLS_KEY_FILE", kind: "secret file", example: `${SECRETS}/tls/tls.key`, about: TLS },
  {
    name: "TLS_CLIENT_CA_FILE",
    kind: "file",
    example: `${SECRETS}/client-ca/ca.crt`,
    about: "authorities of clients' certificates",
  },
  {
    name: "REDIS_URL",
    kind: "secret",
    about: "the second level of the cache; sessions and limits, too, unless there is BFF_STATE_REDIS_URL",
  },
  {
    name: "BFF_STATE_REDIS_URL",
    kind: "secret",
    reads: (server) => hasSessions(server) || hasLimits(server),
    about: "where sessions are kept and limits counted, if not in the cache's Redis",
  },
  {
    name: "NATS_URL",
    kind: "secret",
    reads: hasTopics,
    about: "where topics are kept: nats://… or tls://…, several separated by commas",
  },
  { name: "NATS_CREDS", kind: "secret file", example: `${SECRETS}/nats/user.creds`, reads: hasNats, about: NATS_USER },
  { name: "NATS_USER", reads: hasNats, about: NATS_USER, example: "bff" },
  { name: "NATS_PASSWORD", kind: "secret", reads: hasNats, about: "of NATS_USER" },
  { name: "NATS_TOKEN", kind: "secret", reads: hasNats, about: NATS_USER },
  { name: "NATS_CA", kind: "file", example: `${SECRETS}/nats/ca.crt`, reads: hasNats, about: "whom to trust as NATS" },
  { name: "NATS_CERT", kind: "file", example: `${SECRETS}/nats/tls.crt`, reads: hasNats, about: NATS_TLS },
  { name: "NATS_KEY", kind: "secret file", example: `${SECRETS}/nats/tls.key`, reads: hasNats, about: NATS_TLS },
  {
    name: "DATABASE_URL",
    kind: "secret",
    reads: (server) => hasKeys(server) || hasQuotas(server),
    about: "API keys, and quotas without a Redis, are in PostgreSQL: postgres://…",
  },
  {
    name: "BFF_STORE_FILE",
    kind: "file",
    reads: (server) => hasKeys(server) || hasQuotas(server),
    example: "/var/lib/bff/store.sqlite",
    about: "a file of SQLite in place of DATABASE_URL: for one pod alone, on a volume",
  },
  {
    name: "BFF_PUBLIC_URL",
    example: "https://app.example",
    about: "where browsers see this server: pages of this origin alone follow with their cookies over a WebSocket",
  },
  {
    name: "BFF_SESSION_KEYS",
    required: true,
    kind: "secret",
    reads: hasSessions,
    about: "32 random bytes in base64, several separated by commas: the first seals sessions, all open them",
  },
  {
    name: "BFF_IDENTITY_ISSUER",
    required: true,
    reads: signs,
    example: "https://bff.example",
    about: "the name of this deployment in what it signs",
  },
  {
    name: "BFF_IDENTITY_KEY_FILES",
    required: true,
    kind: "secret file",
    reads: signs,
    here: { value: `${SECRETS}/identity-keys/key.pem`, why: "the Secret's volume" },
    about: "PEM files of Ed25519 keys, separated by commas: the first signs, all are published",
  },
  {
    name: "BFF_RESOLVERS",
    reads: supplied,
    example: "resolvers.ts",
    about:
      "the module with resolvers and functions, from the image's /app; resolvers.ts (.js, .mjs) where it is not set",
  },
  { name: "BFF_OBSERVER", example: "observer.ts", about: "a module with an observer, from the image's /app" },
];

/** Returns all variables of a server, each once: first those that have to be set. */
export function variablesOf(server: PlanServer): readonly Variable[] {
  const fixed = FIXED_VARIABLES.filter(({ reads }) => reads?.(server) ?? true).map((definition): Variable => {
    if (definition.name.startsWith("TLS_") && byCertificate(server)) return { ...definition, required: true };
    if (definition.name === "NATS_URL" && hasStoredTopics(server)) return { ...definition, required: true };
    if (definition.name === "BFF_PUBLIC_URL" && hasSessions(server)) return { ...definition, required: true };
    if (definition.name === "DATABASE_URL" && hasKeys(server)) return { ...definition, required: true };
    if (definition.name === "REDIS_URL" && sharedLimits(server).some(({ closed }) => closed))
      return { ...definition, required: true };
    return definition;
  });
  const all = [...upstreamVariables(server), ...clientSecrets(server), ...declaredVariables(server), ...fixed];
  const named = [...new Map(all.map((variable) => [variable.name, variable])).values()];
  return [...named.filter(({ required }) => required === true), ...named.filter(({ required }) => required !== true)];
}

/** `BFF_WEB_USER_CLIENT_SECRET`, for a session's source `web_user`. */
function clientSecrets(server: PlanServer): readonly Variable[] {
  return sources(server)
    .filter(({ credential }) => credential.kind === "session")
    .map(({ name }) => ({
      name: `BFF_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}_CLIENT_SECRET`,
      required: true,
      kind: "secret",
      about: `what the provider of the source ${name} has given`,
    }));
}
