// Holds docs/runtime.md#api-keys

import { type ChildProcess, execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { systemClock } from "@protobff/runtime/internal/clock";
import { Failure } from "@protobff/runtime/internal/failure";
import { apiKey } from "@protobff/runtime/internal/identity/api-key/api-key";
import { digestOf, newKey } from "@protobff/runtime/internal/identity/api-key/key-format";
import { PostgresKeys } from "@protobff/runtime/internal/identity/api-key/postgres-keys";
import { type Incoming, NOWHERE } from "@protobff/runtime/internal/identity/incoming-request";
import type { Settings } from "@protobff/runtime/internal/identity/settings";
import type { Source } from "@protobff/runtime/internal/identity/source";
import { freePort } from "@protobff/runtime/internal/testing/ports";
import { initPostgres, startPostgres } from "@protobff/runtime/internal/testing/postgres";
import { unlessFailure } from "@protobff/runtime/internal/testing/unless-failure";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { runBffKey } from "./bff-key.ts";

// Against a real PostgreSQL, on a port and in a folder of its own.

const PLAIN: Incoming = { get: () => null, all: () => [], peer: NOWHERE };
let folder: string;
let port: number;
let server: ChildProcess | undefined;
const open: { close(): void | Promise<void> }[] = [];

async function start(): Promise<void> {
  server = await startPostgres(folder, port);
}
async function stop(): Promise<void> {
  const child = server;
  server = undefined;
  if (child === undefined) return;
  signal(processes(child), "SIGCONT"); // a test that has failed may have left them stopped
  child.kill("SIGQUIT");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** The server, and its processes for connections. */
function processes(of = server): number[] {
  const { stdout } = spawnSync("ps", ["-o", "pid=", "--pid", `${of?.pid}`, "--ppid", `${of?.pid}`], {
    encoding: "utf8",
  });
  return stdout.trim().split(/\s+/).map(Number);
}
function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {} // a connection's process may have ended
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bff-postgres-"));
  initPostgres(folder);
  port = await freePort();
  await start();
}, 60_000);
afterEach(async () => {
  for (const item of open.splice(0)) await item.close();
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

const address = (at = port): string => `postgres://bff@127.0.0.1:${at}/postgres`;
async function bffKey(...args: string[]): Promise<string> {
  const written: string[] = [];
  const keep = (text: string): void => void written.push(text);
  const code = await runBffKey(args, { DATABASE_URL: address() }, { out: keep, error: keep });
  expect([code, written]).toEqual([0, written]);
  return written[0]?.trim() ?? "";
}
/** A source, as a server opens it. */
async function opened(url = address(), cacheMs = 0): Promise<{ source: Source; reports: string[] }> {
  const reports: string[] = [];
  const settings = { optional: (name: string) => (name === "DATABASE_URL" ? url : undefined) } as Settings;
  const spec = apiKey({ name: "robot", prefix: "acme_", cacheMs });
  await spec.configure?.(settings);
  const fault = (what: string): void => void reports.push(what);
  const source = await spec.open({ clock: systemClock, type: PrincipalSchema, audit: () => {}, fault });
  open.push(source);
  return { source, reports };
}
function outcome(source: Source, key: string): Promise<string> {
  return Promise.try(() => source.verify(key, PLAIN))
    .then(unlessFailure)
    .then(
      (caller) => `ok ${caller?.credential.subject}`,
      (thrown: unknown) => (thrown instanceof Failure ? `${thrown.code} ${thrown.message}` : `threw ${thrown}`),
    );
}
const create = (...more: string[]) => bffKey("create", "--subject", "ada", "--prefix", "acme_", ...more);

test("the first of many concurrent processes creates the table", async () => {
  const stores = await Promise.all(Array.from({ length: 8 }, () => PostgresKeys.at(address())));
  open.push(...stores);
  await Promise.all(stores.map((store) => store.open()));
  expect(await stores[0]?.list()).toEqual([]);
});

test("a role without the right to create tables can use an existing table", async () => {
  const owner = await PostgresKeys.at(address());
  open.push(owner);
  await owner.open();
  const { default: pg } = await import("pg");
  const admin = new pg.Client({ connectionString: address() });
  await admin.connect();
  await admin.query("create role reader login; grant select, update on bff_api_key to reader");
  await admin.end();
  const reader = await PostgresKeys.at(address().replace("bff@", "reader@"));
  open.push(reader);
  await reader.open();
  expect(await reader.find(digestOf(newKey("")))).toBeUndefined();
});

test("servers accept keys that bff-key creates, and refuse those that it revokes", async () => {
  const { source } = await opened();
  await source.opened;
  const key = await create("--scope", "read", "--scope", "write", "--claims", '{"a":1}', "--expires", "1d");
  const caller = unlessFailure(await source.verify(key, PLAIN));
  expect(caller?.credential).toMatchObject({ subject: "ada", scopes: ["read", "write"], issuer: "robot" });
  expect(Number(caller?.credential.expires) - Date.now() / 1000).toBeGreaterThan(86_000);
  await bffKey("revoke", caller?.credential.id ?? "");
  expect(await outcome(source, key)).toBe("16 the key is revoked");
});

test("the denylist and overrides of limits are shared by the servers of a database", async () => {
  const [first, second] = [await PostgresKeys.at(address()), await PostgresKeys.at(address())];
  open.push(first, second);
  await Promise.all([first.openOverrides(), second.openOverrides()]);
  const entry = { kind: "subject", value: "ada", until: undefined, why: "abuse" } as const;
  await first.deny({ ...entry, why: "earlier" });
  await first.deny(entry);
  await first.deny({ ...entry, value: "bea", until: 10 });
  expect(await second.denials(9)).toEqual([entry, { ...entry, value: "bea", until: 10 }]);
  expect(await second.denials(10)).toEqual([entry]);
  expect([await second.allow("subject", "ada"), await first.allow("subject", "ada")]).toEqual([true, false]);
  const versions = new Set([await second.overridesVersion()]);
  const changed = async (): Promise<boolean> => {
    const known = versions.size;
    return versions.add(await second.overridesVersion()).size > known;
  };
  expect(await changed()).toBe(false);
  const override = { limit: "web.v1/user", key: "ada", rate: 60, burst: undefined, until: undefined };
  await first.overrideLimit({ ...override, rate: 9, burst: 3 });
  expect(await changed()).toBe(true);
  await first.overrideLimit(override);
  expect(await changed()).toBe(true);
  await first.overrideLimit({ ...override, key: "bea", burst: 5, until: 10 });
  expect(await second.limitOverrides(9)).toEqual([override, { ...override, key: "bea", burst: 5, until: 10 }]);
  expect(await second.limitOverrides(10)).toEqual([override]);
  expect([await second.endOverride("web.v1/user", "ada"), await first.endOverride("web.v1/user", "ada")]).toEqual([
    true,
    false,
  ]);
  expect(await changed()).toBe(true);
  await first.deny(entry);
  expect([await changed(), await changed()]).toEqual([true, false]);
});

test("servers report themselves, and faulty rows do not hide others", async () => {
  const store = await PostgresKeys.at(address());
  open.push(store);
  await store.openOverrides();
  const server = { id: "s1", name: "web.v1", version: "1.2.3", sources: ["user"], limits: ["web.v1/user"], seen: 100 };
  await store.announce({ ...server, seen: 40 });
  await store.announce(server);
  expect([await store.servers(100), await store.servers(101)]).toEqual([[server], []]);
  await store.withdraw("other", 101);
  expect(await store.servers(0)).toEqual([]);
  const { default: pg } = await import("pg");
  const admin = new pg.Client({ connectionString: address() });
  await admin.connect();
  await admin.query("insert into bff_limit_override values ('web.v1/user', 'huge', 9223372036854775807, null, null)");
  await admin.query("insert into bff_deny values ('nonsense', 'x', null, ''), ('address', 'junk', null, '')");
  await admin.end();
  const skipped: string[] = [];
  await store.limitOverrides(0, (row) => skipped.push(row));
  await store.denials(0, (row) => skipped.push(row));
  expect(skipped.map((row) => row.slice(0, row.indexOf(":"))).sort()).toEqual([
    'bff_deny "address" "junk"',
    'bff_deny "nonsense" "x"',
    'bff_limit_override "web.v1/user" "huge"',
  ]);
});

test("one statement writes the uses of many keys", async () => {
  const keys = [await create(), await create(), await create()];
  const { source } = await opened();
  await source.opened;
  for (const key of keys) expect(await outcome(source, key)).toBe("ok ada");
  open.splice(open.indexOf(source), 1);
  await source.close();
  const store = await PostgresKeys.at(address());
  open.push(store);
  const used = await Promise.all(keys.map((key) => store.find(digestOf(key))));
  const now = Date.now() / 1000;
  for (const key of used) expect(Math.abs((key?.lastUsed ?? 0) - now)).toBeLessThan(60);
  await store.used([{ digest: digestOf(keys[0] ?? ""), second: 1 }]);
  expect((await store.find(digestOf(keys[0] ?? "")))?.lastUsed).toBe(used[0]?.lastUsed);
});

test("another process sees the changes of this one", async () => {
  const key = await create();
  const command = fileURLToPath(new URL("../../bin/bff-key.js", import.meta.url));
  const env = { PATH: process.env.PATH ?? "", DATABASE_URL: address() };
  const listed = execFileSync(process.execPath, [command, "list", "--json"], { env, encoding: "utf8" });
  const { source } = await opened();
  const caller = unlessFailure(await source.verify(key, PLAIN));
  const id = caller?.credential.id ?? "";
  expect(listed).toContain(id);
  execFileSync(process.execPath, [command, "revoke", id], { env, stdio: "ignore" });
  expect(await outcome(source, key)).toBe("16 the key is revoked");
});

test("a stopped Postgres makes keys UNAVAILABLE in time, until it returns", async () => {
  const key = await create();
  const { source, reports } = await opened();
  await source.opened;
  expect(await outcome(source, key)).toBe("ok ada");
  const away = "14 the store of keys cannot be queried";
  const all = processes();
  signal(all, "SIGSTOP");
  expect(await outcome(source, key)).toBe(away);
  signal(all, "SIGCONT");
  await stop();
  expect(await outcome(source, key)).toBe(away);
  await start();
  expect(await outcome(source, key)).toBe("ok ada");
  expect(new Set(reports)).toEqual(new Set(["keys of source robot cannot be looked up"]));
});

test("a bounded number of queries waits for a silent server, each for its timeout", async () => {
  const silent: Server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port: at } = silent.address() as { readonly port: number };
  const { source } = await opened(address(at));
  const outcomes = Array.from({ length: 300 }, () => outcome(source, newKey("acme_")));
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(["14 the store of keys cannot be queried"]));
  await source.close();
  open.splice(0);
  silent.close();
});
