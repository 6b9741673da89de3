// Holds docs/runtime.md#rate-limits
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../clock.ts";
import { openLimits } from "../environment/open-limits.ts";
import { Bucket } from "../testing/exact-bucket.ts";
import { startRedis, until } from "../testing/redis-rig.ts";
import { timed } from "../testing/timed-script.ts";
import { isRefusal } from "./charge-result.ts";
import type { Limits } from "./limits.ts";
import { Counter, type Lease, type RateLimit } from "./rate-limit.ts";
import { ADD, CHARGE } from "./redis-script.ts";

const SECOND = 1_000_000;
const START = 1_700_000_000_000_000;

const limit = (init: Partial<RateLimit>): RateLimit => {
  return { name: "user", package: "web.v1", rate: 1_000, per: 1_000, burst: 1_000, lease: 20, ...init };
};

const acts = fc.array(
  fc.record({
    process: fc.nat(2),
    cost: fc.integer({ min: 0, max: 8 }),
    most: fc.integer({ min: 0, max: 30 }),
    // "fill" charges all that is left; "use" and "use up" cost leased units.
    act: fc.constantFrom("charge", "charge", "fill", "use", "use up", "use up", "give back", "kill"),
    /** False: the processes are late with giving back. */
    sweeps: fc.boolean(),
    pause: fc.oneof(fc.constant(0), fc.nat(5_000), fc.nat(SECOND), fc.nat(5 * SECOND)),
  }),
  { minLength: 5, maxLength: 80 },
);
/** The whole burst expires within half a second to a minute. */
const shapes = fc
  .record({ burst: fc.integer({ min: 10, max: 200 }), per: fc.constantFrom(500, 3_000, 10_000, 60_000) })
  .map(({ burst, per }) => ({ rate: burst, burst, per }));

describe("the scripts", () => {
  test("requests that processes answer from leases fit an exact bucket, at the moment of each", async () => {
    const { admin } = await startRedis();
    const [charge, add] = [timed(CHARGE.text), timed(ADD.text)];
    let run = 0;
    let spent = 0;
    await fc.assert(
      fc.asyncProperty(shapes, acts, async (shape, all) => {
        const { ticks, drain, full } = new Counter(limit(shape));
        const keys = [`k${run++}`];
        const bucket = new Bucket(shape);
        const leases: (Lease | undefined)[] = [];
        let now = START;
        const request = (charged: number, most: number, lease: Lease | undefined) => {
          const { units = 0, used = 0, at = 0 } = lease ?? {};
          const list = [ticks, drain, full, charged, most * ticks, units * ticks, used * ticks, at, now];
          return admin.eval(charge, { keys, arguments: list.map(String) });
        };
        const giveBack = async (process: number) => {
          const lease = leases[process];
          leases[process] = undefined;
          if (lease === undefined) return;
          const list = [ticks, drain, lease.used * ticks, lease.at, lease.units * ticks, now];
          await admin.eval(add, { keys, arguments: list.map(String) });
        };
        for (const { process, cost, most, act, pause, sweeps } of all) {
          now += pause;
          bucket.at(BigInt(now));
          const isOver = (lease: Lease | undefined) => lease !== undefined && now > lease.at + SECOND;
          if (sweeps) for (const i of [0, 1, 2]) if (isOver(leases[i])) await giveBack(i);
          const lease = leases[process];
          if (act === "kill") leases[process] = undefined;
          else if (act === "give back") await giveBack(process);
          else if (act === "use" || act === "use up") {
            if (lease === undefined || isOver(lease)) continue;
            const left = lease.units - lease.used;
            const units = act === "use up" ? left : Math.min(cost, left);
            leases[process] = { ...lease, used: lease.used + units };
            spent += units;
            expect(bucket.charge(units)).toBe(true);
          } else {
            const refused = act === "fill" ? await request(full + ticks, 0, lease) : [];
            const units = act === "fill" ? Math.floor((refused as number[])[1]! / ticks) : cost;
            const reply = await request(units * ticks, most, lease);
            const [at, taken] = reply as [number, number[] | number];
            if (typeof taken === "number") continue;
            expect(bucket.charge(units)).toBe(true);
            const [leased = 0] = taken;
            expect(leased).toBeLessThanOrEqual(Math.min(most, shape.burst / 10));
            leases[process] = leased === 0 ? undefined : { units: leased, used: 0, at };
          }
        }
        // Nothing is lost for good: after the last lease has ended and all has expired, the whole burst is there.
        now += 2 * SECOND + Math.ceil((2 * full) / drain);
        expect(await request(full, 0, undefined)).toEqual([now, [0]]);
      }),
      { numRuns: 500 },
    );
    expect(spent).toBeGreaterThan(100);
  });
});

