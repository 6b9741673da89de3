import type { RedisLocation } from "../redis/connection.ts";
import { kindOf } from "../redis/redis-address.ts";
import { loadRedis } from "../redis/redis-client.ts";
import type { Purges } from "./purges.ts";
import type { TagStore } from "./tag-store.ts";

/**
 * Opens the store of tagged answers.
 *
 * @param failed called for each failed connection, and each failed command that no caller awaits
 */
export async function openStore(
  location: RedisLocation,
  purges: Purges,
  failed?: (error: Error) => void,
): Promise<TagStore> {
  const { url, prefix } = typeof location === "string" ? { url: location, prefix: "" } : location;
  if (kindOf(url) !== undefined) {
    const { SlottedTags } = await import("./slotted-tags.ts");
    return new SlottedTags(await loadRedis(location), purges, failed);
  }
  const { RedisTags } = await import("./redis-tags.ts");
  return new RedisTags(url, purges, failed, prefix);
}
