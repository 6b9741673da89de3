// Holds docs/runtime.md#server
import { expect, test } from "vitest";
import { type Scheduler, Turns } from "../turns/turns.ts";
import { TurnProbe } from "./turn-probe.ts";

/** Turns on an event loop whose callbacks and time are the test's. */
function rig() {
  let ms = 0;
  let callbacks: (() => void)[] = [];
  const scheduler: Scheduler = { now: () => ms, soon: (callback) => void callbacks.push(callback) };
  const turns = new Turns(scheduler);
  const watch = turns.watch.bind(turns);
  return {
    alone: new TurnProbe("alone", watch),
    behind: new TurnProbe("behind", watch),
    send: (connection: object) => turns.begin(connection, { begin() {} }),
    turn(afterMs: number) {
      ms += afterMs;
      const due = callbacks;
      callbacks = [];
      for (const callback of due) callback();
    },
    now: () => ms,
  };
}

test("a probe measures the wait of the next request in its position", () => {
  const { alone, behind, send, turn, now } = rig();
  expect([alone.read(now()), behind.read(now())]).toEqual([0, 0]);
  const connection = {};
  send(connection);
  send(connection);
  turn(30);
  expect(alone.read(now())).toBe(30);
  expect(behind.read(now())).toBe(30); // it waits for the second turn
  turn(40);
  expect(behind.read(now())).toBe(70);
});

test("requests after the first are not measured until the probe is read, and no request is no wait", () => {
  const { alone, send, turn, now } = rig();
  alone.read(now());
  send({});
  turn(5);
  send({});
  turn(500);
  expect(alone.read(now())).toBe(5);
  expect(alone.read(now())).toBe(0);
});
