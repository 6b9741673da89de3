import type { Settings } from "../identity/settings.ts";
import type { RedisLocation } from "../redis/connection.ts";

const PREFIX = "BFF_REDIS_PREFIX";
const REMEDY = "an address like redis://127.0.0.1:6379 or rediss://user:password@redis.example:6380/0, or unset it";
/** Addresses of several servers. The start of a server checks the rest of these, and loads what reads them. */
const SEVERAL = /^rediss?-(?:cluster|sentinel):/;

/** Reads the location of a Redis from an optional variable, with the prefix of its keys. */
export function readRedisUrl(read: Pick<Settings, "optional" | "fault">, variable: string): RedisLocation | undefined {
  const url = read.optional(variable);
  const prefix = read.optional(PREFIX);
  if (url === undefined) return undefined;
  checkUrl(url, (problem, remedy) => read.fault(variable, problem, remedy));
  if (prefix === undefined) return url;
  // Braces would put all keys in one slot of a cluster.
  if (!/^[A-Za-z0-9:._-]{1,64}$/.test(prefix))
    read.fault(PREFIX, "is not a beginning of keys", "up to 64 letters, digits and :._- like team-a:, or unset it");
  return { url, prefix };
}

/** Returns the location of the Redis that keeps state. It must not evict keys, so it may differ from the cache's. */
export function readStateRedisUrl(read: Pick<Settings, "optional" | "fault">): RedisLocation | undefined {
  return readRedisUrl(read, "BFF_STATE_REDIS_URL") ?? readRedisUrl(read, "REDIS_URL");
}

/** The value may contain a password, so no fault repeats it. */
function checkUrl(text: string, fault: (problem: string, remedy: string) => void): void {
  if (SEVERAL.test(text)) return;
  const url = URL.parse(text);
  if (url === null) fault("is not an address", REMEDY);
  else if (url.protocol !== "redis:" && url.protocol !== "rediss:") {
    fault("begins with neither redis:// nor rediss://", REMEDY);
  } else if (!/^(\/\d*)?$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    fault("has more in it than user, password, host, port and the number of a database", REMEDY);
  }
}
