import { type Commands, connectOne, type RedisClient, type RedisConnection } from "./connection.ts";

/** One server of Redis. */
export class OneClient implements RedisClient {
  readonly isCluster = false;
  readonly slotOf = (): number => 0;
  readonly prefix: string;
  readonly #url: string;
  readonly #client: RedisConnection;

  constructor(url: string, prefix: string, failed: (error: Error) => void) {
    this.prefix = prefix;
    this.#url = url;
    this.#client = connectOne({ url }, failed);
  }
  of(): Commands {
    return this.#client;
  }
  any(): RedisConnection {
    return this.#client;
  }
  primaryOf(): string {
    return this.#url;
  }
  connectTo(): RedisConnection {
    return connectOne({ url: this.#url }, () => {});
  }
  async connected(mostMs: number): Promise<void> {
    if (this.#client.isReady) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, mostMs);
    this.#client.once("ready", resolve).once("error", () => resolve());
    await promise;
    clearTimeout(timer);
  }
  reset(): void {
    if (!this.#client.isOpen) return;
    this.#client.destroy();
    this.#client.connect().catch(() => {});
  }
  destroy(): void {
    this.#client.destroy();
  }
}
