// Holds docs/runtime.md#rate-limits
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Postgres } from "../postgres.ts";
import { freePort } from "../testing/ports.ts";
import { initPostgres, startPostgres } from "../testing/postgres.ts";
import { endOf } from "./calendar.ts";
import { PostgresQuotas } from "./postgres-quotas.ts";
import { Counter } from "./rate-limit.ts";
import type { SharedCounters } from "./shared-counters.ts";
import { SqliteQuotas } from "./sqlite-quotas.ts";

// Uses a real PostgreSQL, and SQLite.

let folder: string;
let port: number;
let server: ChildProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bff-quota-"));
  port = await freePort();
  initPostgres(folder);
  server = await startPostgres(folder, port);
}, 60_000);
afterAll(async () => {
  server.kill("SIGQUIT");
  if (server.exitCode === null) await once(server, "exit");
  rmSync(folder, { recursive: true, force: true });
});

let files = 0;
const stores: readonly [string, () => Promise<() => Promise<SharedCounters>>][] = [
  ["PostgreSQL", async () => () => PostgresQuotas.at(`postgres://bff@127.0.0.1:${port}/postgres`)],
  [
    "SQLite",
    async () => {
      const file = join(folder, `quota-${files++}.db`);
      return () => SqliteQuotas.at(file);
    },
  ],
];

let names = 0;
const quota = (rate: number, per: "day" | "month" = "month") =>
  new Counter({ name: `q${names++}`, package: "web.v1", rate, per, burst: rate });

describe.each(stores)("quotas in %s", (_, place) => {
  async function opened(count = 1) {
    const open = await place();
    const all: SharedCounters[] = [];
    for (let i = 0; i < count; i++) {
      const store = await open();
      onTestFinished(() => store.close());
      all.push(store);
    }
    return all as [SharedCounters, ...SharedCounters[]];
  }
  const now = () => Date.now() * 1000;

  test("quotas are charged all or none, to the last unit", async () => {
    const [store] = await opened();
    const [wide, narrow] = [quota(100), quota(3, "day")];
    const charge = (cost: number) => store.charge([wide, narrow].map((counter) => ({ counter, key: "=ann", cost })));
    for (let i = 0; i < 3; i++) expect(await charge(1)).toMatchObject({ at: expect.any(Number) });
    for (let i = 0; i < 3; i++) {
      const refused = await charge(1);
      expect(refused).toMatchObject({ standings: [{ wait: 0, left: 97 }, { left: 0 }] });
      const wait = "standings" in refused ? (refused.standings[1]?.wait ?? 0) : 0;
      expect(Math.abs(now() + wait - endOf("day", now()))).toBeLessThan(5_000_000);
    }
    expect(await store.charge([{ counter: wide, key: "=bob", cost: 100 }])).toMatchObject({ at: expect.any(Number) });
    expect(await store.charge([{ counter: wide, key: "=ann", cost: 98 }])).toMatchObject({ standings: [{ left: 97 }] });
    expect(await store.charge([{ counter: wide, key: "=ann", cost: 97 }])).toMatchObject({ at: expect.any(Number) });
  });
  test("quotas are settled, without a refund into another calendar unit", async () => {
    const [store] = await opened();
    const counter = quota(10);
    const left = async () => {
      const answer = await store.charge([{ counter, key: "=\0", cost: 11 }]);
      return "standings" in answer ? answer.standings[0]?.left : undefined;
    };
    await store.charge([{ counter, key: "=\0", cost: 5 }]);
    await store.add(counter, "=\0", -2, now());
    expect(await left()).toBe(7);
    await store.add(counter, "=\0", -2, now() - 40 * 86_400_000_000);
    expect(await left()).toBe(7);
    await store.add(counter, "=\0", 100, now());
    expect(await left()).toBe(0);
    await store.add(counter, "=\0", Number.MAX_SAFE_INTEGER, now());
    await store.add(counter, "=\0", Number.MAX_SAFE_INTEGER, now());
    await store.add(counter, "=\0", -Number.MAX_SAFE_INTEGER, now());
    expect(await left()).toBe(10);
  });
  test("quotas are exact for many concurrent charges, even of many rows in any order", async () => {
    const stores = await opened(4);
    const [a, b, c] = [quota(200), quota(90), quota(1_000)];
    const orders = [
      [a, b, c],
      [c, b, a],
      [b, c, a],
    ];
    const charges = Array.from({ length: 240 }, (_, i) => {
      const store = stores[i % stores.length] ?? stores[0];
      return () => store.charge((orders[i % 3] ?? []).map((counter) => ({ counter, key: "=all", cost: 1 })));
    });
    let admitted = 0;
    const next = charges.values();
    const worker = async () => {
      for (const charge of next) if ("at" in (await charge())) admitted++;
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    expect(admitted).toBe(90);
    const rest = await stores[0].charge([a, c].map((counter) => ({ counter, key: "=all", cost: 1_001 })));
    expect(rest).toMatchObject({ standings: [{ left: 110 }, { left: 910 }] });
  });
});

test("SQLite starts anew at the edge, keeps the counts of other processes, and deletes ended ones", async () => {
  const edge = Date.UTC(2028, 1, 29) * 1000;
  let now = edge - 1;
  const store = await SqliteQuotas.at(join(folder, "edge.db"), () => now);
  onTestFinished(() => store.close());
  const counter = quota(2, "day");
  const charge = (key: string) => store.charge([{ counter, key, cost: 2 }]);
  expect(await charge("=ann")).toEqual({ at: now });
  expect(await charge("=ann")).toEqual({ standings: [{ wait: 1, left: 0 }] });
  now = edge;
  expect(await charge("=ann")).toEqual({ at: now });
  now = edge - 1; // a clock that is behind
  expect(await charge("=ann")).toEqual({ standings: [{ wait: 86_400_000_001, left: 0 }] });
  now = edge + 2 * 86_400_000_000;
  expect(await charge("=bob")).toEqual({ at: now });
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(join(folder, "edge.db"));
  expect(database.prepare("select counter from bff_quota").all()).toEqual([{ counter: `${counter.id}:=bob` }]);
  database.close();
});

test("a user of PostgreSQL without permission to delete is reported, and still charged", async () => {
  const at = (user: string) => `postgres://${user}@127.0.0.1:${port}/postgres`;
  const counter = quota(2);
  const owner = await PostgresQuotas.at(at("bff"));
  onTestFinished(() => owner.close());
  await owner.charge([{ counter, key: "=ann", cost: 1 }]); // makes the table
  const admin = await Postgres.at(at("bff"), 1);
  onTestFinished(() => admin.end());
  await admin.query("create role shop login", []);
  await admin.query("grant select, insert, update on bff_quota to shop", []);
  const store: SharedCounters = await PostgresQuotas.at(at("shop"));
  onTestFinished(() => store.close());
  const { promise, resolve } = Promise.withResolvers<unknown>();
  store.failed = resolve;
  expect(await store.charge([{ counter, key: "=ann", cost: 2 }])).toMatchObject({ standings: [{ left: 1 }] });
  expect(await promise).toMatchObject({ message: expect.stringContaining("permission denied") });
});
