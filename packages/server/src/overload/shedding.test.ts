// Holds docs/runtime.md#server

import { transition } from "@protobff/runtime/internal/states";
import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { StreamService } from "@protobff/runtime/internal/testing/test-streams";
import { expect, test, vi } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../../test/support/setup/checked-states.ts";
import { EchoService } from "../testing/test-echo.ts";
import { KindService } from "../testing/test-kinds.ts";
import type { Position, Watch } from "../turns/turns.ts";
import { SHEDDING_TRANSITIONS, Shedding, type SheddingOptions, type ShedRpc } from "./shedding.ts";

const ENDPOINTS = [
  { method: EchoService.method.echo, priority: "low" },
  { method: KindService.method.get },
  { method: StreamService.method.follow, priority: "high" },
] as const;

class Rig {
  readonly clock = new FakeClock();
  readonly events: unknown[] = [];
  readonly shed: string[] = [];
  changes = 0;
  readonly watches: Partial<Record<Position, Watch>> = {};
  readonly shedding: Shedding;
  readonly low: ShedRpc | undefined;
  readonly normal: ShedRpc | undefined;
  readonly high: ShedRpc | undefined;

  constructor(options: Partial<SheddingOptions> = {}) {
    this.shedding = new Shedding(ENDPOINTS, {
      delayMs: 50,
      leaves: false,
      clock: this.clock,
      observer: {
        shed: ({ priority }) => void this.shed.push(priority),
        shedding: (event) => void this.events.push(event),
      },
      changed: () => {
        this.changes++;
      },
      watch: (position, watch) => {
        this.watches[position] = watch;
      },
      used: () => ({ busyMs: 0, cpuMs: this.clock.now() }),
      ...options,
    });
    this.low = this.shedding.of("echo.v1.EchoService/Echo");
    this.normal = this.shedding.of("kinds.v1.KindService/Get");
    this.high = this.shedding.of("streams.v1.StreamService/Follow");
  }
  /** Sends a request. Returns whether it is admitted. */
  admits(rpc: ShedRpc | undefined, connection?: object): boolean {
    return this.shedding.refusal(rpc, connection) === undefined;
  }
  /** Lets the time until the next tick pass, and the timer be late. Each tick has requests of all classes. */
  async ticks(count: number, lateMs: number, [low, normal, high]: readonly [number, number, number] = [8, 2, 1]) {
    for (let tick = 0; tick < count; tick++) {
      for (const [rpc, requests] of [
        [this.low, low],
        [this.normal, normal],
        [this.high, high],
      ] as const)
        for (let i = 0; i < requests; i++) {
          this.clock.chance = (i + 0.5) / requests;
          this.admits(rpc);
        }
      this.clock.skip(20 + lateMs);
      await this.clock.advance(0);
    }
  }
}

test("a server whose event loop is late refuses requests of the lowest class first", async () => {
  const rig = new Rig();
  await rig.ticks(19, 60);
  expect([rig.events, rig.shed]).toEqual([[], []]); // nine periods
  await rig.ticks(1, 60);
  expect(rig.events).toEqual([{ state: "begun", standingDelayMs: 60 }]);
  expect([rig.shedding.load, rig.shedding.standingDelayMs]).toEqual(["shedding", 60]);
  rig.clock.chance = 0;
  expect([rig.admits(rig.low), rig.admits(rig.normal), rig.admits(rig.high)]).toEqual([false, true, true]);
  expect(rig.shed.every((priority) => priority === "low")).toBe(true);
  await rig.ticks(20, 60);
  expect(rig.admits(rig.normal)).toBe(false);
  expect(new Set(rig.shed)).toContain("normal");
});

test("an end is reported with what was refused, and requests are admitted again", async () => {
  const rig = new Rig();
  await rig.ticks(22, 60);
  const refused = () => rig.shed.length;
  await rig.ticks(60, 0);
  expect(rig.events[1]).toMatchObject({ state: "ended", standingDelayMs: 0, refused: refused() });
  expect(rig.shedding.load).toBe("calm");
  rig.clock.chance = 0;
  expect(rig.admits(rig.low)).toBe(true);
});

test("one long pause, and a delay that does not stand, refuse nothing", async () => {
  const rig = new Rig();
  await rig.ticks(1, 240);
  await rig.ticks(10, 0);
  for (let i = 0; i < 20; i++) {
    await rig.ticks(1, 200);
    await rig.ticks(1, 0);
  }
  expect([rig.events, rig.shed]).toEqual([[], []]);
});

