import { setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { connectionCame, isUnread, longestUnread, readsUntil, waits, wasRead } from "./connection-reads.ts";

afterEach(() => void vi.useRealTimers());

/** Reads for `ms` in each go, whatever it is allowed, as long as there is more. */
function reader(read: string[], name: string, goes: number, ms: number) {
  const item = {
    readOn: () => {
      read.push(name);
      vi.advanceTimersByTime(ms);
      if (--goes > 0) waits(item);
    },
  };
  return item;
}

test("waiting connections are read in the next turn, one after another, for 2 ms in total", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const read: string[] = [];
  expect(readsUntil() - performance.now()).toBe(1);
  for (const name of ["a", "b", "c"]) waits(reader(read, name, 2, 1));
  await turn();
  expect(read).toEqual(["a", "b"]);
  await turn();
  expect(read).toEqual(["a", "b", "c", "a"]);
  await turn();
  expect(read).toEqual(["a", "b", "c", "a", "b", "c"]);
});

test("while connections arrive, reading is short, and waiting connections are read at most once in a millisecond", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  vi.advanceTimersByTime(10);
  const read: string[] = [];
  connectionCame();
  expect(readsUntil() - performance.now()).toBeCloseTo(0.05);
  waits(reader(read, "a", 3, 0.2));
  const reads = async (turns: number, ms: number): Promise<number> => {
    const before = read.length;
    for (let i = 0; i < turns; i++) {
      connectionCame();
      await turn();
      vi.advanceTimersByTime(ms);
    }
    return read.length - before;
  };
  expect(await reads(1, 0)).toBe(1);
  expect(await reads(9, 0.1)).toBe(0);
  expect(await reads(2, 0.1)).toBe(1);
  await turn();
  expect(read).toHaveLength(3); // nobody came
});

test("a connection is unread from its first wait until it has been read completely", () => {
  const reading = { readOn: () => {} };
  expect(isUnread(reading)).toBe(false);
  waits(reading);
  waits(reading);
  expect(isUnread(reading)).toBe(true);
  expect(longestUnread(performance.now() + 500)).toBeGreaterThanOrEqual(500);
  wasRead(reading);
  expect(isUnread(reading)).toBe(false);
});
