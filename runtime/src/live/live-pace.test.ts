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

test("eight compositions begin at once, then four in a millisecond, and 16 are in progress", async () => {
  const { clock, ends, pass } = rig(40);
  expect([ends.length, await pass(1), await pass(1), await pass(50)]).toEqual([8, 12, 16, 16]);
  for (const end of ends.slice(0, 6)) end();
  await idle();
  expect([ends.length, await pass(1)]).toEqual([22, 22]);
  for (let i = 0; i < 10; i++) {
    for (const end of ends) end();
    await pass(10);
  }
  expect([ends.length, clock.running]).toEqual([40, 0]);
});

test("compositions that take more than 100 ms delay no other", async () => {
  const { ends, pass } = rig(40);
  await pass(10);
  expect([ends.length, await pass(88)]).toEqual([16, 16]);
  expect(await pass(20)).toBe(32);
  expect(await pass(100)).toBe(40);
});

test("time of a busy process is not made up for", async () => {
  const { clock, ends } = rig(40);
  clock.skip(50);
  await clock.advance(1);
  expect(ends.length).toBe(16);
});
