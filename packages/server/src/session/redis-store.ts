import { randomBytes } from "node:crypto";
import { answeredInTime, type Commands, type RedisClient } from "@protobff/runtime/internal/redis/connection";
import type { Groups, SessionStore } from "./session-store.ts";

const PREFIX = "bff:session:";
const GROUP = "bff:session-group:";
const LOCK = "bff:session-lock:";

/** Only its holder gives a lock back: https://redis.io/docs/latest/commands/set/#patterns */
const UNLOCK = 'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) end return 0';

/** Adds a session to a group. */
const JOIN = 'redis.call("sadd", KEYS[1], ARGV[1]) redis.call("pexpire", KEYS[1], ARGV[2])';

/** Sessions in Redis, 6.2 or later: all processes know them, and they outlive each. */
export class RedisStore implements SessionStore {
  readonly #client: RedisClient;

  constructor(client: RedisClient) {
    this.#client = client;
  }
  touch(key: string, idleMs: number): Promise<Buffer | undefined> {
    const options = { type: "PX", value: idleMs } as const;
    return this.#within(PREFIX, key, async (client, name) => bytesOf(await client.getEx(name, options)));
  }
  get(key: string): Promise<Buffer | undefined> {
    return this.#within(PREFIX, key, async (client, name) => bytesOf(await client.get(name)));
  }
  add(key: string, sealed: Buffer, lifeMs: number, groups: Groups): Promise<void> {
    return this.#within(PREFIX, key, async (client, name) => {
      const options = { expiration: { type: "PX", value: lifeMs } } as const;
      const multi = this.#client.any()?.multi().set(name, sealed, options);
      if (multi !== undefined) {
        for (const group of groups.names) {
          const ofGroup = this.#client.prefix + GROUP + group;
          multi.sAdd(ofGroup, key).pExpire(ofGroup, groups.lifeMs);
        }
        await multi.exec();
        return;
      }
      // The session first: if the rest fails, its key is never sent to a browser.
      await client.set(name, sealed, options);
      const added = groups.names.map(async (group) => {
        const ofGroup = this.#client.prefix + GROUP + group;
        await this.#client.of(ofGroup).eval(JOIN, { keys: [ofGroup], arguments: [key, `${groups.lifeMs}`] });
      });
      await Promise.all(added);
    });
  }
  replace(key: string, sealed: Buffer, lifeMs: number): Promise<boolean> {
    return this.#within(PREFIX, key, async (client, name) => {
      const options = { condition: "XX", expiration: { type: "PX", value: lifeMs } } as const;
      return (await client.set(name, sealed, options)) !== null;
    });
  }
  delete(key: string): Promise<void> {
    return this.#within(PREFIX, key, async (client, name) => {
      await client.del(name);
    });
  }
  deleteGroup(group: string): Promise<number> {
    return this.#within(GROUP, group, async (client, name) => {
      const members = (await client.sMembers(name)).map((key) => `${this.#client.prefix}${PREFIX}${key}`);
      if (members.length === 0) return 0;
      // In a cluster the keys of one command are in one slot.
      const deleted = this.#client.isCluster
        ? await Promise.all(members.map((member) => this.#client.of(member).del(member)))
        : [await client.del(members)];
      await client.del(name);
      return deleted.reduce((sum, count) => sum + count, 0);
    });
  }
  lock(key: string, lifeMs: number): Promise<(() => Promise<void>) | undefined> {
    return this.#within(LOCK, key, async (client, name) => {
      const holder = randomBytes(16).toString("hex");
      const taken = await client.set(name, holder, { condition: "NX", expiration: { type: "PX", value: lifeMs } });
      if (taken === null) return undefined;
      const unlock = { keys: [name], arguments: [holder] };
      return () => this.#within(LOCK, key, async (now) => void (await now.eval(UNLOCK, unlock)));
    });
  }
  async close(): Promise<void> {
    this.#client.destroy();
  }

  async #within<T>(of: string, key: string, run: (client: Commands, name: string) => Promise<T>): Promise<T> {
    const name = this.#client.prefix + of + key;
    return answeredInTime(run(this.#client.of(name), name));
  }
}

function bytesOf(value: unknown): Buffer | undefined {
  return Buffer.isBuffer(value) ? value : undefined;
}
