// Holds docs/runtime.md#balancing
import { describe, expect, test } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../../test/support/setup/checked-states.ts";
import { transition } from "../../states.ts";
import { RandomClock } from "../../testing/fake-clock.ts";
import type { BalancePolicy } from "./balance-policy.ts";
import { Balancer, type Ejection, HEALTH_TRANSITIONS, type Place } from "./balancer.ts";

/** So many addresses that are called one after the other, or as the test likes. */
function world(count: number, policy: BalancePolicy = {}, seed = 1) {
  const clock = new RandomClock(seed);
  const balancer = new Balancer<number>({ policy, clock, room: (of) => !full.has(of) });
  const full = new Set<number>();
  const ejections: Ejection[] = [];
  balancer.ejectionListener = (ejection) => ejections.push(ejection);
  const places = Array.from({ length: count }, (_, i) => balancer.add(`10.0.0.${i}:80`, i));
  for (const place of places) balancer.up(place, false);
  const at = (i: number): Place<number> => places[i] as Place<number>;
  /** Calls one after the other: how many went where. */
  const calls = (times: number, good: (of: number) => boolean | undefined, everyMs = 1): number[] => {
    const counts = places.map(() => 0);
    for (let i = 0; i < times; i++) {
      clock.skip(everyMs);
      const place = balancer.pick();
      if (place === undefined) throw new Error("nobody takes a call");
      counts[place.of] = (counts[place.of] ?? 0) + 1;
      balancer.rate(place, place.era, good(place.of));
    }
    return counts;
  };
  const states = (): string[] => balancer.addresses().map(({ state }) => state);
  return { clock, balancer, places, at, full, ejections, calls, states };
}
const share = (counts: readonly number[]): number[] => {
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => count / all);
};
const even = (count: number): number[] => Array.from({ length: count }, () => 1 / count);
/** Each within so much of it. */
function expectShares(counts: readonly number[], shares: readonly number[], within: number): void {
  for (const [i, fraction] of share(counts).entries())
    expect(Math.abs(fraction / (shares[i] ?? 0) - 1), JSON.stringify(counts)).toBeLessThan(within);
}

describe("equal addresses", () => {
  test.each([2, 3, 4, 7, 10, 50])("%i equal addresses take as many calls each, within 5 %", (count) => {
    const { calls } = world(count);
    expectShares(
      calls(20_000 * count, () => true),
      even(count),
      0.05,
    );
  });
  test("the less busy of two random addresses is chosen: the maximum is slightly above the mean", () => {
    const { balancer, places } = world(50);
    for (let i = 0; i < 5_000; i++) (balancer.pick() as Place<number>).inFlight++;
    const most = Math.max(...places.map(({ inFlight }) => inFlight));
    expect(most - 100).toBeLessThan(5); // by chance alone it would be 125 or so
  });
  test("an address whose calls take twice as long gets fewer calls, and never none", () => {
    const { balancer, clock } = world(3);
    const ends: { at: number; place: Place<number> }[] = [];
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) {
      clock.skip(1);
      while ((ends[0]?.at ?? Number.POSITIVE_INFINITY) <= clock.now()) {
        const { place } = ends.shift() as { place: Place<number> };
        place.inFlight--;
        balancer.rate(place, place.era, true);
      }
      const place = balancer.pick() as Place<number>;
      place.inFlight++;
      counts[place.of] = (counts[place.of] ?? 0) + 1;
      ends.push({ at: clock.now() + (place.of === 0 ? 40 : 20), place });
      ends.sort((a, b) => a.at - b.at);
    }
    const [slow = 0] = share(counts);
    expect(slow).toBeGreaterThan(0.1);
    expect(slow).toBeLessThan(0.25);
  });
});

