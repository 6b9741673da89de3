import { closeSync, openSync } from "node:fs";
import type { DescService } from "@bufbuild/protobuf";
import type { CdnHeader } from "@protobff/runtime/internal/cache/cdn-tags";
import { MAX_TIMER_MS } from "@protobff/runtime/internal/clock";
import { type ConfigFault, type Environment, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { quoted } from "@protobff/runtime/internal/environment/one-line";
import { type FileReader, isUsable, readPair, readPem } from "@protobff/runtime/internal/environment/pem-files";
import { readCacheKeys } from "@protobff/runtime/internal/environment/read-cache-keys";
import { readRedisUrl } from "@protobff/runtime/internal/environment/redis-url";
import { MAX_STEPS } from "@protobff/runtime/internal/expressions/value/meter";
import { type Networks, readNetworks } from "@protobff/runtime/internal/identity/network/networks";
import type { RedisLocation } from "@protobff/runtime/internal/redis/connection";
import { MAX_ELEMENTS, MAX_MESSAGE_BYTES } from "@protobff/runtime/internal/routes/bounds";
import type { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import { DEFAULT_HTTP2, type Http2 } from "@protobff/runtime/internal/transport/grpc/grpc-client";
import { DEFAULT_MAX_CONNECTIONS, DEFAULT_SERVER_HTTP2, type ServerHttp2 } from "../http2/client-http2.ts";
import { DEFAULT_MAX_STREAMS } from "../http2/client-sessions.ts";
import type { LogFormat } from "../logs/server-log.ts";
import { DEFAULT_MAX_PENDING_BYTES } from "../requests/pending-bytes.ts";
import { readPublicUrl } from "../session/public-url.ts";
import { DEFAULT_MAX_FOLLOWERS, defaultFollowersPerCaller } from "../streams/stream-account.ts";
import {
  type ProcessConfig,
  readCdnHeader,
  readLog,
  readProcess,
  readPurgeToken,
  readUpstreamCheck,
  type UpstreamCheckMode,
} from "./config-process.ts";
import { readTelemetry, type TelemetryConfig } from "./config-telemetry.ts";
import { readUpstreams, type UpstreamAddresses, type UpstreamsSpec } from "./config-upstreams.ts";

/** Certificate of the server, and authorities of clients. */
export interface ServerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa?: Buffer;
}

/** Configuration of a server, from the environment. */
export interface ServerConfig<Name extends string, Env> extends UpstreamAddresses<Name>, ProcessConfig {
  readonly tls?: ServerTls;
  /** Networks whose `x-forwarded-for` is trusted. */
  readonly trustedProxies?: Networks;
  /** Destination of the audit log: a path, or `stderr`. */
  readonly audit?: string;
  /** Maximum age of a client's connection. 0: no limit. */
  readonly maxConnectionAgeMs: number;
  /** Time for which the server warms up its RPCs before it listens. 0: no warm-up. */
  readonly warmUpMs: number;
  readonly maxRequestBytes: number;
  /** Maximum number of elements of lists, maps and JSON in one request. */
  readonly maxElements: number;
  /** Maximum number of steps of expressions for one request. */
  readonly maxSteps: number;
  readonly maxReplyBytes: number;
  /** Maximum size of request bodies in progress in all connections. */
  readonly maxPendingBytes: number;
  /** Maximum number of open client connections per process. */
  readonly maxConnections: number;
  /** Maximum number of concurrent requests on one HTTP/2 connection. */
  readonly maxStreams: number;
  /** Maximum number of open streams of RPCs per process. */
  readonly maxFollowers: number;
  /** Maximum number of open streams of one caller per process. */
  readonly maxFollowersPerCaller: number;
  /** Idle time after which an HTTP/2 connection without requests is closed. */
  readonly idleMs: number;
  /** Maximum number of requests that a process composes at a time. 0: no limit. */
  readonly maxRequests: number;
  /** Standing delay of the event loop above which requests are refused. 0: none is refused. */
  readonly shedDelayMs: number;
  /** True if the server is not ready while it refuses more than half of its requests. */
  readonly shedReadyz: boolean;
  readonly upstreamCheck: UpstreamCheckMode;
  /** Implementation of HTTP/2 that carries calls to upstreams. */
  readonly http2: Http2;
  /** Implementation of HTTP/2 that serves clients. */
  readonly http2Server: ServerHttp2;
  /** Origins whose scripts may call; `*` is all of them. */
  readonly corsOrigins: readonly string[];
  /** Origin at which browsers see this server. */
  readonly publicUrl?: string;
  /** Time for which browsers must use TLS only. */
  readonly hstsMs: number;
  readonly reflection: boolean;
  /** Format of failures on standard error. */
  readonly log: LogFormat | "off";
  readonly telemetry: TelemetryConfig;
  /** Address of the cache's second level. */
  readonly redisUrl?: RedisLocation;
  /** Seals cached answers with sensitive values in Redis. */
  readonly cacheSealer?: Sealer;
  /** Token for purges at the admin port. */
  readonly purgeToken?: string | undefined;
  /** Header with tags for a CDN. */
  readonly cdnHeader?: CdnHeader | undefined;
  /** The variables that the BFF's own expressions read. */
  readonly env: Env;
}

/** Environment variables that a server reads. */
interface ConfigSpec<Upstreams extends Readonly<Record<string, DescService>>, Env> extends UpstreamsSpec<Upstreams> {
  readonly env: (read: EnvReader) => Env;
  /** True if cached answers may contain sensitive values. */
  readonly sensitive?: boolean | undefined;
  /** True if cached answers have tags. */
  readonly tagged?: boolean | undefined;
  /** True if a CDN receives the tags. */
  readonly cdn?: boolean | undefined;
  readonly uses?: unknown;
}

export type ConfigResult<Name extends string, Env> = {
  /** Zero values replace missing or malformed ones. */
  readonly env: Env;
  /** True if it has such values. */
  readonly isFilled?: boolean;
} & (
  | { readonly config: ServerConfig<Name, Env>; readonly faults?: undefined }
  | { readonly config?: undefined; readonly faults: readonly ConfigFault[] }
);

const MAX_BYTES = 2 ** 32 - 1;
const MAX_PENDING_BYTES = 2 ** 40;
const MAX_STREAMS = 10_000;
/** Longest time that a worker may take to start. */
const MAX_WARM_UP_MS = 30_000;
const MAX_FOLLOWERS = 1_000_000;
/** No client waits as long for its answer to begin. */
const MAX_SHED_DELAY_MS = 60_000;
const MAX_COUNT = 2 ** 32 - 1;

/** Reads the whole configuration; either all of it or everything that is wrong with it. */
export function readConfig<Upstreams extends Readonly<Record<string, DescService>>, Env>(
  source: Environment,
  spec: ConfigSpec<Upstreams, Env>,
  readFile: FileReader,
): ConfigResult<keyof Upstreams & string, Env> {
  const faults: ConfigFault[] = [];
  const read = new EnvReader(source, faults);
  const tls = readServerTls(read, readFile);
  const redisUrl = readRedisUrl(read, "REDIS_URL");
  const cacheSealer = spec.sensitive === true ? readCacheKeys(read, "BFF_CACHE_KEYS") : undefined;
  const purgeToken = spec.tagged === true ? readPurgeToken(read) : undefined;
  const cdnHeader = spec.cdn === true ? readCdnHeader(read) : undefined;
  const trustedProxies = readNetworks(read);
  const audit = readAudit(read);
  const publicUrl = readPublicUrl(read);
  const addresses = readUpstreams(read, spec, readFile);
  const maxFollowers = read.within("BFF_MAX_FOLLOWERS", 1, MAX_FOLLOWERS, String(DEFAULT_MAX_FOLLOWERS));
  const perCaller = String(defaultFollowersPerCaller(maxFollowers));
  const ours: Omit<ServerConfig<keyof Upstreams & string, Env>, "env"> = {
    ...readProcess(read),
    ...(tls !== undefined && { tls }),
    maxConnectionAgeMs: readAge(read),
    warmUpMs: read.durationMs("BFF_WARM_UP", "0s", MAX_WARM_UP_MS),
    maxRequestBytes: read.within("BFF_MAX_REQUEST_BYTES", 1, MAX_BYTES, String(MAX_MESSAGE_BYTES)),
    maxElements: read.within("BFF_MAX_ELEMENTS", 1, MAX_COUNT, String(MAX_ELEMENTS)),
    maxSteps: read.within("BFF_MAX_STEPS", 1000, MAX_COUNT, String(MAX_STEPS)),
    maxReplyBytes: read.within("BFF_MAX_REPLY_BYTES", 1, MAX_BYTES, String(16 << 20)),
    maxPendingBytes: read.within("BFF_MAX_PENDING_BYTES", 1, MAX_PENDING_BYTES, String(DEFAULT_MAX_PENDING_BYTES)),
    maxConnections: read.within("BFF_MAX_CONNECTIONS", 1, MAX_COUNT, String(DEFAULT_MAX_CONNECTIONS)),
    maxStreams: read.within("BFF_MAX_STREAMS", 1, MAX_STREAMS, String(DEFAULT_MAX_STREAMS)),
    maxFollowers,
    maxFollowersPerCaller: read.within("BFF_MAX_FOLLOWERS_PER_CALLER", 1, MAX_FOLLOWERS, perCaller),
    idleMs: readIdle(read),
    maxRequests: read.within("BFF_MAX_REQUESTS", 0, MAX_COUNT, "0"),
    shedDelayMs: read.durationMs("BFF_SHED_DELAY", "50ms", MAX_SHED_DELAY_MS),
    shedReadyz: read.bool("BFF_SHED_READYZ", "false"),
    upstreamCheck: readUpstreamCheck(read, spec.uses !== undefined),
    http2: readHttp2(read, "BFF_HTTP2", DEFAULT_HTTP2),
    http2Server: readHttp2(read, "BFF_HTTP2_SERVER", DEFAULT_SERVER_HTTP2),
    corsOrigins: readOrigins(read),
    hstsMs: readHsts(read),
    reflection: read.bool("BFF_REFLECTION", "false"),
    log: readLog(read),
    telemetry: readTelemetry(read, readFile),
    ...(redisUrl !== undefined && { redisUrl }),
    ...(purgeToken !== undefined && { purgeToken }),
    ...(cdnHeader !== undefined && { cdnHeader }),
    ...(cacheSealer !== undefined && { cacheSealer }),
    ...(trustedProxies !== undefined && { trustedProxies }),
    ...(audit !== undefined && { audit }),
    ...(publicUrl !== undefined && { publicUrl }),
    ...addresses,
  };
  const before = faults.length;
  const env = spec.env(read);
  if (faults.length === 0) return { config: { ...ours, env }, env };
  return { faults, env, isFilled: faults.length > before };
}

function readServerTls(read: EnvReader, readFile: FileReader): ServerTls | undefined {
  const pair = readPair(read, "TLS_CERT_FILE", "TLS_KEY_FILE", readFile);
  const clientCa = readPem(read, "TLS_CLIENT_CA_FILE", readFile);
  if (clientCa === undefined) return pair;
  if (!isUsable({ ca: clientCa })) {
    read.fault("TLS_CLIENT_CA_FILE", "holds no certificate that can be used", "the path of a PEM file");
  }
  if (read.optional("TLS_CERT_FILE") === undefined) {
    const remedy = "that one and TLS_KEY_FILE, too: without TLS there are no client certificates";
    read.fault("TLS_CLIENT_CA_FILE", "is set, but TLS_CERT_FILE is not", remedy);
  }
  return pair && { ...pair, clientCa };
}

/** The path of a file that can be appended to, or `stderr`. */
function readAudit(read: EnvReader): string | undefined {
  const text = read.optional("BFF_AUDIT");
  if (text === undefined || text === "stderr") return text;
  try {
    closeSync(openSync(text, "a", 0o600));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    read.fault("BFF_AUDIT", `cannot be written to (${reason})`, "the path of a file, or stderr");
  }
  return text;
}

function readIdle(read: EnvReader): number {
  const ms = read.durationMs("BFF_IDLE", "5m", MAX_TIMER_MS);
  if (ms < 1000) read.fault("BFF_IDLE", "is less than a second", "1s or more, like 5m");
  return ms;
}

/** A browser ignores the header without TLS (RFC 6797, 7.2). */
function readHsts(read: EnvReader): number {
  if (read.optional("BFF_HSTS") === undefined) return 0;
  const ms = read.durationMs("BFF_HSTS", "0s", MAX_HSTS_MS);
  if (read.optional("TLS_CERT_FILE") === undefined)
    read.fault("BFF_HSTS", "is set, but TLS_CERT_FILE is not", "it where TLS ends, in the proxy, or unset it");
  return ms;
}
const MAX_HSTS_MS = 2 * 365 * 24 * 3_600_000;

function readAge(read: EnvReader): number {
  // Half of the longest timer, so that the age with jitter is a valid timer.
  const ms = read.durationMs("BFF_MAX_CONNECTION_AGE", "0s", MAX_TIMER_MS / 2);
  if (ms > 0 && ms < 1000) read.fault("BFF_MAX_CONNECTION_AGE", "is less than a second", "1s or more, like 30m, or 0s");
  return ms;
}

function readHttp2(read: EnvReader, name: string, ours: "own" | "node"): "own" | "node" {
  const text = read.optional(name) ?? ours;
  if (text === "node" || text === "own") return text;
  read.fault(name, `is ${quoted(text)}`, "node or own");
  return ours;
}

function readOrigins(read: EnvReader): string[] {
  const origins = read.strings("BFF_CORS_ORIGINS", "");
  for (const origin of origins) {
    if (origin === "*" || URL.parse(origin)?.origin === origin) continue;
    read.fault(
      "BFF_CORS_ORIGINS",
      `has ${quoted(origin)} in it`,
      "origins (scheme, host and port) separated by commas, like https://app.example, or *",
    );
  }
  return origins;
}
