import { create, createRegistry, type DescMessage, type Message, type MessageShape } from "@bufbuild/protobuf";
import { type Credential, CredentialSchema, type Principal } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Clock } from "@protobff/runtime/internal/clock";
import type { Caller } from "@protobff/runtime/internal/identity/caller";
import { claimIn, decodeClaims } from "@protobff/runtime/internal/identity/claims/claims";
import { type Jose, loadJose } from "@protobff/runtime/internal/identity/jwt/jose";
import { KeySet } from "@protobff/runtime/internal/identity/jwt/key-set";
import { payloadText } from "@protobff/runtime/internal/identity/jwt/presented-token";
import { callerOf } from "@protobff/runtime/internal/identity/principal";
import { unauthenticated } from "@protobff/runtime/internal/identity/refusals";
import type { Settings } from "@protobff/runtime/internal/identity/settings";
import type { Source } from "@protobff/runtime/internal/identity/source";
import type { SourceParts, SourceSpec } from "@protobff/runtime/internal/identity/spec";
import { jsonOf } from "@protobff/runtime/internal/json/write-json";
import type { RedisLocation } from "@protobff/runtime/internal/redis/connection";
import { backchannelLogout } from "./backchannel.ts";
import { type LoginEvent, LoginRoutes } from "./login-routes.ts";
import { MemoryStore } from "./memory-store.ts";
import { Provider, type Tokens } from "./provider.ts";
import { loadOpenidClient, readSessionConfig, type SessionConfig } from "./session-config.ts";
import { SessionSource } from "./session-source.ts";
import type { SessionStore } from "./session-store.ts";
import { Sessions } from "./sessions.ts";

const NO_TYPES = createRegistry();

/** A source `session`, as declared. Times are milliseconds. */
export interface SessionOptions<P extends Message, Claims extends DescMessage | undefined> {
  readonly name: string;
  /** The OpenID provider: its issuer, as its discovery document has it. */
  readonly issuer: string;
  /** Variables of the environment that the issuer is made of, for faults. */
  readonly issuerVariables?: readonly string[] | undefined;
  readonly clientId: string;
  /** Besides `openid`. */
  readonly scopes?: readonly string[] | undefined;
  /** Default `__Host-session`. */
  readonly cookie?: string | undefined;
  /** Time without use after which a session ends, in milliseconds. Default: 30 minutes. */
  readonly idleMs?: number | undefined;
  /** Maximum lifetime of a session, in milliseconds. Default: 10 hours. */
  readonly absoluteMs?: number | undefined;
  /** Message type of the ID token's payload. */
  readonly claims?: Claims;
  readonly from?: readonly string[] | undefined;
  /** Default: the default principal, filled from the credential. */
  readonly principal?: ((claims: ClaimsOf<Claims>, credential: Credential) => P) | undefined;
}

type ClaimsOf<Claims> = Claims extends DescMessage ? MessageShape<Claims> : undefined;
/** With its types put aside. */
type Options = SessionOptions<Message, DescMessage | undefined>;
/** Opens the store in Redis, which no other server pays for loading. */
type Redis = (failed: (error: Error) => void) => Promise<SessionStore>;

const IDLE_MS = 30 * 60_000;
const ABSOLUTE_MS = 10 * 3_600_000;

/**
 * Returns a source that authenticates browsers by a session. People log in at an OpenID provider, by authorization code
 * with PKCE (RFC 7636), and the browser gets a cookie with a random id. The session's data, including its tokens, is
 * stored in Redis (BFF_STATE_REDIS_URL, else REDIS_URL), or in the process if neither is set.
 *
 * @example
 * const browser = session({ name: "browser", issuer: "https://id.example", clientId: "web" });
 */
export function session<P extends Message = Principal, Claims extends DescMessage | undefined = undefined>(
  options: SessionOptions<P, Claims>,
): SourceSpec<P> {
  let config: SessionConfig | undefined;
  let jose: Jose | undefined;
  let redis: Redis | undefined;
  return {
    name: options.name,
    byCertificate: (options.from ?? []).length > 0,
    byCookie: true,
    async configure(settings: Settings): Promise<void> {
      config = readSessionConfig(options, settings);
      jose = await loadJose().catch(() => missing(settings, options.name, "jose"));
      await loadOpenidClient().catch(() => missing(settings, options.name, "openid-client"));
      if (config?.redisUrl !== undefined)
        redis = await loadStore(config.redisUrl).catch(() => missing(settings, options.name, "@redis/client"));
    },
    async open(parts: SourceParts): Promise<Source> {
      if (config === undefined || jose === undefined) throw new Error(`the source ${options.name} is not configured`);
      return open(options as unknown as Options, config, { jose, redis }, parts);
    },
  };
}

