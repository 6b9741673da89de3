// Purges on events of a real nats-server, with and without a real redis-server.
// Holds docs/runtime.md#caching
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import type { ConsumerInfo } from "@nats-io/jetstream";
import { compiled } from "@protobff/runtime/internal/testing/compile-cache";
import { startNats } from "@protobff/runtime/internal/testing/nats-rig";
import { startRedis, until } from "@protobff/runtime/internal/testing/redis-rig";
import { expect, onTestFinished, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("../testing/test-purges.ts", import.meta.url));
const STREAM = "ORDERS";
/** Ordinary calls are answered from the cache for an hour. */
const PATH = "/echo.v1.EchoService/Echo";

async function openNats(config: object = {}) {
  const nats = await startNats();
  await nats.start();
  const { js, jsm, add } = await nats.admin();
  await add(STREAM, config);
  const consumers = async () => {
    const all: ConsumerInfo[] = [];
    for await (const info of jsm.consumers.list(STREAM)) all.push(info);
    return all;
  };
  const publish = (data: Uint8Array) => js.publish("orders.7.events", data);
  return {
    ...nats,
    jsm,
    publish,
    changed: (value: string) => publish(toBinary(StringValueSchema, create(StringValueSchema, { value }))),
    /** Facts of all consumers of the stream. */
    consumers,
    drained: () =>
      until(async () => {
        const all = await consumers();
        return all.length > 0 && all.every(({ num_pending, num_ack_pending }) => num_pending + num_ack_pending === 0);
      }),
  };
}
type OpenNats = Awaited<ReturnType<typeof openNats>>;