test("a loop that is blocked for many periods refuses nothing, but in the next late period", async () => {
  const rig = new Rig();
  await rig.ticks(1, 0);
  await rig.ticks(1, 3_000);
  expect([rig.events, rig.shed]).toEqual([[], []]);
  await rig.ticks(2, 60);
  expect(rig.events).toEqual([{ state: "begun", standingDelayMs: 60 }]);
  await rig.ticks(1, 1_050); // further periods close further, before the requests that have queued up are read
  rig.clock.chance = 0.6;
  expect([rig.admits(rig.low), rig.admits(rig.normal), rig.admits(rig.high)]).toEqual([false, false, true]);
});

test.each([
  ["of bursts", 9],
  ["that alternate with timely periods", 1],
])("late periods %s close no gate, and refuse nothing", async (_, late) => {
  const rig = new Rig();
  await rig.ticks(1, 0);
  for (let burst = 0; burst < 50; burst++) {
    await waits(rig, "alone", 80, 5 * late);
    await rig.ticks(10, 0);
  }
  expect([rig.events, rig.shed]).toEqual([[], []]);
});

test("pauses of the process are no delay, whether its event loop is busy or not", async () => {
  for (const isBusy of [true, false]) {
    let cpuMs = 0;
    const rig = new Rig({ used: () => ({ busyMs: isBusy ? rig.clock.now() : 0, cpuMs }) });
    for (let i = 0; i < 100; i++) {
      cpuMs += isBusy ? 25 : 5; // of 100 ms, as with a quota of a quarter of a processor
      await rig.ticks(1, 80);
    }
    await rig.ticks(1, 3_000);
    expect([rig.events, rig.shed]).toEqual([[], []]);
  }
});

test("waits of requests count without the pauses in them", async () => {
  let cpuMs = 0;
  const rig = new Rig({ used: () => ({ busyMs: rig.clock.now(), cpuMs }) });
  const refuses = async (workedMs: number): Promise<boolean> => {
    for (let i = 0; i < 60; i++) {
      const watch = rig.watches.alone;
      delete rig.watches.alone;
      watch?.entered(rig.clock.now() - 160);
      watch?.began(rig.clock.now());
      cpuMs += workedMs;
      await rig.ticks(1, 80);
    }
    return rig.events.length > 0;
  };
  expect(await refuses(25)).toBe(false); // a pause of 75 of 100 ms
  expect(await refuses(45)).toBe(true); // 55 are no pause
});

test("a delay of exactly the limit refuses nothing, and BFF_SHED_DELAY=0s never does", async () => {
  const exact = new Rig();
  await exact.ticks(20, 50);
  expect(exact.events).toEqual([]);
  const off = new Rig({ delayMs: 0 });
  await off.ticks(20, 500);
  expect([off.events, off.clock.running]).toEqual([[], 0]);
});

test("the timer runs only while requests arrive", async () => {
  const rig = new Rig();
  expect(rig.clock.running).toBe(0);
  rig.admits(rig.normal);
  expect(rig.clock.running).toBe(1);
  await rig.clock.advance(100);
  expect(rig.clock.running).toBe(1);
  await rig.clock.advance(100);
  expect(rig.clock.running).toBe(0);
  await rig.ticks(5, 60);
  rig.shedding.stop();
  expect([rig.clock.running, rig.admits(rig.low)]).toEqual([0, true]);
});

test("rpcs that a server has besides its endpoints are never refused", async () => {
  const rig = new Rig();
  await rig.ticks(30, 200);
  const health = rig.shedding.of("grpc.health.v1.Health/Check");
  expect(health).toBeUndefined();
  rig.clock.chance = 0;
  expect(rig.admits(health)).toBe(true);
});

/** Makes each request in this position wait for `waitMs` milliseconds. */
async function waits(rig: Rig, position: Position, waitMs: number, ticks: number): Promise<void> {
  for (let tick = 0; tick < ticks; tick++) {
    const watch = rig.watches[position];
    delete rig.watches[position];
    watch?.entered(rig.clock.now() - waitMs);
    watch?.began(rig.clock.now());
    await rig.ticks(1, 0);
  }
}

test("long waits for a turn refuse requests, although timers are timely", async () => {
  const rig = new Rig();
  await rig.ticks(1, 0);
  await waits(rig, "alone", 80, 60);
  expect(rig.events).toEqual([{ state: "begun", standingDelayMs: 80 }]);
  rig.clock.chance = 0;
  expect(rig.admits(rig.low)).toBe(false);
});

test("a request that still waits counts with its wait", async () => {
  const rig = new Rig();
  await rig.ticks(1, 0);
  rig.watches.alone?.entered(rig.clock.now());
  await rig.ticks(65, 0);
  expect(rig.shedding.load).toBe("shedding");
});

