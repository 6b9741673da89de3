import { expect, test } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { LiveTurns } from "./live-turns.ts";

test("work of many followers is spread over turns, in order, and later work follows", () => {
  const turns: (() => void)[] = [];
  const clock = Object.assign(new FakeClock(), {
    setImmediate: <T>(run: (argument: T) => void, argument: T) => void turns.push(() => run(argument)),
  });
  const all = new LiveTurns(clock);
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
