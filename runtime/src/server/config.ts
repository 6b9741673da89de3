import { X509Certificate } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { DescService } from "@bufbuild/protobuf";
import { LONGEST_TIMER_MS } from "../clock.ts";
import { MAX_ELEMENTS } from "../elements/bounds.ts";
import { type Networks, readNetworks } from "../identity/networks.ts";
import { DEFAULT_HTTP2, type Http2 } from "../transport/grpc-client.ts";
import { DEFAULT_MAX_STREAMS } from "./client-sessions.ts";
import { type Environment, EnvReader, type Fault } from "./env-reader.ts";
import type { LogFormat } from "./failure-log.ts";
import { quoted } from "./one-line.ts";
import { DEFAULT_MAX_PENDING_BYTES } from "./pending-bytes.ts";
import { readRedisUrl } from "./redis-url.ts";

/** Certificates as PEM: whom to trust, and how to identify. */
export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** How the server identifies, and which authority's clients may. */
export interface ServerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa?: Buffer;
}

/** Where an upstream is and how to get there. */
export interface UpstreamAddress {
  /** `http://…` is HTTP/2 without TLS. */
  readonly url: string;
  readonly tls: TlsFiles;
}

/** What the environment says about a server. */
export interface ServerConfig<Name extends string, Env> {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly tls?: ServerTls;
  /** Whose `x-forwarded-for` is believed. */
  readonly trustedProxies?: Networks;
  /** Where it is written who was refused: a path, or `stderr`. */
  readonly audit?: string;
  readonly graceMs: number;
  /** From the signal to end until nothing new is accepted. */
  readonly drainDelayMs: number;
  /** Of a client's connection; 0: any. */
  readonly maxConnectionAgeMs: number;
  readonly maxRequestBytes: number;
  /** Of lists, maps and JSON in one request. */
  readonly maxElements: number;
  readonly maxReplyBytes: number;
  /** Of bodies that are under way in all connections. */
  readonly maxPendingBytes: number;
  /** On one connection of HTTP/2, at once. */
  readonly maxStreams: number;
  /** A connection of HTTP/2 without requests is closed after so long. */
  readonly idleMs: number;
  /** Whose HTTP/2 carries calls to upstreams. */
  readonly http2: Http2;
  /** Origins whose scripts may call; `*` is all of them. */
  readonly corsOrigins: readonly string[];
  /** How long browsers are to come by TLS only. */
  readonly hstsMs: number;
  readonly reflection: boolean;
  /** How failures are told on standard error. */
  readonly log: LogFormat | "off";
  /** Where the cache has its second level. */
  readonly redisUrl?: string;
  readonly upstreams: Readonly<Record<Name, UpstreamAddress>>;
  /** Of the branches that have an address, as `agent.canary`. */
  readonly branches: Readonly<Record<string, UpstreamAddress>>;
  /** The variables that say where the others are, which are not set. */
  readonly branchesOff: readonly string[];
  /** The variables that the BFF's own expressions read. */
  readonly env: Env;
}

/** What a server needs from its environment. */
export interface ConfigSpec<Upstreams extends Readonly<Record<string, DescService>>, Env> {
  readonly upstreams: Upstreams;
  /** The names of branches by upstream. */
  readonly branches?: { readonly [Name in keyof Upstreams]?: readonly string[] } | undefined;
  readonly env: (read: EnvReader) => Env;
}

/** Gives the bytes of a file; throws when it cannot be read. */
export type FileReader = (path: string) => Buffer;

export type ConfigResult<Name extends string, Env> = {
  /** Undefined where something of it is wrong. */
  readonly env: Env | undefined;
} & (
  | { readonly config: ServerConfig<Name, Env>; readonly faults?: undefined }
  | { readonly config?: undefined; readonly faults: readonly Fault[] }
);

const MAX_BYTES = 2 ** 32 - 1;
const MAX_PENDING_BYTES = 2 ** 40;
const MAX_STREAMS = 10_000;
const MAX_COUNT = 2 ** 32 - 1;