test("waits behind requests of the same connection refuse no other requests", async () => {
  const rig = new Rig();
  await rig.ticks(1, 0);
  await waits(rig, "behind", 300, 65);
  expect(rig.shedding.load).toBe("shedding");
  rig.clock.chance = 0;
  expect(rig.admits(rig.low)).toBe(true);
  expect(rig.admits(rig.low, {})).toBe(true); // a connection without other requests
  expect(rig.shed).toEqual([]);
});

test("after 10 s of refusing most requests the server leaves, and after 10 s without a refusal it returns", async () => {
  const rig = new Rig({ leaves: true });
  await rig.ticks(40, 60);
  expect(rig.shedding.load).toBe("shedding");
  await rig.ticks(130, 60);
  expect([rig.shedding.load, rig.changes]).toEqual(["overloaded", 1]);
  // Balancers have left: nothing arrives.
  await rig.clock.advance(9_000);
  expect(rig.shedding.load).toBe("overloaded");
  await rig.clock.advance(2_000);
  expect([rig.shedding.load, rig.changes, rig.clock.running]).toEqual(["calm", 2, 0]);
});

test("without BFF_SHED_READYZ the server stays ready", async () => {
  const rig = new Rig();
  await rig.ticks(300, 60);
  expect([rig.shedding.load, rig.changes]).toEqual(["shedding", 0]);
});

test("a busy server limits the requests under way, and refuses those that waited too long, except high ones", async () => {
  let busyMs = 0;
  let isHeld = (): boolean => false;
  const resume = vi.fn();
  const hold: NonNullable<SheddingOptions["hold"]> = (held) => {
    isHeld = held;
    return { resume, end: () => {} };
  };
  const rig = new Rig({ hold, used: () => ({ busyMs, cpuMs: busyMs + rig.clock.now() }) });
  const { shedding, low, high } = rig;
  if (low === undefined || high === undefined) throw new Error("no such rpc");
  /** Ten requests of 10 ms of work each per period, in which the event loop has no time left. */
  const busyPeriods = async (count: number) => {
    for (let period = 0; period < count; period++) {
      await rig.ticks(4, 0);
      for (let i = 0; i < 10; i++) shedding.begun();
      for (let i = 0; i < 10; i++) shedding.ended(10);
      busyMs += 100;
      await rig.ticks(1, 0);
    }
  };
  expect(shedding.lateRefusal(low, 1_000)).toBeUndefined();
  await busyPeriods(40);
  expect(shedding.lateRefusal(low, 1_000)).toBeUndefined(); // no gate has closed
  expect([isHeld(), rig.shed, shedding.load]).toEqual([false, [], "calm"]);
  for (let i = 0; i < 7; i++) shedding.begun();
  expect(isHeld()).toBe(true);
  resume.mockClear();
  for (let period = 0; period < 12; period++) {
    busyMs += 150;
    await rig.ticks(2, 60);
  }
  rig.shed.splice(0);
  expect(shedding.lateRefusal(low, 50)).toBeUndefined();
  expect(shedding.lateRefusal(high, 1_000)).toBeUndefined();
  expect(shedding.lateRefusal(low, 51)?.clientMessage).toBe("the server is overloaded");
  expect(rig.shed).toEqual(["low"]);
  shedding.ended(10);
  shedding.ended(10);
  expect([isHeld(), resume.mock.calls.length]).toEqual([false, 1]);
  await rig.ticks(5, 0);
  expect(rig.events).toEqual([{ state: "begun", standingDelayMs: 60 }]);
  shedding.stop();
  expect(shedding.lateRefusal(low, 1_000)).toBeUndefined();
});

test("the shedding takes every transition of its table", async () => {
  const untaken = await untakenTransitions(SHEDDING_TRANSITIONS, async () => {
    const rig = new Rig();
    await rig.ticks(12, 0); // quiet and listening in turn
    await rig.ticks(24, 200);
    expect(rig.shedding.load).toBe("shedding");
    await rig.ticks(600, 0);
    expect(rig.shedding.load).toBe("calm");
    const first = new Rig(); // late before the first request of a period
    first.admits(first.normal);
    await first.ticks(5, 0, [0, 1, 0]);
    await first.ticks(1, 200, [0, 0, 0]);
    for (const late of [0, 200]) {
      const stopped = new Rig();
      await stopped.ticks(1, late);
      stopped.shedding.stop();
      stopped.shedding.stop();
      expect(stopped.admits(stopped.low)).toBe(true);
    }
    new Rig().shedding.stop();
  });
  expect(untaken).toEqual([]);
});
test.each(illegalTransitions(SHEDDING_TRANSITIONS))("the shedding may not go from %s to %s", (from, to) => {
  expect(() => transition(SHEDDING_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});
