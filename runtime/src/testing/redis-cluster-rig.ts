// For tests only: a cluster of redis-server, and a primary with replicas that Sentinels watch, on free ports.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createClient } from "@redis/client";
import { freePort } from "./ports.ts";
import { until } from "./redis-rig.ts";

/** Time after which the servers take another for dead, in milliseconds. A busy machine delays a server by a second. */
const DEAD_MS = 3_000;

/** A started server. */
class Server {
  readonly port: number;
  readonly #folder: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  constructor(folder: string, port: number, args: readonly string[]) {
    this.#folder = folder;
    this.port = port;
    this.#args = args;
  }
  async start(): Promise<void> {
    const child = spawn("redis-server", this.#args, { cwd: this.#folder, stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    // A server that outlived its test would hold the output of the whole run open.
    const kill = (): void => void child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    let printed = "";
    for await (const chunk of child.stdout) {
      printed += String(chunk);
      if (/Ready to accept connections|Sentinel ID is/.test(printed)) break;
    }
    if (child.exitCode !== null) throw new Error(printed);
    child.stdout.resume();
  }
  kill(): void {
    this.#child?.kill("SIGKILL");
  }
  hang(): void {
    this.#child?.kill("SIGSTOP");
  }
  wake(): void {
    this.#child?.kill("SIGCONT");
  }
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  /** Sends a command over a connection of its own. */
  async send(...args: string[]): Promise<unknown> {
    const client = createClient({ url: `redis://127.0.0.1:${this.port}`, socket: { reconnectStrategy: false } });
    client.on("error", () => {});
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }
}

export type ClusterServer = Server;

async function redisServer(folder: string, ...options: string[]): Promise<Server> {
  const port = await freePort();
  // The port of the cluster's bus may not be derived: it would be above 65,535.
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dbfilename", `${port}.rdb`, ...options];
  const server = new Server(folder, port, args);
  await server.start();
  return server;
}

const createCluster = async (addresses: readonly string[]): Promise<void> => {
  const options = ["--cluster-replicas", "1", "--cluster-yes"];
  await promisify(execFile)("redis-cli", ["--cluster", "create", ...addresses, ...options]);
};

/** A port that was free when it was found may be another's when a server binds it. */
const MOST_TRIES = 3;

/**
 * Starts three primaries with a replica each. Close it.
 *
 * @param create makes the cluster of six empty servers
 */
export async function startCluster(create = createCluster): ReturnType<typeof tryCluster> {
  for (let tries = 1; tries < MOST_TRIES; tries++)
    try {
      return await tryCluster(create);
    } catch (error) {
      console.log("a cluster is started again:", error); // printed, for reports
    }
  return tryCluster(create);
}

async function tryCluster(create: typeof createCluster) {
  const folder = mkdtempSync(join(tmpdir(), "bff-cluster-"));
  const servers = await Promise.all(
    Array.from({ length: 6 }, async (_, i) => {
      const bus = await freePort();
      const options = ["--cluster-enabled", "yes", "--cluster-config-file", `${i}.conf`, "--cluster-port", `${bus}`];
      return redisServer(folder, ...options, "--cluster-node-timeout", `${DEAD_MS}`, "--repl-diskless-sync-delay", "0");
    }),
  );
  const all = servers.map(({ port }) => `127.0.0.1:${port}`);
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  const isComplete = async (): Promise<boolean> => {
    const infos = await Promise.all(servers.map((server) => server.send("INFO", "replication")));
    const states = await Promise.all(servers.map((server) => server.send("CLUSTER", "INFO")));
    return (
      infos.every((info) => /role:master[\s\S]*connected_slaves:1|master_link_status:up/.test(String(info))) &&
      states.every((state) => String(state).includes("cluster_state:ok"))
    );
  };
  try {
    await create(all);
    await until(isComplete);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: `redis-cluster://${all.join(",")}`,
    servers,
    /** Returns the server that has the slot of a key. */
    async primaryOf(key: string): Promise<Server> {
      return until(async () => {
        for (const server of servers) {
          const value = await server.send("GET", key).catch((error: Error) => error);
          if (!(value instanceof Error) || value.message.startsWith("WRONGTYPE")) return server;
        }
        return undefined;
      });
    },
    close,
  };
}
export type RedisCluster = Awaited<ReturnType<typeof startCluster>>;

/** Starts a primary with two replicas and three Sentinels. Close it. */
export async function startSentinels() {
  const folder = mkdtempSync(join(tmpdir(), "bff-sentinel-"));
  const primary = await redisServer(folder);
  const of = ["--replicaof", "127.0.0.1", `${primary.port}`, "--repl-diskless-sync-delay", "0"];
  const replicas = await Promise.all([redisServer(folder, ...of), redisServer(folder, ...of)]);
  const sentinels = await Promise.all(
    [1, 2, 3].map(async () => {
      const port = await freePort();
      const lines = [
        `port ${port}`,
        "bind 127.0.0.1",
        `sentinel monitor shop 127.0.0.1 ${primary.port} 2`,
        `sentinel down-after-milliseconds shop ${DEAD_MS}`,
        "sentinel failover-timeout shop 5000",
      ];
      writeFileSync(join(folder, `${port}.conf`), lines.join("\n"));
      const server = new Server(folder, port, [`${port}.conf`, "--sentinel"]);
      await server.start();
      return server;
    }),
  );
  await until(async () => {
    const infos = await Promise.all(sentinels.map((server) => server.send("INFO", "sentinel")));
    return infos.every((info) => String(info).includes("slaves=2,sentinels=3"));
  });
  return {
    url: `redis-sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/shop`,
    primary,
    replicas,
    sentinels,
    async close(): Promise<void> {
      await Promise.all([primary, ...replicas, ...sentinels].map((server) => server.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