describe("a failing address", () => {
  test("fast failures do not attract calls, because each counts as in flight for a second", () => {
    const { calls } = world(3, { maxEjected: 0 });
    const [failing = 0] = share(calls(10_000, (of) => of !== 0));
    expect(failing).toBeLessThan(0.05);
  });
  test("an address with five consecutive failures gets no calls for 30 s, then one at a time, then more", () => {
    const { calls, clock, ejections, states, at, balancer } = world(3);
    calls(10_000, (of) => of !== 0);
    expect(ejections).toEqual([{ address: "10.0.0.0:80", forMs: 30_000, consecutive: 5, at: expect.any(Number) }]);
    const left = (ejections[0]?.at ?? 0) + 30_000 - clock.now();
    const [none] = calls(Math.floor(left) - 1, () => true);
    expect([none, states()]).toEqual([0, ["ejected", "connected", "connected"]]);
    clock.skip(200);
    expect(states()[0]).toBe("warming");
    // It is asked once, and nobody else goes there before it has answered.
    const picks = Array.from({ length: 200 }, () => {
      const place = balancer.pick() as Place<number>;
      place.inFlight++;
      return place.of;
    });
    expect(picks.filter((of) => of === 0).length).toBe(1);
    for (const place of [at(0), at(1), at(2)]) place.inFlight = 0;
    balancer.rate(at(0), at(0).era, true);
    const rising = Array.from({ length: 10 }, () => calls(1_000, () => true)[0] ?? 0);
    expect(rising[0]).toBeLessThan(80);
    expect(rising[4]).toBeGreaterThan(100);
    expect(rising[4]).toBeLessThan(250);
    calls(200, () => true);
    expectShares(
      calls(60_000, () => true),
      even(3),
      0.05,
    );
    expect(states()).toEqual(["connected", "connected", "connected"]);
  });
  test("repeated ejections last longer, up to five minutes; an equally long healthy time resets the duration", () => {
    const { calls, clock, ejections } = world(3);
    for (let i = 0; i < 15; i++) {
      calls(10_000, (of) => of !== 0);
      clock.skip(310_000);
    }
    const expected = Array.from({ length: 15 }, (_, i) => Math.min(300_000, 30_000 * (i + 1)));
    expect(ejections.map(({ forMs }) => forMs).slice(0, 12)).toEqual(expected.slice(0, 12));
    expect(ejections.slice(1).every(({ consecutive }) => consecutive === 1)).toBe(true);
    calls(400_000, () => true);
    calls(10_000, (of) => of !== 0);
    expect(ejections.at(-1)).toMatchObject({ forMs: 30_000, consecutive: 5 });
  });
  test("an address with occasional failures stays, because successes end the sequence", () => {
    let turn = 0;
    const { calls, ejections } = world(3);
    calls(10_000, (of) => of !== 0 || turn++ % 5 === 4);
    expect(ejections).toEqual([]);
  });
  test("only outcomes that depend on the upstream count", () => {
    const { calls, ejections } = world(3);
    const counts = calls(3_000, (of) => (of === 0 ? undefined : true));
    expect(ejections).toEqual([]);
    expectShares(counts, even(3), 0.15);
  });
  test("calls from before the ejection do not count after it", () => {
    const { balancer, at, states } = world(3);
    const { era } = at(0);
    for (let i = 0; i < 6; i++) balancer.rate(at(0), era, false);
    expect(states()[0]).toBe("ejected");
    balancer.rate(at(0), era, true);
    expect(states()[0]).toBe("ejected");
  });
  test("a single address, or one whose others are unreachable, is never ejected", () => {
    const alone = world(1);
    alone.calls(100, () => false);
    const last = world(2);
    last.balancer.down(last.at(1));
    last.calls(100, () => false);
    expect([...alone.ejections, ...last.ejections]).toEqual([]);
  });
  test("if more addresses fail than may be ejected, all are used, and healthy ones are found again", () => {
    const { calls, states, ejections } = world(3);
    calls(2_000, (of) => of === 2);
    expect(ejections.length).toBeGreaterThan(1);
    const counts = calls(2_000, (of) => of === 2);
    expect(counts.every((count) => count > 0)).toBe(true);
    expect(states()).not.toContain("ejected"); // since they are used
    calls(60_000, () => true);
    expectShares(
      calls(60_000, () => true),
      even(3),
      0.05,
    );
  });
  test("all addresses are used if all fail", () => {
    const { calls } = world(4, { maxEjected: 1 });
    calls(1_000, () => false);
    expectShares(
      calls(20_000, () => false),
      even(4),
      0.2,
    );
  });
  test("no address is ejected if the policy forbids it", () => {
    const { calls, ejections } = world(3, { maxEjected: 0 });
    calls(10_000, () => false);
    expect(ejections).toEqual([]);
  });
});

