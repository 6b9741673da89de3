// Holds docs/runtime.md#rate-limits
import { fromBinary } from "@bufbuild/protobuf";
import { QuotaFailureSchema, RetryInfoSchema } from "@protobff/messages/google/rpc/error_details_pb.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acts, Bucket, shapes } from "../testing/exact-bucket.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { endOf } from "./calendar.ts";
import { Cells } from "./cells.ts";
import { type ChargeResult, isRefusal, type Refusal } from "./charge-result.ts";
import { keyOf } from "./key.ts";
import { Limits } from "./limits.ts";
import { LocalCounters } from "./local-counters.ts";
import { type LimitOverride, LimitOverrides } from "./overrides.ts";
import { Counter, type RateLimit } from "./rate-limit.ts";
import { exceeded } from "./refusals.ts";

const limit = (init: Partial<RateLimit>): RateLimit => {
  return { name: "user", package: "web.v1", rate: 6, per: 60_000, burst: 3, ...init };
};

describe("a counter of this process", () => {
  test("a counter admits the same requests as an exact bucket, to the microsecond", () => {
    fc.assert(
      fc.property(shapes, acts, (shape, all) => {
        const counter = new Counter(limit(shape));
        const counters = new LocalCounters();
        const bucket = new Bucket(shape);
        let now = 1_000_000;
        for (const { cost, act, pause } of all) {
          const wait = Number(bucket.at(BigInt(now)).wait(cost));
          now += pause === "edge" ? wait : pause === "before" ? Math.max(0, wait - 1) : pause;
          bucket.at(BigInt(now));
          const moment = { now, date: now };
          if (act !== "charge") {
            const units = act === "add" ? cost : -cost;
            bucket.add(units);
            counters.add(counter, "k", units, moment);
            continue;
          }
          if (cost > shape.burst) continue;
          const expected = Number(bucket.wait(cost));
          const standing = counters.standing({ counter, key: "k", cost }, moment);
          expect(standing?.wait ?? 0).toBe(expected);
          const admitted = bucket.charge(cost);
          expect(standing === undefined).toBe(admitted);
          if (admitted) counters.add(counter, "k", cost, moment);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["day", "2026-02-28T23:59:59.999Z", "2026-03-01T00:00:00.000Z"],
    ["day", "2028-02-28T00:00:00.000Z", "2028-02-29T00:00:00.000Z"],
    ["month", "2028-02-29T12:00:00.000Z", "2028-03-01T00:00:00.000Z"],
    ["month", "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00.000Z"],
    ["month", "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"],
  ] as const)("a %s counts until its end in UTC: %s", (per, at, end) => {
    expect(new Date(endOf(per, Date.parse(at) * 1000) / 1000).toISOString()).toBe(end);
    const counter = new Counter(limit({ per, rate: 2, burst: 2 }));
    const counters = new LocalCounters();
    const charge = { counter, key: "k", cost: 1 };
    const [from, to] = [Date.parse(at) * 1000, Date.parse(end) * 1000];
    for (let i = 0; i < 2; i++) {
      expect(counters.standing(charge, { now: 0, date: from })).toBe(undefined);
      counters.add(counter, "k", 1, { now: 0, date: from });
    }
    expect(counters.standing(charge, { now: 0, date: to - 1 })).toEqual({ wait: 1, left: 0 });
    expect(counters.standing(charge, { now: 0, date: to })).toBe(undefined);
    counters.add(counter, "k", 2, { now: 0, date: to });
    // A charge before the edge is not returned behind it.
    counters.add(counter, "k", -1, { now: 0, date: to }, { now: 0, date: from });
    expect(counters.standing(charge, { now: 0, date: to })?.left).toBe(0);
    counters.add(counter, "k", -1, { now: 0, date: to }, { now: 0, date: to });
    expect(counters.standing(charge, { now: 0, date: to })).toBe(undefined);
  });

  test("a counter keeps a maximum number of keys, and drops recovered ones first, then those that recover first", () => {
    const counter = new Counter(limit({ rate: 1, per: 1_000, burst: 100 }));
    const counters = new LocalCounters(100);
    counters.add(counter, "heavy", 100, { now: 0, date: 0 });
    let now = 0;
    for (let i = 0; i < 100_000; i++) {
      counters.add(counter, `k${i}`, 1, { now, date: now });
      now += 10;
      expect(counters.size(counter)).toBeLessThanOrEqual(100);
    }
    // One of a hundred seconds has passed.
    expect(counters.standing({ counter, key: "heavy", cost: 2 }, { now, date: now })).toMatchObject({ left: 1 });
  });
  test("a freed place is reused", () => {
    const cells = new Cells<{ until: number }>(10);
    for (let i = 0; i < 10; i++) cells.set(`k${i}`, { until: i === 5 ? 1 : 100 }, 0);
    cells.set("new", { until: 100 }, 50);
    expect([cells.get("k5"), cells.get("new"), cells.size]).toEqual([undefined, { until: 100 }, 10]);
  });
});

describe("keys", () => {
  test.each([
    ["2001:db8::1", "=2001:db8:0:0::/64"],
    ["2001:db8:0:0:ffff::", "=2001:db8:0:0::/64"],
    ["2001:db8:0:1::1", "=2001:db8:0:1::/64"],
    ["::1", "=0:0:0:0::/64"],
    ["::", "=0:0:0:0::/64"],
    ["2001:0DB8::00A1:0:0:0:1", "=2001:db8:0:a1::/64"],
    ["64:ff9b::192.0.2.1", "=64:ff9b:0:0::/64"],
    ["1:2:3:4:5:6:192.0.2.1", "=1:2:3:4::/64"],
    ["fe80::1:2:3:4", "=fe80:0:0:0::/64"],
    ["1:2:3:4:5:6:7:8", "=1:2:3:4::/64"],
    ["1:2:3:4:5:6:7::", "=1:2:3:4::/64"],
    ["192.0.2.1", "=192.0.2.1"],
    ["a:b", "=a:b"],
    ["1:2:3", "=1:2:3"],
    ["1:2:3:4:5:6:7:8:9", "=1:2:3:4:5:6:7:8:9"],
    ["1::2::3", "=1::2::3"],
    ["tenant:x::y", "=tenant:x::y"],
    ["", "="],
  ])("the key %s counts as %s", (text, key) => {
    expect(keyOf(text)).toBe(key);
  });
  test("keys are short, and those of different callers differ", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 }), (a, b) => {
        fc.pre(a !== b && !a.includes(":") && !b.includes(":"));
        expect(keyOf(a)).not.toBe(keyOf(b));
        expect(keyOf(a).length).toBeLessThanOrEqual(65);
      }),
    );
    const long = "x".repeat(1_000_000);
    expect(keyOf(long).length).toBe(44);
    expect(keyOf(keyOf(long))).not.toBe(keyOf(long));
  });
});

