// Runs against a real redis-server, on a separate port: the guarantees of sessions in the process also hold for those
// in Redis.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { systemClock } from "@protobff/runtime/internal/clock";
import { EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { incomingOf } from "@protobff/runtime/internal/identity/incoming-request";
import type { Source } from "@protobff/runtime/internal/identity/source";
import { connectAtStart, loadRedis } from "@protobff/runtime/internal/redis/redis-client";
import { freePort } from "@protobff/runtime/internal/testing/ports";
import { unlessFailure } from "@protobff/runtime/internal/testing/unless-failure";
import { createClient } from "@redis/client";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { startOpenidProvider } from "../testing/openid-provider.ts";
import { TestBrowser } from "../testing/test-browser.ts";
import { MemoryStore } from "./memory-store.ts";
import { RedisStore } from "./redis-store.ts";
import { session } from "./session.ts";
import type { SessionStore } from "./session-store.ts";

let folder: string;
let port: number;
let server: ChildProcess;
const open: SessionStore[] = [];

async function start(): Promise<void> {
  const options = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder];
  server = spawn("redis-server", options, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const chunk of server.stdout as NodeJS.ReadableStream)
    if (String(chunk).includes("Ready to accept connections")) break;
  server.stdout?.resume();
}
async function stop(): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill("SIGKILL");
  await once(server, "exit");
}
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bff-sessions-"));
  port = await freePort();
  await start();
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  await stop();
  rmSync(folder, { recursive: true, force: true });
});
async function inRedis(): Promise<SessionStore> {
  const store = new RedisStore(await connectAtStart(await loadRedis(`redis://127.0.0.1:${port}`), () => {}));
  open.push(store);
  return store;
}
const KINDS = { "in Redis": inRedis, "in the process": async () => new MemoryStore(systemClock) };
const groups = { names: ["sid", "sub"], lifeMs: 60_000 };
const bytes = (text: string) => Buffer.from(text);

describe.each(Object.entries(KINDS))("%s", (_, make) => {
  test("bytes are stored unchanged, and an ended session is deleted", async () => {
    const store = await make();
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await store.add("a", all, 60_000, groups);
    expect(await store.get("a")).toEqual(all);
    expect(await store.touch("a", 60_000)).toEqual(all);
    expect(await store.replace("a", bytes("new"), 60_000)).toBe(true);
    expect(await store.get("a")).toEqual(bytes("new"));
    await store.delete("a");
    expect(await store.get("a")).toBeUndefined();
    expect(await store.touch("a", 60_000)).toBeUndefined();
    expect(await store.replace("a", bytes("again"), 60_000)).toBe(false);
    expect(await store.get("a")).toBeUndefined();
  });
  test("only a use extends a session", async () => {
    const store = await make();
    await store.add("kept", bytes("1"), 200, groups);
    await store.add("left", bytes("2"), 200, groups);
    await store.touch("kept", 60_000);
    await expect.poll(() => store.get("left"), { timeout: 5_000 }).toBeUndefined();
    expect(await store.get("kept")).toEqual(bytes("1"));
  });
  test("a group ends together", async () => {
    const store = await make();
    await store.add("a", bytes("1"), 60_000, { ...groups, names: ["s1", "ada"] });
    await store.add("b", bytes("2"), 60_000, { ...groups, names: ["s2", "ada"] });
    await store.add("c", bytes("3"), 60_000, { ...groups, names: ["s3", "eve"] });
    expect(await store.deleteGroup("s1")).toBe(1);
    expect(await store.get("a")).toBeUndefined();
    expect(await store.get("b")).toBeDefined();
    expect(await store.deleteGroup("ada")).toBe(1);
    expect(await store.deleteGroup("ada")).toBe(0);
    expect(await store.get("c")).toBeDefined();
  });
  test("one process at a time holds a lock, and releases only its lock", async () => {
    const store = await make();
    const first = await store.lock("a", 150);
    expect(first).toBeDefined();
    expect(await store.lock("a", 60_000)).toBeUndefined();
    let second: (() => Promise<void>) | undefined;
    const taken = async () => {
      second = await store.lock("a", 60_000);
      return second !== undefined;
    };
    await expect.poll(taken, { timeout: 5_000 }).toBe(true);
    await first?.(); // too late: it is the second's
    expect(await store.lock("a", 60_000)).toBeUndefined();
    await second?.();
    expect(await store.lock("a", 60_000)).toBeDefined();
  });
});

