// Holds docs/runtime.md#rate-limits
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { openLimits } from "../environment/open-limits.ts";
import { loadRedis } from "../redis/redis-client.ts";
import { acts, Bucket, shapes } from "../testing/exact-bucket.ts";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { startRedis, until } from "../testing/redis-rig.ts";
import { timed } from "../testing/timed-script.ts";
import { endOf } from "./calendar.ts";
import { type ChargeResult, isRefusal, type Refusal } from "./charge-result.ts";
import { Limits } from "./limits.ts";
import { LimitOverrides } from "./overrides.ts";
import { Counter, type RateLimit } from "./rate-limit.ts";
import { RedisCounters } from "./redis-counters.ts";
import { ADD, CHARGE } from "./redis-script.ts";

// Uses a separate redis-server, on a separate port.

const limit = (init: Partial<RateLimit>): RateLimit => {
  return { name: "user", package: "web.v1", rate: 6, per: 60_000, burst: 3, ...init };
};

type Redis = Awaited<ReturnType<typeof startRedis>>;
async function countersOf({ url }: Redis): Promise<RedisCounters> {
  const counters = new RedisCounters(await loadRedis(url), () => {});
  onTestFinished(() => counters.close());
  const counter = new Counter(limit({ name: "connected" }));
  await until(async () => (await counters.charge([{ counter, key: "=", cost: 0 }])) !== undefined);
  return counters;
}