describe("limits of one request", () => {
  const WIDE = limit({ name: "wide", rate: 100, burst: 100 });
  const NARROW = limit({ name: "narrow", rate: 1, burst: 1 });
  const CALLS = limit({ name: "calls", rate: 10, per: "day", burst: 10 });
  function opened(clock = new FakeClock()) {
    const faults: string[] = [];
    const limits = new Limits({ clock, fault: (what) => faults.push(what) });
    const charge = (...of: readonly (readonly [RateLimit, number | bigint])[]) =>
      limits.charge(of.map(([rateLimit, cost]) => ({ limit: rateLimit, key: "ann", cost }))) as ChargeResult | Refusal;
    const left = (rateLimit: RateLimit): number => {
      for (let units = 0; ; units++) {
        const outcome = charge([rateLimit, units + 1]);
        if (isRefusal(outcome)) return units;
        outcome.refund();
      }
    };
    return { clock, limits, charge, left, faults };
  }

  test("all limits of a request are charged, or none", () => {
    const { charge, left } = opened();
    expect(isRefusal(charge([WIDE, 1], [NARROW, 1], [CALLS, 1]))).toBe(false);
    for (let i = 0; i < 5; i++)
      expect(charge([WIDE, 1], [NARROW, 1], [CALLS, 1])).toMatchObject({
        outcome: "exceeded",
        limits: ["web.v1/narrow"],
      });
    expect([left(WIDE), left(NARROW), left(CALLS)]).toEqual([99, 0, 9]);
  });
  test("the longest wait is reported if several limits refuse", () => {
    const { charge, clock } = opened();
    clock.chance = 0;
    charge([NARROW, 1], [CALLS, 10]);
    const outcome = charge([WIDE, 1], [NARROW, 1], [CALLS, 1]) as Refusal;
    expect(outcome.limits).toEqual(["web.v1/narrow", "web.v1/calls"]);
    const [, seconds, , policy, , standing] = outcome.failure.headers;
    const untilMidnight = Math.ceil((86_400_000 - (clock.date().getTime() % 86_400_000)) / 1000);
    expect(Number(seconds)).toBe(untilMidnight);
    expect(policy).toBe('"narrow";q=1;w=60, "calls";q=10;w=86400');
    expect(standing).toBe(`"narrow";r=0;t=60, "calls";r=0;t=${untilMidnight}`);
  });
  test.each([
    [0, 100],
    [-5, 100],
    [-5n, 100],
    [0.2, 99],
    [3n, 97],
  ])("a cost of %s leaves %s", (cost, rest) => {
    const { charge, left } = opened();
    expect(isRefusal(charge([WIDE, cost]))).toBe(false);
    expect(left(WIDE)).toBe(rest);
  });
  test.each([101, 10n ** 30n, Number.POSITIVE_INFINITY])("a cost of %s is refused permanently", (cost) => {
    const { charge, left } = opened();
    expect(charge([NARROW, 1], [WIDE, cost])).toMatchObject({
      outcome: "cost",
      limits: ["web.v1/wide"],
      failure: { clientCode: 3 },
    });
    expect([left(NARROW), left(WIDE)]).toEqual([1, 100]);
  });
  test("a limit listed twice with one key is charged twice", () => {
    const { charge, left } = opened();
    const outcome = charge([WIDE, 30], [WIDE, 20]) as ChargeResult;
    expect(left(WIDE)).toBe(50);
    outcome.settle(1, 5);
    expect(left(WIDE)).toBe(65);
    expect(charge([WIDE, 40], [WIDE, 40])).toMatchObject({ outcome: "exceeded" });
    outcome.refund();
    expect(left(WIDE)).toBe(100);
  });
  test("settling charges or refunds the difference, and may overdraw", async () => {
    const { charge, left, clock } = opened();
    (charge([WIDE, 50]) as ChargeResult).settle(0, 20n);
    expect(left(WIDE)).toBe(80);
    (charge([WIDE, 50]) as ChargeResult).settle(0, 180);
    expect(charge([WIDE, 0])).toMatchObject({ outcome: "exceeded" });
    await clock.advance(60_000);
    expect(left(WIDE)).toBe(0);
    expect(isRefusal(charge([WIDE, 0]))).toBe(false);
    await clock.advance(30_000);
    expect(left(WIDE)).toBe(50);
    const done = charge([WIDE, 1]) as ChargeResult;
    for (const cost of [Number.NaN, -7]) done.settle(0, cost);
    expect(left(WIDE)).toBe(50);
    (charge([WIDE, 1]) as ChargeResult).settle(0, Number.POSITIVE_INFINITY);
    expect(charge([WIDE, 0])).toMatchObject({ outcome: "exceeded" });
  });
  test.each([1001, 2n ** 63n - 1n, Number.POSITIVE_INFINITY])(
    "an answer that costs %s is charged 10 periods",
    async (cost) => {
      const { charge, left, clock, faults } = opened();
      (charge([WIDE, 1]) as ChargeResult).settle(0, 1000);
      expect(faults).toEqual([]);
      (charge([{ ...WIDE, name: "other" }, 1]) as ChargeResult).settle(0, cost);
      expect(faults).toEqual(["an answer has cost more of the limit web.v1/other than is charged"]);
      await clock.advance(9 * 60_000);
      for (const rateLimit of [WIDE, { ...WIDE, name: "other" }]) expect(left(rateLimit)).toBe(0);
      await clock.advance(60_000);
      for (const rateLimit of [WIDE, { ...WIDE, name: "other" }]) expect(left(rateLimit)).toBe(100);
    },
  );
  test("limits with one name share a counter, and must not differ", () => {
    const { charge, left } = opened();
    charge([{ ...WIDE }, 60]);
    expect(left(WIDE)).toBe(40);
    expect(() => charge([{ ...WIDE, rate: 99 }, 1])).toThrow("limits web.v1/wide differ");
    expect(isRefusal(charge([{ ...WIDE, package: "mobile.v1", rate: 99 }, 1]))).toBe(false);
    for (const wrong of [{ rate: 0 }, { burst: 0 }, { per: 0 }, { per: Number.NaN }])
      expect(() => charge([limit({ name: JSON.stringify(wrong), ...wrong }), 1])).toThrow(TypeError);
  });
});

