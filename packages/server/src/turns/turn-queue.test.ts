// Holds docs/runtime.md#streams
import { setImmediate as immediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { inTurn } from "./turn-queue.ts";

const busy = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

test("a little work is done at once", () => {
  let done = 0;
  for (let i = 0; i < 4; i++) inTurn(() => done++);
  expect(done).toBe(4);
});

test("much work is done in order, with turns of the event loop between", async () => {
  const done: number[] = [];
  for (let i = 0; i < 200; i++)
    inTurn(() => {
      busy(0.3);
      done.push(i);
    });
  expect(done.length).toBeLessThan(20);
  let turns = 0;
  for (; done.length < 200; turns++) await immediate();
  expect(done).toEqual(Array.from({ length: 200 }, (_, i) => i));
  expect(turns).toBeGreaterThan(10);
});

test("promise callbacks count as work of the task that settled them", async () => {
  let done = 0;
  for (let i = 0; i < 40; i++)
    inTurn(() => {
      void Promise.resolve().then(() => {
        busy(2);
        done++;
      });
    });
  let most = 0;
  for (let before = done; done < 40; before = done) {
    await immediate();
    if (before >= 16) most = Math.max(most, done - before);
  }
  expect(most).toBeLessThanOrEqual(2);
});

test("work is done at once again after the queue is empty", async () => {
  for (let turns = 0; turns < 10; turns++) await immediate();
  let done = false;
  inTurn(() => {
    done = true;
  });
  expect(done).toBe(true);
});
