// All variables that servers read, each once. test/features/deploy/deploy-variables.processes.test.ts compares this
// table with the runtime, docs/variables.md and ConfigMaps.
import type { PlanServer } from "../plan/model/plan.ts";
import { usageSubjects } from "../plan/rpcs/plan-limits.ts";
import { declaredVariables } from "./declared-variables.ts";
import { TELEMETRY_VARIABLES } from "./telemetry-variables.ts";
import { upstreamVariables } from "./upstream-variables.ts";
import type { DeployVariable } from "./variable.ts";

/** Variables of every server, or of some servers. `reads`: returns true for those servers; undefined: all. */
export interface FixedVariable extends DeployVariable {
  readonly reads?: ((server: PlanServer) => boolean) | undefined;
}

const sources = ({ identity }: PlanServer) => identity?.identity.sources ?? [];
const hasSource = (server: PlanServer, kind: string): boolean =>
  sources(server).some(({ credential }) => credential.kind === kind);
const byCertificate = (server: PlanServer): boolean =>
  sources(server).some(({ ir, credential }) => credential.kind === "peer" || ir.from.length > 0);
const sharedLimits = ({ files }: PlanServer) => files.flatMap(({ limits }) => limits).filter(({ local }) => !local);
const hasLimits = ({ files }: PlanServer): boolean => files.some(({ limits }) => limits.length > 0);
const hasSessions = (server: PlanServer): boolean => hasSource(server, "session");
const sealsPages = ({ files }: PlanServer): boolean =>
  files.some(({ services }) => services.some(({ methods }) => methods.some(({ pages }) => pages?.sealed === true)));
const hasTools = ({ tools }: PlanServer): boolean => tools.length > 0;
const confirms = ({ tools }: PlanServer): boolean => tools.some(({ of }) => of.confirm === true);
const hasLogins = (server: PlanServer): boolean =>
  hasTools(server) && sources(server).some(({ credential }) => credential.kind === "jwt");
const hasKeys = (server: PlanServer): boolean => hasSource(server, "api_key");
const signs = (server: PlanServer): boolean => server.identity?.signs === true;
const supplied = ({ files }: PlanServer): boolean =>
  files.some(({ resolvers, functions }) => resolvers.length + functions.length > 0);

const hasTopics = ({ files }: PlanServer): boolean => files.some(({ topics }) => topics.length > 0);
const hasUsage = (server: PlanServer): boolean => usageSubjects(server).length > 0;
const sendsUsage = (server: PlanServer): boolean => usageSubjects(server).some((subject) => subject !== undefined);
const hasNats = (server: PlanServer): boolean => hasTopics(server) || sendsUsage(server) || server.purges.length > 0;
const hasStoredTopics = ({ files }: PlanServer): boolean =>
  files.some(({ topics }) => topics.some(({ entry }) => entry === undefined));
