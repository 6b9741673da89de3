import { Cache } from "@protobff/runtime/internal/cache/cache";
import type { Observers } from "./open-observers.ts";
import type { CacheConfig, CachedAnswers, OpenCache } from "./open-shared-cache.ts";

/**
 * Opens the cache of the process, with Redis as its second level if a URL is set.
 *
 * @param answers `sensitive`: without keys, these answers stay in the process
 * @param process `links`: its connection to NATS; `first`: whether it reports facts that all processes of the port share
 */
export async function openCache(
  config: CacheConfig,
  observers: Pick<Observers, "log" | "metrics" | "fault">,
  answers: CachedAnswers,
  process: { readonly links?: object | undefined; readonly first?: boolean | undefined } = {},
): Promise<OpenCache> {
  if (config.redisUrl === undefined && !answers.tagged) {
    const cache = new Cache();
    return { cache, purge: undefined, closeCache: () => cache.close() };
  }
  const { openSharedCache } = await import("./open-shared-cache.ts"); // nobody else pays for loading it
  return openSharedCache(config, observers, answers, process);
}
