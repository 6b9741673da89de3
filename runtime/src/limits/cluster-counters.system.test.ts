// Holds docs/runtime.md#rate-limits
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { RedisLocation } from "../redis/connection.ts";
import { loadRedis } from "../redis/redis-client.ts";
import { slotOf } from "../redis/slot.ts";
import { type RedisCluster, startCluster } from "../testing/redis-cluster-rig.ts";
import { until } from "../testing/redis-rig.ts";
import { type Charge, Counter, type RateLimit } from "./rate-limit.ts";
import { RedisCounters } from "./redis-counters.ts";

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster();
}, 60_000);
afterAll(() => cluster.close());

/** Limits of a month, so that no unit is returned by time. */
const limit = (name: string, rate: number): RateLimit => {
  return { name, package: "web.v1", rate, per: "month", burst: rate };
};
async function opened(location: RedisLocation = cluster.url) {
  const faults: Error[] = [];
  const counters = new RedisCounters(await loadRedis(location), (error) => faults.push(error));
  onTestFinished(() => counters.close());
  await counters.connected(5_000);
  return { counters, faults };
}
const keyOf = ({ counter, key }: Charge, prefix = ""): string => `${prefix}bff:limit:${counter.id}:${key}`;
/** Units that a counter has charged. */
async function charged(charge: Charge, prefix = ""): Promise<number> {
  const key = keyOf(charge, prefix);
  const value = await (await cluster.primaryOf(key)).send("GET", key);
  return Number(String(value ?? "0 0").split(" ")[1]);
}
/** Charges of two limits in slots of two primaries. */
function pair(name: string, wide: number, narrow: number): readonly [Charge, Charge] {
  const first = { counter: new Counter(limit(`${name}-wide`, wide)), key: "=a", cost: 1 };
  const counter = new Counter(limit(`${name}-narrow`, narrow));
  const third = (charge: Charge): number => Math.floor(slotOf(keyOf(charge)) / 5_462);
  for (let i = 0; ; i++) {
    const second = { counter, key: `=${i}`, cost: 1 };
    if (third(first) !== third(second)) return [first, second];
  }
}

test("slots are those of the server", async () => {
  const keys = ["", "a", "{a}b", "{}a", "a{", "a{}b{c}", "{{a}}", "ä{ö}", "\u{1F600}", "a}b{c}d"];
  for (const key of keys) expect(slotOf(key)).toBe(await cluster.servers[0]!.send("CLUSTER", "KEYSLOT", key));
});

test("limits of two slots admit what the narrower one allows, and a refusal returns the charge to the other", async () => {
  const { counters } = await opened();
  const [wide, narrow] = pair("refusal", 1_000, 20);
  const answers = await Promise.all(Array.from({ length: 100 }, () => counters.charge([wide, narrow])));
  expect(answers.filter((answer) => "at" in answer).length).toBe(20);
  const refused = answers.find((answer) => "standings" in answer);
  expect(refused).toMatchObject({ standings: [{ wait: 0 }, { left: 0 }] });
  await until(async () => (await charged(wide)) === 20);
  expect(await charged(narrow)).toBe(20);
});

test("a slot is charged after the ones before it have admitted", async () => {
  const { counters } = await opened();
  const [wide, narrow] = pair("order", 1_000, 1);
  await counters.charge([narrow]);
  for (let i = 0; i < 50; i++) expect(await counters.charge([narrow, wide])).toHaveProperty("standings");
  expect(await charged(wide)).toBe(0);
});

test("limits of one slot are charged together or not at all, by one script", async () => {
  const { counters } = await opened();
  const [wide, narrow] = [limit("same-wide", 1_000), limit("same-narrow", 3)].map((of) => {
    return { counter: new Counter(of), key: "={tenant}", cost: 1 };
  });
  const server = await cluster.primaryOf(keyOf(wide!));
  const calls = async () => /cmdstat_evalsha:calls=(\d+)/.exec(String(await server.send("INFO", "commandstats")))?.[1];
  await counters.charge([wide!, narrow!]);
  const before = Number(await calls());
  const answers = await Promise.all(Array.from({ length: 10 }, () => counters.charge([wide!, narrow!])));
  expect(answers.filter((answer) => "at" in answer).length).toBe(2);
  expect(Number(await calls()) - before).toBe(10);
  expect(await charged(wide!)).toBe(3);
});

