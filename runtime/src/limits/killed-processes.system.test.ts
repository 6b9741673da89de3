// Holds docs/runtime.md#rate-limits
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { KEYS, RECORD, TENANT, TENANTS, USER } from "../testing/lease-worker.ts";
import { startCluster } from "../testing/redis-cluster-rig.ts";
import { until } from "../testing/redis-rig.ts";
import type { RateLimit } from "./rate-limit.ts";

/** PROTOBFF_LIMIT_REQUESTS=1000000 is the proof of docs/runtime.md. */
const REQUESTS = Number(process.env.PROTOBFF_LIMIT_REQUESTS ?? 60_000);
const WORKER = fileURLToPath(new URL("../testing/lease-worker.ts", import.meta.url));

interface Admitted {
  readonly start: number;
  readonly end: number;
  readonly key: number;
}
function admittedIn(file: string): Admitted[] {
  const bytes = readFileSync(file);
  const numbers = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return Array.from({ length: Math.floor(numbers.length / RECORD) }, (_, i) => {
    const [start = 0, end = 0, key = 0] = numbers.subarray(i * RECORD);
    return { start, end, key };
  });
}

/** Requests that took longer are left out, since their moment is too uncertain. In microseconds. */
const MAX_SPAN = 30_000;

/** Returns the units by which requests are above a limit, if each was admitted as late as possible. */
function excess({ rate, per, burst }: RateLimit, all: readonly Admitted[]): number {
  const perMicro = rate / (Number(per) * 1_000);
  let [level, at, worst] = [0, 0, 0];
  for (const { end } of all) {
    level = Math.max(0, level - (end - at) * perMicro) + 1;
    at = end;
    worst = Math.max(worst, level - burst - MAX_SPAN * perMicro);
  }
  return worst;
}

test(`${REQUESTS} requests over three processes and a cluster exceed no limit while processes and a primary are killed`, {
  timeout: 60_000 + REQUESTS,
}, async () => {
  const cluster = await startCluster();
  const folder = mkdtempSync(join(tmpdir(), "bff-leases-"));
  const workers: ChildProcess[] = [];
  const counts = new Map<number, readonly [tries: number, unreachable: number]>();
  const files: string[] = [];
  const start = (): ChildProcess => {
    const i = workers.length;
    const file = join(folder, `${i}`);
    files.push(file);
    const env = { ...process.env, REDIS_URL: cluster.url };
    const child = spawn(process.execPath, [WORKER, file], { env, stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.on("data", (chunk: Buffer) => {
      const [tries, unreachable] = (String(chunk).trimEnd().split("\n").at(-1) ?? "").split(" ").map(Number);
      counts.set(i, [tries ?? 0, unreachable ?? 0]);
    });
    workers.push(child);
    return child;
  };
  onTestFinished(async () => {
    for (const child of workers) child.kill("SIGKILL");
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const sum = (index: 0 | 1): number => [...counts.values()].reduce((total, both) => total + both[index], 0);
  const reached = (share: number) => until(() => sum(0) >= share * REQUESTS, 60_000 + REQUESTS);
  const [victim] = [start(), start(), start()];
  await reached(0.3);
  victim.kill("SIGKILL");
  start();
  await reached(0.6);
  const primary = await cluster.primaryOf("bff:limit:load.v1/tenant:=tenant-0");
  primary.kill();
  const killed = performance.timeOrigin + performance.now();
  await reached(1);
  const ends = workers.slice(1).map(async (child) => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  });
  await Promise.all(ends);

  const all = files.flatMap(admittedIn).sort((a, b) => a.end - b.end);
  const certain = all.filter(({ start, end }) => end - start <= MAX_SPAN);
  const first = all[0]?.start ?? 0;
  const seconds = ((all.at(-1)?.end ?? 0) - first) / 1e6;
  const of = (limit: RateLimit, keys: number) =>
    Array.from({ length: keys }, (_, key) =>
      excess(
        limit,
        certain.filter(({ key: of }) => of % keys === key),
      ),
    );
  const worst = [Math.max(...of(USER, KEYS)), Math.max(...of(TENANT, TENANTS))];
  // The busy keys are requested more often than their limit allows.
  const isBusy = ({ key, end }: Admitted) => key < KEYS / 10 && end < killed * 1_000;
  const before = (killed * 1_000 - first) / 1e6;
  const share =
    all.filter(isBusy).length / ((KEYS / 10) * (USER.burst + (USER.rate * before * 1_000) / Number(USER.per)));
  const downSeconds = gap(all, killed * 1_000);
  const units = worst.map((over) => over.toFixed(1)).join(" and ");
  console.log(
    `${sum(0)} requests in ${seconds.toFixed(0)} s: ${all.length} admitted (${all.length - certain.length} after ${MAX_SPAN / 1_000} ms), ${sum(1)} without counters. At most ${units} units above the limits of users and tenants. Busy keys: ${(share * 100).toFixed(0)} % of their limit until the primary was killed. Longest pause of a tenant: ${downSeconds.toFixed(1)} s`,
  );
  expect(Math.max(...worst)).toBeLessThanOrEqual(0);
  // On a busy machine many take long; the check needs most of them.
  expect(certain.length).toBeGreaterThan(0.5 * all.length);
  expect(all.length).toBeGreaterThan(REQUESTS / 20);
});

/** Returns the longest time after a moment in which no request of a tenant was admitted, in seconds. */
function gap(all: readonly Admitted[], from: number): number {
  const longest = Array.from({ length: TENANTS }, (_, tenant) => {
    const ends = all.filter(({ key, end }) => key % TENANTS === tenant && end > from - 1e6).map(({ end }) => end);
    return ends.reduce((most, end, i) => Math.max(most, end - (ends[i - 1] ?? end)), 0);
  });
  return Math.max(...longest) / 1e6;
}
