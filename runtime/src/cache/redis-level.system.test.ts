// Holds docs/runtime.md#caching
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Rpc } from "../call/upstream.ts";
import { OneClient } from "../redis/one-client.ts";
import { front, page } from "../testing/front.ts";
import { PageSchema } from "../testing/gen/test_pb.ts";
import { freePort } from "../testing/ports.ts";
import { Cache } from "./cache.ts";
import { packed, RedisLevel } from "./redis-level.ts";

// Uses a separate redis-server, on a separate port.

let folder: string;
let port: number;
let server: ChildProcess | undefined;
const levels: RedisLevel[] = [];
const admins: { destroy(): void }[] = [];

/** Returns another client's connection. */
async function connected() {
  const admin = createClient({ url: `redis://127.0.0.1:${port}` }).on("error", () => {});
  await admin.connect();
  admins.push(admin);
  return admin;
}
type Admin = Awaited<ReturnType<typeof connected>>;

async function start(...options: string[]): Promise<void> {
  const child = spawn(
    "redis-server",
    ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder, ...options],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  server = child;
  let printed = "";
  for await (const chunk of child.stdout as NodeJS.ReadableStream) {
    printed += String(chunk);
    if (printed.includes("Ready to accept connections")) break;
  }
  if (child.exitCode !== null) throw new Error(printed);
  child.stdout?.resume();
}
async function stop(): Promise<void> {
  if (server === undefined) return;
  const child = server;
  server = undefined;
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bff-redis-"));
  port = await freePort();
});
afterEach(async () => {
  for (const level of levels.splice(0)) level.close();
  for (const admin of admins.splice(0)) admin.destroy();
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

function level(at = port): RedisLevel {
  const level = new RedisLevel((failed) => new OneClient(`redis://127.0.0.1:${at}`, "", failed));
  levels.push(level);
  return level;
}
/**
 * A proxy in front of Redis. It passes on everything, and on demand replies twice with one pair of replies to PTTL and
 * GET.
 */
async function repeating() {
  const sockets = new Set<Socket>();
  const state = { port: 0, connections: 0, repeated: 0, repeat, close };
  let armed = false;
  let again: Buffer | undefined;
  const server = createServer((socket) => {
    state.connections++;
    const redis = connect(port, "127.0.0.1");
    for (const each of [socket, redis]) sockets.add(each.on("error", () => {}));
    socket
      .on("close", () => redis.destroy())
      .on("data", (bytes: Buffer) => {
        if (again !== undefined) socket.write(again); // as if it were the reply to this
        again = undefined;
        redis.write(bytes);
      });
    redis.on("close", () => socket.destroy());
    redis.on("data", (bytes: Buffer) => {
      const pair = armed && /^:\d+\r\n\$\d+\r\n/.test(bytes.toString("latin1"));
      socket.write(bytes);
      if (!pair) return;
      armed = false;
      state.repeated++;
      again = bytes;
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  state.port = (server.address() as AddressInfo).port;
  function repeat(): void {
    armed = true;
  }
  function close(): void {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
  return state;
}
/** Polls until the answer arrives, because connecting takes time. */
async function until<T>(probe: () => Promise<T | undefined>): Promise<T> {
  for (const from = performance.now(); performance.now() - from < 10_000; ) {
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
    } catch {
      // not yet
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("not within 10 s");
}
const kept = async (level: RedisLevel, key: string, bytes: Uint8Array, ms = 60_000) =>
  until(async () => {
    await level.set(key, bytes, ms);
    return level.get(key);
  });

describe("Redis", () => {
  test("Redis stores bytes unchanged, returns their age, and drops them when they expire", async () => {
    await start();
    const redis = level();
    const bytes = new Uint8Array(1_000).map((_, i) => i);
    const found = await kept(redis, "a", bytes);
    expect(new Uint8Array(found.bytes)).toEqual(bytes);
    expect(found.ageMs).toBeLessThan(5_000);
    expect(await redis.get("b")).toBe(undefined);
    const from = performance.now();
    await redis.set("short", bytes, 1_000);
    const ages: number[] = [];
    for (let found = await redis.get("short"); found !== undefined; found = await redis.get("short")) {
      ages.push(found.ageMs);
    }
    expect(performance.now() - from).toBeGreaterThan(990);
    expect(ages.at(-1)).toBeGreaterThan(100);
    expect(ages).toEqual(ages.toSorted((a, b) => a - b));
  });
  test("Redis with a foreign value under the key counts as empty", async () => {
    await start();
    const redis = level();
    await kept(redis, "a", new Uint8Array([1, 2, 3]));
    const other = await connected();
    await other.set("bff2:a", "garbage that is longer than the head", { PX: 60_000 });
    expect(await redis.get("a")).toBe(undefined);
    await other.set("bff2:a", "", { PX: 60_000 });
    expect(await redis.get("a")).toBe(undefined);
    await other.del("bff2:a");
    await other.rPush("bff2:a", "a list");
    await expect(redis.get("a")).rejects.toThrow("WRONGTYPE");
  });
  test("a connection with shifted replies is replaced, and never returns the answer of another key", async () => {
    await start();
    const proxy = await repeating();
    const redis = level(proxy.port);
    for (const key of ["a", "b", "c", "d"]) await kept(redis, key, Buffer.from(key));
    proxy.repeat(); // from now on each reply is that to the question before
    let missed = 0;
    for (let i = 0; i < 200; i++) {
      const key = "abcd"[i % 4] ?? "";
      try {
        const found = await redis.get(key);
        if (found === undefined) missed++;
        else expect(Buffer.from(found.bytes).toString()).toBe(key);
      } catch {
        missed++;
        await until(async () => ((await redis.get("a").catch(() => undefined)) ? true : undefined));
      }
    }
    expect(proxy.repeated).toBe(1);
    expect(missed).toBeGreaterThan(0);
    expect(missed).toBeLessThan(5);
    expect(proxy.connections).toBe(2);
    proxy.close();
  });
  test("an answer of another key under a key counts as a miss", async () => {
    await start();
    const redis = level();
    await kept(redis, "a", new Uint8Array([1]));
    const other = await connected();
    await other.set("bff2:b", packed("a", new Uint8Array([1]), 60_000), { PX: 60_000 });
    await expect(redis.get("b")).rejects.toThrow("another question");
    expect((await until(() => redis.get("a"))).bytes.length).toBe(1);
  });
  test("a full Redis rejects new values and still returns the old ones", async () => {
    await start("--maxmemory", "3mb", "--maxmemory-policy", "noeviction");
    const redis = level();
    await kept(redis, "a", new Uint8Array([1]));
    const fill = async () => {
      for (let i = 0; i < 100; i++) await redis.set(`big${i}`, new Uint8Array(100_000), 60_000);
    };
    await expect(fill()).rejects.toThrow("OOM");
    expect((await redis.get("a"))?.bytes.length).toBe(1);
  });
  test("the client reconnects to a restarted Redis", async () => {
    await start();
    const redis = level();
    await kept(redis, "a", new Uint8Array([1]));
    await stop();
    await expect(redis.get("a")).rejects.toThrow();
    await start();
    expect((await kept(redis, "b", new Uint8Array([2]))).bytes.length).toBe(1);
    expect(await redis.get("a")).toBe(undefined);
  });
});

describe("a cache over Redis", () => {
  const CALL = { cache: { ttlMs: 60_000, staleMs: 120_000 } };
  /**
   * A process whose first level holds nothing, so that each answer is Redis's or the upstream's. Its clock stands
   * still: an answer without a move of the clock waited only for Redis. An answer that needs a move waited for Redis's
   * short deadline.
   */
  const bff = (at = port) => {
    const second = level(at);
    const all = front({ call: CALL, cache: (clock) => new Cache({ clock, second, maxBytes: 0 }) });
    all.client.answer = (sent) => sent.thing({ count: 7n });
    const get = (id: string) =>
      all.send(async (cx) => page({ spentCents: (await cx.call(cx.app.get, { id })).count })).answer;
    const outcome = (got: Awaited<ReturnType<typeof get>>) => ({
      count: got.page?.spentCents,
      sent: all.client.sent.splice(0).length,
    });
    const value = async (id: string) => outcome(await get(id));
    /** Queries a Redis that does not answer: each request waits for it for exactly 50 ms. */
    const late = async (id: string) => {
      const answer = get(id);
      await all.clock.advance(49);
      expect(all.client.sent).toEqual([]);
      await all.clock.advance(1);
      return outcome(await answer);
    };
    return { ...all, second, value, late };
  };
  const MISS = { count: 7n, sent: 1 };
  const HIT = { count: 7n, sent: 0 };
  /** Polls until Redis returns the answer, which it has to receive first. */
  const shared = async ({ value }: Pick<ReturnType<typeof bff>, "value">, id: string) =>
    until(async () => {
      const got = await value(id);
      expect(got.count).toBe(7n);
      return got.sent === 0 ? got : undefined;
    });

  test("the cache shares answers between processes, through a restart", async () => {
    await start();
    const [nodeA, nodeB] = [bff(), bff()];
    for (const process of [nodeA, nodeB]) await kept(process.second, "x", new Uint8Array([1]));
    await shared(nodeA, "a");
    expect(await shared(nodeB, "a")).toEqual(HIT);
    await stop();
    expect(await nodeA.value("a")).toEqual(MISS);
    await start();
    // left alone while it was away
    await nodeA.clock.advance(1_000);
    await nodeB.clock.advance(1_000);
    for (const process of [nodeA, nodeB]) await kept(process.second, "x", new Uint8Array([1]));
    await shared(nodeA, "a");
    await shared(nodeB, "a");
  });
  test("the cache treats an absent Redis as a miss, without waiting", async () => {
    const { value, clock } = bff();
    for (let i = 0; i < 10; i++) expect(await value("a")).toEqual(MISS);
    expect(clock.running).toBe(0);
  });
  test("the cache treats a hanging Redis as a miss after 50 ms, and soon stops waiting for it", async () => {
    await start();
    const hanging = bff();
    const { value, late, second, clock } = hanging;
    await kept(second, "x", new Uint8Array([1]));
    server?.kill("SIGSTOP");
    for (let i = 0; i < 5; i++) expect(await late("a")).toEqual(MISS);
    for (let i = 0; i < 20; i++) expect(await value("a")).toEqual(MISS);
    await clock.advance(1_000);
    expect(await late("a")).toEqual(MISS); // a probe
    expect(await value("a")).toEqual(MISS);
    expect(clock.running).toBe(0);
    server?.kill("SIGCONT");
    await until(async () => second.get("x"));
    await clock.advance(1_000);
    await shared(hanging, "a");
  });
  test("the cache treats a slow Redis as a miss after 50 ms, whatever its later reply", async () => {
    await start();
    const sockets = new Set<Socket>();
    const held: (() => void)[] = [];
    let slow = false;
    const between = createServer((socket) => {
      const upstream = connect(port, "127.0.0.1");
      for (const each of [socket, upstream]) {
        sockets.add(each);
        each.on("error", () => {});
      }
      socket.pipe(upstream);
      upstream.on("data", (chunk) => {
        const pass = (): unknown => socket.writable && socket.write(chunk);
        if (slow) held.push(pass);
        else pass();
      });
    }).listen(0, "127.0.0.1");
    await once(between, "listening");
    const all = bff((between.address() as AddressInfo).port);
    await kept(all.second, "x", new Uint8Array([1]));
    await shared(all, "a");
    slow = true;
    expect(await all.late("a")).toEqual(MISS);
    slow = false;
    for (const pass of held.splice(0)) pass();
    await until(async () => all.second.get("x"));
    await shared(all, "a");
    for (const socket of sockets) socket.destroy();
    between.close();
  });
  test("the cache continues with a full Redis that stores nothing new", async () => {
    await start("--maxmemory-policy", "noeviction");
    const full = bff();
    await kept(full.second, "x", new Uint8Array([1]));
    await shared(full, "known");
    const admin = await connected();
    // A low limit instead of filled memory: Redis frees memory again after a while, and then has room for a little.
    await admin.configSet("maxmemory", "1");
    for (let i = 0; i < 10; i++) expect(await full.value(`new${i}`)).toEqual(MISS);
    expect(await full.value("new0")).toEqual(MISS);
    expect(await full.value("known")).toEqual(HIT);
    await admin.configSet("maxmemory", "0");
    await shared(full, "new0");
  });
  test.each<[string, (admin: Admin, key: string) => Promise<unknown>]>([
    ["a list", (admin, key) => admin.rPush(key, ["a", "b"])],
    ["a hash", (admin, key) => admin.hSet(key, "a", "b")],
    ["a number", (admin, key) => admin.incr(key)],
    ["text", (admin, key) => admin.set(key, "text of somebody else's, which is long enough", { PX: 60_000 })],
    ["nothing", (admin, key) => admin.set(key, "", { PX: 60_000 })],
    ["an answer for ever", async (admin, key) => admin.set(key, packed(key.slice(5), new Uint8Array([1]), 1_000))],
    [
      "bytes that are no such answer",
      (admin, key) => admin.set(key, packed(key.slice(5), new Uint8Array([0x0f]), 60_000), { PX: 60_000 }),
    ],
  ])("the cache treats %s under the same key as a miss, and overwrites it", async (_, replace) => {
    await start();
    const all = bff();
    await kept(all.second, "x", new Uint8Array([1]));
    await shared(all, "a");
    const admin = await connected();
    const [key = ""] = (await admin.keys("bff2:*")).filter((key) => key !== "bff2:x");
    await admin.del(key);
    await replace(admin, key);
    expect(await all.value("a")).toEqual(MISS);
    await shared(all, "a");
  });
  test("the cache misses entries of another version of the answer's type, because the key differs", async () => {
    await start();
    const all = bff();
    await kept(all.second, "x", new Uint8Array([1]));
    await shared(all, "a");
    const { get } = all.app;
    const codec = { ...get.codec, output: PageSchema };
    const other = new Rpc(get.upstream, get.method, get.policy, codec);
    const send = (rpc: typeof get) =>
      all.send(async (cx) => page({ title: (await cx.call(rpc, { id: "a" })).id })).answer;
    expect((await send(other)).page?.title).toBe("a");
    expect(all.client.sent.splice(0).length).toBe(1);
    expect((await send(get)).failure).toBe(undefined);
    expect(all.client.sent).toEqual([]);
  });
  test.each([
    ["a web server's answer", "HTTP/1.1 400 Bad Request\r\n\r\n\x00\xff\xfe"],
    ["the beginning of an endless value", "$99999999999\r\n"],
    ["answers of other types", "+OK\r\n:-7\r\n$3\r\nabc\r\n*1\r\n:1\r\n".repeat(9)],
    ["errors", "-ERR no\r\n".repeat(9)],
  ])("the cache treats %s on the wire as a miss", async (_, garbage) => {
    const sockets = new Set<Socket>();
    const liar: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("data", () => socket.write(garbage, "latin1"));
    }).listen(0, "127.0.0.1");
    await once(liar, "listening");
    const { send, client, clock } = bff((liar.address() as AddressInfo).port);
    await once(liar, "connection");
    for (let i = 0; i < 30; i++) {
      const { answer } = send(async (cx) => page({ spentCents: (await cx.call(cx.app.get, { id: "a" })).count }));
      await new Promise((resolve) => setImmediate(resolve)); // what it answers is read
      await clock.advance(50); // one that never ends is waited for
      expect([(await answer).page?.spentCents, client.sent.splice(0).length]).toEqual([7n, 1]);
    }
    for (const socket of sockets) socket.destroy();
    liar.close();
  });
});
