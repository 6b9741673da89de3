import { Cache, type CacheOptions } from "@protobff/runtime/internal/cache/cache";
import type { Purges } from "@protobff/runtime/internal/cache/purges";
import type { RedisTags } from "@protobff/runtime/internal/cache/redis-tags";
import type { SecondLevel } from "@protobff/runtime/internal/cache/second-level";
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

type Levels = Pick<CacheOptions, "second" | "sealed">;
type CacheConfig = Pick<ServerConfig<string, unknown>, "redisUrl" | "cacheSealer" | "cdnHeader">;

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
  const store = await openStore(config, purges);
  const purge = await openPurges(purges, store, metrics);
  return {
    cache: new Cache({
      ...levels,
      purges,
      tagged: store && (await levelsOf(store, config.cacheSealer)),
      cdnHeader: config.cdnHeader,
    }),
    purge,
  };
}

/** Loaded only if answers have tags. Connections of the untagged level report failures. */
async function openStore({ redisUrl }: CacheConfig, purges: Purges): Promise<RedisTags | undefined> {
  if (redisUrl === undefined) return undefined;
  const { RedisTags } = await import("@protobff/runtime/internal/cache/redis-tags");
  return new RedisTags(redisUrl, purges);
}

async function levelsOf(second: SecondLevel, cacheSealer: CacheConfig["cacheSealer"]): Promise<Levels> {
  if (cacheSealer === undefined) return { second };
  const { SealedLevel } = await import("@protobff/runtime/internal/cache/sealed-level");
  return { second, sealed: new SealedLevel(second, cacheSealer) };
}

async function openLevels(
  { redisUrl, cacheSealer }: CacheConfig,
  log: FailureLog | undefined,
  reportsUnsealed: boolean,
): Promise<Levels> {
  if (redisUrl === undefined) return {};
  const { RedisLevel } = await import("@protobff/runtime/internal/cache/redis-level"); // nobody else pays for loading it
  if (reportsUnsealed && cacheSealer === undefined) log?.unsealed();
  const second = new RedisLevel(redisUrl, (error) => log?.redis(error));
  return levelsOf(second, cacheSealer);
}
