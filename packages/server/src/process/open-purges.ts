import type { Purges } from "@protobff/runtime/internal/cache/purges";
import type { TagStore } from "@protobff/runtime/internal/cache/tag-store";
import type { Observers } from "./open-observers.ts";
import type { PurgePage, PurgeTags } from "./purge-page.ts";

/** Returns the function that purges the cache of this process, and of all processes of its Redis. Adds its metrics. */
export async function openPurges(
  purges: Purges,
  store: TagStore | undefined,
  metrics: Observers["metrics"],
): Promise<PurgeTags> {
  const { purgeFamilies } = await import("./cache-families.ts"); // nobody else pays for loading it
  metrics?.add(() => purgeFamilies(purges));
  return async (names) => {
    purges.counts.purges.admin++;
    if (store === undefined) purges.purge(names);
    else await store.purge(names);
  };
}

/** @param token of BFF_PURGE_TOKEN; undefined: there is no page */
export async function openPurgePage(
  token: string | undefined,
  purge: PurgeTags | undefined,
): Promise<PurgePage | undefined> {
  if (token === undefined || purge === undefined) return undefined;
  const { PurgePage } = await import("./purge-page.ts");
  return new PurgePage(token, purge);
}