async function loadStore(location: RedisLocation): Promise<Redis> {
  const { RedisStore } = await import("./redis-store.ts");
  const { connectAtStart, loadRedis } = await import("@protobff/runtime/internal/redis/redis-client");
  const connect = await loadRedis(location);
  return async (failed) => new RedisStore(await connectAtStart(connect, failed));
}

function missing(settings: Settings, source: string, name: string): undefined {
  settings.fault(`the source ${source}`, `needs the package ${name}, which is not installed`, `npm install ${name}`);
}

async function open(
  options: Options,
  config: SessionConfig,
  { jose, redis }: { readonly jose: Jose; readonly redis: Redis | undefined },
  parts: SourceParts,
): Promise<Source> {
  const { name, issuer, clientId, cookie = "__Host-session", from = [] } = options;
  const { publicUrl, clientSecret, sealer } = config;
  const { idleMs = IDLE_MS, absoluteMs = ABSOLUTE_MS } = options;
  const { clock, type, fault, fetched, basePath = "" } = parts;
  const away = (error: Error): void => fault("the sessions' Redis cannot be reached", error);
  const unread = (error: unknown): void => fault("sessions cannot be read or ended", error);
  if (redis === undefined)
    fault(
      "sessions are kept in this process: they are lost with it, and other processes cannot use them; set REDIS_URL",
      undefined,
    );
  const store = redis === undefined ? new MemoryStore(clock) : await redis(away);
  const redirectUri = `${publicUrl}${basePath}/auth/callback`;
  const scopes = [...new Set(["openid", ...(options.scopes ?? [])])];
  const provider = new Provider({ issuer, clientId, clientSecret, redirectUri, scopes }, clock);
  const callerOf = (tokens: Tokens, id: string, until: number): Caller => caller(options, parts, { tokens, id, until });
  const sessions = new Sessions({ store, sealer, provider, clock, issuer, idleMs, absoluteMs, callerOf, fault });
  const audit = (event: LoginEvent, address: string): void => parts.audit(auditOf(event, name, address, clock));
  const json = ({ caller: { principal } }: { readonly caller: Caller }): unknown => jsonOf(type, principal, NO_TYPES);
  const logins = new LoginRoutes({
    publicUrl,
    loginPath: `${basePath}/auth/login`,
    cookie,
    absoluteMs,
    sessions,
    provider,
    sealer,
    clock,
    json,
    audit,
    fault,
    away: unread,
  });
  const failed = (error: unknown): void => fault(`keys of source ${name} cannot be fetched`, error);
  const keys = new KeySet({
    place: { kind: "discovery", issuer },
    maxStaleMs: absoluteMs,
    clock,
    jose,
    failed,
    fetched: () => fetched?.(name),
  });
  const ended = (count: number): void => {
    if (count > 0)
      parts.audit({ event: "session-ended", at: clock.date(), source: name, reason: "the provider has ended it" });
  };
  const backchannel = backchannelLogout({ issuer, clientId, keys, jose, clock }, sessions, ended, unread);
  const routes = new Map([...logins.routes, ["/auth/backchannel-logout", backchannel]]);
  return new SessionSource({ name, cookie, from, sessions, store, keys, routes });
}

/** @throws Failure UNAUTHENTICATED where the ID token makes no principal */
function caller(
  options: Options,
  { type }: SourceParts,
  { tokens, id, until }: { readonly tokens: Tokens; readonly id: string; readonly until: number },
): Caller {
  const { name, issuer, claims: desc } = options;
  const { sub } = tokens.claims;
  const subject = typeof sub === "string" ? sub : "";
  const credential = create(CredentialSchema, { source: name, issuer, subject, id, expires: BigInt(until) });
  let claims: Message | undefined;
  try {
    const [, payload = ""] = tokens.idToken.split(".");
    claims = desc === undefined ? undefined : decodeClaims(desc, payloadText(payload));
  } catch (error) {
    throw unauthenticated("the ID token's claims are not of the declared types", { claim: claimIn(error) });
  }
  const { principal } = options;
  const set = principal && (() => principal(claims as ClaimsOf<DescMessage>, credential));
  const read = desc && claims && { type: desc, message: claims };
  return callerOf({ type, credential, principal: set, claims: read, token: tokens.access });
}

function auditOf(event: LoginEvent, source: string, address: string, clock: Clock) {
  const at = clock.date();
  if (event.event === "login-failed") return { ...event, at, source, address };
  const { issuer, subject, id } = event.session.caller.credential;
  return { event: event.event, at, source, address, issuer, subject, id };
}