/** Reads the whole configuration; either all of it or everything that is wrong with it. */
export function readConfig<Upstreams extends Readonly<Record<string, DescService>>, Env>(
  source: Environment,
  spec: ConfigSpec<Upstreams, Env>,
  readFile: FileReader,
): ConfigResult<keyof Upstreams & string, Env> {
  const faults: Fault[] = [];
  const read = new EnvReader(source, faults);
  const tls = readServerTls(read, readFile);
  const redisUrl = readRedisUrl(read, "REDIS_URL");
  const trustedProxies = readNetworks(read);
  const audit = readAudit(read);
  const upstreams: Partial<Record<string, UpstreamAddress>> = {};
  for (const [name, service] of Object.entries(spec.upstreams)) {
    upstreams[name] = readUpstream(read, variablePrefix(service.typeName), service.typeName, readFile);
  }
  const { branches, off: branchesOff } = readBranches(read, spec, readFile);
  const ours: Omit<ServerConfig<keyof Upstreams & string, Env>, "env"> = {
    host: read.optional("HOST") ?? "0.0.0.0",
    port: read.within("PORT", 0, 65_535, "8080"),
    ...(tls !== undefined && { tls }),
    graceMs: read.durationMs("BFF_GRACE", "10s", LONGEST_TIMER_MS),
    drainDelayMs: read.durationMs("BFF_DRAIN_DELAY", "0s", LONGEST_TIMER_MS),
    maxConnectionAgeMs: readAge(read),
    maxRequestBytes: read.within("BFF_MAX_REQUEST_BYTES", 1, MAX_BYTES, String(4 << 20)),
    maxElements: read.within("BFF_MAX_ELEMENTS", 1, MAX_COUNT, String(MAX_ELEMENTS)),
    maxReplyBytes: read.within("BFF_MAX_REPLY_BYTES", 1, MAX_BYTES, String(16 << 20)),
    maxPendingBytes: read.within("BFF_MAX_PENDING_BYTES", 1, MAX_PENDING_BYTES, String(DEFAULT_MAX_PENDING_BYTES)),
    maxStreams: read.within("BFF_MAX_STREAMS", 1, MAX_STREAMS, String(DEFAULT_MAX_STREAMS)),
    idleMs: readIdle(read),
    http2: readHttp2(read),
    corsOrigins: readOrigins(read),
    hstsMs: readHsts(read),
    reflection: read.bool("BFF_REFLECTION", "false"),
    log: readLog(read),
    ...(redisUrl !== undefined && { redisUrl }),
    ...(trustedProxies !== undefined && { trustedProxies }),
    ...(audit !== undefined && { audit }),
    upstreams: upstreams as Record<keyof Upstreams & string, UpstreamAddress>,
    branches,
    branchesOff,
  };
  const before = faults.length;
  const env = spec.env(read);
  if (faults.length === 0) return { config: { ...ours, env }, env };
  return { faults, env: faults.length === before ? env : undefined };
}

/** The faults as a text for people, one line for each variable. */
export function explainFaults(name: string, faults: readonly Fault[]): string {
  // Several may read one variable.
  const all = new Set(faults.map(({ variable, problem, remedy }) => `  ${variable} ${problem}; write ${remedy}\n`));
  const lines = [...all];
  const count = lines.length === 1 ? "1 variable is" : `${lines.length} variables are`;
  return `${name} cannot start: ${count} missing or malformed\n${lines.join("")}`;
}

/** The beginning of an upstream's variables: `billing.v1.BillingService` → `BILLING_V1_BILLINGSERVICE`. */
export function variablePrefix(service: string): string {
  return service.toUpperCase().replaceAll(".", "_");
}

/** Of each branch its address, where it has one: without one it is off. */
function readBranches<Upstreams extends Readonly<Record<string, DescService>>>(
  read: EnvReader,
  { upstreams, branches = {} }: Pick<ConfigSpec<Upstreams, unknown>, "upstreams" | "branches">,
  readFile: FileReader,
): { readonly branches: Record<string, UpstreamAddress>; readonly off: string[] } {
  const found: Record<string, UpstreamAddress> = {};
  const off: string[] = [];
  for (const [name, service] of Object.entries(upstreams)) {
    for (const branch of branches[name] ?? []) {
      const prefix = `${variablePrefix(service.typeName)}_${branch.toUpperCase()}`;
      const files = ["_CA_FILE", "_CERT_FILE", "_KEY_FILE"].some((end) => read.optional(prefix + end) !== undefined);
      if (read.optional(`${prefix}_URL`) === undefined && !files) off.push(`${prefix}_URL`);
      else found[`${name}.${branch}`] = readUpstream(read, prefix, `branch ${branch} of ${service.typeName}`, readFile);
    }
  }
  return { branches: found, off };
}

