// Holds docs/runtime.md#server
import { Socket } from "node:net";
import { transition } from "@protobff/runtime/internal/states";
import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { describe, expect, test } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../../test/support/setup/checked-states.ts";
import { Dealer, type Taker, TRANSFER_TRANSITIONS } from "./dealer.ts";

class FakeTaker implements Taker {
  readonly has: Socket[] = [];
  open = 0;
  transfer: Taker["transfer"] = "none";
  failing = false;
  take(socket: Socket, failed: () => void): void {
    if (this.failing) failed();
    else this.has.push(socket);
  }
}
function rig(count: number) {
  const clock = new FakeClock();
  const dealer = new Dealer(clock);
  const takers = Array.from({ length: count }, () => new FakeTaker());
  for (const taker of takers) dealer.add(taker);
  const accept = (n: number) => Array.from({ length: n }, () => dealer.accept(new Socket()));
  /** All take what is on its way, until nothing is. */
  const settle = () => {
    for (let i = 0; i < 50; i++) for (const taker of takers) if (taker.transfer !== "none") dealer.taken(taker);
  };
  return { clock, dealer, takers, accept, settle, counts: () => takers.map(({ has }) => has.length) };
}

describe("Dealer", () => {
  test("the dealer gives each worker equal numbers, even in a burst", () => {
    const { accept, settle, counts } = rig(3);
    accept(10);
    expect(counts()).toEqual([1, 1, 1]); // one at a time
    settle();
    expect(counts()).toEqual([4, 3, 3]);
  });
  test("the worker with fewest connections gets the next", () => {
    const { accept, settle, counts, takers } = rig(2);
    accept(4);
    settle();
    const [first] = takers;
    if (first !== undefined) first.open = 0; // its clients have gone
    accept(2);
    settle();
    expect(counts()).toEqual([4, 2]);
  });
  test("equal workers take turns, even if a connection closes before the next arrives", () => {
    const { accept, settle, counts, takers } = rig(3);
    for (let i = 0; i < 6; i++) {
      accept(1);
      settle();
      for (const taker of takers) taker.open = 0;
    }
    expect(counts()).toEqual([2, 2, 2]);
  });
  test("the dealer does not wait long for a worker that does not take its connection", async () => {
    const { clock, dealer, accept, counts, takers } = rig(2);
    const [first, second] = takers as [FakeTaker, FakeTaker];
    accept(2);
    dealer.taken(second);
    accept(3);
    dealer.taken(second);
    expect(counts()).toEqual([1, 2]); // that one has fewer, and may take it in a moment
    await clock.advance(250);
    dealer.taken(second);
    dealer.taken(second);
    expect(counts()).toEqual([1, 4]);
    expect(dealer.waiting).toBe(0);
    dealer.taken(first); // it is back
    accept(3);
    expect(first.has).toHaveLength(2);
  });
  test("an unsendable connection goes to another worker", () => {
    const { dealer, accept, settle, counts, takers } = rig(2);
    const [first] = takers as [FakeTaker];
    first.failing = true;
    accept(2);
    settle();
    expect(counts()).toEqual([0, 2]);
    expect(dealer.takers).toBe(1);
  });
  test("at most 1,024 connections wait for a worker", () => {
    const { dealer, accept } = rig(0);
    accept(1024);
    const beyond = new Socket();
    dealer.accept(beyond);
    expect(beyond.destroyed).toBe(true);
    expect(dealer.waiting).toBe(1024);
    const late = new FakeTaker();
    dealer.add(late);
    expect([late.has.length, dealer.waiting]).toEqual([1, 1023]);
    dealer.drop();
    expect(dealer.waiting).toBe(0);
  });
});

describe("a transfer", () => {
  test("takes every transition of its table", async () => {
    const untaken = await untakenTransitions(TRANSFER_TRANSITIONS, async () => {
      const { clock, dealer, accept, takers } = rig(1);
      accept(1);
      for (const taker of takers) dealer.taken(taker);
      accept(2);
      expect(takers.map(({ transfer }) => transfer)).toEqual(["pending"]);
      await clock.advance(250);
      expect(takers.map(({ transfer }) => transfer)).toEqual(["slow"]);
      for (const taker of takers) dealer.taken(taker);
    });
    expect(untaken).toEqual([]);
  });
  test.each(illegalTransitions(TRANSFER_TRANSITIONS))("may not go from %s to %s", (from, to) => {
    expect(() => transition(TRANSFER_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
  });
});
