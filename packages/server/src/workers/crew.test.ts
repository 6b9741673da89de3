// Holds docs/runtime.md#server

import { transition } from "@protobff/runtime/internal/states";
import { FakeClock, idle } from "@protobff/runtime/internal/testing/fake-clock";
import { describe, expect, test } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../../test/support/setup/checked-states.ts";
import type { Load } from "../overload/load.ts";
import { CREW_TRANSITIONS, Crew, type Listener } from "./crew.ts";
import { Dealer } from "./dealer.ts";
import { MEMBER_TRANSITIONS, type Process } from "./member.ts";
import type { Order, Report } from "./messages.ts";

/** A process that the test controls. */
class FakeProcess implements Process {
  readonly orders: string[] = [];
  readonly number: number;
  readonly pid: number;
  readonly #listener: Listener;
  constructor(number: number, pid: number, listener: Listener) {
    [this.number, this.pid, this.#listener] = [number, pid, listener];
  }
  send(order: Order): void {
    if (order.bff !== "ping") this.orders.push(order.bff);
  }
  kill(): void {
    this.orders.push("kill");
    this.exits(137);
  }
  ready(): void {
    this.#listener.report({ bff: "up" });
    this.#listener.report({ bff: "ready" });
  }
  sendBack(what: "leaving" | "pong" | "up", load: Load = "calm"): void {
    const report: Report = what === "pong" ? { bff: what, load } : { bff: what };
    this.#listener.report(report);
  }
  exits(code: number): void {
    this.#listener.exited(code, `ended with ${code}`);
  }
}
function rig(size: number) {
  const clock = new FakeClock();
  const started: FakeProcess[] = [];
  const reports: string[] = [];
  const failed: number[] = [];
  const dealer = new Dealer(clock);
  const crew = new Crew({
    size,
    graceMs: 1_000,
    clock,
    dealer,
    start: (number, listener) => {
      const process = new FakeProcess(number, 100 + started.length, listener);
      started.push(process);
      return process;
    },
    report: (_, text) => reports.push(text),
    purged: () => {},
    counted: () => {},
    gone: () => {},
    failed: (code) => failed.push(code),
  });
  const up = async () => {
    const all = crew.start();
    for (let i = 0; i < size; i++) {
      await idle();
      started[i]?.ready();
    }
    expect(await all).toBe(undefined);
    crew.begun();
  };
  const at = (i: number) => started[i] as FakeProcess;
  return { clock, started, reports: reports, failed, dealer, crew, up, at };
}

describe("Crew", () => {
  test("the crew starts the first worker alone, and then the others", async () => {
    const { crew, started, at } = rig(3);
    const all = crew.start();
    await idle();
    expect(started).toHaveLength(1);
    at(0).ready();
    await idle();
    expect(started).toHaveLength(3);
    at(2).ready();
    at(1).ready();
    expect(await all).toBe(undefined);
  });
  test("a worker that cannot start ends all workers, with its code", async () => {
    const { crew, at, reports } = rig(2);
    const all = crew.start();
    await idle();
    at(0).ready();
    await idle();
    at(1).exits(3);
    expect(await all).toBe(3);
    expect(at(0).orders).toContain("kill");
    expect(reports).toEqual([]); // it has said itself why
  });
  test("a dead worker is replaced, with growing pauses while workers die at once", async () => {
    const { crew, clock, started, reports, failed, dealer, up, at } = rig(2);
    await up();
    await clock.advance(20_000);
    at(0).exits(1);
    expect(dealer.takers).toBe(1);
    await clock.advance(0);
    expect(started).toHaveLength(3);
    for (const pauseMs of [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]) {
      at(started.length - 1).exits(7);
      const before = started.length;
      await clock.advance(pauseMs - 1);
      expect(started).toHaveLength(before);
      await clock.advance(1);
      expect(started).toHaveLength(before + 1);
    }
    expect(crew.restarts).toBe(10);
    at(started.length - 1).exits(7);
    expect(reports.at(-1)).toBe("worker 1 has died 10 times in a row within 10 s of its start, last with 7");
    await idle();
    expect(at(1).orders).toEqual(["leave", "end"]);
    expect(failed).toEqual([]);
    at(1).exits(0);
    await idle();
    expect(failed).toEqual([7]);
    expect(reports).toContain("worker 1 (100) ended with 1");
  });
  test("a death after a long life does not lengthen the pause", async () => {
    const { clock, started, up, at } = rig(1);
    await up();
    for (let i = 0; i < 20; i++) {
      at(i).ready();
      await clock.advance(10_000);
      at(i).exits(1);
      await clock.advance(0);
      expect(started).toHaveLength(i + 2);
    }
  });
  test("workers are replaced one after another, each when the new one is ready and the old one has exited", async () => {
    const { crew, started, dealer, up, at } = rig(2);
    await up();
    crew.replace();
    await idle();
    expect(started).toHaveLength(3);
    at(2).sendBack("up"); // not ready yet
    await idle();
    expect([at(0).orders, dealer.takers]).toEqual([[], 2]);
    at(2).ready();
    await idle();
    expect([at(0).orders, dealer.takers]).toEqual([["end"], 2]);
    expect(started).toHaveLength(3);
    at(0).exits(0);
    await idle();
    at(3).ready();
    await idle();
    at(1).exits(0);
    await idle();
    expect(started.map(({ number }) => number)).toEqual([1, 2, 1, 2]);
    expect([dealer.takers, crew.restarts]).toEqual([2, 0]);
  });
  test("a second order replaces new workers, too; an early order waits until all run", async () => {
    const { crew, started, up, at } = rig(1);
    crew.replace();
    await up();
    await idle();
    expect(started).toHaveLength(2);
    at(1).ready();
    crew.replace();
    await idle();
    at(0).exits(0);
    await idle();
    expect(started).toHaveLength(3);
  });
  test("a new worker that dies or is late replaces none, and no further one is started", async () => {
    const { crew, clock, started, reports, dealer, up, at } = rig(2);
    await up();
    crew.replace();
    await idle();
    at(2).exits(2);
    await idle();
    expect(reports).toEqual(["worker 1 (100) stays, since the one to replace it ended with 2"]);
    crew.replace();
    await idle();
    at(3).sendBack("up");
    await clock.advance(60_000);
    expect(at(3).orders).toEqual(["kill"]);
    expect(reports.at(-1)).toBe("worker 1 (100) stays, since the one to replace it was not ready after 60 s");
    await clock.advance(60_000);
    expect([started.length, dealer.takers]).toEqual([4, 2]);
  });
  test("a new version that never starts ends no worker, however often it is tried", async () => {
    const { crew, clock, started, failed, up, at } = rig(1);
    await up();
    for (let i = 1; i <= 12; i++) {
      crew.replace();
      await idle();
      at(i).exits(2);
      await clock.advance(100);
    }
    expect([started.length, failed, at(0).orders]).toEqual([13, [], []]);
  });
  test("a worker that dies during its replacement is succeeded by the new one", async () => {
    const { crew, clock, started, dealer, up, at } = rig(1);
    await up();
    crew.replace();
    await idle();
    at(0).exits(9);
    at(1).ready();
    await clock.advance(1_000);
    expect([started.length, dealer.takers]).toEqual([2, 1]);
  });
  test("a worker that dies during a failed replacement is started again", async () => {
    const { crew, clock, started, up, at } = rig(1);
    await up();
    crew.replace();
    await idle();
    at(0).exits(9);
    at(1).exits(9);
    await clock.advance(1_000);
    expect(started).toHaveLength(3);
  });
  test("a worker ended from outside is replaced first, and may end even if that fails", async () => {
    const { clock, started, up, at, crew } = rig(1);
    await up();
    at(0).sendBack("leaving");
    await idle();
    at(1).exits(1);
    await idle();
    expect(at(0).orders).toEqual(["end"]);
    at(0).exits(0);
    await clock.advance(1_000);
    expect([started.length, crew.restarts]).toEqual([3, 0]);
  });
  test("the end stops all workers, and kills starting or late ones", async () => {
    const { crew, clock, reports, up, at } = rig(2);
    await up();
    crew.replace();
    await idle();
    crew.leave();
    expect(at(2).orders).toEqual(["kill"]);
    const ended = crew.end();
    at(0).exits(0);
    await clock.advance(3_000);
    expect(at(1).orders).toEqual(["leave", "end", "kill"]);
    expect(await ended).toBe(false);
    expect(reports).toEqual(["worker 2 (101) has not ended in time and is killed"]);
    expect(clock.running).toBe(0);
  });
  test("the crew is overloaded if all workers are, as of their last answers", async () => {
    const { crew, up, at } = rig(2);
    await up();
    expect([crew.state, crew.load]).toEqual(["ready", "calm"]);
    at(0).sendBack("pong", "overloaded");
    expect([crew.state, crew.load]).toEqual(["ready", "shedding"]);
    at(1).sendBack("pong", "shedding");
    expect([crew.state, crew.load]).toEqual(["ready", "shedding"]);
    at(1).sendBack("pong", "overloaded");
    expect(crew.state).toBe("overloaded");
    at(0).sendBack("pong");
    at(1).sendBack("pong");
    expect([crew.state, crew.load]).toEqual(["ready", "calm"]);
  });
  test("an unresponsive worker is reported once, and again when it responds", async () => {
    const { clock, reports, up, at } = rig(2);
    await up();
    const pass = async () => {
      await clock.advance(5_000);
      at(1).sendBack("pong");
    };
    for (let i = 0; i < 6; i++) await pass();
    expect(reports).toEqual(["worker 1 (100) has not answered for 15 s: its event loop is blocked"]);
    at(0).sendBack("pong");
    await pass();
    expect(reports[1]).toBe("worker 1 (100) answers again");
  });
});

describe("states", () => {
  test("the crew and its workers take every transition of their tables", async () => {
    const drive = async (): Promise<void> => {
      const { crew, up, at } = rig(1);
      await up();
      expect(crew.state).toBe("ready");
      const end = crew.end();
      at(0).exits(0);
      expect(await end).toBe(true);
      const failing = rig(2);
      const start = failing.crew.start();
      await idle();
      failing.at(0).ready();
      await idle();
      failing.at(1).exits(1);
      expect(await start).toBe(1);
    };
    expect(await untakenTransitions(CREW_TRANSITIONS, drive)).toEqual([]);
    expect(await untakenTransitions(MEMBER_TRANSITIONS, drive)).toEqual([]);
  });
  test.each(illegalTransitions(CREW_TRANSITIONS))("the crew may not go from %s to %s", (from, to) => {
    expect(() => transition(CREW_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
  });
  test.each(illegalTransitions(MEMBER_TRANSITIONS))("a worker may not go from %s to %s", (from, to) => {
    expect(() => transition(MEMBER_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
  });
  test("a crew that ends while it starts never runs", async () => {
    const { crew, started } = rig(1);
    crew.leave();
    crew.begun();
    expect(crew.state).toBe("draining");
    expect(started).toEqual([]);
  });
});
