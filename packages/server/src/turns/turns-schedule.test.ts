// Turns on an event loop of our own: every callback and every millisecond is the test's.
import { expect, test } from "vitest";
import { AT_ONCE } from "./request-line.ts";
import { type Scheduler, Turns } from "./turns.ts";
import { ADAPTER_WEIGHT } from "./weight.ts";

class FakeLoop implements Scheduler {
  ms = 0;
  /** Time that promises take after the current callback. */
  settleMs = 0;
  /** Callbacks that ran. */
  ran = 0;
  #callbacks: (() => void)[] = [];
  now(): number {
    return this.ms;
  }
  soon(callback: () => void): void {
    this.#callbacks.push(callback);
  }
  get scheduled(): number {
    return this.#callbacks.length;
  }
  turn(): void {
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) {
      callback();
      this.ran++;
      this.ms += this.settleMs;
      this.settleMs = 0;
    }
  }
}

function started() {
  const loop = new FakeLoop();
  const turns = new Turns(loop);
  const begun: string[] = [];
  const request = (name: string, ms = 0, weight = 1) => ({
    weight,
    begin: () => {
      begun.push(name);
      loop.ms += ms;
    },
  });
  /** Names of the requests that began in the next turn. */
  const turn = (): readonly string[] => {
    loop.turn();
    return begun.splice(0);
  };
  return { loop, turns, request, turn };
}

test("a turn has one callback, plus two for each connection with requests", () => {
  const { loop, turns, request, turn } = started();
  expect(loop.scheduled).toBe(0);
  const item = {};
  turns.begin(item, request("a"));
  expect(loop.scheduled).toBe(3);
  turns.begin(item, request("b"));
  expect(loop.scheduled).toBe(3);
  turns.begin({}, request("c"));
  expect(loop.scheduled).toBe(5);
  expect(turn()).toEqual(["a", "c"]); // nothing is known of either connection, so one each
  expect(loop.scheduled).toBe(3);
  expect(turn()).toEqual(["b"]);
  expect(loop.scheduled).toBe(0);
});

test("connections after the time limit of a turn start in the next turn", () => {
  const { turns, request, turn } = started();
  for (const name of ["a", "b", "c", "d", "e"]) turns.begin({}, request(name, 1));
  expect(turn()).toEqual(["a", "b"]);
  expect(turn()).toEqual(["c", "d"]);
  expect(turn()).toEqual(["e"]);
});

test("promise callbacks after a request count as time of its connection", () => {
  const { loop, turns, request, turn } = started();
  const connection = {};
  const quick = request("quick");
  const slow = {
    begin: () => {
      loop.settleMs = 4;
    },
  };
  for (const whole of [...Array(3).fill(quick), slow, ...Array(2 * AT_ONCE).fill(quick)])
    turns.begin(connection, whole);
  const counts = Array.from({ length: 5 }, () => turn().length);
  expect(counts).toEqual([1, 2, 3, 2, 4]); // without the slow request in the third turn: 1, 2, 4, 8, 8
});

test("after a long turn, two turns start light requests only", () => {
  const { loop, turns, request, turn } = started();
  turns.begin({}, request("heavy", 0, ADAPTER_WEIGHT + 1));
  loop.ms += 4; // in the turn in which it came
  for (const name of ["light", "other"]) {
    turns.begin({}, request(name));
    expect(turn()).toEqual([name]);
  }
  expect(turn()).toEqual(["heavy"]);
});

test("the three kinds of connections take turns, new ones first", () => {
  const { turns, request, turn } = started();
  const busy = {};
  for (let i = 0; i < 3; i++) turns.begin(busy, request("busy"));
  for (let i = 0; i < 2; i++) turns.begin({}, request("heavy", 2, ADAPTER_WEIGHT + 1));
  expect(turn()).toEqual(["busy", "heavy"]);
  turns.begin({}, request("new", 2));
  expect(turn()).toEqual(["new"]);
  turns.begin({}, request("newer", 2));
  expect(turn()).toEqual(["newer"]);
  expect(turn()).toEqual(["busy", "busy", "heavy"]);
});

test("an idle event loop has no callbacks", () => {
  const { loop, turns, request, turn } = started();
  turns.begin({}, request("a"));
  turn();
  const { ran } = loop;
  for (let i = 0; i < 5; i++) turn();
  expect(loop.ran).toBe(ran);
});

test("a connection whose messages wait for zlib leaves no callbacks behind", async () => {
  const { loop, turns, request, turn } = started();
  const connection = {};
  const { promise, resolve } = Promise.withResolvers<void>();
  const works = Array.from({ length: 8 }, () => turns.ahead(connection, () => promise));
  turns.begin(connection, request("late"));
  expect(loop.scheduled).toBe(0);
  turns.goOn(connection, request("goes on"));
  expect(turn()).toEqual(["goes on"]);
  expect(loop.scheduled).toBe(0);
  resolve();
  await Promise.all(works);
  expect(turn()).toEqual(["late"]);
});

test("each instance has separate turns", () => {
  const [first, second] = [started(), started()];
  first.turns.begin({}, first.request("a"));
  expect(second.loop.scheduled).toBe(0);
  expect(first.turn()).toEqual(["a"]);
});

test("no request begins while a hold returns true, and all continue in their order", () => {
  const { loop, turns, request, turn } = started();
  let isHeld = true;
  const hold = () => isHeld;
  turns.hold(hold);
  const [first, second] = [{}, {}];
  turns.begin(first, request("a"));
  turns.begin(second, request("b"));
  expect([turn(), turn(), loop.scheduled]).toEqual([[], [], 0]);
  turns.begin(first, request("c"));
  turns.resume();
  expect([turn(), turn(), loop.scheduled]).toEqual([[], [], 0]);
  isHeld = false;
  turns.resume();
  expect([...turn(), ...turn(), ...turn()]).toEqual(["a", "b", "c"]);
  isHeld = true;
  turns.begin(first, request("d"));
  expect(turn()).toEqual([]);
  turns.release(hold);
  expect([...turn(), ...turn()]).toEqual(["d"]);
});
