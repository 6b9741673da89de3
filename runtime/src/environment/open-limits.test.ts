import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { RateLimit } from "../limits/rate-limit.ts";
import { freePort } from "../testing/ports.ts";
import { openLimits } from "./open-limits.ts";

const limit = (init: Partial<RateLimit>): RateLimit => {
  return { name: "user", package: "web.v1", rate: 2, per: 1_000, burst: 2, ...init };
};
async function opened(limits: readonly RateLimit[], environment: Readonly<Record<string, string>>) {
  const faults: string[] = [];
  const open = await openLimits(limits, { environment, fault: (what) => faults.push(what) });
  onTestFinished(() => open.close());
  return { open, faults };
}
function file(): string {
  const folder = mkdtempSync(join(tmpdir(), "bff-limits-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "store.db");
}

test("limits counted in the process are reported once, except those declared local", async () => {
  const all = [limit({}), limit({ name: "near", local: true }), limit({ name: "calls", per: "day" })];
  const { faults } = await opened(all, {});
  expect(faults).toEqual([
    "limits are counted in this process only, separate from other processes (web.v1/user, web.v1/calls); set REDIS_URL",
  ]);
  expect((await opened([limit({ local: true })], {})).faults).toEqual([]);
});

test("calendar quotas use the configured store", async () => {
  const path = file();
  const daily = limit({ name: "calls", per: "day", closed: true });
  const charges = [{ limit: daily, key: "ann", cost: 1 }];
  const processes = [await opened([daily], { BFF_STORE_FILE: path }), await opened([daily], { BFF_STORE_FILE: path })];
  const outcomes: boolean[] = [];
  for (const { open } of [...processes, ...processes]) outcomes.push("failure" in (await open.charge(charges)));
  expect(outcomes).toEqual([false, false, true, true]);
  expect(processes.flatMap(({ faults }) => faults)).toEqual([]);
});

test.each<[string, readonly RateLimit[], Readonly<Record<string, string>>, string]>([
  [
    "a closed limit without Redis",
    [limit({ closed: true })],
    {},
    "REDIS_URL is not set, and the limit web.v1/user is closed",
  ],
  ["a closed quota without a store", [limit({ per: "day", closed: true })], {}, "REDIS_URL is not set"],
  [
    "no Redis's address",
    [limit({})],
    { REDIS_URL: "http://x" },
    "REDIS_URL begins with neither redis:// nor rediss://",
  ],
  ["the same of its own", [limit({})], { BFF_STATE_REDIS_URL: "x" }, "BFF_STATE_REDIS_URL is not an address"],
  [
    "no database",
    [limit({ per: "day" })],
    { DATABASE_URL: "mysql://x" },
    "DATABASE_URL is no address with postgres://",
  ],
  ["no file", [limit({ per: "day" })], { BFF_STORE_FILE: "/nowhere/at/all" }, "BFF_STORE_FILE cannot be used (ENOENT"],
])("%s is reported before anything is opened", async (_, limits, environment, message) => {
  await expect(openLimits(limits, { environment })).rejects.toThrow(message);
});
test("a limit that is closed and local needs no store", async () => {
  await opened([limit({ closed: true, local: true })], {});
});

test("an absent Redis does not prevent the start: open limits admit, closed limits refuse", async () => {
  const [rateLimit, closed] = [limit({}), limit({ name: "closed", closed: true })];
  const { open, faults } = await opened([rateLimit, closed], { REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
  expect(await open.charge([{ limit: rateLimit, key: "ann", cost: 1 }])).toMatchObject({ alone: ["web.v1/user"] });
  expect(await open.charge([{ limit: closed, key: "ann", cost: 1 }])).toMatchObject({ outcome: "unreachable" });
  expect(faults).toContain("the limits' Redis cannot be reached");
});
