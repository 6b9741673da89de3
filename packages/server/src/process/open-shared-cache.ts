import { Cache, type CacheOptions } from "@protobff/runtime/internal/cache/cache";
import type { SecondLevel } from "@protobff/runtime/internal/cache/second-level";
import type { ServerConfig } from "../config/config.ts";
import type { FailureLog } from "../logs/failure-log.ts";
import type { OpenEvents, PurgeUse } from "./open-events.ts";
import type { Observers } from "./open-observers.ts";
import type { PurgeTags } from "./purge-page.ts";

/** The cache of the process. */
export interface OpenCache {
  readonly cache: Cache;
  /** Purges it by the names of tags; undefined: no answers have tags. */
  readonly purge: PurgeTags | undefined;
  /** Ends purges on events, and closes the cache. */
  closeCache(): Promise<void>;
}

/** Properties of cached answers, as of `ServeOptions`. */
export interface CachedAnswers {
  readonly sensitive?: boolean | undefined;
  readonly tagged?: boolean | undefined;
  readonly purges?: readonly PurgeUse[] | undefined;
}

export type CacheConfig = Pick<ServerConfig<string, unknown>, "redisUrl" | "cacheSealer" | "cdnHeader">;

type Levels = Pick<CacheOptions, "second" | "sealed" | "guard">;

/** Opens a cache with tags or with a second level in Redis. Parameters are as of `openCache`. */
export async function openSharedCache(
  config: CacheConfig,
  { log, metrics, fault }: Pick<Observers, "log" | "metrics" | "fault">,
  { sensitive = false, tagged = false, purges: uses = [] }: CachedAnswers,
  { links, first = true }: { readonly links?: object | undefined; readonly first?: boolean | undefined } = {},
): Promise<OpenCache> {
  const redis: RedisFailures = { log };
  const levels = await openLevels(config, redis, metrics, sensitive && first);
  if (!tagged) return opened(new Cache(levels), redis);
  const { Purges } = await import("@protobff/runtime/internal/cache/purges");
  const purges = new Purges();
  const { openStore } = await import("@protobff/runtime/internal/cache/open-store"); // nobody else pays for loading it
  const store = config.redisUrl === undefined ? undefined : await openStore(config.redisUrl, purges, failedBy(redis));
  const { openPurges } = await import("./open-purges.ts");
  const purge = await openPurges(purges, store, metrics);
  const tagLevels = store && (await levelsOf(store, config.cacheSealer));
  const cache = new Cache({ ...levels, purges, tagged: tagLevels, cdnHeader: config.cdnHeader });
  if (uses.length === 0) return opened(cache, redis, purge);
  const { openEvents } = await import("./open-events.ts"); // nobody else pays for loading it
  return opened(cache, redis, purge, await openEvents(uses, { purges, store, links, fault, first }));
}

/** The log of failures of Redis; undefined after the end of the cache, which ends commands. */
interface RedisFailures {
  log: FailureLog | undefined;
}
const failedBy = (redis: RedisFailures) => (error: unknown) => redis.log?.redis(error);

const opened = (cache: Cache, redis: RedisFailures, purge?: PurgeTags, events?: OpenEvents): OpenCache => ({
  cache,
  purge,
  async closeCache() {
    await events?.close();
    redis.log = undefined;
    await cache.close();
  },
});

async function levelsOf(second: SecondLevel, cacheSealer: CacheConfig["cacheSealer"]): Promise<Levels> {
  if (cacheSealer === undefined) return { second };
  const { SealedLevel } = await import("@protobff/runtime/internal/cache/sealed-level");
  return { second, sealed: new SealedLevel(second, cacheSealer) };
}

async function openLevels(
  { redisUrl, cacheSealer }: CacheConfig,
  redis: RedisFailures,
  metrics: Observers["metrics"],
  reportsUnsealed: boolean,
): Promise<Levels> {
  if (redisUrl === undefined) return {};
  const { RedisLevel } = await import("@protobff/runtime/internal/cache/redis-level"); // nobody else pays for loading it
  if (reportsUnsealed && cacheSealer === undefined) redis.log?.unsealed();
  const { loadRedis } = await import("@protobff/runtime/internal/redis/redis-client");
  const second = new RedisLevel(await loadRedis(redisUrl), failedBy(redis));
  const { LeasedLevel, noWaits } = await import("@protobff/runtime/internal/cache/lease/leased-level");
  const { waitFamily } = await import("./cache-families.ts");
  const counts = noWaits();
  metrics?.add(() => [waitFamily(counts)]);
  const guard: Levels["guard"] = (level, clock) => new LeasedLevel(level, clock, counts, failedBy(redis));
  return { ...(await levelsOf(second, cacheSealer)), guard };
}
