import { Cache } from "@protobff/runtime/internal/cache/cache";
import type { FailureLog } from "../logs/failure-log.ts";

/** Opens the cache of the process, with Redis as its second level if a URL is set. */
export async function openCache(redisUrl: string | undefined, log: FailureLog | undefined): Promise<Cache> {
  if (redisUrl === undefined) return new Cache();
  const { RedisLevel } = await import("@protobff/runtime/internal/cache/redis-level"); // nobody else pays for loading it
  return new Cache({ second: new RedisLevel(redisUrl, (error) => log?.redis(error)) });
}