describe("common rules with gRFC A50", () => {
  test("at least one address may be ejected, whatever the share", () => {
    const { calls, states } = world(3, { maxEjected: 0.1 });
    calls(10_000, (of) => of !== 0);
    expect(states()).toEqual(["ejected", "connected", "connected"]);
  });
  test("an ejection lasts the base time multiplied by the consecutive ejections, at most 300 s", () => {
    const { calls, clock, ejections } = world(2, { ejectMs: 100_000 });
    for (let i = 0; i < 5; i++) {
      calls(10_000, (of) => of !== 0);
      clock.skip(301_000);
    }
    expect(ejections.map(({ forMs }) => forMs)).toEqual([100_000, 200_000, 300_000, 300_000, 300_000]);
  });
});

describe("a slow address", () => {
  /** Calls of 10 ms, elsewhere of `slowMs`, 300 a second; gives the share of the slow one. */
  function openLoop({ balancer, clock }: ReturnType<typeof world>, seconds: number, slowMs: (of: number) => number) {
    let mean = 10;
    const ends: { at: number; tookMs: number; place: Place<number>; era: number }[] = [];
    const counts = [0, 0, 0];
    for (let t = 0; t < seconds * 1000; t++) {
      clock.skip(1);
      for (const end of ends.filter(({ at }) => at <= clock.now())) {
        ends.splice(ends.indexOf(end), 1);
        end.place.inFlight--;
        balancer.rate(end.place, end.era, true, end.tookMs / mean);
        mean += (end.tookMs - mean) / 32;
      }
      if (clock.random() > 0.3) continue;
      const place = balancer.pick() as Place<number>;
      place.inFlight++;
      counts[place.of] = (counts[place.of] ?? 0) + 1;
      const tookMs = slowMs(place.of) * (0.5 + clock.random());
      ends.push({ at: clock.now() + tookMs, tookMs, place, era: place.era });
    }
    for (const { place } of ends) place.inFlight--;
    return counts;
  }
  test("an address ten times slower gets some calls, below one in three hundred, and its full share after recovery", () => {
    const all = world(3);
    openLoop(all, 10, (of) => (of === 0 ? 100 : 10));
    const counts = openLoop(all, 120, (of) => (of === 0 ? 100 : 10));
    expect(share(counts)[0]).toBeLessThan(1 / 300);
    expect(counts[0]).toBeGreaterThan(0);
    openLoop(all, 60, () => 10);
    expectShares(
      openLoop(all, 120, () => 10),
      even(3),
      0.05,
    );
  });
  test("equally slow addresses get equal shares", () => {
    const all = world(3);
    openLoop(all, 10, () => 10);
    openLoop(all, 30, () => 100);
    expectShares(
      openLoop(all, 120, () => 100),
      even(3),
      0.05,
    );
  });
});

