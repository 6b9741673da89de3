// Ids of confirmations in a real redis-server.
import { connectAtStart, loadRedis } from "@protobff/runtime/internal/redis/redis-client";
import { startRedis } from "@protobff/runtime/internal/testing/redis-rig";
import { expect, onTestFinished, test } from "vitest";
import { UsedInRedis } from "./used-in-redis.ts";

test("an id is used once by all processes, and not at all without Redis", async () => {
  const redis = await startRedis();
  const connect = await loadRedis(redis.url);
  const connections = await Promise.all([1, 2].map(() => connectAtStart(connect, () => {})));
  const clients = connections.map((connection) => new UsedInRedis(connection));
  onTestFinished(() => {
    for (const client of clients) client.close();
  });
  // The first confirmation after a start is accepted, too.
  expect(await Promise.all(clients.map((client, i) => client.use(`first of ${i}`, 1_000)))).toEqual([true, true]);
  const all = await Promise.all(Array.from({ length: 20 }, (_, i) => clients[i % 2]!.use("id", 60_000)));
  expect(all.filter((first) => first).length).toBe(1);
  await redis.stop();
  await expect(clients[0]!.use("third", 1_000)).rejects.toThrow();
});