describe("the details of a refusal", () => {
  test("the details RetryInfo and QuotaFailure equal protobuf's encoding", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000_000_000_000 }), (wait) => {
        const counter = new Counter(limit({ name: "a" }));
        const other = new Counter(limit({ name: 'b"\\é', per: "month", rate: 7, burst: 7 }));
        const failure = exceeded(
          [
            { counter, standing: { wait, left: 1 } },
            { counter: other, standing: { wait: 1, left: 0 } },
          ],
          0,
        );
        const ms = Math.ceil(wait / 1000);
        const [, retry, quota] = failure.details.map((detail) =>
          "value" in detail && "type" in detail ? detail.value : new Uint8Array(),
        );
        expect(fromBinary(RetryInfoSchema, retry ?? new Uint8Array()).retryDelay).toMatchObject({
          seconds: BigInt(Math.floor(ms / 1000)),
          nanos: (ms % 1000) * 1_000_000,
        });
        const { violations } = fromBinary(QuotaFailureSchema, quota ?? new Uint8Array());
        expect(violations.map(({ quotaId }) => quotaId)).toEqual(["web.v1/a", 'web.v1/b"\\é']);
        expect(failure.headers.slice(2)).toEqual([
          "ratelimit-policy",
          '"a";q=6;w=60, "b\\"\\\\?";q=7',
          "ratelimit",
          `"a";r=1;t=${Math.ceil(wait / 1e6)}, "b\\"\\\\?";r=0;t=1`,
        ]);
        expect(Number(failure.headers[1])).toBe(Math.ceil(ms / 1000));
      }),
    );
  });
});

