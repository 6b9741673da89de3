import { Cache, type CacheOptions } from "@protobff/runtime/internal/cache/cache";
import type { ServerConfig } from "../config/config.ts";
import type { FailureLog } from "../logs/failure-log.ts";
import type { Observers } from "./open-observers.ts";
import { openPurges } from "./open-purges.ts";
import type { PurgeTags } from "./purge-page.ts";

/** The cache of the process. */
export interface OpenCache {
  readonly cache: Cache;
  /** Purges it by the names of tags; undefined: no answers have tags. */
  readonly purge: PurgeTags | undefined;
}

/** Properties of cached answers, as of `ServeOptions`. */
interface CachedAnswers {
  readonly sensitive?: boolean | undefined;
  readonly tagged?: boolean | undefined;
}

type CacheConfig = Pick<ServerConfig<string, unknown>, "redisUrl" | "cacheSealer">;

/**
 * Opens the cache of the process, with Redis as its second level if a URL is set.
 *
 * @param answers `sensitive`: without keys, these answers stay in the process
 * @param first whether this process reports facts that all processes of the port share
 */
export async function openCache(
  config: CacheConfig,
  { log, metrics }: Pick<Observers, "log" | "metrics">,
  { sensitive = false, tagged = false }: CachedAnswers,
  first = true,
): Promise<OpenCache> {
  const levels = await openLevels(config, log, sensitive && first);
  if (!tagged) return { cache: new Cache(levels), purge: undefined };
  const { Purges } = await import("@protobff/runtime/internal/cache/purges");
  const purges = new Purges();
  return { cache: new Cache({ ...levels, purges }), purge: await openPurges(purges, metrics) };
}

async function openLevels(
  { redisUrl, cacheSealer }: CacheConfig,
  log: FailureLog | undefined,
  reportsUnsealed: boolean,
): Promise<Pick<CacheOptions, "second" | "sealed">> {
  if (redisUrl === undefined) return {};
  const { RedisLevel } = await import("@protobff/runtime/internal/cache/redis-level"); // nobody else pays for loading it
  if (reportsUnsealed && cacheSealer === undefined) log?.unsealed();
  const second = new RedisLevel(redisUrl, (error) => log?.redis(error));
  if (cacheSealer === undefined) return { second };
  const { SealedLevel } = await import("@protobff/runtime/internal/cache/sealed-level");
  return { second, sealed: new SealedLevel(second, cacheSealer) };
}
