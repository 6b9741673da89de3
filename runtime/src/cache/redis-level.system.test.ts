import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { front, page } from "../testing/front.ts";
import { Cache } from "./cache.ts";
import { RedisLevel } from "./redis-level.ts";

// Against a real redis-server, on a port of its own.

let folder: string;
let port: number;
let server: ChildProcess | undefined;
const levels: RedisLevel[] = [];

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
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
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

function level(at = port): RedisLevel {
  const level = new RedisLevel(`redis://127.0.0.1:${at}`);
  levels.push(level);
  return level;
}
/** Asks until the answer is there: connecting takes its time. */
async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (const from = performance.now(); performance.now() - from < 10_000; ) {
    try {
      const answer = await ask();
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
  test("keeps bytes as they are, tells their age, and forgets them when their time is over", async () => {
    await start();
    const redis = level();
    const bytes = new Uint8Array(1_000).map((_, i) => i);
    const found = await kept(redis, "a", bytes);
    expect(new Uint8Array(found.bytes)).toEqual(bytes);
    expect(found.ageMs).toBeLessThan(5_000);
    expect(await redis.get("b")).toBe(undefined);
    const from = performance.now();
    await redis.set("short", bytes, 150);
    const ages: number[] = [];
    for (let found = await redis.get("short"); found !== undefined; found = await redis.get("short")) {
      ages.push(found.ageMs);
    }
    expect(performance.now() - from).toBeGreaterThan(140);
    expect(ages.at(-1)).toBeGreaterThan(100);
    expect(ages).toEqual(ages.toSorted((a, b) => a - b));
  });
  test("with anything else under the key has nothing", async () => {
    await start();
    const redis = level();
    await kept(redis, "a", new Uint8Array([1, 2, 3]));
    const other = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
    await other.set("bff1:a", "garbage that is longer than the head", { PX: 60_000 });
    expect(await redis.get("a")).toBe(undefined);
    await other.set("bff1:a", "", { PX: 60_000 });
    expect(await redis.get("a")).toBe(undefined);
    await other.del("bff1:a");
    await other.rPush("bff1:a", "a list");
    await expect(redis.get("a")).rejects.toThrow("WRONGTYPE");
    other.destroy();
  });
  test("that is full refuses what is new and still has what it has", async () => {
    await start("--maxmemory", "3mb", "--maxmemory-policy", "noeviction");
    const redis = level();
    await kept(redis, "a", new Uint8Array([1]));
    const fill = async () => {
      for (let i = 0; i < 100; i++) await redis.set(`big${i}`, new Uint8Array(100_000), 60_000);
    };
    await expect(fill()).rejects.toThrow("OOM");
    expect((await redis.get("a"))?.bytes.length).toBe(1);
  });
  test("that restarts is found again", async () => {
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
  /** A process whose first level holds nothing, so that each answer is Redis's or the upstream's. */
  const bff = (at = port) => {
    const second = level(at);
    // Time is real here: Redis is.
    const cache = new Cache({ second, maxBytes: 0 });
    const all = front({ call: CALL, cache: () => cache });
    all.client.answer = (sent) => sent.thing({ count: 7n });
    const value = async (id: string) => {
      const from = performance.now();
      const { page: got } = await all.ask(async (cx) => page({ spentCents: (await cx.call(cx.app.get, { id })).count }))
        .answer;
      return { count: got?.spentCents, ms: performance.now() - from, sent: all.client.sent.splice(0).length };
    };
    return { ...all, second, value };
  };
  test("shares answers between processes, through a restart", async () => {
    await start();
    const [one, two] = [bff(), bff()];
    const shared = async (id: string) => {
      await until(async () => {
        expect((await one.value(id)).count).toBe(7n);
        return (await two.value(id)).sent === 0 ? true : undefined;
      });
      expect((await two.value(id)).count).toBe(7n);
    };
    await shared("a");
    await stop();
    expect((await one.value("a")).count).toBe(7n);
    await start();
    await shared("a");
  });
  test("takes a Redis that is not there for a miss", async () => {
    const { value } = bff();
    for (let i = 0; i < 10; i++) {
      const { count, sent, ms } = await value("a");
      expect([count, sent]).toEqual([7n, 1]);
      expect(ms).toBeLessThan(1_000);
    }
  });
  test("takes a Redis that hangs for a miss, and soon stops waiting for it", async () => {
    await start();
    const { value, second } = bff();
    await kept(second, "x", new Uint8Array([1]));
    server?.kill("SIGSTOP");
    const took: number[] = [];
    for (let i = 0; i < 20; i++) {
      const { count, sent, ms } = await value("a");
      expect([count, sent]).toEqual([7n, 1]);
      took.push(ms);
    }
    expect(took.filter((ms) => ms > 40).length).toBeLessThanOrEqual(7); // five, and a probe a second
    expect(Math.max(...took)).toBeLessThan(1_000);
    server?.kill("SIGCONT");
    await until(async () => ((await value("a")).sent === 0 ? true : undefined));
  });
  test.each([
    ["a web server's answer", "HTTP/1.1 400 Bad Request\r\n\r\n\x00\xff\xfe"],
    ["the beginning of an endless value", "$99999999999\r\n"],
    ["answers of other types", "+OK\r\n:-7\r\n$3\r\nabc\r\n*1\r\n:1\r\n".repeat(9)],
    ["errors", "-ERR no\r\n".repeat(9)],
  ])("takes %s on the wire for a miss", async (_, garbage) => {
    const sockets = new Set<Socket>();
    const liar: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("data", () => socket.write(garbage, "latin1"));
    }).listen(0, "127.0.0.1");
    await once(liar, "listening");
    const { value } = bff((liar.address() as AddressInfo).port);
    await once(liar, "connection");
    for (let i = 0; i < 30; i++) {
      const { count, sent, ms } = await value("a");
      expect([count, sent]).toEqual([7n, 1]);
      expect(ms).toBeLessThan(1_000);
      await new Promise((resolve) => setImmediate(resolve)); // what it answers is read
    }
    for (const socket of sockets) socket.destroy();
    liar.close();
  });
  test("takes a slow Redis for a miss", async () => {
    await start();
    const sockets = new Set<Socket>();
    const slow = createServer((socket) => {
      const upstream = connect(port, "127.0.0.1");
      for (const each of [socket, upstream]) {
        sockets.add(each);
        each.on("error", () => {});
      }
      socket.pipe(upstream);
      upstream.on("data", (chunk) => void setTimeout(() => socket.writable && socket.write(chunk), 200));
    }).listen(0, "127.0.0.1");
    await once(slow, "listening");
    const { value, second } = bff((slow.address() as AddressInfo).port);
    await kept(second, "x", new Uint8Array([1]));
    const { count, sent, ms } = await value("a");
    expect([count, sent]).toEqual([7n, 1]);
    expect(ms).toBeLessThan(190);
    for (const socket of sockets) socket.destroy();
    slow.close();
  });
});
