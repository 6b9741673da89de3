import type { RedisClient, RedisLocation } from "./connection.ts";
import { OneClient } from "./one-client.ts";
import { kindOf, parseServers } from "./redis-address.ts";

/**
 * Returns a client that connects, and reconnects after a lost connection.
 *
 * @param failed called for each failed attempt to connect and each failed connection
 */
export type Connect = (failed: (error: Error) => void) => RedisClient;

/** Longest wait of a start for the first connection, in milliseconds: a server then does not start with refusals. */
export const START_MS = 1_000;

/** Resolves to a client that is connected, cannot be connected at once, or has tried for START_MS. */
export async function connectAtStart(connect: Connect, failed: (error: Error) => void): Promise<RedisClient> {
  const client = connect(failed);
  await client.connected(START_MS);
  return client;
}

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