const NATS_SERVERS = "nats://… or tls://…, separated by commas";
const REDIS = "redis://…, redis-cluster://a,b or redis-sentinel://a,b/name; with TLS rediss…";
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
    about: "number of processes that serve the port, or auto; more pods share the load more evenly",
  },
  { name: "HOST", default: "0.0.0.0", about: "address to listen on" },
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
    about: "port of metrics, health and readiness, not for clients; off if it is not set",
  },
  {
    name: "BFF_ADMIN_HOST",
    default: "127.0.0.1",
    here: { value: "0.0.0.0", why: "Prometheus is elsewhere; the NetworkPolicy names its namespace" },
    about: "address of that port",
  },
  {
    name: "BFF_EXPLORER_TOKEN",
    kind: "secret",
    about: "password of the live page, which is on if this is set, and shows requests: openssl rand -hex 16",
  },
  { name: "BFF_EXPLORER", old: true, about: "until 1.0: true for BFF_EXPLORER_TOKEN=none, false for no page" },
  {
    name: "BFF_PURGE_TOKEN",
    kind: "secret",
    reads: ({ tagged }) => tagged,
    about: "token for POST /purge at that port; off if it is not set: openssl rand -hex 16",
  },
  {
    name: "BFF_CDN_TAGS",
    default: "cache-tag",
    reads: ({ cdn }) => cdn,
    about: "header with the tags of answers for a CDN: cache-tag (Cloudflare), or surrogate-key (Fastly)",
  },
  {
    name: "BFF_PROCESS",
    about: "number of this process among all, like 3/100: processes then use even shares of an upstream's addresses",
  },
  {
    name: "BFF_ACCESS_LOG",
    default: "off",
    about: "requests that are logged on standard output: off, all, or a share like 0.01",
  },
  {
    name: "BFF_CAPTURE",
    about:
      "requests that are captured for `protobff replay`: failed, slow, all, or a share; then the folder, whose files contain messages of callers, and bounds of one request, of a process, and of their age",
    example: "failed,slow,0.001;dir=/captures;request=1MB;bytes=64MB;age=7d",
  },
  {
    name: "BFF_CAPTURE_KEYS",
    kind: "secret",
    about:
      "32 random bytes in base64, several separated by commas: the first seals captured requests, and each of them opens these for `protobff replay`",
  },
  { name: "BFF_CAPTURE_DIR", old: true, about: "until 1.0: dir= of BFF_CAPTURE" },
  { name: "BFF_CAPTURE_REQUEST_BYTES", old: true, about: "until 1.0: request= of BFF_CAPTURE" },
  { name: "BFF_CAPTURE_BYTES", old: true, about: "until 1.0: bytes= of BFF_CAPTURE" },
  ...TELEMETRY_VARIABLES,
  {
    name: "BFF_AUDIT",
    about: "log of requests that are refused because of their caller: stderr",
    example: "stderr",
  },
  { name: "BFF_TRUSTED_PROXIES", about: "addresses and networks of trusted proxies", example: "10.0.0.0/8" },
  { name: "BFF_CORS_ORIGINS", about: "origins whose scripts may call the server", example: "https://app.example" },
  {
    name: "BFF_HSTS",
    about: "time for which browsers use TLS only; needs TLS_CERT_FILE",
    example: "365d",
  },
  { name: "BFF_REFLECTION", default: "false", about: "true: serve gRPC reflection" },
  {
    name: "BFF_UPSTREAM_CHECK",
    default: "off",
    about:
      "comparison of deployed upstreams with the protos of the server: off, log, or ready, which waits for those that differ; needs uses=true",
  },
  { name: "BFF_HTTP2", default: "own", about: "HTTP/2 implementation towards upstreams: own or node" },
  {
    name: "BFF_HTTP2_SERVER",
    default: "own",
    about: "HTTP/2 implementation towards clients: own, or node, which takes more CPU",
  },
  { name: "BFF_MAX_REQUEST_BYTES", default: "1048576", about: "largest message from a client" },
  { name: "BFF_MAX_ELEMENTS", default: "10000", about: "maximum number of elements in a request" },
  {
    name: "BFF_MAX_STEPS",
    default: "10000000",
    about: "steps of expressions for one request: iterations, characters of texts, comparisons of sorts",
  },
  { name: "BFF_MAX_REPLY_BYTES", default: "16777216", about: "largest message from an upstream" },
  { name: "BFF_MAX_CONNECTIONS", default: "30000", about: "open connections of clients, per process" },
  { name: "BFF_MAX_STREAMS", default: "250", about: "open requests on one HTTP/2 connection of a client" },
  {
    name: "BFF_MAX_FOLLOWERS",
    default: "20000",
    about: "open streams to clients, per process",
  },
  {
    name: "BFF_MAX_FOLLOWERS_PER_CALLER",
    about: "open streams of one principal or address, per process; default: a tenth of all",
    example: "2000",
  },
  {
    name: "BFF_MAX_PENDING_BYTES",
    default: "134217728",
    about: "bytes of request bodies and answers in flight in all connections; part of the container's memory",
  },
  {
    name: "BFF_IDLE",
    default: "5m",
    about: "time without a request after which an HTTP/2 connection of a client is closed",
  },
  {
    name: "BFF_MAX_REQUESTS",
    default: "0",
    about: "requests that are composed at a time, per process; others wait briefly; 0: no limit",
  },
  {
    name: "BFF_SHED_DELAY",
    default: "50ms",
    about: "standing delay of the event loop above which new requests are refused, by priority; 0s: none is refused",
  },
  {
    name: "BFF_SHED_READYZ",
    default: "false",
    about: "true: not ready while more than half of the requests are refused",
  },
  {
    name: "BFF_MAX_CONNECTION_AGE",
    default: "0s",
    about: "age at which a client's connection is closed, like 30m, so that new pods get work; 0s: never",
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
    about: `second level of the cache; also sessions, limits and confirmations, if BFF_STATE_REDIS_URL is not set: ${REDIS}`,
  },
  {
    name: "BFF_CACHE_KEYS",
    kind: "secret",
    reads: ({ sensitive }) => sensitive,
    about:
      "32 random bytes in base64, several separated by commas: the first seals cached answers with sensitive values in Redis, and each of them opens these",
  },
  {
    name: "BFF_STATE_REDIS_URL",
    kind: "secret",
    reads: (server) => hasSessions(server) || hasLimits(server) || confirms(server),
    about: `store of sessions, limits and used confirmations, if it is not the cache's Redis: ${REDIS}`,
  },
  {
    name: "BFF_REDIS_PREFIX",
    example: "team-a:",
    about:
      "beginning of all keys and channels in Redis, up to 64 letters, digits and :._-, where several teams share one",
  },
  {
    name: "NATS_URL",
    kind: "secret",
    reads: hasNats,
    about: `NATS servers of topics, purges and usage events: ${NATS_SERVERS}`,
  },
  { name: "NATS_CREDS", kind: "secret file", example: `${SECRETS}/nats/user.creds`, reads: hasNats, about: NATS_USER },
  { name: "NATS_USER", reads: hasNats, about: NATS_USER, example: "bff" },
  { name: "NATS_PASSWORD", kind: "secret", reads: hasNats, about: "password of NATS_USER" },
  { name: "NATS_TOKEN", kind: "secret", reads: hasNats, about: NATS_USER },
  {
    name: "NATS_CA",
    kind: "file",
    example: `${SECRETS}/nats/ca.crt`,
    reads: hasNats,
    about: "certificate authorities of NATS",
  },
  { name: "NATS_CERT", kind: "file", example: `${SECRETS}/nats/tls.crt`, reads: hasNats, about: NATS_TLS },
  { name: "NATS_KEY", kind: "secret file", example: `${SECRETS}/nats/tls.key`, reads: hasNats, about: NATS_TLS },
  {
    name: "DATABASE_URL",
    kind: "secret",
    about: "PostgreSQL with API keys, the denylist, and with quotas if there is no Redis: postgres://…",
  },
  {
    name: "BFF_STORE_FILE",
    kind: "file",
    example: "/var/lib/bff/store.sqlite",
    about: "SQLite file that replaces DATABASE_URL: for a single pod, on a volume",
  },
  {
    name: "BFF_PUBLIC_URL",
    example: "https://app.example",
    about: "origin of this server in browsers: only its pages may open WebSockets with cookies, and call tools",
  },
  {
    name: "BFF_SESSION_KEYS",
    required: true,
    kind: "secret",
    reads: hasSessions,
    about:
      "32 random bytes in base64, several separated by commas: the first seals sessions, and each of them opens sessions",
  },
  {
    name: "BFF_OVERRIDES",
    example: "false",
    about: "false: ignores what bff-key deny and bff-key limit write; if it is not set, a store turns them on",
  },
  {
    name: "BFF_USAGE_FILE",
    example: "/var/lib/bff/usage.jsonl",
    reads: hasUsage,
    about: "file to which usage events are appended, unless they have a subject and NATS_URL is set",
  },
  { name: "BFF_MCP", default: "true", reads: hasTools, about: "false: no tools for agents at /mcp" },
  {
    name: "BFF_MCP_TOOLS",
    default: "all",
    reads: hasTools,
    about:
      "what agents list: all tools, search for three that find, read and run the others, auto for search from 10,000 tokens on; search needs minisearch",
  },
  {
    name: "BFF_MCP_HEADERS",
    kind: "secret",
    reads: hasTools,
    about: "headers with the credential of every request over standard input: authorization=Bearer …,x=y",
  },
  {
    name: "BFF_TOOL_KEYS",
    required: true,
    kind: "secret",
    reads: confirms,
    about:
      "32 random bytes in base64, several separated by commas: the first seals confirmations of tools, and each of them opens confirmations",
  },
  {
    name: "BFF_PAGE_KEYS",
    required: true,
    kind: "secret",
    reads: sealsPages,
    about:
      "32 random bytes in base64, several separated by commas: the first seals page tokens, and each of them opens page tokens",
  },
  {
    name: "BFF_IDENTITY_ISSUER",
    required: true,
    reads: signs,
    example: "https://bff.example",
    about: "issuer in the tokens that this deployment signs",
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
    about: "the module with resolvers and functions, from the image's /app; resolvers.ts (.js, .mjs) if it is not set",
  },
  { name: "BFF_OBSERVER", example: "observer.ts", about: "a module with an observer, from the image's /app" },
];

