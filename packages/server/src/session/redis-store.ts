import { randomBytes } from "node:crypto";
import { answeredInTime, connectRedis, type RedisClient } from "@protobff/runtime/internal/redis-client";
import type { Groups, SessionStore } from "./session-store.ts";

const PREFIX = "bff:session:";
const GROUP = "bff:session-group:";
const LOCK = "bff:session-lock:";

/** Only its holder gives a lock back: https://redis.io/docs/latest/commands/set/#patterns */
const UNLOCK = 'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) end return 0';

/** Sessions in Redis, 6.2 or later: all processes know them, and they outlive each. */
export class RedisStore implements SessionStore {
  readonly #client: RedisClient;

  /**
   * @param url `redis[s]://[[username][:password]@]host[:port][/database]`; connects, and again when the connection is
   * lost
   * @param failed receives the error of each failed attempt to connect
   */
  constructor(url: string, failed: (error: Error) => void) {
    this.#client = connectRedis(url, failed);
  }
  touch(key: string, idleMs: number): Promise<Buffer | undefined> {
    return this.#within(async (client) => bytesOf(await client.getEx(PREFIX + key, { type: "PX", value: idleMs })));
  }
  get(key: string): Promise<Buffer | undefined> {
    return this.#within(async (client) => bytesOf(await client.get(PREFIX + key)));
  }
  add(key: string, sealed: Buffer, lifeMs: number, groups: Groups): Promise<void> {
    return this.#within(async (client) => {
      const multi = client.multi().set(PREFIX + key, sealed, { expiration: { type: "PX", value: lifeMs } });
      for (const group of groups.names) multi.sAdd(GROUP + group, key).pExpire(GROUP + group, groups.lifeMs);
      await multi.exec();
    });
  }
  replace(key: string, sealed: Buffer, lifeMs: number): Promise<boolean> {
    return this.#within(async (client) => {
      const options = { condition: "XX", expiration: { type: "PX", value: lifeMs } } as const;
      return (await client.set(PREFIX + key, sealed, options)) !== null;
    });
  }
  delete(key: string): Promise<void> {
    return this.#within(async (client) => {
      await client.del(PREFIX + key);
    });
  }
  deleteGroup(group: string): Promise<number> {
    return this.#within(async (client) => {
      const members = (await client.sMembers(GROUP + group)).map(String);
      if (members.length === 0) return 0;
      const deleted = await client.del(members.map((key) => PREFIX + key));
      await client.del(GROUP + group);
      return deleted;
    });
  }
  lock(key: string, lifeMs: number): Promise<(() => Promise<void>) | undefined> {
    return this.#within(async (client) => {
      const name = LOCK + key;
      const holder = randomBytes(16).toString("hex");
      const taken = await client.set(name, holder, { condition: "NX", expiration: { type: "PX", value: lifeMs } });
      if (taken === null) return undefined;
      return () => this.#within(async () => void (await client.eval(UNLOCK, { keys: [name], arguments: [holder] })));
    });
  }
  async close(): Promise<void> {
    this.#client.destroy();
  }

  #within<T>(run: (client: RedisClient) => Promise<T>): Promise<T> {
    return answeredInTime(run(this.#client));
  }
}

function bytesOf(value: unknown): Buffer | undefined {
  return Buffer.isBuffer(value) ? value : undefined;
}