describe("the choice of an address", () => {
  test("the choice skips addresses without capacity, and is empty if none has any", () => {
    const { balancer, full } = world(3);
    full.add(0).add(1);
    for (let i = 0; i < 20; i++) expect(balancer.pick()?.of).toBe(2);
    full.add(2);
    expect(balancer.pick()).toBeUndefined();
  });
  test("the choice avoids addresses of earlier attempts if possible", () => {
    const { balancer, at } = world(3);
    for (let i = 0; i < 50; i++) {
      expect(balancer.pick({ avoids: (place) => place === at(0) })?.of).not.toBe(0);
      expect(balancer.pick({ avoids: (place) => place !== at(1) })?.of).toBe(1);
    }
    expect(balancer.pick({ avoids: () => true })).toBeDefined();
  });
  test("the choice excludes addresses that are leaving or down", () => {
    const { balancer, at, calls, states } = world(3);
    balancer.leave(at(0));
    balancer.down(at(1));
    expect(calls(100, () => true)).toEqual([0, 0, 100]);
    expect(states()).toEqual(["leaving", "idle", "connected"]);
    balancer.remove(at(0));
    expect(states()).toEqual(["idle", "connected"]);
  });
  test("a returning address warms up among others, and the first address does not", () => {
    const { balancer, at, calls, states } = world(3);
    balancer.down(at(0));
    balancer.up(at(0), true);
    const [first = 0] = share(calls(1_000, () => true, 0.001));
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(0.06);
    expect(states()[0]).toBe("warming");
    for (const place of [at(0), at(1), at(2)]) balancer.down(place);
    balancer.up(at(1), true);
    expect(states()[1]).toBe("connected");
  });
});

/** Addresses that fall sick, slow, vanish and come back as a seed says: what holds in any world. */
test.each(Array.from({ length: 40 }, (_, seed) => seed))("the invariants hold in random world %i", (seed) => {
  const dice = new RandomClock(seed + 1_000);
  const count = 2 + Math.floor(dice.random() * 6);
  const policy = {
    maxEjected: [0.2, 0.5, 1][Math.floor(dice.random() * 3)] ?? 0.5,
    ejectAfter: 1 + Math.floor(dice.random() * 5),
    ejectMs: 1_000 + Math.floor(dice.random() * 30_000),
  };
  const { balancer, clock, places, calls, states } = world(count, policy, seed);
  const failing = new Set<number>();
  for (let event = 0; event < 60; event++) {
    const of = Math.floor(dice.random() * count);
    const place = places[of] as Place<number>;
    const others = places.some((other) => other !== place && other.ready);
    switch (Math.floor(dice.random() * 4)) {
      case 0:
        failing.add(of);
        break;
      case 1:
        failing.delete(of);
        break;
      case 2:
        if (others) balancer.down(place);
        break;
      default:
        balancer.up(place, true);
    }
    calls(50 + Math.floor(dice.random() * 300), (index) => !failing.has(index), 1 + dice.random() * 50); // throws when nobody takes it
    const now = states();
    const usable = places.filter(({ ready }) => ready).length;
    const ejected = places.filter(({ ready }, i) => ready && now[i] === "ejected").length;
    expect(ejected).toBeLessThan(usable);
    expect(ejected).toBeLessThanOrEqual(Math.max(1, Math.floor(policy.maxEjected * usable)));
  }
  // All is well again: nobody starves, and each has its whole share.
  for (const place of places) balancer.up(place, true);
  for (let i = 0; i < 40; i++) {
    calls(100, () => true, 100);
    clock.skip(10_000);
  }
  calls(500, () => true, 100);
  expectShares(
    calls(8_000 * count, () => true),
    even(count),
    0.06,
  );
});

test("each legal transition is taken, and each other one throws", async () => {
  const taken = (): void => {
    const failing = world(3);
    failing.calls(10_000, (of) => of !== 0);
    failing.clock.skip(31_000);
    failing.calls(10_000, (of) => of !== 0);
    failing.clock.skip(61_000);
    failing.calls(10_000, () => true);
    const most = world(3);
    most.calls(2_000, (of) => of === 2);
    most.calls(2_000, () => true);
  };
  expect(await untakenTransitions(HEALTH_TRANSITIONS, taken)).toEqual([]);
  for (const [from, to] of illegalTransitions(HEALTH_TRANSITIONS))
    expect(() => transition(HEALTH_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});
