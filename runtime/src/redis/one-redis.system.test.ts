// Commands that one Redis receives, in order. Each takes one round trip.
import { expect, onTestFinished, test } from "vitest";
import { Purges } from "../cache/purges.ts";
import { RedisLevel } from "../cache/redis-level.ts";
import { LOOK_UP, PURGE, STORE } from "../cache/redis-scripts.ts";
import { RedisTags } from "../cache/redis-tags.ts";
import { Counter } from "../limits/rate-limit.ts";
import { RedisCounters } from "../limits/redis-counters.ts";
import { ADD, CHARGE } from "../limits/redis-script.ts";
import { startRedis, until } from "../testing/redis-rig.ts";
import { loadRedis } from "./redis-client.ts";

const OF_CONNECTIONS = /^(AUTH|CLIENT|HELLO|INFO|PING|QUIT|SELECT|SUBSCRIBE)$/i;
/** Most arguments are left out: scripts, times and bytes of answers. */
const SHAPES: Readonly<Record<string, (args: readonly string[]) => readonly string[]>> = {
  EVALSHA: ([sha = "", count = "0", ...rest]) => [sha, ...rest.slice(0, Number(count))],
  SET: ([key = ""]) => [key],
};

test.each(["", "team-a:"])("limits, answers and tags with the prefix %j", async (prefix) => {
  const redis = await startRedis();
  const watcher = redis.admin.duplicate().on("error", () => {});
  await watcher.connect();
  onTestFinished(() => watcher.destroy());
  for (const { text } of [CHARGE, ADD, LOOK_UP, STORE, PURGE]) await redis.admin.scriptLoad(text);
  const connect = await loadRedis(prefix === "" ? redis.url : { url: redis.url, prefix });
  const counters = new RedisCounters(connect, () => {});
  const level = new RedisLevel(connect);
  const purges = new Purges();
  const tags = new RedisTags(redis.url, purges, () => {}, prefix);
  onTestFinished(() => {
    for (const open of [counters, level, tags]) open.close();
  });
  await counters.connected(5_000);
  await until(() => level.get("x").then(() => true));
  await until(() => purges.confirmed());

  const received: string[][] = [];
  await watcher.monitor((line) => {
    const [, source = "", ...words] = /^\S+ \[(\S+ \S+)\] (.*)$/.exec(String(line)) ?? [];
    const [command = "", ...args] = [...(words[0] ?? "").matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = ""]) => word);
    if (!source.endsWith(" lua") && !OF_CONNECTIONS.test(command))
      received.push([command.toUpperCase(), ...(SHAPES[command.toUpperCase()]?.(args) ?? args)]);
  });
  const [minute, month] = (["1m", "month"] as const).map((per) => {
    const counter = new Counter({
      name: per,
      package: "web.v1",
      rate: 10,
      burst: 10,
      per: per === "1m" ? 60_000 : per,
    });
    return { counter, key: "=a", cost: 1 };
  });
  expect(await counters.charge([minute!, month!])).toEqual({ at: expect.any(Number) });
  await counters.add(minute!.counter, "=a", -1, 0);
  await level.set("k", Buffer.from("v"), 1_000);
  await level.get("k");
  const found = await tags.get("t");
  await tags.set("t", Buffer.from("v"), 1_000, { names: ["item:a"], since: found?.counter ?? "" });
  await tags.purge(["item:a"]);

  const limits = [minute, month].map((charge) => `${prefix}bff:limit:${charge!.counter.id}:=a`);
  const counter = `${prefix}bff-purges`;
  const entry = `${prefix}bff3:t`;
  // Readings of the counter are by time.
  const expected = [
    ["EVALSHA", CHARGE.sha, ...limits],
    ["EVALSHA", ADD.sha, limits[0]],
    ["SET", `${prefix}bff2:k`],
    ["PTTL", `${prefix}bff2:k`],
    ["GET", `${prefix}bff2:k`],
    ["EVALSHA", LOOK_UP.sha, counter, entry],
    ["EVALSHA", STORE.sha, counter, entry],
    ["EVALSHA", PURGE.sha, counter],
  ];
  const shas = new Set(expected.map(([, sha]) => sha));
  const shown = () => received.filter(([command, sha]) => command !== "EVALSHA" || shas.has(sha));
  await until(() => shown().length >= expected.length);
  expect(shown()).toEqual(expected);
  const keys = (await redis.admin.keys("*")).map(String);
  expect(keys).toContain(`${prefix}bff-tag:item:a`);
  expect(keys.every((key) => key.startsWith(prefix))).toBe(true);
});
