// Ids of confirmations in a real redis-server.
import { loadRedis } from "@protobff/runtime/internal/redis/redis-client";
import { startRedis } from "@protobff/runtime/internal/testing/redis-rig";
import { expect, onTestFinished, test } from "vitest";
import { UsedInRedis } from "./used-in-redis.ts";

test("an id is used once by all processes, and not at all without Redis", async () => {
  const redis = await startRedis();
  const connect = await loadRedis(redis.url);
  const clients = [1, 2].map(() => new UsedInRedis(connect, () => {}));
  onTestFinished(() => {
    for (const client of clients) client.close();
  });
  await expect.poll(() => clients[0]!.use("first", 1_000).catch(() => undefined)).toBe(true);
  await expect.poll(() => clients[1]!.use("second", 1_000).catch(() => undefined)).toBe(true);
  const all = await Promise.all(Array.from({ length: 20 }, (_, i) => clients[i % 2]!.use("id", 60_000)));
  expect(all.filter((first) => first).length).toBe(1);
  await redis.stop();
  await expect(clients[0]!.use("third", 1_000)).rejects.toThrow();
});
