import { expect, test } from "vitest";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { LivePace } from "./live-pace.ts";

function rig(count: number) {
  const clock = new FakeClock();
  const pace = new LivePace(clock);
  const ends: (() => void)[] = [];
  for (let i = 0; i < count; i++) pace.add(() => new Promise<void>((resolve) => ends.push(resolve)));
  const pass = async (ms: number): Promise<number> => {
    await clock.advance(ms);
    return ends.length;
  };
  return { clock, ends, pass };
}

test("one composition begins in a millisecond, and eight are in progress", async () => {
  const { clock, ends, pass } = rig(20);
  expect([ends.length, await pass(1), await pass(1), await pass(50)]).toEqual([1, 2, 3, 8]);
  for (const end of ends.slice(0, 3)) end();
  await idle();
  expect([ends.length, await pass(1), await pass(1), await pass(1)]).toEqual([9, 10, 11, 11]);
  for (let i = 0; i < 20; i++) {
    for (const end of ends) end();
    await pass(10);
  }
  expect([ends.length, clock.running]).toEqual([20, 0]);
});

test("compositions that take more than 100 ms delay no other", async () => {
  const { ends, pass } = rig(20);
  await pass(10);
  expect([ends.length, await pass(88)]).toEqual([8, 8]);
  expect([await pass(20), await pass(100)]).toEqual([16, 20]);
});

test("time of a busy process is not made up for", async () => {
  const { clock, ends } = rig(20);
  clock.skip(50);
  await clock.advance(1);
  expect(ends.length).toBe(3);
});

test("a long queue begins each composition once, in order, and slower while more than 1,000 wait", async () => {
  const clock = new FakeClock();
  const pace = new LivePace(clock);
  const begun: number[] = [];
  for (let i = 0; i < 2_500; i++) pace.add(async () => void begun.push(i));
  // The first at once, 1,499 each 4 ms after the one before, the rest 1 ms. The second timer began when few waited.
  await clock.advance(1 + 1_499 * 4);
  expect(begun.length).toBe(1_500);
  await clock.advance(1_000);
  expect(begun).toEqual(Array.from({ length: 2_500 }, (_, i) => i));
});
