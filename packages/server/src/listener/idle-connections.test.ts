import { Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { IdleConnections } from "./idle-connections.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("recently opened or answered connections are awaited, and none after a second", () => {
  const idle = new IdleConnections();
  const [old, late, later, last] = Array.from({ length: 4 }, () => new Socket()) as [Socket, Socket, Socket, Socket];
  idle.idle(old);
  vi.advanceTimersByTime(1_001);
  idle.idle(late);
  idle.idle(later);
  expect(idle.size).toBe(3);
  const counts: number[] = [];
  idle.awaitNext(60_000, () => counts.push(idle.size));
  expect(idle.size).toBe(2);
  idle.busy(late);
  idle.busy(old);
  expect(counts).toEqual([1]);
  vi.advanceTimersByTime(999);
  idle.idle(last);
  expect([idle.size, idle.counts]).toEqual([2, true]);
  vi.advanceTimersByTime(1);
  expect([idle.size, idle.counts, ...counts]).toEqual([0, false, 1, 0]);
});

test("connections are awaited no longer than the remaining time", () => {
  const idle = new IdleConnections();
  idle.idle(new Socket());
  idle.awaitNext(100, () => {});
  vi.advanceTimersByTime(100);
  expect(idle.size).toBe(0);
});