describe("an unavailable Redis", () => {
  test("a stopped Redis is reported at once, and used again when it returns", async () => {
    const store = await inRedis();
    await store.add("a", bytes("1"), 60_000, groups);
    await stop();
    await expect(store.get("a")).rejects.toThrow();
    await start();
    await expect
      .poll(
        () =>
          store.get("a").then(
            () => "up",
            () => "down",
          ),
        { timeout: 10_000 },
      )
      .toBe("up");
  });
  test("a hanging Redis is reported within a second", async () => {
    const store = await inRedis();
    server.kill("SIGSTOP");
    const pending = store.touch("a", 60_000);
    try {
      await expect(pending).rejects.toThrow("Redis has not answered");
    } finally {
      server.kill("SIGCONT");
    }
  });
});

describe("processes with one Redis, and a provider that ends a session whose refresh token is repeated", () => {
  const site = "https://app.example";

  /** Returns the source of one process. */
  async function process(issuer: string): Promise<Source> {
    const environment = {
      BFF_PUBLIC_URL: site,
      REDIS_URL: `redis://127.0.0.1:${port}`,
      BFF_SESSION_KEYS: Buffer.alloc(32, 1).toString("base64"),
      BFF_BROWSER_CLIENT_SECRET: "a secret of the client's",
    };
    const spec = session({ name: "browser", issuer, clientId: "web" });
    await spec.configure?.(new EnvReader(environment, []));
    return spec.open({ clock: systemClock, type: PrincipalSchema, audit: () => {}, fault: () => {} });
  }
  async function loggedIn(source: Source): Promise<readonly [id: string, browser: TestBrowser]> {
    const browser = new TestBrowser(site, () => source.routes ?? new Map());
    await browser.visit("/auth/login");
    return [browser.cookies.get("app.example __Host-session") ?? "", browser];
  }
  const incoming = incomingOf(new Headers());

  test("the first request of a process that starts finds its session", async () => {
    const provider = await startOpenidProvider({ publicUrl: () => site });
    onTestFinished(() => provider.close());
    const first = await process(provider.issuer);
    onTestFinished(() => first.close());
    const [id] = await loggedIn(first);
    const second = await process(provider.issuer);
    onTestFinished(() => second.close());
    expect((await unlessFailure(await second.verify(id, incoming)))?.token).toBeDefined();
  });
  test("without Redis a process starts, and refuses sessions", async () => {
    const provider = await startOpenidProvider({ publicUrl: () => site });
    onTestFinished(() => provider.close());
    await stop();
    const source = await process(provider.issuer);
    onTestFinished(() => source.close());
    const id = "a".repeat(43);
    await expect(source.verify(id, incoming)).rejects.toMatchObject({ clientMessage: "cannot check credentials now" });
  });
  test("two processes renew once together, and the session ends in both", async () => {
    const provider = await startOpenidProvider({ publicUrl: () => site, accessLifeS: 31 });
    const [first, second] = [await process(provider.issuer), await process(provider.issuer)];
    try {
      const [id, browser] = await loggedIn(first);
      const tokens = async () =>
        Promise.all(
          [first, second, first, second].map(async (source) => unlessFailure(await source.verify(id, incoming))?.token),
        );
      const [before] = await tokens();
      // It is due a second from now, since it is renewed half a minute before its end.
      await expect.poll(async () => (await tokens()).some((token) => token !== before), { timeout: 10_000 }).toBe(true);
      await expect.poll(async () => new Set(await tokens()).size, { timeout: 10_000 }).toBe(1);
      expect(await tokens()).not.toContain(undefined);
      await browser.get("/auth/logout", { "x-csrf": "1" }, "POST");
      expect(await tokens()).toEqual([undefined, undefined, undefined, undefined]);
    } finally {
      await first.close();
      await second.close();
      await provider.close();
    }
  });
});

test("Redis contains neither ids nor names in plain text", async () => {
  const store = await inRedis();
  await store.add("hash-of-an-id", bytes("sealed"), 60_000, groups);
  const admin = createClient({ url: `redis://127.0.0.1:${port}` });
  await admin.connect();
  try {
    expect((await admin.keys("*")).sort()).toEqual([
      "bff:session-group:sid",
      "bff:session-group:sub",
      "bff:session:hash-of-an-id",
    ]);
    expect(await admin.pTTL("bff:session-group:sid")).toBeGreaterThan(0);
  } finally {
    admin.destroy();
  }
});
