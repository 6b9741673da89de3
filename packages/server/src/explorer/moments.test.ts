import { expect, test } from "vitest";
import { answersUntil, detailAt, differencesOf, indexAt, momentsOf } from "../../explorer/moments.ts";
import type { ReplayedCall, ShownReplay, ShownRequest } from "./page-data.ts";

const REQUEST: ShownRequest = { id: 1, rpc: "b.B/Get", at: 0, status: "OK", degraded: 0, calls: 2, requestId: "" };
const sent = { hedge: false, nth: 1, number: 1 };
const answered: ReplayedCall = {
  name: "a.A/Get",
  request: "{}",
  response: '{"x": 1}',
  attempts: [{ ...sent, from: 0, to: 2, outcome: "ok", status: "OK" }],
};
const retried: ReplayedCall = {
  name: "a.A/List",
  request: "{}",
  failure: "down",
  attempts: [
    { ...sent, from: 1, to: 3, outcome: "status UNAVAILABLE", status: "UNAVAILABLE" },
    { ...sent, number: 2, from: 4, to: 5, outcome: "cancelled" },
  ],
};
const replay = (more: Partial<ShownReplay> = {}): ShownReplay => ({
  events: [0, 1, 10, 20, 30, 40, 41].map((ms) => ({ ms, text: `${ms}` })),
  calls: [answered, retried],
  status: "OK",
  tookMs: 41,
  answer: '{"list": [{"x": 1}, {"x": 2}]}',
  degraded: "",
  ...more,
});
const outcomes = (index: number) =>
  detailAt(REQUEST, replay(), index).spans.map(({ outcome, startMs, endMs }) => [outcome, startMs, endMs]);

test("calls wait, run, and end as their events do", () => {
  expect(outcomes(-1).map(([outcome]) => outcome)).toEqual(["WAITING", "WAITING"]);
  expect(outcomes(0)).toEqual([
    ["RUNNING", 0, 0],
    ["WAITING", 0, expect.anything()],
  ]);
  expect(outcomes(2)).toEqual([
    ["OK", 0, 10],
    ["RUNNING", 1, 10],
  ]);
  // Between its attempts.
  expect(outcomes(3)[1]).toEqual(["RUNNING", 1, 20]);
  expect(outcomes(5)[1]).toEqual(["CANCELLED", 1, 40]);
  const { status, ms } = detailAt(REQUEST, replay(), 5);
  expect([status, ms]).toEqual(["RUNNING", undefined]);
  expect(detailAt(REQUEST, replay(), 6)).toMatchObject({ status: "OK", ms: 41 });
});

test("messages are shown from their events on", () => {
  const [before, after] = [1, 2].map((index) => detailAt(REQUEST, replay(), index).spans[0]);
  expect(before).toMatchObject({ request: "{}", response: undefined });
  expect(after).toMatchObject({ request: "{}", response: '{"x": 1}' });
});

test("answers are counted up to an event, without cancelled attempts", () => {
  expect([-1, 1, 2, 3, 6].map((index) => answersUntil(replay(), index))).toEqual([0, 0, 1, 2, 2]);
});

test("the events of two replays are in the order of their times", () => {
  const moments = momentsOf(replay(), replay({ events: [5, 20, 50].map((ms) => ({ ms, text: `${ms}` })) }));
  expect(moments.map(({ ms, of }) => `${of}:${ms}`)).toEqual([
    "0:0",
    "0:1",
    "1:5",
    "0:10",
    "0:20",
    "1:20",
    "0:30",
    "0:40",
    "0:41",
    "1:50",
  ]);
  expect([0, 3, 5, 10].map((count) => [indexAt(moments, count, 0), indexAt(moments, count, 1)])).toEqual([
    [-1, -1],
    [1, 0],
    [3, 0],
    [6, 2],
  ]);
});

test("differences are those of the end, of the answer's fields, and of calls", () => {
  expect(differencesOf(replay(), replay())).toEqual([]);
  const other = replay({ tookMs: 9, calls: [answered, answered], answer: '{"list": [{"x": 1}], "y": null}' });
  expect(differencesOf(replay(), other)).toEqual([
    { what: "took", captured: "41.0 ms", changed: "9.00 ms" },
    { what: "answer.list.1.x", captured: "2", changed: "" },
    { what: "call a.A/List", captured: "CANCELLED, 2 attempts", changed: "" },
    { what: "answer.y", captured: "", changed: "null" },
    { what: "call a.A/Get (2)", captured: "", changed: "OK, 1 attempt" },
  ]);
});
