// Adaptive limits against an upstream that is a queue with servers: what is left of its answers when it loses half of what it can do.
import { describe, expect, test } from "vitest";
import { adaptive, fixed, gradient2, ruled, vegas } from "./guards.ts";
import { Timeline } from "./timeline.ts";
import { Caller, type Guard, percentile, Servers, type Tally } from "./world.ts";

const SEEDS = [1, 2, 3, 4, 5];
const SERVICE_MS = 50;
const DEADLINE_MS = 1_000;
/** Of 16 servers, and of 8, in calls a second. */
const ALL = 320;
const HALF = 160;

const SPREADS = {
  even: (random: () => number) => SERVICE_MS * (0.5 + random()),
  exponential: (random: () => number) => -Math.log(1 - random()) * SERVICE_MS,
};
type Spread = keyof typeof SPREADS;

function world(seed: number, guard: (time: Timeline) => Guard, rate: number, spread: Spread, processes = 1) {
  const time = new Timeline(seed);
  const servers = new Servers(time, 16);
  const guards = Array.from({ length: processes }, () => guard(time));
  const callers = guards.map((instance) => {
    const serviceMs = (): number => SPREADS[spread](time.random);
    return new Caller(time, servers, instance, {
      rate: rate / processes,
      deadlineMs: DEADLINE_MS,
      critical: 0.5,
      serviceMs,
    });
  });
  /** What becomes of the calls of so many seconds. */
  const seconds = (many: number) => {
    time.run(time.now() + many * 1_000);
    const each = callers.map((caller) => caller.take());
    return { ...sum(each), each, perSecond: sum(each).good / many };
  };
  return { time, servers, guards, callers, seconds };
}
function sum(all: readonly Tally[]) {
  const of = (count: (tally: Tally) => number): number => all.reduce((before, tally) => before + count(tally), 0);
  return {
    calls: of(({ calls }) => calls),
    good: of(({ good }) => good),
    critical: of(({ critical }) => critical),
    goodCritical: of(({ goodCritical }) => goodCritical),
    timeouts: of(({ timeouts }) => timeouts),
    shed: of(({ shed }) => shed),
    p99: percentile(
      all.flatMap(({ latencies }) => latencies),
      0.99,
    ),
  };
}

const spreads: readonly Spread[] = ["even", "exponential"];
const each = SEEDS.flatMap((seed) => spreads.map((spread) => ({ seed, spread })));

describe.each(each)("services that take $spread times, seed $seed", ({ seed, spread }) => {
  test("lose half of their servers: 9 of 10 remaining answers arrive quickly, critical calls first, and later all again", () => {
    const { servers, seconds } = world(seed, (time) => adaptive(time), 300, spread);
    seconds(23);
    servers.servers = 8;
    const first = seconds(2);
    const then = seconds(60);
    expect(first.perSecond).toBeGreaterThan(0.9 * HALF);
    expect(then.perSecond).toBeGreaterThan(0.9 * HALF);
    expect(then.p99).toBeLessThan(DEADLINE_MS / 2);
    expect(then.timeouts).toBeLessThan(then.calls / 1_000);
    expect(then.goodCritical).toBeGreaterThan(0.85 * then.critical);
    servers.servers = 16;
    seconds(2);
    const recovered = seconds(20);
    expect(recovered.good).toBeGreaterThan(0.93 * recovered.calls);
    expect(recovered.goodCritical).toBeGreaterThan(0.98 * recovered.critical);
    expect(recovered.timeouts).toBe(0);
  });
  test("become half as fast: the same holds after half a minute", () => {
    const { servers, seconds } = world(seed, (time) => adaptive(time), 300, spread);
    seconds(23);
    servers.slowness = 2;
    seconds(30);
    const then = seconds(60);
    expect(then.perSecond).toBeGreaterThan(0.9 * HALF);
    expect(then.p99).toBeLessThan(DEADLINE_MS);
    servers.slowness = 1;
    seconds(2);
    const recovered = seconds(20);
    expect(recovered.good).toBeGreaterThan(0.93 * recovered.calls);
  });
  test.each([2, 4])("keep their answers with %i processes, each with its own limit", (processes) => {
    const { servers, seconds } = world(seed, (time) => adaptive(time), 300, spread, processes);
    seconds(23);
    servers.servers = 8;
    seconds(2);
    const then = seconds(60);
    expect(then.perSecond).toBeGreaterThan(0.9 * HALF);
    expect(then.timeouts).toBeLessThan(then.calls / 100);
  });
  test("have no overload at half load: no call is refused, and none waits too long", () => {
    const { seconds } = world(seed, (time) => adaptive(time), ALL / 2, spread);
    const all = seconds(120);
    expect({ shed: all.shed, timeouts: all.timeouts }).toEqual({ shed: 0, timeouts: 0 });
  });
});

