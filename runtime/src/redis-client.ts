import { createClient, RESP_TYPES } from "@redis/client";

/** How often an answer is asked for, and after what silence a connection is given up. */
const PING_MS = 1_000;
const SILENT_MS = 5_000;
const CONNECT_MS = 2_000;
/** The waits between attempts to connect. */
const RECONNECT = { firstMs: 50, mostMs: 2_000 };

export type RedisClient = ReturnType<typeof connectRedis>;

/**
 * A client of a Redis that may be away: commands fail at once while it is, and texts are bytes. It connects, and again when the connection
 * is lost.
 *
 * @param url `redis[s]://[[username][:password]@]host[:port][/database]`
 * @param failed hears of each attempt to connect that fails, and of each connection that does
 */
export function connectRedis(url: string, failed: (error: Error) => void) {
  const client = createClient({
    url,
    RESP: 2, // any server speaks it
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    disableOfflineQueue: true,
    commandsQueueMaxLength: 1_000,
    pingInterval: PING_MS,
    socket: {
      connectTimeout: CONNECT_MS,
      socketTimeout: SILENT_MS,
      reconnectStrategy: (retries) =>
        Math.random() * Math.min(RECONNECT.mostMs, RECONNECT.firstMs * 2 ** Math.min(retries, 16)),
    },
  });
  client.on("error", failed);
  client.connect().catch(() => {});
  return client;
}
