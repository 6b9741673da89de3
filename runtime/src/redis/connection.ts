// One connection to one server of Redis.

// Not by a declaration: a bundle in one file would import the package at its start, used or not.
const redis = await import("@redis/client").catch((cause) => {
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

/** Texts are bytes. */
const COMMAND_OPTIONS = { typeMapping: { [redis.RESP_TYPES.BLOB_STRING]: Buffer } };

/** A server that may be unavailable: commands then fail at once. */
const OPTIONS = {
  disableOfflineQueue: true,
  commandsQueueMaxLength: 1_000,
  pingInterval: PING_MS,
} as const;
const SOCKET = {
  connectTimeout: CONNECT_MS,
  socketTimeout: SILENT_MS,
  reconnectStrategy: (retries: number) =>
    Math.random() * Math.min(RECONNECT.mostMs, RECONNECT.firstMs * 2 ** Math.min(retries, 16)),
};

/** Address of a Redis; with a prefix, all of its keys and channels begin with that. */
export type RedisLocation = string | { readonly url: string; readonly prefix: string };

/** Servers that lead to the primaries: nodes of a cluster, or Sentinels. */
export interface RedisServers {
  readonly kind: "cluster" | "sentinel";
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Name of the primary for Sentinels; empty for a cluster. */
  readonly name: string;
}

/** A server, and how to log in there. */
type Server =
  | { readonly url: string }
  | {
      readonly host: string;
      readonly port: number;
      readonly tls: boolean;
      readonly username?: string | undefined;
      readonly password?: string | undefined;
      /** False: a connection that is lost stays lost. Default: true. */
      readonly reconnects?: boolean | undefined;
    };

export type RedisConnection = ReturnType<typeof connectOne>;

/** Commands that stores use, each of one key or of keys in one slot. */
export type Commands = Pick<
  RedisConnection,
  "get" | "set" | "getEx" | "pTTL" | "del" | "sAdd" | "pExpire" | "sMembers" | "eval" | "evalSha"
>;

/**
 * Returns a client of one server. It connects, and reconnects after a lost connection.
 *
 * @param failed called for each failed attempt to connect and each failed connection
 */
export function connectOne(server: Server, failed: (error: Error) => void) {
  const client = redis.createClient({
    ...("url" in server ? { url: server.url, socket: SOCKET } : hostOptions(server)),
    RESP: 2, // any server speaks it
    commandOptions: COMMAND_OPTIONS,
    ...OPTIONS,
  });
  client.on("error", failed);
  client.connect().catch(() => {});
  return client;
}

function hostOptions({ host, port, tls, username, password, reconnects }: Exclude<Server, { readonly url: string }>) {
  const socket = { ...SOCKET, host, port, ...(reconnects === false && { reconnectStrategy: false as const }) };
  return {
    socket: tls ? { ...socket, tls: true as const } : socket,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  };
}

/** Returns a client of a cluster, which is not connected. It connects to a primary when it first needs it. */
export function clusterOf(servers: readonly Exclude<Server, { readonly url: string }>[]) {
  const { socket: _, ...login } = hostOptions(servers[0] ?? { host: "", port: 0, tls: false });
  return redis.createCluster({
    rootNodes: servers.map((server) => ({ socket: hostOptions(server).socket })),
    defaults: { ...OPTIONS, ...login, socket: { ...SOCKET, ...(servers[0]?.tls === true && { tls: true as const }) } },
    RESP: 2,
    commandOptions: COMMAND_OPTIONS,
    // A primary that is away would otherwise block the discovery of the others.
    minimizeConnections: true,
    topologyRefreshOnReconnectionAttemptStrategy: false,
  });
}

/** A Redis of one or several servers that may be unavailable: commands then fail at once. Texts are bytes. */
export interface RedisClient {
  /** True if keys are spread over slots, and one command has those of one slot. */
  readonly isCluster: boolean;
  /** Returns the slot of a key: 0 without a cluster. */
  readonly slotOf: (key: string) => number;
  /** Beginning of all keys and channels. */
  readonly prefix: string;
  /**
   * Returns the commands for a key and those of its slot.
   *
   * @throws an Error if there is no connection to the primary
   */
  of(key: string): Commands;
  /** Returns a connection for commands with any keys; undefined for a cluster, or without a primary. */
  any(): RedisConnection | undefined;
  /** Address of the primary of a key, if it is known. */
  primaryOf(key: string): string | undefined;
  /** Returns another connection to a server with such an address. */
  connectTo(address: string): RedisConnection;
  /** Resolves when it is connected, or cannot be at once, or after this time. */
  connected(mostMs: number): Promise<void>;
  /** Replaces all connections. */
  reset(): void;
  destroy(): void;
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

/** Splits `host:port`; a host may have colons, too. */
export function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}
