import { answeredInTime, type RedisClient } from "@protobff/runtime/internal/redis/connection";
import type { UsedIds } from "./confirmations.ts";

const PREFIX = "bff:tool-state:";

/** Ids in Redis, which all processes know. */
export class UsedInRedis implements UsedIds {
  readonly #client: RedisClient;

  constructor(client: RedisClient) {
    this.#client = client;
  }
  /** @throws an error of Redis, or of a Redis that does not answer */
  async use(id: string, lifeMs: number): Promise<boolean> {
    const options = { condition: "NX", expiration: { type: "PX", value: lifeMs } } as const;
    const key = this.#client.prefix + PREFIX + id;
    return (await answeredInTime(this.#client.of(key).set(key, "1", options))) !== null;
  }
  close(): void {
    this.#client.destroy();
  }
}