describe("the scripts", () => {
  test("the scripts admit the same requests as an exact bucket, to the microsecond", async () => {
    const { admin } = await startRedis();
    let run = 0;
    const charge = timed(CHARGE.text);
    const add = timed(ADD.text);
    await fc.assert(
      fc.asyncProperty(shapes, acts, async (shape, all) => {
        const { ticks, drain, full } = new Counter(limit(shape));
        const keys = [`k${run++}`];
        const bucket = new Bucket(shape);
        let now = 1_700_000_000_000_000;
        bucket.at(BigInt(now));
        for (const { cost, act, pause } of all) {
          const wait = Number(bucket.at(BigInt(now)).wait(cost));
          now += pause === "edge" ? wait : pause === "before" ? Math.max(0, wait - 1) : pause;
          bucket.at(BigInt(now));
          if (act !== "charge") {
            const units = act === "add" ? cost : -cost;
            bucket.add(units);
            await admin.eval(add, { keys, arguments: [`${ticks}`, `${drain}`, `${units * ticks}`, "0", `${now}`] });
            continue;
          }
          const expected = Number(bucket.wait(cost));
          const reply = await admin.eval(charge, {
            keys,
            arguments: [`${ticks}`, `${drain}`, `${full}`, `${cost * ticks}`, `${now}`],
          });
          expect(bucket.charge(cost) ? reply : (reply as number[])[0]).toBe(expected === 0 ? now : expected);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("the scripts count units when versions with different rates charge one counter", async () => {
    const { admin } = await startRedis();
    let run = 0;
    const now = "1700000000000000";
    const room = async (counter: Counter, keys: string[]) => {
      const { ticks, drain, full, most } = counter;
      const reply = await admin.eval(timed(CHARGE.text), {
        keys,
        arguments: [`${ticks}`, `${drain}`, `${full}`, `${(most + 1) * ticks}`, now],
      });
      return (reply as number[])[1]! / ticks;
    };
    const units = fc.integer({ min: 0, max: 60 });
    await fc.assert(
      fc.asyncProperty(shapes, shapes, units, units, async (before, after, first, second) => {
        const keys = [`k${run++}`];
        for (const [shape, count] of [
          [before, first],
          [after, second],
        ] as const) {
          const { ticks, drain } = new Counter(limit(shape));
          const all = [`${ticks}`, `${drain}`, `${count * ticks}`, "0", now];
          await admin.eval(timed(ADD.text), { keys, arguments: all });
        }
        for (const shape of [before, after])
          expect(await room(new Counter(limit(shape)), keys)).toBe(Math.max(0, shape.burst - first - second));
      }),
      { numRuns: 100 },
    );
  });

  test("the scripts start anew when a limit changes between a rate and a calendar unit", async () => {
    const { admin } = await startRedis();
    const rate = new Counter(limit({ rate: 6, per: 60_000, burst: 6 }));
    const now = "1700000000000000";
    const charge = (scale: string, drain: number, full: number, cost: number) =>
      admin.eval(timed(CHARGE.text), { keys: ["k"], arguments: [scale, `${drain}`, `${full}`, `${cost}`, now] });
    const atRate = () => charge(`${rate.ticks}`, rate.drain, rate.full, rate.full);
    const daily = () => charge("day", 0, 5, 5);
    for (const turn of [daily, atRate, daily, atRate]) expect(await turn()).toBe(Number(now));
    expect(await atRate()).toEqual([60_000_000, 0]);
  });

  test.each(["day", "month"] as const)("the scripts compute the end of a %s for 800 years", async (unit) => {
    const { admin } = await startRedis();
    const text = timed(CHARGE.text);
    const moments = Array.from({ length: 800 * 12 }, (_, month) => {
      const edge = Date.UTC(1970, month) * 1000;
      return [edge, edge + 86_400_000_000 * (month % 28), edge + 86_399_999_999, edge - 1];
    }).flat();
    moments.splice(3, 1); // before 1970
    // There is no room for 2: the reply is the time until the end.
    const evaluate = (now: number) =>
      admin.eval(text, { keys: ["k"], arguments: [unit, "0", "1", "2", `${now}`] }) as Promise<unknown>;
    for (let at = 0; at < moments.length; at += 1_000) {
      const some = moments.slice(at, at + 1_000);
      const waits = (await Promise.all(some.map(evaluate))) as number[][];
      expect(waits.map(([wait]) => wait)).toEqual(some.map((now) => endOf(unit, now) - now));
    }
  });

  test("the scripts count per calendar unit, start anew at its edge, and refund nothing across it", async () => {
    const { admin } = await startRedis();
    const edge = Date.UTC(2028, 1, 29) * 1000;
    const charge = (cost: number, now: number) =>
      admin.eval(timed(CHARGE.text), { keys: ["k"], arguments: ["day", "0", "5", `${cost}`, `${now}`] });
    const add = (units: number, since: number, now: number) =>
      admin.eval(timed(ADD.text), { keys: ["k"], arguments: ["day", "0", `${units}`, `${since}`, `${now}`] });
    expect(await charge(5, edge - 10)).toBe(edge - 10);
    expect(await charge(1, edge - 1)).toEqual([1, 0]);
    expect(await charge(4, edge)).toBe(edge);
    expect(await add(-3, edge - 1, edge + 1)).toBe(0);
    expect(await charge(2, edge + 1)).toEqual([86_400_000_000 - 1, 1]);
    expect(await add(-3, edge, edge + 1)).toBe(1);
    expect(await charge(4, edge + 1)).toBe(edge + 1);
    expect(await add(100, edge, edge + 1)).toBe(1); // overdrawn
    expect(await charge(0, edge + 1)).toEqual([86_400_000_000 - 1, 0]);
  });

  test("the scripts continue when the clock goes back", async () => {
    const { admin } = await startRedis();
    const charge = (cost: number, now: number) =>
      admin.eval(timed(CHARGE.text), { keys: ["k"], arguments: ["1", "1", "100", `${cost}`, `${now}`] });
    await charge(100, 5_000_000_000);
    expect(await charge(1, 1_000_000_000)).toEqual([1, 0]);
    await admin.eval(timed(ADD.text), { keys: ["k"], arguments: ["1", "1", "-1", "0", "1000000000"] });
    expect(await charge(50, 1_000_000_049)).toBe(1_000_000_049);
    expect(await charge(1, 1_000_000_049)).toEqual([1, 0]);
  });

  test("the scripts leave no key of a recovered limit behind", async () => {
    const redis = await startRedis();
    const counters = await countersOf(redis);
    const quick = new Counter(limit({ name: "quick", rate: 1, per: 30, burst: 10 }));
    const slow = new Counter(limit({ name: "slow", rate: 1, per: 3_600_000, burst: 10 }));
    const daily = new Counter(limit({ name: "daily", per: "day", rate: 10, burst: 10 }));
    await counters.charge([quick, slow, daily].map((counter) => ({ counter, key: "=ann", cost: 2 })));
    const ttl = (name: string) => redis.admin.pTTL(`bff:limit:web.v1/${name}:=ann`);
    expect(await ttl("quick")).toBeLessThanOrEqual(61);
    expect(await ttl("slow")).toBeGreaterThan(7_190_000);
    expect(await ttl("slow")).toBeLessThanOrEqual(7_200_001);
    expect(await ttl("daily")).toBeLessThanOrEqual(86_400_001);
    await until(async () => (await redis.admin.exists("bff:limit:web.v1/quick:=ann")) === 0);
    await counters.add(slow, "=ann", -2, Date.now() * 1000);
    await counters.add(daily, "=ann", -2, Date.now() * 1000);
    expect(await redis.admin.keys("*")).toEqual([]);
  });
});

describe("counters in Redis", () => {
  const THREE_PER_HOUR = limit({ name: "one", rate: 1, per: 3_600_000, burst: 3 });
  const OTHER = limit({ name: "other", rate: 1, per: 3_600_000, burst: 100 });
  const CLOSED = limit({ name: "closed", rate: 1, per: 3_600_000, burst: 100, closed: true });
  const NEAR = limit({ name: "near", rate: 1, per: 3_600_000, burst: 100, local: true });

  async function opened(redis: Redis) {
    const clock = new FakeClock();
    const faults: string[] = [];
    const limits = await openLimits([THREE_PER_HOUR, OTHER, CLOSED, NEAR], {
      clock,
      environment: { REDIS_URL: redis.url },
      fault: (what: string) => faults.push(what),
    });
    onTestFinished(() => limits.close());
    type Of = RateLimit | readonly [RateLimit, number];
    const charge = (...of: readonly Of[]) => {
      const pairs = of.map((item): readonly [RateLimit, number] => ("name" in item ? [item, 1] : item));
      return limits.charge(pairs.map(([rateLimit, cost]) => ({ limit: rateLimit, key: "ann", cost })));
    };
    const tryCharge = async (...of: readonly Of[]): Promise<string> => {
      const outcome = await charge(...of);
      if (isRefusal(outcome)) return `${outcome.outcome} ${outcome.limits}`;
      return outcome.alone.length > 0 ? `alone ${outcome.alone}` : "ok";
    };
    const connected = async () => {
      await until(async () => {
        await clock.advance(1_000);
        return (await tryCharge([CLOSED, 0])) === "ok";
      });
    };
    expect(await tryCharge([CLOSED, 0])).toBe("ok"); // from the first one on
    /** Returns the charged units in Redis. */
    const charged = async (rateLimit: RateLimit): Promise<number> => {
      const value = await redis.admin.get(`bff:limit:web.v1/${rateLimit.name}:=ann`);
      const [, ticks = "0"] = value?.split(" ") ?? [];
      // A little of an hour has expired meanwhile.
      return Math.max(0, Math.ceil(Number(ticks) / new Counter(rateLimit).ticks - 1e-9));
    };
    return { clock, faults, limits, charge, tryCharge, connected, charged };
  }

  test("counters are charged all or none, and a refusal names the limit", async () => {
    const { tryCharge, charged } = await opened(await startRedis());
    for (let i = 0; i < 3; i++) expect(await tryCharge(NEAR, THREE_PER_HOUR, OTHER)).toBe("ok");
    for (let i = 0; i < 3; i++) expect(await tryCharge(NEAR, THREE_PER_HOUR, OTHER)).toBe("exceeded web.v1/one");
    expect([await charged(THREE_PER_HOUR), await charged(OTHER)]).toEqual([3, 3]);
    expect(await tryCharge([NEAR, 97])).toBe("ok");
    expect(await tryCharge(NEAR)).toBe("exceeded web.v1/near");
    expect(await tryCharge(NEAR, OTHER)).toBe("exceeded web.v1/near");
    expect(await charged(OTHER)).toBe(3);
  });

  test("counters reload a script that Redis has lost", async () => {
    const redis = await startRedis();
    const { tryCharge, faults } = await opened(redis);
    await redis.admin.scriptFlush();
    expect(await Promise.all([tryCharge(OTHER), tryCharge(OTHER), tryCharge(OTHER)])).toEqual(["ok", "ok", "ok"]);
    await redis.admin.flushAll();
    await redis.admin.scriptFlush();
    expect(await tryCharge(THREE_PER_HOUR)).toBe("ok");
    expect(faults).toEqual([]);
  });

  test("counters repeat a recent refusal without a query, and query for a lower cost", async () => {
    const redis = await startRedis();
    const { tryCharge, charge, clock } = await opened(redis);
    const calls = async () =>
      Number(
        /calls=(\d+)/.exec(
          await redis.admin.info("commandstats").then((all) => /cmdstat_evalsha:\S+/.exec(all)?.[0] ?? ""),
        )?.[1],
      );
    expect(await tryCharge([THREE_PER_HOUR, 2])).toBe("ok");
    expect(await tryCharge([THREE_PER_HOUR, 2])).toBe("exceeded web.v1/one");
    const before = await calls();
    for (let i = 0; i < 100; i++) {
      const outcome = charge([THREE_PER_HOUR, 2]);
      expect(outcome).not.toBeInstanceOf(Promise);
      expect((outcome as Refusal).failure.headers[1]).toBe("3780"); // an hour, and 5 %
    }
    expect(await calls()).toBe(before);
    expect(await tryCharge(THREE_PER_HOUR)).toBe("ok");
    // The counter has been deleted, which is detected after a second.
    await redis.admin.flushAll();
    expect(await tryCharge([THREE_PER_HOUR, 2])).toBe("exceeded web.v1/one");
    await clock.advance(1_000);
    expect(await tryCharge([THREE_PER_HOUR, 2])).toBe("ok");
  });

  test("counters are settled and refunded in Redis", async () => {
    const { charge, charged, tryCharge } = await opened(await startRedis());
    const first = (await charge([OTHER, 50])) as ChargeResult;
    first.settle(0, 20n);
    await until(async () => (await charged(OTHER)) === 20);
    const second = (await charge([OTHER, 50])) as ChargeResult;
    second.settle(0, 300);
    await until(async () => (await charged(OTHER)) === 120);
    expect(await tryCharge([OTHER, 0])).toBe("exceeded web.v1/other");
    second.refund();
    await until(async () => (await charged(OTHER)) === 70);
    const third = (await charge(THREE_PER_HOUR)) as ChargeResult;
    third.refund();
    third.refund();
    await until(async () => (await charged(THREE_PER_HOUR)) === 0);
  });

  test.each<[string, (redis: Redis) => unknown]>([
    ["killed", (redis) => redis.stop()],
    ["one that hangs", (redis) => redis.hang()],
  ])(
    "while Redis is %s, requests wait at most 20 ms; open limits count locally, closed limits refuse",
    async (what, harm) => {
      const redis = await startRedis();
      const { tryCharge, clock, faults, connected, charged } = await opened(redis);
      expect(await tryCharge(THREE_PER_HOUR)).toBe("ok");
      await harm(redis);
      const outcomes: string[] = [];
      /** A request waits for a hanging Redis for 20 ms by this clock, and no longer. */
      const chargeInTime = async (of: RateLimit) => {
        let outcome: string | undefined;
        void tryCharge(of).then((found) => {
          outcome = found;
        });
        await idle();
        if (outcome === undefined) await clock.advance(19);
        if (what === "one that hangs" && outcomes.length < 3) expect(outcome).toBe(undefined);
        await until(async () => {
          await clock.advance(1);
          return outcome;
        });
        outcomes.push(outcome ?? "");
      };
      for (const of of [THREE_PER_HOUR, CLOSED, THREE_PER_HOUR, THREE_PER_HOUR, CLOSED, THREE_PER_HOUR, CLOSED])
        await chargeInTime(of);
      expect(outcomes).toEqual([
        "alone web.v1/one",
        "unreachable web.v1/closed",
        "alone web.v1/one",
        "alone web.v1/one",
        "unreachable web.v1/closed",
        "exceeded web.v1/one",
        "unreachable web.v1/closed",
      ]);
      expect(faults.length).toBeGreaterThan(0);
      expect(new Set(faults.filter((text) => !text.startsWith("the limits' Redis")))).toEqual(
        new Set(["the counters of limits cannot be reached, each process counts alone meanwhile"]),
      );
      // An open breaker causes no wait: there is no promise, and no timer.
      expect(clock.running).toBe(0);
      if (what === "killed") await redis.start();
      else redis.wake();
      await connected();
      expect(await tryCharge(OTHER)).toBe("ok");
      if (what === "killed") expect(await charged(THREE_PER_HOUR)).toBe(0);
      // Charges whose answer was too late: those of an admitted request stay, those of a refused request are returned.
      else expect(await charged(THREE_PER_HOUR)).toBe(3);
      await until(async () => (await charged(CLOSED)) === 0);
    },
  );

  test("counters of a Redis that is flushed start anew", async () => {
    const redis = await startRedis();
    const { tryCharge, clock } = await opened(redis);
    for (let i = 0; i < 3; i++) expect(await tryCharge(THREE_PER_HOUR)).toBe("ok");
    expect(await tryCharge(THREE_PER_HOUR)).toBe("exceeded web.v1/one");
    await redis.admin.flushAll();
    await clock.advance(1_000);
    for (let i = 0; i < 3; i++) expect(await tryCharge(THREE_PER_HOUR)).toBe("ok");
    expect(await tryCharge(THREE_PER_HOUR)).toBe("exceeded web.v1/one");
  });

  test.each<[string, (redis: Redis, key: string) => Promise<unknown>, string]>([
    ["a list", ({ admin }, key) => admin.rPush(key, "x"), "alone web.v1/one"],
    ["another text", ({ admin }, key) => admin.set(key, "nothing of ours"), "ok"],
    ["numbers without end", ({ admin }, key) => admin.set(key, `${"9".repeat(400)} ${"9".repeat(400)}`), "ok"],
    ["a database without room", ({ admin }) => admin.configSet("maxmemory", "1"), "alone web.v1/one"],
    ["a replica", ({ admin }) => admin.replicaOf("127.0.0.1", 1), "alone web.v1/one"],
  ])("counters with %s under their key do not fail requests", async (_, harm, outcome) => {
    const redis = await startRedis();
    const { tryCharge, charge } = await opened(redis);
    await harm(redis, "bff:limit:web.v1/one:=ann");
    const found = await charge(THREE_PER_HOUR);
    expect(isRefusal(found) ? found.outcome : found.alone.length > 0 ? `alone ${found.alone}` : "ok").toBe(outcome);
    if (outcome !== "ok") expect(await tryCharge(CLOSED)).toMatch(_ === "a list" ? "ok" : "unreachable web.v1/closed");
  });
});

test("an override holds for the shared counter of its key, and for refusals that are repeated without Redis", async () => {
  const redis = await startRedis();
  const overrides = new LimitOverrides(() => {});
  const of = limit({ rate: 2, burst: 2, per: 3_600_000 });
  const counters = await countersOf(redis);
  const shared = { counters, waitMs: 10_000, counts: () => true };
  const limits = new Limits({ clock: new FakeClock(), shared, overrides, fault: () => {} });
  const passes = async (key: string): Promise<number> => {
    for (let count = 0; ; count++) if (isRefusal(await limits.charge([{ limit: of, key, cost: 1 }]))) return count;
  };
  expect(await passes("ann")).toBe(2);
  overrides.replace([{ limit: "web.v1/user", key: "ann", rate: 7, burst: undefined }]);
  expect([await passes("ann"), await passes("bea")]).toEqual([5, 2]);
  overrides.replace([]);
  expect(await passes("ann")).toBe(0);
});
