// Many keys of a topic in a real nats-server, whose consumers change while items come. PROTOBFF_NATS_SERVER names another one.
// Holds docs/runtime.md#topics
import { expect, test } from "vitest";
import { follow, Listener, setUp, upTo } from "../../testing/jetstream-rig.ts";
import { until } from "../../testing/redis-rig.ts";

const KEYS = 300;

test("keys that join and leave shared consumers get each item once and in order", { timeout: 120_000 }, async () => {
  const { following, log, admin, publish, server } = await setUp();
  const keys = upTo(KEYS).map((n) => `k${n}`);
  const published = new Map<string, number>();
  let isOver = false;
  const publishing = (async () => {
    for (let i = 0; !isOver; i++) {
      const key = `k${1 + ((i * 7) % KEYS)}`;
      published.set(key, (published.get(key) ?? 0) + 1);
      await publish(key, published.get(key) ?? 0);
    }
  })();
  publishing.catch(() => {}); // awaited below
  const hasAll = (key: string): boolean => listeners.get(key)?.deliveries.at(-1) === published.get(key);
  const listeners = new Map<string, Listener>();
  const past: Listener[] = [];
  for (const [i, key] of keys.entries()) {
    listeners.set(key, new Listener(following, key));
    if (i % 30 === 29) await until(() => listeners.get(key)?.deliveries.length);
  }
  for (let round = 0; round < 6; round++) {
    const moved = keys.filter((_, i) => i % 6 === round);
    const followed = moved.map((key) => {
      const listener = listeners.get(key);
      listener?.leave();
      if (listener !== undefined) past.push(listener);
      const next = new Listener(following, key, listener?.token);
      listeners.set(key, next);
      return [listener, next] as const;
    });
    if (round === 3) {
      for await (const { name } of admin.jsm.consumers.list("RUNS")) {
        await admin.jsm.consumers.delete("RUNS", name).catch(() => {}); // it may have been replaced meanwhile
      }
    }
    for (const [before, next] of followed) {
      await until(() => next.deliveries.length > 0);
      expect(next.deliveries[0]).toBe((before?.deliveries.at(-1) ?? 0) + 1);
    }
  }
  await until(() => log.consumers <= 5);
  isOver = true;
  await publishing;
  await until(() => keys.every(hasAll));
  await server.stop();
  await until(() => log.consumers === 0);
  await server.start();
  for (const key of keys) {
    published.set(key, (published.get(key) ?? 0) + 1);
    await until(() => publish(key, published.get(key) ?? 0).then(() => true));
  }
  await until(() => keys.every(hasAll) && log.consumers <= 5);
  for (const { deliveries, resets } of [...past, ...listeners.values()]) {
    const [first = 1] = deliveries;
    expect([deliveries, resets]).toEqual([deliveries.map((_, i) => first + i), []]);
  }
  expect(log.consumers).toBe(await admin.consumers("RUNS"));
  const other = follow(server.url);
  const few = upTo(64).map((n) => new Listener(other.following, `k${n}`));
  await until(() => few.every(({ deliveries }) => deliveries.length > 0));
  expect(other.log.consumers).toBe(64);
  for (const listener of [...listeners.values(), ...few]) listener.leave();
  await until(async () => log.consumers === 0 && (await admin.consumers("RUNS")) === 0);
});
