import { connectRedis, type RedisClient } from "@protobff/runtime/internal/redis-client";
import type { UsedIds } from "./confirmations.ts";

const PREFIX = "bff:tool-state:";
/** Time limit for Redis, in milliseconds. */
const COMMAND_MS = 1_000;

/** Ids in Redis, which all processes know. */
export class UsedInRedis implements UsedIds {
  readonly #client: RedisClient;

  /** @param failed receives the error of each failed attempt to connect */
  constructor(url: string, failed: (error: Error) => void) {
    this.#client = connectRedis(url, failed);
  }
  /** @throws an error of Redis, or of a Redis that does not answer */
  async use(id: string, lifeMs: number): Promise<boolean> {
    const options = { condition: "NX", expiration: { type: "PX", value: lifeMs } } as const;
    const signal = AbortSignal.timeout(COMMAND_MS);
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    return (await Promise.race([this.#client.set(PREFIX + id, "1", options), late])) !== null;
  }
  close(): void {
    this.#client.destroy();
  }
}