/** Returns all variables of a server, each once: first those that have to be set. */
export function variablesOf(server: PlanServer, uses: boolean): readonly DeployVariable[] {
  const read = FIXED_VARIABLES.filter(({ old, reads }) => old !== true && (reads?.(server) ?? true));
  const fixed = read.map((definition): DeployVariable => {
    if (definition.name.startsWith("TLS_") && byCertificate(server)) return { ...definition, required: true };
    if (definition.name === "NATS_URL" && hasStoredTopics(server)) return { ...definition, required: true };
    if (definition.name === "BFF_USAGE_FILE" && usageSubjects(server).includes(undefined))
      return { ...definition, required: true };
    if (definition.name === "BFF_PUBLIC_URL" && (hasSessions(server) || hasLogins(server)))
      return { ...definition, required: true };
    if (definition.name === "DATABASE_URL" && hasKeys(server)) return { ...definition, required: true };
    if (definition.name === "REDIS_URL" && sharedLimits(server).some(({ closed }) => closed))
      return { ...definition, required: true };
    if (definition.name === "BFF_UPSTREAM_CHECK" && uses)
      return { ...definition, here: { value: "log", why: "drift of deployed upstreams is logged" } };
    return definition;
  });
  const all = [...upstreamVariables(server), ...clientSecrets(server), ...declaredVariables(server), ...fixed];
  const named = [...new Map(all.map((variable) => [variable.name, variable])).values()];
  return [...named.filter(({ required }) => required === true), ...named.filter(({ required }) => required !== true)];
}

/** `BFF_WEB_USER_CLIENT_SECRET`, for a session's source `web_user`. */
function clientSecrets(server: PlanServer): readonly DeployVariable[] {
  return sources(server)
    .filter(({ credential }) => credential.kind === "session")
    .map(({ name }) => ({
      name: `BFF_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}_CLIENT_SECRET`,
      required: true,
      kind: "secret",
      about: `client secret of the source ${name}, from its provider`,
    }));
}
