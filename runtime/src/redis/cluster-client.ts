import {
  type Commands,
  clusterOf,
  connectOne,
  hostAndPort,
  type RedisClient,
  type RedisConnection,
  type RedisServers,
} from "./connection.ts";
import { SLOTS, slotOf } from "./slot.ts";

/** Interval between looks at the connections; while one is missing, the slots are read again. In milliseconds. */
const CHECK_MS = 500;

/** Primaries of a cluster. A redirected command runs where it is redirected to; no other command is repeated. */
export class ClusterClient implements RedisClient {
  readonly isCluster = true;
  readonly slotOf = slotOf;
  readonly prefix: string;
  readonly #servers: RedisServers;
  readonly #failed: (error: Error) => void;
  readonly #cluster: ReturnType<typeof clusterOf>;
  readonly #whole = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(servers: RedisServers, prefix: string, failed: (error: Error) => void) {
    this.prefix = prefix;
    this.#servers = servers;
    this.#failed = failed;
    this.#cluster = clusterOf(servers.hosts.map((host) => ({ ...servers, ...host })));
    for (const event of ["error", "node-error"]) this.#cluster.on(event, failed);
    void this.#check();
  }
  of(key: string): Commands {
    const node = this.#cluster.slots[slotOf(key)]?.master;
    if (node === undefined) throw new Error("no primary of the cluster has the slot of this key");
    if (node.client?.isReady !== true) throw new Error(`the primary ${node.address} is not connected`);
    return this.#cluster;
  }
  any(): undefined {}
  primaryOf(key: string): string | undefined {
    return this.#cluster.slots[slotOf(key)]?.master.address;
  }
  connectTo(address: string): RedisConnection {
    return connectOne({ ...this.#servers, ...hostAndPort(address) }, () => {});
  }
  async connected(mostMs: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, mostMs);
    await Promise.race([this.#whole.promise, late.promise]);
    clearTimeout(timer);
  }
  reset(): void {
    if (this.#cluster.isOpen) this.#cluster.destroy();
    void this.#check();
  }
  destroy(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (this.#cluster.isOpen) this.#cluster.destroy();
  }

  async #check(): Promise<void> {
    clearTimeout(this.#timer);
    const cluster = this.#cluster;
    try {
      if (!cluster.isOpen) await cluster.connect();
      else if (cluster.isReady && !this.#isWhole()) await cluster._slots.rediscover();
    } catch (error) {
      this.#failed(error instanceof Error ? error : new Error(String(error)));
    }
    if (this.#closed) return;
    for (const node of cluster.isReady ? cluster.masters : [])
      if (node.client === undefined) cluster.nodeClient(node).then(this.#isConnected, () => {});
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), CHECK_MS).unref();
  }
  readonly #isConnected = (): void => {
    if (this.#isWhole()) this.#whole.resolve();
  };
  #isWhole(): boolean {
    const { slots, masters } = this.#cluster;
    for (let slot = 0; slot < SLOTS; slot++) if (slots[slot] === undefined) return false;
    return masters.every(({ client }) => client?.isReady === true);
  }
}