/** @param what is there, as people call it */
function readUpstream(read: EnvReader, prefix: string, what: string, readFile: FileReader): UpstreamAddress {
  const variable = `${prefix}_URL`;
  const remedy = `the address of ${what}, like http://127.0.0.1:9001 or https://service.example`;
  const text = read.optional(variable);
  const url = text === undefined ? undefined : URL.parse(text);
  // The value is not repeated: an address may have a password in it.
  if (text === undefined) read.fault(variable, "is not set", remedy);
  else if (url === null || url === undefined) read.fault(variable, "is not an address", remedy);
  else if (url.protocol !== "http:" && url.protocol !== "https:") {
    read.fault(variable, "begins with neither http:// nor https://", remedy);
  } else if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    read.fault(variable, "has more in it than scheme, host, port and path", remedy);
  }

  const ca = readPem(read, `${prefix}_CA_FILE`, readFile);
  const pair = readPair(read, `${prefix}_CERT_FILE`, `${prefix}_KEY_FILE`, readFile);
  if (ca !== undefined && !isUsable({ ca })) {
    read.fault(`${prefix}_CA_FILE`, "holds no certificate that can be used", "the path of a PEM file");
  }
  const tls: TlsFiles = { ...(ca !== undefined && { ca }), ...pair };
  if (url?.protocol === "http:" && Object.keys(tls).length > 0) {
    read.fault(variable, "begins with http:// although there are certificates for it", "https://…, or unset the _FILE");
  }
  return { url: url?.href.replace(/\/$/, "") ?? "", tls };
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

/** A certificate with its key: both or neither. */
function readPair(read: EnvReader, certFile: string, keyFile: string, readFile: FileReader) {
  const cert = readPem(read, certFile, readFile);
  const key = readPem(read, keyFile, readFile);
  const hasCert = read.optional(certFile) !== undefined;
  const hasKey = read.optional(keyFile) !== undefined;
  if (hasCert && !hasKey) read.fault(keyFile, `is not set, but ${certFile} is`, "the path of its private key");
  if (hasKey && !hasCert) read.fault(certFile, `is not set, but ${keyFile} is`, "the path of its certificate");
  if (cert === undefined || key === undefined) return undefined;
  if (!isUsable({ cert, key })) {
    read.fault(
      certFile,
      `and ${keyFile} are not a certificate and its key`,
      "the paths of two PEM files that belong together",
    );
  }
  return { cert, key };
}

function readPem(read: EnvReader, variable: string, readFile: FileReader): Buffer | undefined {
  const path = read.optional(variable);
  if (path === undefined) return undefined;
  try {
    return readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    read.fault(variable, `cannot be read (${reason})`, "the path of a PEM file");
    return undefined;
  }
}

function isUsable(files: TlsFiles): boolean {
  try {
    // A secure context takes a trust file without any certificate for an empty one.
    if (files.ca !== undefined) new X509Certificate(files.ca);
    createSecureContext(files);
    return true;
  } catch {
    return false;
  }
}

function readIdle(read: EnvReader): number {
  const ms = read.durationMs("BFF_IDLE", "5m", LONGEST_TIMER_MS);
  if (ms < 1000) read.fault("BFF_IDLE", "is less than a second", "1s or more, like 5m");
  return ms;
}

/** A browser takes no word for it that came without TLS (RFC 6797, 7.2). */
function readHsts(read: EnvReader): number {
  if (read.optional("BFF_HSTS") === undefined) return 0;
  const ms = read.durationMs("BFF_HSTS", "0s", MAX_HSTS_MS);
  if (read.optional("TLS_CERT_FILE") === undefined)
    read.fault("BFF_HSTS", "is set, but TLS_CERT_FILE is not", "it where TLS ends, in the proxy, or unset it");
  return ms;
}
const MAX_HSTS_MS = 2 * 365 * 24 * 3_600_000;

function readAge(read: EnvReader): number {
  // With what jitter adds it is still a timer.
  const ms = read.durationMs("BFF_MAX_CONNECTION_AGE", "0s", LONGEST_TIMER_MS / 2);
  if (ms > 0 && ms < 1000) read.fault("BFF_MAX_CONNECTION_AGE", "is less than a second", "1s or more, like 30m, or 0s");
  return ms;
}

function readHttp2(read: EnvReader): Http2 {
  const text = read.optional("BFF_HTTP2") ?? DEFAULT_HTTP2;
  if (text === "node" || text === "own") return text;
  read.fault("BFF_HTTP2", `is ${quoted(text)}`, "node or own");
  return DEFAULT_HTTP2;
}

function readLog(read: EnvReader): LogFormat | "off" {
  const text = read.optional("BFF_LOG") ?? "text";
  if (text === "text" || text === "json" || text === "off") return text;
  read.fault("BFF_LOG", `is ${quoted(text)}`, "text, json or off");
  return "text";
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