test("processes share an overloaded upstream in about equal parts", () => {
  const ratios = each.map(({ seed, spread }) => {
    const { servers, seconds } = world(seed, (time) => adaptive(time), 300, spread, 2);
    seconds(23);
    servers.servers = 8;
    seconds(20);
    const shares = seconds(60).each.map(({ good }) => good);
    return Math.max(...shares) / Math.min(...shares);
  });
  expect(percentile(ratios, 0.5)).toBeLessThan(1.2);
  expect(percentile(ratios, 0.8)).toBeLessThan(2);
  expect(Math.max(...ratios)).toBeLessThan(3);
});

test.each(SEEDS)("a fixed limit lets an upstream collapse after the loss of half of its servers, seed %i", (seed) => {
  const { servers, seconds } = world(seed, () => fixed(100), 300, "even");
  seconds(23);
  servers.servers = 8;
  seconds(10);
  expect(seconds(20).perSecond).toBeLessThan(0.1 * HALF);
  servers.servers = 16;
  seconds(10);
  expect(seconds(10).perSecond).toBeLessThan(0.1 * ALL);
});

test("the limit stays near the capacity of an upstream that refuses excess calls", () => {
  const { servers, seconds, guards } = world(1, (time) => adaptive(time), 600, "even");
  servers.most = 24;
  seconds(10);
  const limits: number[] = [];
  let good = 0;
  for (let second = 0; second < 30; second++) {
    good += seconds(1).good;
    limits.push(guards[0]?.state.most ?? 0);
  }
  expect(good / 30).toBeGreaterThan(0.9 * ALL);
  expect(percentile(limits, 0.9)).toBeLessThan(60);
});

test("more calls of a slow method do not count as overload", () => {
  const time = new Timeline(3);
  const servers = new Servers(time, 64);
  const guard = adaptive(time, 1_000, 2);
  let long = 0.01;
  const serviceMs = (): number => (time.random() < long ? 200 : 10) * (0.8 + 0.4 * time.random());
  const caller = new Caller(time, servers, guard, { rate: 200, deadlineMs: DEADLINE_MS, critical: 0.5, serviceMs });
  time.run(30_000);
  long = 0.9;
  time.run(60_000);
  expect(caller.take()).toMatchObject({ shed: 0, timeouts: 0 });
});

describe("random worlds", () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))(
    "keep the limit between floor and maximum, and lose no waiting call, seed %i",
    (seed) => {
      const time = new Timeline(seed);
      const pick = <T>(...of: readonly [T, ...T[]]): T => of[Math.floor(time.random() * of.length)] ?? of[0];
      const servers = new Servers(time, pick(1, 2, 8, 50));
      const most = pick(1, 4, 30, 1_000);
      const guards = Array.from({ length: pick(1, 2, 3) }, () => adaptive(time, most, 2, pick(0, 3, 1_000)));
      const callers = guards.map((guard) => {
        const ms = pick(1, 20, 300);
        const load = { rate: pick(5, 100, 1_000), deadlineMs: pick(50, 1_000), critical: pick(0, 0.5, 1) };
        return new Caller(time, servers, guard, { ...load, serviceMs: () => ms * 2 * time.random() });
      });
      for (let i = 0; i < 20; i++) {
        time.run(time.now() + pick(10, 300, 2_000));
        servers.servers = pick(0, 1, 8, 50);
        servers.slowness = pick(0.5, 1, 1, 5);
        servers.most = pick(2, 30, 1e9, 1e9, 1e9);
        for (const caller of callers) caller.load.rate = pick(0.001, 5, 100, 1_000);
        for (const { state } of guards) {
          expect(state.most).toBeLessThanOrEqual(most);
          expect(state.most).toBeGreaterThanOrEqual(Math.min(3, most));
        }
      }
      for (const caller of callers) caller.load.rate = 1e-6;
      servers.servers = 50;
      servers.most = Number.POSITIVE_INFINITY;
      time.run(time.now() + 30_000);
      expect(callers.map(({ open }) => open)).toEqual(callers.map(() => 0));
      for (const { state } of guards) expect(state).toMatchObject({ taken: 0, waiting: 0 });
    },
  );
});

// What docs/decisions/0033-adaptive-limits.md says of the rules that others use, by their formulas, in the same worlds.
describe("rules of other projects", () => {
  const after = (guard: (time: Timeline) => Guard, hurt: (servers: Servers) => void, processes = 1) => {
    const { servers, seconds } = world(1, guard, 300, "even", processes);
    seconds(23);
    hurt(servers);
    seconds(10);
    return seconds(60);
  };
  const lost = (servers: Servers): void => {
    servers.servers = 8;
  };
  const slow = (servers: Servers): void => {
    servers.slowness = 2;
  };
  test("Gradient2 keeps the answers, but does not prefer critical calls", () => {
    const { perSecond, critical, goodCritical } = after(() => ruled(gradient2(200), 20), lost);
    expect(perSecond).toBeGreaterThan(0.95 * HALF);
    expect(goodCritical).toBeLessThan(0.6 * critical);
  });
  test("Vegas mistakes a slower upstream for an overloaded one", () => {
    expect(after((time) => ruled(vegas(1_000, time.random), 20), lost).perSecond).toBeGreaterThan(0.95 * HALF);
    expect(after((time) => ruled(vegas(1_000, time.random), 20), slow).perSecond).toBeLessThan(0.8 * HALF);
  });
});
