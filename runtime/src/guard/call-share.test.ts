// Holds docs/runtime.md#limits
import { expect, test } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { AdaptiveLimit } from "./adaptive-limit.ts";
import { CallShare } from "./call-share.ts";

const refuse = (share: CallShare, times: number): void => {
  for (let i = 0; i < times; i++) share.refused();
};
const admitted = (share: CallShare, calls: number, isCritical: boolean): number =>
  Array.from({ length: calls }, () => share.admits(isCritical)).filter(Boolean).length;

test("up to three refusals in a row, and a quarter of all calls, are no overload", () => {
  const share = new CallShare(new FakeClock());
  refuse(share, 3);
  expect(admitted(share, 100, false)).toBe(100);
  for (let i = 0; i < 400; i++) {
    if (i % 4 === 0) share.refused();
    else share.answered();
  }
  expect(share.share).toBe(1);
});

test("refused calls reduce the share of calls to a sixteenth, supplementary calls first", () => {
  const share = new CallShare(new FakeClock());
  refuse(share, 4);
  expect(admitted(share, 100, true)).toBe(51);
  refuse(share, 100);
  expect(share.share).toBe(1 / 16);
  expect(admitted(share, 160, true)).toBe(10);
  const both = Array.from({ length: 320 }, (_, i) => [i % 2 === 0, share.admits(i % 2 === 0)]);
  expect(both.filter(([isCritical, isAdmitted]) => isAdmitted && isCritical !== true)).toEqual([]);
});

test("answers and time restore the share", () => {
  const clock = new FakeClock();
  const share = new CallShare(clock);
  refuse(share, 20);
  for (let i = 0; i < 7; i++) share.answered();
  expect(share.share).toBe(1);
  refuse(share, 20);
  clock.skip(60_000);
  expect(share.share).toBe(1 / 4);
});

test("a share with its full reserve reads no clock", () => {
  let reads = 0;
  const share = new CallShare(Object.assign(new FakeClock(), { now: () => reads++ }));
  for (let i = 0; i < 100; i++) {
    share.admits(i % 2 === 0);
    share.answered();
  }
  expect(reads).toBe(0);
  share.refused();
  share.admits(true);
  expect(reads).toBe(2);
});

test("a limit throttles only if at most three calls are in flight", () => {
  const clock = new FakeClock();
  const limitWith = (taken: number): AdaptiveLimit => {
    const limit = new AdaptiveLimit({ concurrent: 100, queued: 0 }, clock);
    const waiter = { critical: true, admitted() {}, shed() {} };
    for (let i = 0; i < taken; i++) limit.enter(waiter);
    for (let i = 0; i < 9; i++) limit.refused(clock.now(), taken);
    return limit;
  };
  const waiter = { critical: true, admitted() {}, shed() {} };
  expect([limitWith(3).enter(waiter), limitWith(4).enter(waiter)]).toEqual(["go", "go"]);
  const throttled = limitWith(3);
  expect(Array.from({ length: 8 }, () => throttled.enter(waiter))).toEqual(["go", ...Array(7).fill("full")]);
});
