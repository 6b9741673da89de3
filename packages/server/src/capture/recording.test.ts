import { setImmediate } from "node:timers/promises";
import { transition } from "@protobff/runtime/internal/states";
import { expect, onTestFinished, test } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../../test/support/setup/checked-states.ts";
import {
  MAX_RECORDED_BYTES,
  outside,
  RECORDING_TRANSITIONS,
  Recording,
  recording,
  recordingClock,
} from "./recording.ts";

function begun(run: () => void): Recording {
  const of = new Recording(1 << 20);
  onTestFinished(() => of.end());
  of.begin(run);
  return of;
}

test("readings of interleaved requests belong to the request that reads, also after promises", async () => {
  const read = async (): Promise<void> => {
    recordingClock.random();
    await setImmediate();
    recordingClock.random();
    await setImmediate();
    recordingClock.random();
  };
  const both = [begun(() => void read()), begun(() => void read())];
  recordingClock.random();
  await setImmediate();
  await setImmediate();
  await setImmediate();
  expect(both.map(({ values }) => values.random.length)).toEqual([3, 3]);
});

test("a request that arrives within the turn of another one has its readings, and the other one continues", () => {
  const second = begun(() => {});
  const first = begun(() => {
    second.arrives(["place", 0, 0, 0, 0], () => void recordingClock.random(), undefined);
    outside(() => void recordingClock.random(), undefined);
    recordingClock.random();
    recordingClock.random();
  });
  expect([first.values.random.length, second.values.random.length]).toEqual([2, 1]);
  expect(recording()).toBeUndefined();
});

test("arrivals have their readings, and those of one turn are joined", async () => {
  const of = begun(() => {
    recordingClock.now();
  });
  const arrive = (): void => of.arrives(["timer", 0, 0, 0, 7], () => void recordingClock.now(), undefined);
  arrive();
  arrive();
  await setImmediate();
  arrive();
  expect(of.values.tape.map(([kind, , readings, joined, timer]) => [kind, readings, joined, timer])).toEqual([
    ["timer", 1, 0, 7],
    ["timer", 2, 1, 7],
    ["timer", 3, 0, 7],
  ]);
});

test("nothing is recorded after the bound of the request or of the process", () => {
  const small = begun(() => {});
  small.spend(2 << 20);
  small.affects(["answer"]);
  expect([small.isTooLarge, small.values.tape]).toEqual([true, []]);
  const of = new Recording(Number.POSITIVE_INFINITY);
  of.begin(() => {});
  of.spend(MAX_RECORDED_BYTES);
  const other = begun(() => {});
  other.spend(1);
  of.end();
  const later = begun(() => {});
  later.spend(1);
  expect([of, other, later].map(({ isTooLarge }) => isTooLarge)).toEqual([false, true, false]);
});

test("a stream beyond a bound keeps its events, and streams leave room for requests", () => {
  const cuts: number[] = [];
  const stream = (maxBytes: number): Recording => {
    const of = new Recording(maxBytes, () => cuts.push(of.values.tape.length));
    onTestFinished(() => of.end());
    of.begin(() => {});
    return of;
  };
  const small = stream(100);
  for (let i = 0; i < 5; i++) small.affects(["opened"]);
  expect([cuts, small.values.tape.length, small.done]).toEqual([[3], 3, true]);
  const large = [1, 2, 3].map(() => stream(Number.POSITIVE_INFINITY));
  for (const of of large) of.spend(30 << 20);
  expect(large.map(({ done }) => done)).toEqual([false, false, true]);
  const request = begun(() => {});
  request.spend(1 << 10);
  expect(request.isTooLarge).toBe(false);
});

test("each legal transition is taken, and each other one throws", async () => {
  const taken = (): void => {
    begun(() => {}).end();
    begun(() => {}).spend(2 << 20);
  };
  expect(await untakenTransitions(RECORDING_TRANSITIONS, taken)).toEqual([]);
  for (const [from, to] of illegalTransitions(RECORDING_TRANSITIONS))
    expect(() => transition(RECORDING_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});
