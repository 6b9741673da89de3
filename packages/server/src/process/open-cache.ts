import { Cache } from "@protobff/runtime/internal/cache/cache";
import type { ServerConfig } from "../config/config.ts";
import type { FailureLog } from "../logs/failure-log.ts";

/**
 * Opens the cache of the process, with Redis as its second level if a URL is set.
 *
 * @param sensitive whether answers may contain sensitive values: without keys these stay in the process
 * @param first whether this process reports facts that all processes of the port share
 */
export async function openCache(
  { redisUrl, cacheSealer }: Pick<ServerConfig<string, unknown>, "redisUrl" | "cacheSealer">,
  log: FailureLog | undefined,
  sensitive = false,
  first = true,
): Promise<Cache> {
  if (redisUrl === undefined) return new Cache();
  const { RedisLevel } = await import("@protobff/runtime/internal/cache/redis-level"); // nobody else pays for loading it
  if (sensitive && cacheSealer === undefined && first) log?.unsealed();
  const second = new RedisLevel(redisUrl, (error) => log?.redis(error));
  if (cacheSealer === undefined) return new Cache({ second });
  const { SealedLevel } = await import("@protobff/runtime/internal/cache/sealed-level");
  return new Cache({ second, sealed: new SealedLevel(second, cacheSealer) });
}