describe("overrides", () => {
  const NARROW = limit({ name: "narrow", rate: 2, burst: 2 });
  const CALLS = limit({ name: "calls", rate: 2, per: "day", burst: 2 });
  function opened() {
    const overrides = new LimitOverrides(() => {});
    const clock = new FakeClock();
    const limits = new Limits({ clock, overrides, fault: () => {} });
    const set = (...rows: readonly Partial<LimitOverride>[]) =>
      overrides.replace(rows.map((row) => ({ limit: "web.v1/narrow", key: "ann", rate: 4, burst: undefined, ...row })));
    const charge = (key: string, of = NARROW, cost = 1) =>
      limits.charge([{ limit: of, key, cost }]) as ChargeResult | Refusal;
    const passes = (key: string, of = NARROW, most = 9): number => {
      for (let count = 0; count < most; count++) if (isRefusal(charge(key, of))) return count;
      return most;
    };
    return { clock, set, charge, passes };
  }
  test("one key has another rate, and units that are charged count in both", async () => {
    const { set, passes, clock } = opened();
    expect(passes("ann")).toBe(2);
    set({});
    expect([passes("ann"), passes("bea")]).toEqual([2, 2]);
    set();
    expect(passes("ann")).toBe(0);
    set({ rate: 6, burst: 1 });
    expect(passes("ann")).toBe(0);
    set({ rate: 60 });
    expect(passes("ann", NARROW, 99)).toBe(56);
    await clock.advance(1_000);
    expect(passes("ann")).toBe(1);
  });
  test("a quota has another number, hashed and shortened keys are found, and the cost of a request may be higher", () => {
    const { set, passes, charge } = opened();
    const long = "x".repeat(99);
    set(
      { limit: "web.v1/calls", rate: 5, burst: 1 },
      { key: long, rate: 3 },
      { key: "2001:db8::1", rate: 5 },
      { key: "eve", rate: 7 },
    );
    expect([passes("ann", CALLS), passes("ann"), passes(long), passes("2001:db8::ffff")]).toEqual([5, 2, 3, 5]);
    expect(charge("bea", NARROW, 7)).toMatchObject({ outcome: "cost" });
    expect(isRefusal(charge("eve", NARROW, 7))).toBe(false);
    expect((charge("eve") as Refusal).failure.headers).toContain('"narrow";q=7;w=60');
  });
  test("a charge is returned in units after the rate has changed", () => {
    const { set, passes, charge } = opened();
    const charged = charge("ann", NARROW, 2) as ChargeResult;
    set({ rate: 7 });
    charged.refund();
    expect(passes("ann")).toBe(7);
  });
});
