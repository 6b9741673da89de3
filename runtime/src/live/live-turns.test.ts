import { expect, test } from "vitest";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { LiveTurns } from "./live-turns.ts";

function rig() {
  const turns: (() => void)[] = [];
  const clock = Object.assign(new FakeClock(), {
    setImmediate: <T>(run: (argument: T) => void, argument: T) => void turns.push(() => run(argument)),
  });
  const runAll = (): void => {
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
  };
  return { turns, clock, all: new LiveTurns(clock), runAll };
}

test("work of many followers is spread over turns, in order, and later work follows", () => {
  const { turns, all } = rig();
  const done: number[] = [];
  const counts: number[] = [];
  for (let i = 0; i < 20; i++) all.add(() => void done.push(i));
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
    turn();
    counts.push(done.length);
    if (done.length === 16) all.add(() => void done.push(20));
  }
  expect([counts, done]).toEqual([[8, 16, 21], Array.from({ length: 21 }, (_, i) => i)]);
  all.add(() => void done.push(21));
  turns.shift()?.();
  expect(done.at(-1)).toBe(21);
});

test("16 works are in progress, and those that take more than 100 ms delay no other", async () => {
  const { all, clock, runAll } = rig();
  const ends: (() => void)[] = [];
  for (let i = 0; i < 40; i++) all.add(() => new Promise<void>((resolve) => ends.push(resolve)));
  runAll();
  expect(ends).toHaveLength(16);
  for (const end of ends.slice(0, 4)) end();
  await idle();
  runAll();
  expect(ends).toHaveLength(20);
  await clock.advance(99);
  runAll();
  expect(ends).toHaveLength(20);
  await clock.advance(1);
  runAll();
  expect(ends).toHaveLength(36);
  for (const end of ends) end();
  await idle();
  runAll();
  for (const end of ends) end();
  await idle();
  expect([ends.length, clock.running]).toEqual([40, 0]);
});
