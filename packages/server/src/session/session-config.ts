import { readStateRedisUrl } from "@protobff/runtime/internal/environment/redis-url";
import { isTrustworthy } from "@protobff/runtime/internal/identity/jwt/fetch-document";
import { issuerSubject } from "@protobff/runtime/internal/identity/one-issuer";
import type { Settings } from "@protobff/runtime/internal/identity/settings";
import type { RedisLocation } from "@protobff/runtime/internal/redis/connection";
import { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import { readSealingKeys } from "@protobff/runtime/internal/sealing/sealing-keys";
import { PUBLIC_URL, PUBLIC_URL_REMEDY, readPublicUrl } from "./public-url.ts";

/** Configuration of a source of sessions, from the environment. */
export interface SessionConfig {
  /** Without a slash at the end. */
  readonly publicUrl: string;
  readonly clientSecret: string;
  readonly sealer: Sealer;
  readonly redisUrl: RedisLocation | undefined;
}

const KEYS = "BFF_SESSION_KEYS";

/** @throws Error if it is not installed */
export const loadOpenidClient = (): Promise<unknown> => import("openid-client");

/** Reads the configuration. Returns undefined and reports the faults if a variable is missing or malformed. */
export function readSessionConfig(
  {
    name,
    issuer,
    issuerVariables,
  }: {
    readonly name: string;
    readonly issuer: string;
    readonly issuerVariables?: readonly string[] | undefined;
  },
  settings: Settings,
): SessionConfig | undefined {
  let sound = true;
  const fault = (variable: string, problem: string, remedy: string): void => {
    sound = false;
    settings.fault(variable, problem, remedy);
  };
  if (!isTrustworthy(issuer))
    fault(
      issuerSubject(name, issuerVariables),
      "is no address with https, nor one of this machine",
      "https://login.example",
    );
  const publicUrl = readPublicUrl(settings);
  if (settings.optional(PUBLIC_URL) === undefined) fault(PUBLIC_URL, "is not set", PUBLIC_URL_REMEDY);
  const variable = secretVariable(name);
  const clientSecret = settings.optional(variable);
  if (clientSecret === undefined) fault(variable, "is not set", "the secret that the provider has given this client");
  const keys = readSealingKeys(KEYS, settings, fault);
  const redisUrl = readStateRedisUrl({ optional: (variable) => settings.optional(variable), fault });
  const workers = settings.optional("BFF_WORKERS") ?? "1";
  // `auto` may be one process here, and several where there are more cores.
  if (redisUrl === undefined && workers !== "1") {
    const problem = `is not set, and BFF_WORKERS is ${workers}: a session of one process would be unknown to the others`;
    fault("REDIS_URL", problem, "an address like redis://127.0.0.1:6379, or BFF_STATE_REDIS_URL");
  }
  if (!sound || publicUrl === undefined || clientSecret === undefined) return undefined;
  return { publicUrl, clientSecret, sealer: new Sealer(keys), redisUrl };
}

/** `BFF_WEB_USER_CLIENT_SECRET`, for a source `web_user`. */
function secretVariable(source: string): string {
  return `BFF_${source.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}_CLIENT_SECRET`;
}