test("keys begin with the prefix", async () => {
  const { counters } = await opened({ url: cluster.url, prefix: "team-a:" });
  const [wide] = pair("prefix", 10, 10);
  await counters.charge([wide]);
  expect(await charged(wide, "team-a:")).toBe(1);
  expect(await charged(wide)).toBe(0);
});

test("a slot that moves under load charges each request once, and admits no more than the limit", async () => {
  const { counters } = await opened();
  const [moving, narrow] = pair("moving", 5_000, 5_000);
  await counters.charge([moving, narrow]);
  const slot = String(slotOf(keyOf(moving)));
  let admitted = 1;
  let failed = 0;
  let over = false;
  const load = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (!over) {
        await counters.charge([moving, narrow]).then(
          (answer) => {
            if ("at" in answer) admitted++;
          },
          () => failed++,
        );
        await setImmediate(); // a failed charge takes no time
      }
    }),
  );
  for (let turn = 0; turn < 4; turn++) {
    const from = await cluster.primaryOf(keyOf(moving));
    const primaries: typeof cluster.servers = [];
    for (const server of cluster.servers)
      if (String(await server.send("ROLE")).startsWith("master")) primaries.push(server);
    const to = primaries.find((server) => server !== from)!;
    const [fromId, toId] = [String(await from.send("CLUSTER", "MYID")), String(await to.send("CLUSTER", "MYID"))];
    await to.send("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId);
    await from.send("CLUSTER", "SETSLOT", slot, "MIGRATING", toId);
    const before = admitted;
    await until(() => admitted > before + 20 || admitted === 5_000);
    await from.send("MIGRATE", "127.0.0.1", `${to.port}`, keyOf(moving), "0", "1000");
    await until(() => admitted > before + 40 || admitted === 5_000); // redirected by ASK
    for (const server of [to, from, ...primaries]) await server.send("CLUSTER", "SETSLOT", slot, "NODE", toId);
    await until(() => admitted > before + 60 || admitted === 5_000); // and by MOVED
  }
  over = true;
  await load;
  expect(failed).toBe(0);
  await until(async () => (await charged(moving)) === admitted && (await charged(narrow)) === admitted);
});

test("without a primary a charge fails at once, returns what other slots have charged, and works after the failover", async () => {
  const { counters, faults } = await opened();
  const [first, second] = pair("killed", 1_000, 1_000);
  await counters.charge([first, second]);
  const killed = await cluster.primaryOf(keyOf(second));
  await killed.stop();
  await expect(counters.charge([first, second])).rejects.toThrow();
  await expect(counters.charge([first, second])).rejects.toThrow(/is not connected/);
  await until(async () => (await charged(first)) === 1);
  await until(() => counters.charge([first, second]), 60_000);
  // The charges of attempts that failed are returned after these.
  await until(async () => (await charged(first)) === 2);
  expect(await charged(second)).toBe(2);
  expect(faults.join()).toContain("ECONN");
  await killed.start();
}, 120_000);

test("one reachable server of several addresses is enough, and none is reported", async () => {
  const { port } = cluster.servers[0]!;
  const [charge] = pair("dead", 10, 10);
  const { counters, faults } = await opened(`redis-cluster://127.0.0.1:1,127.0.0.1:${port}`);
  await counters.charge([charge]);
  expect(faults.length).toBeLessThan(3);
  const dead = await opened("redis-cluster://127.0.0.1:1,127.0.0.1:2");
  await expect(dead.counters.charge([charge])).rejects.toThrow("no primary");
  expect(dead.faults.join()).toContain("ECONNREFUSED 127.0.0.1:1");
}, 20_000);