/** Starts a server, and waits until it reads events if `nats` is set. */
async function bff(nats: OpenNats | undefined, redis?: { readonly url: string }, variables: object = {}) {
  const env = {
    ...compiled,
    HOST: "127.0.0.1",
    PORT: "0",
    BFF_ADMIN_PORT: "0",
    ...(nats && { NATS_URL: nats.url }),
    ...(redis && { REDIS_URL: redis.url }),
    ...variables,
  };
  const waiting = async () => (await nats?.consumers())?.reduce((sum, { num_waiting }) => sum + num_waiting, 0) ?? 0;
  const before = await waiting();
  const child: ChildProcess = spawn(process.execPath, [PROGRAM], { env, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [out, log] = ["", ""];
  child.stdout?.on("data", (chunk) => (out += String(chunk)));
  child.stderr?.on("data", (chunk) => (log += String(chunk)));
  await until(() => out.includes("\n"));
  const [url = "", admin = ""] = [...out.matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(([address]) => address);
  if (nats !== undefined) await until(async () => (await waiting()) > before);
  const get = async (value: string): Promise<string> => {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
    return (await (await fetch(url + PATH, init)).json()) as string;
  };
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${admin}/metrics`)).text();
    return Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );
  };
  return {
    get,
    metric,
    log: () => log,
    events: () => metric('bff_cache_purges_total{source="event"}'),
    /** Waits for another answer than this one. */
    changes: (value: string, from: string) => until(async () => (await get(value)) !== from),
    async kill() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
    async end() {
      child.kill("SIGTERM");
      const [code] = await once(child, "exit");
      return code as number;
    },
  };
}

test("an event purges its tags, and is acknowledged", async () => {
  const nats = await openNats();
  const server = await bff(nats);
  const [a, b] = [await server.get("a"), await server.get("b")];
  await nats.changed("a");
  await server.changes("a", a);
  expect(await server.get("b")).toBe(b);
  await nats.drained();
  expect(await nats.consumers()).toHaveLength(1);
  expect(await server.end()).toBe(0);
  await until(async () => (await nats.consumers()).length === 0);
});

test("an event that names no tags is acknowledged, counted, and logged once", async () => {
  const nats = await openNats();
  const server = await bff(nats);
  for (let i = 0; i < 3; i++) await nats.publish(Buffer.from([0xff]));
  await nats.changed("");
  await until(async () => (await server.metric("bff_purge_events_failed_total")) === 4);
  await nats.drained();
  expect(server.log().match(/event \d+ of ORDERS purges nothing/g)).toHaveLength(1);
});

test("processes of one Redis share a consumer, and each drops the answers of every event", async () => {
  const [nats, redis] = [await openNats(), await startRedis()];
  const servers = [await bff(nats, redis), await bff(nats, redis)];
  const before = await Promise.all(servers.map((server) => server.events()));
  const names = Array.from({ length: 40 }, (_, i) => `${i}`);
  const answers = await Promise.all(servers.map(({ get }) => Promise.all(names.map(get))));
  for (const name of names) await nats.changed(name);
  for (const [i, server] of servers.entries())
    for (const [j, name] of names.entries()) await server.changes(name, answers[i]?.[j] ?? "");
  await nats.drained();
  const [consumer, ...others] = await nats.consumers();
  expect([consumer?.name, others]).toEqual([expect.stringMatching(/^bff-purge-[\w-]{16}$/), []]);
  const after = await Promise.all(servers.map((server) => server.events()));
  expect(after.reduce((sum, count, i) => sum + count - (before[i] ?? 0), 0)).toBe(names.length);
});

test("without Redis, each process has a separate consumer", async () => {
  const nats = await openNats();
  const servers = [await bff(nats), await bff(nats)];
  const answers = await Promise.all(servers.map(({ get }) => get("a")));
  await nats.changed("a");
  for (const [i, server] of servers.entries()) await server.changes("a", answers[i] ?? "");
  expect(await nats.consumers()).toHaveLength(2);
});

test("an event of a process that was killed before its acknowledgement is delivered again", async () => {
  const [nats, redis] = [await openNats(), await startRedis()];
  const killed = await bff(nats, redis);
  const facts = async () => (await nats.consumers())[0];
  redis.hang(); // so that no purge is written
  try {
    await nats.changed("a");
    await until(async () => (await facts())?.num_redelivered === 1); // a purge has failed, and another one has begun
    await killed.kill();
  } finally {
    redis.wake();
  }
  expect((await facts())?.num_ack_pending).toBe(1);
  const successor = await bff(undefined, redis, { NATS_URL: nats.url });
  await until(async () => (await successor.events()) === 1);
  await nats.drained();
  expect(successor.log()).not.toContain("lost");
});

test("events that the stream dropped without a reader purge everything", async () => {
  const [nats, redis] = [await openNats({ max_msgs: 2 }), await startRedis()];
  const first = await bff(nats, redis);
  const answer = await first.get("a");
  await until(async () => (await redis.admin.keys("bff3:*")).length > 0);
  await nats.changed("other");
  await nats.drained();
  expect(await first.get("a")).toBe(answer);
  expect(await first.end()).toBe(0);
  for (const value of ["a", "other", "other"]) await nats.changed(value);
  const second = await bff(nats, redis);
  expect(second.log()).toContain("events of the JetStream stream ORDERS may be lost: all tags are purged");
  expect(await second.get("a")).not.toBe(answer);
});

test("events that came while no process ran are purged later, and answers of Redis stay current", async () => {
  const [nats, redis] = [await openNats(), await startRedis()];
  const first = await bff(nats, redis);
  const answers = [await first.get("a"), await first.get("b")];
  await until(async () => (await redis.admin.keys("bff3:*")).length === 2);
  await nats.changed("other");
  await nats.drained();
  expect(await first.end()).toBe(0);
  await nats.changed("a");
  const second = await bff(nats, redis);
  await until(async () => (await second.events()) === 1);
  expect(await second.get("a")).not.toBe(answers[0]);
  expect(await second.get("b")).toBe(answers[1]);
  expect(second.log()).not.toContain("lost");
});

test("a restarted nats-server delivers events again", async () => {
  const nats = await openNats();
  const server = await bff(nats);
  await nats.stop();
  await nats.start();
  await until(() => server.log().includes("NATS is there again"));
  const answer = await server.get("a");
  await until(() => nats.changed("a"));
  await server.changes("a", answer);
});

test("without NATS_URL, purges on events are off, and the log reports it", async () => {
  const server = await bff(undefined);
  expect(server.log()).toContain("purges on events are off; set NATS_URL");
  expect(await server.get("a")).toBe(await server.get("a"));
});
