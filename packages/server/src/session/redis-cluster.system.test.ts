// Sessions and ids of confirmations in a real cluster, where keys of one command would be on several primaries.
import { connectAtStart, loadRedis } from "@protobff/runtime/internal/redis/redis-client";
import { startCluster } from "@protobff/runtime/internal/testing/redis-cluster-rig";
import { expect, onTestFinished, test } from "vitest";
import { UsedInRedis } from "../mcp/used-in-redis.ts";
import { RedisStore } from "./redis-store.ts";

test("sessions end with their groups, locks have one holder, and ids are used once", async () => {
  const cluster = await startCluster();
  onTestFinished(() => cluster.close());
  const connect = await loadRedis({ url: cluster.url, prefix: "team-a:" });
  const store = new RedisStore(await connectAtStart(connect, () => {}));
  const used = new UsedInRedis(await connectAtStart(connect, () => {}));
  onTestFinished(async () => {
    used.close();
    await store.close();
  });
  const keys = Array.from({ length: 12 }, (_, i) => `session-${i}`);
  const all = (run: (key: string) => Promise<unknown>) => Promise.all(keys.map(run));
  const connected = (read: (key: string) => Promise<unknown>) =>
    expect.poll(() => all(read).then(() => "up", String), { timeout: 20_000 }).toBe("up");
  await connected((key) => store.get(key));
  await connected((key) => used.use(`first-${key}`, 1));

  const groups = (key: string) => ({ names: ["ada", `of-${key}`], lifeMs: 60_000 });
  await all((key) => store.add(key, Buffer.from(key), 60_000, groups(key)));
  expect(await all((key) => store.touch(key, 60_000))).toEqual(keys.map((key) => Buffer.from(key)));
  expect(
    await (await cluster.primaryOf("team-a:bff:session:session-0")).send("GET", "team-a:bff:session:session-0"),
  ).not.toBe(null);
  expect(await store.replace("session-0", Buffer.from("new"), 60_000)).toBe(true);
  expect(await store.deleteGroup("of-session-1")).toBe(1);
  expect(await store.deleteGroup("ada")).toBe(keys.length - 1);
  expect(await all((key) => store.get(key))).toEqual(keys.map(() => undefined));

  const unlock = await store.lock("a", 60_000);
  expect(await store.lock("a", 60_000)).toBeUndefined();
  await unlock?.();
  expect(await store.lock("a", 60_000)).toBeDefined();
  expect(await all((key) => used.use(key, 60_000))).toEqual(keys.map(() => true));
  expect(await all((key) => used.use(key, 60_000))).toEqual(keys.map(() => false));
}, 60_000);
