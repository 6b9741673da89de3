// Holds docs/runtime.md#caching
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { RedisLocation } from "../redis/connection.ts";
import { loadRedis } from "../redis/redis-client.ts";
import { front, page } from "../testing/front.ts";
import type { Thing } from "../testing/gen/test_pb.ts";
import { startCluster, startSentinels } from "../testing/redis-cluster-rig.ts";
import { until } from "../testing/redis-rig.ts";
import { Cache } from "./cache.ts";
import { Purges } from "./purges.ts";
import { RedisLevel } from "./redis-level.ts";
import { SlottedTags } from "./slotted-tags.ts";

/** Writes what upstreams answer from now on. */
const source = { version: 1 };
let run = 0;

/** A process whose calls are cached there. */
async function opened(location: RedisLocation) {
  const purges = new Purges();
  const store = new SlottedTags(await loadRedis(location), purges);
  onTestFinished(() => store.close());
  const tags = ({ id }: Thing) => [["item:", id]];
  const { client, app, send } = front({
    cache: () => new Cache({ purges, tagged: { second: store } }),
    call: { cache: { ttlMs: 60_000, tag: ["item:{answer.id}"], tags } },
  });
  client.answer = (sent) => sent.thing({ count: BigInt(source.version) });
  const get = async (id: string): Promise<string | undefined> =>
    (await send(async (cx) => page({ title: `${(await cx.call(app.get, { id })).count}` })).answer).page?.title;
  await until(() => purges.confirmed());
  return { store, purges, client, get };
}
type Process = Awaited<ReturnType<typeof opened>>;

/** Fetches an item in one process until another finds it in Redis. */
async function stored(process: Process, location: RedisLocation, id: string): Promise<void> {
  await process.get(id);
  await until(async () => {
    const other = await opened(location);
    const title = await other.get(id);
    return other.client.sent.length === 0 && title !== undefined;
  });
}