describe("processes", () => {
  /** Admitted by the common counters, not by the process alone while they are late. */
  async function isCounted(open: Limits, key: string, ...limits: readonly RateLimit[]): Promise<boolean> {
    const outcome = await open.charge(limits.map((of) => ({ limit: of, key, cost: 1 })));
    return !isRefusal(outcome) && outcome.alone.length === 0;
  }
  async function opened(url: string, limits: readonly RateLimit[]): Promise<Limits> {
    const open = await openLimits(limits, { environment: { REDIS_URL: url }, fault: () => {} });
    onTestFinished(() => open.close());
    await until(() => isCounted(open, "warm", ...limits));
    return open;
  }
  const commands = async ({ admin }: Awaited<ReturnType<typeof startRedis>>): Promise<number> =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(await admin.info("commandstats"))?.[1] ?? 0);

  test("a busy key is charged in advance, at a tenth of the commands or less, and unused units return", async () => {
    const redis = await startRedis();
    const user = limit({ rate: 1, per: 3_600_000, burst: 1_000 });
    const open = await opened(redis.url, [user]);
    const before = await commands(redis);
    for (let i = 0; i < 400; i++)
      expect(isRefusal(await open.charge([{ limit: user, key: "ann", cost: 1 }]))).toBe(false);
    expect((await commands(redis)) - before).toBeLessThan(40);
    await open.close();
    // After closing, the counter has what was used, and no lease.
    await until(async () => /^\d+ \d+ \d+$/.test((await redis.admin.get("bff:limit:web.v1/user:=ann")) ?? ""));
    const [, level] = ((await redis.admin.get("bff:limit:web.v1/user:=ann")) ?? "").split(" ");
    const { ticks } = new Counter(user);
    expect(Math.round(Number(level) / ticks)).toBe(400);
  });

  test("three processes admit exactly what one would, at any concurrency", async () => {
    const redis = await startRedis();
    const user = limit({ rate: 1, per: 3_600_000, burst: 500, lease: 16 });
    const all = [await opened(redis.url, [user]), await opened(redis.url, [user]), await opened(redis.url, [user])];
    let admitted = 0;
    const client = async (open: Limits): Promise<void> => {
      for (let i = 0; i < 30; i++) if (await isCounted(open, "ann", user)) admitted++;
    };
    await Promise.all(Array.from({ length: 24 }, (_, i) => client(all[i % 3]!)));
    expect(admitted).toBeLessThanOrEqual(500);
    // Units that other processes hold are free again after a second.
    await until(async () => {
      if (await isCounted(all[0]!, "ann", user)) admitted++;
      return admitted === 500;
    });
    for (const open of all) expect(isRefusal(await open.charge([{ limit: user, key: "ann", cost: 1 }]))).toBe(true);
  });

  test("leased units last a second while Redis is away, and a request of a second limit returns them", async () => {
    const redis = await startRedis();
    const user = limit({ rate: 1, per: 3_600_000, closed: true });
    const tenant = limit({ name: "tenant", lease: undefined, burst: 30, rate: 1, per: 3_600_000 });
    const open = await opened(redis.url, [user, tenant]);
    const both = [user, tenant].map((of) => ({ limit: of, key: "ann", cost: 1 }));
    for (let i = 0; i < 30; i++) expect(isRefusal(await open.charge(both))).toBe(false);
    expect(await open.charge(both)).toMatchObject({ limits: ["web.v1/tenant"] });
    const from = systemClock.now();
    redis.hang();
    let answered = 0;
    for (let i = 0; i < 100; i++) {
      const outcome = await open.charge([{ limit: user, key: "ann", cost: 1 }]);
      if (isRefusal(outcome)) break;
      answered++;
    }
    redis.wake();
    if (systemClock.now() - from < 500) expect(answered).toBeGreaterThan(0);
    await until(async () => !isRefusal(await open.charge([{ limit: user, key: "ann", cost: 1 }])));
  });
});
