// Holds docs/deploying.md#more-than-one-process
import { readFileSync } from "node:fs";
import { LeasedLevel, noWaits } from "@protobff/runtime/internal/cache/lease/leased-level";
import { Purges } from "@protobff/runtime/internal/cache/purges";
import { RedisLevel } from "@protobff/runtime/internal/cache/redis-level";
import { RedisTags } from "@protobff/runtime/internal/cache/redis-tags";
import { SlottedTags } from "@protobff/runtime/internal/cache/slotted-tags";
import { systemClock } from "@protobff/runtime/internal/clock";
import { Counter } from "@protobff/runtime/internal/limits/rate-limit";
import { RedisCounters } from "@protobff/runtime/internal/limits/redis-counters";
import { loadRedis } from "@protobff/runtime/internal/redis/redis-client";
import { startRedis, until } from "@protobff/runtime/internal/testing/redis-rig";
import { expect, onTestFinished, test } from "vitest";
import { RedisStore } from "../session/redis-store.ts";

const [, RIGHTS = ""] =
  /ACL SETUSER shop (.+)/.exec(readFileSync(new URL("../../../../docs/deploying.md", import.meta.url), "utf8")) ?? [];

/** A Redis with a user of these rights, and what our parts report about it. */
async function opened(rights: string) {
  const redis = await startRedis();
  await redis.admin.sendCommand(["ACL", "SETUSER", "shop", ...rights.split(" ")]);
  const location = { url: redis.url.replace("redis://", "redis://shop:secret@"), prefix: "shop:" };
  const connect = await loadRedis(location);
  const failures: string[] = [];
  const failed = (error: unknown) => failures.push(String(error));
  const [purges, slottedPurges] = [new Purges(), new Purges()];
  const tags = new RedisTags(location.url, purges, failed, location.prefix);
  const slotted = new SlottedTags(connect, slottedPurges, failed);
  const level = new RedisLevel(connect, failed);
  const leased = new LeasedLevel(level, systemClock, noWaits(), failed);
  const counters = new RedisCounters(connect, failed);
  const client = connect(failed);
  await client.connected(5_000);
  onTestFinished(() => {
    for (const part of [tags, slotted, level, counters]) void part.close();
    client.destroy();
  });
  return { tags, slotted, leased, counters, sessions: new RedisStore(client), purges, slottedPurges, failures };
}

test("the rights on the page suffice for tags, entries, leases, limits and sessions", async () => {
  const { tags, slotted, leased, counters, sessions, purges, slottedPurges, failures } = await opened(RIGHTS);
  await until(() => purges.confirmed() && slottedPurges.confirmed());
  for (const store of [tags, slotted]) {
    const since = (await store.get("k"))?.counter ?? "";
    await store.set("k", new Uint8Array([1]), 60_000, { names: ["item:a"], since });
    expect(await store.get("k")).toMatchObject({ found: { bytes: Buffer.from([1]) } });
    await store.purge(["item:a"]);
    expect(await store.get("k")).not.toHaveProperty("found");
    await store.name();
  }
  const found = () => new Promise((resolve) => leased.get("k", undefined, resolve));
  leased.set("k", new Uint8Array([2]), 60_000);
  await until(found);
  leased.ended("k", "failed");
  const counter = new Counter({ name: "user", package: "web.v1", rate: 6, per: 60_000, burst: 3 });
  expect(await counters.charge([{ counter, key: "=ann", cost: 1 }])).toMatchObject({ at: expect.any(Number) });
  await counters.add(counter, "=ann", -1, 0);
  await sessions.add("s", Buffer.from("1"), 60_000, { names: ["ada"], lifeMs: 60_000 });
  const unlock = await sessions.lock("s", 1_000);
  await unlock?.();
  expect(await sessions.deleteGroup("ada")).toBe(1);
  expect(failures).toEqual([]);
});

test.each([
  ["+info", "-info", "'info'"],
  ["&shop:*", "resetchannels", "channel"],
  ["+@scripting", "-@scripting", "'evalsha'"],
])("a user without %s is reported, since tagged answers are then not shared", async (right, without, what) => {
  const { failures } = await opened(`${RIGHTS.replace(right, "")} ${without}`.replaceAll("  ", " "));
  await until(() => failures.some((failure) => failure.includes("NOPERM") && failure.includes(what)));
});
