// Holds docs/runtime.md#caching
// Fetches of several processes with real redis-servers: each process has its own connections, cache and upstream.
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Upstream } from "../../call/upstream.ts";
import { endpoint } from "../../endpoint/endpoint.ts";
import { loadRedis } from "../../redis/redis-client.ts";
import { Sealer } from "../../sealing/sealer.ts";
import { FakeClient } from "../../testing/fake-client.ts";
import { page } from "../../testing/front.ts";
import {
  Front,
  type Page,
  ShowRequestSchema,
  type Thing,
  Upstream as UpstreamService,
} from "../../testing/gen/test_pb.ts";
import { startCluster } from "../../testing/redis-cluster-rig.ts";
import { startRedis, until } from "../../testing/redis-rig.ts";
import { Cache, type CacheOptions } from "../cache.ts";
import { openStore } from "../open-store.ts";
import { Purges } from "../purges.ts";
import { RedisLevel } from "../redis-level.ts";
import { SealedLevel } from "../sealed-level.ts";
import { LeasedLevel, noWaits } from "./leased-level.ts";

const KINDS = ["untagged", "sealed", "tagged"] as const;
type Kind = (typeof KINDS)[number];
let run = 0;

/** A process whose upstream answers when the test does. */
async function opened(location: { url: string; prefix: string }, kind: Kind) {
  const purges = new Purges();
  const untagged = new RedisLevel(await loadRedis(location));
  const store = await openStore(location, purges);
  onTestFinished(async () => {
    untagged.close();
    await store.close?.();
  });
  const counts = noWaits();
  const guard: CacheOptions["guard"] = (level, clock) => new LeasedLevel(level, clock, counts);
  const sealed = new SealedLevel(untagged, new Sealer([Buffer.alloc(32, 7)]));
  const cache = new Cache({ second: untagged, sealed, purges, tagged: { second: store }, guard });
  const client = new FakeClient();
  const tags = kind === "tagged" ? ({ id }: Thing) => [["item:", id]] : undefined;
  const get = new Upstream("test.v1.Upstream", client, {}, { cache }).unary(UpstreamService.method.get, {
    sensitive: kind === "sealed",
    cache: { ttlMs: 60_000, tags },
  });
  const show = endpoint(
    Front.method.show,
    { get },
    {
      timeoutMs: 20_000,
      compose: async (cx, { id }) => page({ title: `${(await cx.call(cx.app.get, { id })).count}` }),
    },
  );
  const title = (id: string): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    show.run(
      create(ShowRequestSchema, { id }),
      new Headers(),
      undefined,
      (found) => resolve((found as Page).title),
      reject,
    );
    return promise;
  };
  if (kind === "tagged") await until(() => purges.confirmed());
  return { purges, store, counts, client, title, sent: (id: string) => client.sent.filter((sent) => sent.id === id) };
}
type Process = Awaited<ReturnType<typeof opened>>;

/** Starts processes that reach their Redis: each has found an answer of the first. */
async function processes(url: string, kind: Kind, count = 6): Promise<readonly Process[]> {
  const location = { url, prefix: `team-${run++}:` };
  const all = await Promise.all(Array.from({ length: count }, () => opened(location, kind)));
  const [first] = all;
  let tries = 0;
  const isFound = async ({ client, title }: Process): Promise<boolean> => {
    const id = `${run}-${tries++}`;
    if (first) first.client.answer = (sent) => sent.thing({ id, count: 1n });
    client.answer = (sent) => sent.thing({ id, count: 2n });
    await first?.title(id);
    return (await title(id)) === "1";
  };
  for (const process of all.slice(1)) await until(() => isFound(process));
  for (const { client } of all) client.answer = undefined;
  return all;
}
/** Answers the calls for a key that have no answer yet. */
const answer = (all: readonly Process[], id: string, count: bigint): void => {
  for (const { sent } of all) for (const call of sent(id)) if (!call.ended) call.thing({ id, count });
};
const callCount = (all: readonly Process[], id: string): number => all.flatMap(({ sent }) => sent(id)).length;

describe.each(["one", "cluster"] as const)("%s Redis", (form) => {
  let url = "";
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    if (form === "one") return;
    const cluster = await startCluster();
    url = cluster.url;
    ends.push(() => cluster.close());
  }, 60_000);
  afterAll(async () => {
    for (const end of ends) await end();
  });

  test.each(KINDS)("%s answers are fetched once for all processes", async (kind) => {
    const all = await processes(form === "one" ? (await startRedis()).url : url, kind);
    let waited = 0;
    for (let round = 0; round < 20; round++) {
      const id = `key-${round}`;
      const titles = all.map(({ title }) => title(id));
      await until(() => callCount(all, id) > 0);
      await new Promise(setImmediate);
      answer(all, id, 7n);
      // A process whose wait has ended calls, too.
      const done = Promise.all(titles);
      const timer = setInterval(() => answer(all, id, 7n), 5);
      expect(new Set(await done)).toEqual(new Set(["7"]));
      clearInterval(timer);
      const away = all.reduce((sum, { counts }) => sum + counts.away, 0);
      if (away === waited) expect(callCount(all, id)).toBe(1);
      waited = away;
    }
    expect(all.slice(1).some(({ counts }) => counts.found > 0)).toBe(true);
    expect(all.map(({ counts }) => counts.late + counts.failed + counts.unkept)).toEqual(all.map(() => 0));
  });

  test("a request after a purge has no answer of a fetch from before it", async () => {
    const all = await processes(form === "one" ? (await startRedis()).url : url, "tagged", 3);
    const [first, second, third] = all as [Process, Process, Process];
    const old = first.title("a");
    await until(() => callCount(all, "a") === 1);
    await second.store.purge(["item:a"]);
    const titles = [second.title("a"), third.title("a")];
    await until(() => second.counts.found + 1);
    answer([first], "a", 1n);
    expect(await old).toBe("1");
    await until(() => callCount([second, third], "a") > 0);
    const timer = setInterval(() => answer(all, "a", 2n), 5);
    expect(await Promise.all(titles)).toEqual(["2", "2"]);
    clearInterval(timer);
    expect(callCount(all, "a")).toBeLessThanOrEqual(2);
  });
});

test("a Redis that hangs during waits delays them by its timeout, and is used again later", async () => {
  const redis = await startRedis();
  const all = await processes(redis.url, "untagged", 3);
  const counted = () => all.reduce((sum, { counts }) => sum + counts.away, 0);
  // A busy machine may be late, so that more than one process calls.
  let [id, titles, before]: [string, readonly Promise<string>[], number] = ["", [], 0];
  for (let tries = 0; callCount(all, id) !== 1; tries++) {
    answer(all, id, 3n);
    await Promise.all(titles);
    id = `waits-${tries}`;
    before = counted();
    titles = all.map(({ title }) => title(id));
    await until(() => callCount(all, id) > 0);
  }
  redis.hang();
  try {
    await until(() => callCount(all, id) === 3);
    answer(all, id, 3n);
    expect(await Promise.all(titles)).toEqual(["3", "3", "3"]);
  } finally {
    redis.wake();
  }
  expect(counted() - before).toBe(2);
  for (let round = 0, count = 3; count > 1; round++) {
    const key = `later-${round}`;
    const later = all.map(({ title }) => title(key));
    await until(() => callCount(all, key) > 0);
    const timer = setInterval(() => answer(all, key, 4n), 5);
    await Promise.all(later);
    clearInterval(timer);
    count = callCount(all, key);
  }
});