describe("a cluster", () => {
  let cluster: Awaited<ReturnType<typeof startCluster>>;
  beforeAll(async () => {
    cluster = await startCluster();
  }, 60_000);
  afterAll(() => cluster.close());
  const location = () => ({ url: cluster.url, prefix: `team-${run++}:` });

  test("answers without tags are shared", async () => {
    const connect = await loadRedis(cluster.url);
    const levels = [new RedisLevel(connect), new RedisLevel(connect)] as const;
    onTestFinished(() => {
      for (const level of levels) level.close();
    });
    for (const key of ["a", "b", "c", "d"]) {
      await until(() => levels[0].set(key, Buffer.from(key), 60_000).then(() => true));
      const found = await until(() => levels[1].get(key));
      expect(String(found.bytes)).toBe(key);
      expect(found.ageMs).toBeLessThan(60_000);
    }
  });

  test("a purge in one process ends the answers of both, and one of another tag none", async () => {
    const at = location();
    const [first, second] = [await opened(at), await opened(at)];
    source.version = 1;
    await stored(first, at, "a");
    await first.store.purge(["item:b"]);
    source.version = 2;
    expect(await second.get("a")).toBe("1");
    const seen = second.purges.now;
    await first.store.purge(["item:a"]);
    expect(await first.get("a")).toBe("2");
    await until(() => second.purges.now > seen);
    expect(await second.get("a")).toBe("2");
  });

  test("an answer that was fetched during a purge is in no cache", async () => {
    const at = location();
    const [first, second] = [await opened(at), await opened(at)];
    first.client.answer = undefined;
    const before = first.get("a");
    await until(() => first.client.sent.length > 0);
    await second.store.purge(["item:a"]);
    first.client.of("a").thing({ count: 1n });
    expect(await before).toBe("1");
    source.version = 2;
    expect(await second.get("a")).toBe("2");
  });

  test("a prefix separates servers that share a cluster", async () => {
    const [at, other] = [location(), location()];
    source.version = 1;
    await stored(await opened(at), at, "a");
    source.version = 2;
    expect(await (await opened(other)).get("a")).toBe("2");
    expect(await (await opened(at)).store.name()).not.toBe(await (await opened(other)).store.name());
  });

  test("a failover of the tags' primary, and back, ends all answers of before", async () => {
    const at = location();
    const first = await opened(at);
    source.version = 1;
    await stored(first, at, "a");
    const key = `${at.prefix}{${at.prefix}bff}purges`;
    const primary = await cluster.primaryOf(key);
    const primaryId = String(await primary.send("CLUSTER", "MYID"));
    const lines = String(await primary.send("CLUSTER", "NODES")).split("\n");
    const port = Number(/:(\d+)@/.exec(lines.find((line) => line.includes(`slave ${primaryId}`)) ?? "")?.[1]);
    const replica = cluster.servers.find((server) => server.port === port)!;
    const promoted = async (server: typeof replica) => {
      await server.send("CLUSTER", "FAILOVER");
      await until(async () => String(await server.send("INFO", "replication")).includes("role:master"));
      await until(async () => (await cluster.primaryOf(key)) === server);
    };
    await promoted(replica);
    source.version = 2;
    expect(await (await opened(at)).get("a")).toBe("2");
    await until(async () => (await first.get("a")) === "2");
    await stored(first, at, "b");
    await until(async () => String(await primary.send("INFO", "replication")).includes("master_link_status:up"));
    await promoted(primary);
    source.version = 3;
    expect(await (await opened(at)).get("a")).toBe("3");
  }, 30_000);

  test("no answer is older than a purge that ended, while the tags' primary is killed", async () => {
    const at = location();
    const processes = [await opened(at), await opened(at), await opened(at)];
    const key = `${at.prefix}{${at.prefix}bff}purges`;
    const killed = await cluster.primaryOf(key);
    source.version = 1;
    let ended = 0; // version of the last purge that ended
    let [purged, failed, reads] = [0, 0, 0];
    let over = false;
    const reader = async (): Promise<void> => {
      while (!over) {
        const least = ended;
        const reading = await opened(at).catch(() => undefined); // only what Redis has
        if (reading === undefined) continue;
        const title = await reading.get("a");
        reading.store.close();
        reads++;
        expect(Number(title)).toBeGreaterThanOrEqual(least);
      }
    };
    const reading = [reader(), reader()];
    const end = performance.now() + 6_000;
    for (let kills = 0; performance.now() < end || purged < 20 || reads <= 5; ) {
      const version = ++source.version;
      await processes[version % 3]!.store.purge(["item:a"]).then(
        () => {
          ended = version;
          purged++;
        },
        () => failed++,
      );
      await setImmediate(); // a failed purge takes no time
      if (purged > 10 && kills++ === 0) killed.kill();
    }
    over = true;
    await Promise.all(reading);
    expect(reads).toBeGreaterThan(5);
    expect(failed).toBeGreaterThan(0);
    await until(async () => (await processes[0]!.get("a")) === String(source.version));
    await killed.stop();
    await killed.start();
  }, 60_000);
});

describe("Sentinels", () => {
  let servers: Awaited<ReturnType<typeof startSentinels>>;
  beforeAll(async () => {
    servers = await startSentinels();
  }, 60_000);
  afterAll(() => servers.close());

  test("a purge ends answers, and so does a failover to a replica", async () => {
    const [first, second] = [await opened(servers.url), await opened(servers.url)];
    source.version = 1;
    await stored(first, servers.url, "a");
    expect(await second.get("a")).toBe("1");
    await first.store.purge(["item:b"]);
    expect(await first.get("a")).toBe("1");
    servers.primary.kill();
    await expect(first.store.purge(["item:a"])).rejects.toThrow();
    source.version = 2;
    expect(await first.get("a")).toBe("2"); // purged here in any case
    await until(() => first.store.purge(["item:c"]).then(() => true));
    expect(await (await opened(servers.url)).get("a")).toBe("2");
    await until(async () => (await second.get("a")) === "2");
  }, 60_000);
});
