import { createHash } from "node:crypto";

// Not by a declaration: a bundle in one file would import the package at its start, used or not.
const { createClient, RESP_TYPES } = await import("@redis/client").catch((cause) => {
  throw new Error("@redis/client is not installed, which servers with a Redis need: npm install @redis/client@6", {
    cause,
  });
});

/** Interval between pings, and the silence after which a connection is closed, in milliseconds. */
const PING_MS = 1_000;
const SILENT_MS = 5_000;
const CONNECT_MS = 2_000;
/** Waits between attempts to connect, in milliseconds. */
const RECONNECT = { firstMs: 50, mostMs: 2_000 };

export type RedisClient = ReturnType<typeof connectRedis>;

/**
 * Returns a client of a Redis that may be unavailable: commands then fail at once. Texts are bytes. The client
 * connects, and reconnects after a lost connection.
 *
 * @param url `redis[s]://[[username][:password]@]host[:port][/database]`
 * @param failed called for each failed attempt to connect and each failed connection
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

/** Time limit for a command, in milliseconds: the client's own timers are of connections. */
const COMMAND_MS = 1_000;

/** @throws an Error for a command without an answer in time, and errors of the command */
export async function answeredInTime<T>(command: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Redis has not answered within ${COMMAND_MS} ms`)), COMMAND_MS);
  try {
    return await Promise.race([command, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** A script of Redis, and its identifier there once it has run. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}
export function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/** Runs a script. A Redis without the script, or that has lost it, replies NOSCRIPT and has done nothing. */
export async function runScript(
  client: RedisClient,
  { text, sha }: Script,
  keys: string[],
  args: (string | Buffer)[],
): Promise<unknown> {
  const options = { keys, arguments: args };
  try {
    return await client.evalSha(sha, options);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return client.eval(text, options);
  }
}
