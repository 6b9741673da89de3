import type { RedisClient, RedisLocation } from "./connection.ts";
import { OneClient } from "./one-client.ts";
import { kindOf, parseServers } from "./redis-address.ts";

/**
 * Returns a client that connects, and reconnects after a lost connection.
 *
 * @param failed called for each failed attempt to connect and each failed connection
 */
export type Connect = (failed: (error: Error) => void) => RedisClient;

/**
 * Loads the client of a location.
 *
 * @param location with an address like `redis[s]://[[username][:password]@]host[:port][/database]`,
 * `redis[s]-cluster://host,host` or `redis[s]-sentinel://host,host/name`
 */
export async function loadRedis(location: RedisLocation): Promise<Connect> {
  const { url, prefix } = typeof location === "string" ? { url: location, prefix: "" } : location;
  if (kindOf(url) === undefined) return (failed) => new OneClient(url, prefix, failed);
  // A BFF with one server does not pay for loading these.
  const Client =
    kindOf(url) === "cluster"
      ? (await import("./cluster-client.ts")).ClusterClient
      : (await import("./sentinel-client.ts")).SentinelClient;
  return (failed) => {
    const servers = parseServers(url);
    if (typeof servers === "string") throw new Error(`an address of Redis ${servers}`);
    return new Client(servers, prefix, failed);
  };
}
