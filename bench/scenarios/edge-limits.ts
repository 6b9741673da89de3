// Limits of the scenario `edge` by themselves: what charging three costs in this process, and four processes against one Redis for a minute.
import { createClient } from "@redis/client";
import { openLimits } from "../../runtime/src/environment/open-limits.ts";
import type { RateLimit } from "../../runtime/src/limits/rate-limit.ts";
import { limitLoad } from "../../runtime/src/testing/limit-load.ts";
import type { VariantResult } from "../rig/result.ts";
import { median } from "../rig/statistics.ts";

const ROUNDS = 5;
const AT_ONCE = 32;
const LIMITS: readonly RateLimit[] = ["address", "user", "tenant"].map((name) => {
  return { name, package: "bench.v1", rate: 1_000_000, per: 1_000, burst: 1_000_000 };
});
const LEASED = LIMITS.map((limit) => ({ ...limit, lease: 20 }));

/** Three limits of one request: here; in Redis, one request after the other; in Redis, many at once; with leases. */
export async function charging(redisUrl: string | undefined, quick: boolean): Promise<readonly VariantResult[]> {
  const count = quick ? 1_000 : 20_000;
  const here = await perCharge("three limits, local", LIMITS, undefined, 1, 10 * count);
  if (redisUrl === undefined) return [here];
  const alone = await perCharge("three limits, Redis", LIMITS, redisUrl, 1, count);
  const many = [LIMITS, LEASED].map((limits) => async () => {
    const leased = limits === LEASED ? ", leases of 20" : "";
    return perCharge(`three limits, Redis, ${AT_ONCE} at once${leased}`, limits, redisUrl, AT_ONCE, 2 * count);
  });
  const results = [here, alone];
  for (const measure of many) results.push(await measure());
  return results;
}

/** Returns the CPU time that a Redis has used, in microseconds. */
async function redisCpu(admin: { info(section: string): Promise<string> } | undefined): Promise<number> {
  const info = (await admin?.info("cpu")) ?? "";
  return [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].reduce(
    (sum, [, seconds]) => sum + Number(seconds) * 1e6,
    0,
  );
}

async function perCharge(
  name: string,
  all: readonly RateLimit[],
  redisUrl: string | undefined,
  atOnce: number,
  count: number,
): Promise<VariantResult> {
  const environment = redisUrl === undefined ? {} : { REDIS_URL: redisUrl };
  const limits = await openLimits(all, { environment, fault: () => {} });
  let alone = 0;
  const chargeOnce = async (i: number): Promise<void> => {
    const charges = all.map((limit) => ({ limit, key: `${limit.name}-${i % 1_000}`, cost: 1 }));
    const outcome = limits.charge(charges);
    const found = outcome instanceof Promise ? await outcome : outcome;
    if ("failure" in found) throw new Error("refused");
    alone += found.alone.length;
  };
  const admin = redisUrl === undefined ? undefined : createClient({ url: redisUrl });
  await admin?.connect();
  const cpu: number[] = [];
  const ofRedis: number[] = [];
  const wall: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const redisBefore = await redisCpu(admin);
    const [before, startedAt] = [process.cpuUsage(), performance.now()];
    for (let i = 0; i < count; i += atOnce) {
      if (redisUrl === undefined) void chargeOnce(i);
      else await Promise.all(Array.from({ length: atOnce }, (_, k) => chargeOnce(i + k)));
    }
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / count);
    wall.push((1_000 * (performance.now() - startedAt)) / count);
    ofRedis.push(((await redisCpu(admin)) - redisBefore) / count);
  }
  await limits.close();
  admin?.destroy();
  const result = {
    name,
    cpu_us_per_call: median(cpu),
    wall_us_per_call: median(wall),
    ...(admin !== undefined && { redis_cpu_us_per_call: median(ofRedis) }),
    ...(alone > 0 && { alone }),
  };
  console.log(`${name.padEnd(36)} ${result.cpu_us_per_call.toFixed(2).padStart(6)} µs/call`);
  return result;
}

/**
 * Sends far more than the limits allow from four processes. A request above the bound, or a charge for a refused
 * request, is a failure.
 */
export async function fourProcesses(
  url: string,
  quick: boolean,
): Promise<{ readonly variant: VariantResult; readonly failures: readonly string[] }> {
  const admin = createClient({ url });
  await admin.connect();
  const load = await limitLoad(admin, url, 4, quick ? 2_000 : 60_000);
  admin.destroy();
  const failures: string[] = [];
  for (const { admitted, bound } of [...load.users, load.tenant])
    if (admitted > bound) failures.push(`${admitted} requests were let on where ${bound} may`);
  if (load.counted < load.tenant.admitted || load.counted > load.tenant.admitted + load.alone)
    failures.push(`${load.counted} requests were charged, and ${load.tenant.admitted} let on`);
  const { tries, alone, seconds, tenant, counted, shielded } = load;
  const name = `four processes, ${Math.round(seconds)} s`;
  const variant = { name, tries, admitted: tenant.admitted, bound: tenant.bound, counted, alone, shielded };
  console.log(JSON.stringify(variant));
  return { variant, failures };
}
