// Holds docs/runtime.md#caching
import { expect, onTestFinished, test } from "vitest";
import { front, page } from "../testing/front.ts";
import type { Thing } from "../testing/gen/test_pb.ts";
import { startRedis, until } from "../testing/redis-rig.ts";
import { Cache } from "./cache.ts";
import { Purges } from "./purges.ts";
import { RedisTags } from "./redis-tags.ts";

/** Writes what upstreams answer from now on. */
const source = { version: 1 };

/** A process whose calls are cached in a Redis. */
async function opened(url: string) {
  const purges = new Purges();
  const store = new RedisTags(url, purges);
  onTestFinished(() => store.close());
  const tags = ({ id }: Thing) => [["item:", id]];
  const { client, app, send } = front({
    cache: () => new Cache({ purges, tagged: { second: store } }), // with the real clock, as Redis has
    call: { cache: { ttlMs: 60_000, tag: ["item:{answer.id}"], tags } },
  });
  client.answer = (sent) => sent.thing({ count: BigInt(source.version) });
  const get = async (id: string): Promise<string | undefined> =>
    (await send(async (cx) => page({ title: `${(await cx.call(app.get, { id })).count}` })).answer).page?.title;
  await until(() => purges.confirmed());
  return { store, purges, client, get };
}
type Process = Awaited<ReturnType<typeof opened>>;

/** Fetches an item, and waits until Redis has it. */
async function fetched({ get }: Process, redis: Awaited<ReturnType<typeof startRedis>>): Promise<string | undefined> {
  const title = await get("a");
  await until(async () => (await redis.admin.keys("bff3:*")).length > 0);
  return title;
}

test("a purge in one process ends the answers of both, in Redis too", async () => {
  const redis = await startRedis();
  const [first, second] = [await opened(redis.url), await opened(redis.url)];
  source.version = 1;
  expect(await fetched(first, redis)).toBe("1");
  expect(await second.get("a")).toBe("1");
  expect(second.client.sent.length).toBe(0); // from Redis
  source.version = 2;
  const seen = second.purges.now;
  await first.store.purge(["item:a"]);
  expect(await first.get("a")).toBe("2");
  await until(() => second.purges.now > seen);
  expect(await second.get("a")).toBe("2");
});

test("a purge of another tag keeps the answer, and one of `*` ends all", async () => {
  const redis = await startRedis();
  const first = await opened(redis.url);
  source.version = 1;
  await fetched(first, redis);
  source.version = 2;
  await first.store.purge(["item:b"]);
  expect(await first.get("a")).toBe("1");
  await first.store.purge(["*"]);
  expect(await first.get("a")).toBe("2");
});

test("an answer that was fetched during a purge is in no cache", async () => {
  const redis = await startRedis();
  const [first, second] = [await opened(redis.url), await opened(redis.url)];
  first.client.answer = undefined;
  const before = first.get("a");
  await until(() => first.client.sent.length > 0);
  await second.store.purge(["item:a"]);
  first.client.of("a").thing({ count: 1n });
  expect(await before).toBe("1");
  source.version = 2;
  expect(await second.get("a")).toBe("2");
  expect(await redis.admin.get("bff-tag:item:a")).not.toBe(null);
});

test("a killed Redis that starts again has no answer of before, and the processes use none", async () => {
  const redis = await startRedis("--appendonly", "yes", "--appendfsync", "always");
  const first = await opened(redis.url);
  source.version = 1;
  await fetched(first, redis);
  await redis.stop();
  await expect(first.store.purge(["item:b"])).rejects.toThrow();
  await until(() => !first.purges.confirmed());
  source.version = 2;
  expect(await first.get("a")).toBe("2");
  await redis.start();
  await until(() => first.purges.confirmed());
  source.version = 3;
  const second = await opened(redis.url);
  expect(await redis.admin.keys("bff3:*")).not.toEqual([]);
  expect(await second.get("a")).toBe("3"); // the entry is of another run
});

test("an evicted tag, a lost counter and other types under the key are misses", async () => {
  const redis = await startRedis();
  const first = await opened(redis.url);
  source.version = 1;
  await fetched(first, redis);
  source.version = 2;
  await redis.admin.del("bff-tag:item:a");
  const second = await opened(redis.url);
  expect(await second.get("a")).toBe("2");
  source.version = 3;
  await redis.admin.del("bff-purges");
  const [key = ""] = await redis.admin.keys("bff3:*");
  await redis.admin.set(key, "text");
  const third = await opened(redis.url);
  expect(await third.get("a")).toBe("3");
});
