import {
  answeredInTime,
  type Commands,
  connectOne,
  hostAndPort,
  type RedisClient,
  type RedisConnection,
  type RedisServers,
} from "./connection.ts";

/** Interval between queries for the address of the primary, in milliseconds. */
const QUERY_MS = 500;

/**
 * The primary that Sentinels name. `createSentinel` of the package is not used: it repeats commands whose connection
 * was lost, which would charge twice, and lets all commands wait while it looks for the primary.
 */
export class SentinelClient implements RedisClient {
  readonly isCluster = false;
  readonly slotOf = (): number => 0;
  readonly prefix: string;
  readonly #servers: RedisServers;
  readonly #failed: (error: Error) => void;
  readonly #first = Promise.withResolvers<void>();
  /** Index of the Sentinel that is queried, and the connection to it. */
  #index = 0;
  #sentinel: RedisConnection | undefined;
  #primary: { readonly address: string; readonly client: RedisConnection } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(servers: RedisServers, prefix: string, failed: (error: Error) => void) {
    this.prefix = prefix;
    this.#servers = servers;
    this.#failed = failed;
    void this.#check();
  }
  of(): Commands {
    if (this.#primary === undefined) throw new Error(`no Sentinel has named the primary ${this.#servers.name}`);
    return this.#primary.client;
  }
  any(): RedisConnection | undefined {
    return this.#primary?.client;
  }
  primaryOf(): string | undefined {
    return this.#primary?.address;
  }
  connectTo(address: string): RedisConnection {
    return this.#connect(address, () => {});
  }
  async connected(mostMs: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, mostMs);
    await Promise.race([this.#first.promise, late.promise]);
    clearTimeout(timer);
  }
  reset(): void {
    this.#primary?.client.destroy();
    this.#primary = undefined;
    void this.#check();
  }
  destroy(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#leave();
    this.#primary?.client.destroy();
    this.#primary = undefined;
  }

  async #check(): Promise<void> {
    clearTimeout(this.#timer);
    const address = await this.#query();
    if (this.#closed) return;
    if (address !== undefined && address !== this.#primary?.address) {
      this.#primary?.client.destroy();
      const client = this.#connect(address, this.#failed);
      client.once("ready", () => this.#first.resolve());
      this.#primary = { address, client };
    } else if (this.#primary?.client.isReady === false) this.#leave(); // another Sentinel may know better
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), QUERY_MS).unref();
  }
  /** Queries the Sentinels in turn until one answers. */
  async #query(): Promise<string | undefined> {
    for (const _ of this.#servers.hosts) {
      try {
        return await answeredInTime(this.#queryOne());
      } catch (error) {
        if (this.#closed) return undefined;
        this.#failed(error instanceof Error ? error : new Error(String(error)));
        this.#leave();
      }
    }
    return undefined;
  }
  async #queryOne(): Promise<string> {
    const { hosts, name, username, password } = this.#servers;
    const server = hosts[this.#index % hosts.length];
    if (server === undefined) throw new Error("there is no Sentinel");
    if (this.#sentinel === undefined) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#sentinel = connectOne({ ...server, tls: this.#servers.tls, reconnects: false }, reject);
      this.#sentinel.once("ready", resolve);
      await promise;
    }
    const sentinel = this.#sentinel;
    const query = () => sentinel.sendCommand(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name]);
    const reply: unknown = await query().catch(async (error: Error) => {
      if (password === undefined || !error.message.startsWith("NOAUTH")) throw error;
      await sentinel.auth({ password, ...(username !== undefined && { username }) });
      return query();
    });
    if (!Array.isArray(reply)) throw new Error(`the Sentinel ${server.host}:${server.port} has no primary ${name}`);
    return reply.map(String).join(":");
  }
  #leave(): void {
    this.#index++;
    const sentinel = this.#sentinel;
    this.#sentinel = undefined;
    if (sentinel?.isOpen === true) sentinel.destroy();
  }
  #connect(address: string, failed: (error: Error) => void): RedisConnection {
    return connectOne({ ...this.#servers, ...hostAndPort(address) }, failed);
  }
}
