import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { expect, test } from "vitest";
import type { MetricsSnapshot } from "../metrics/snapshot.ts";
import { Tally } from "./tally.ts";

const counted = (total: number, now: number): MetricsSnapshot => ({
  families: [
    { name: "a_total", help: "", type: "counter", merge: "sum", samples: [{ labels: ["l", "x"], value: total }] },
    { name: "b", help: "", type: "gauge", merge: "sum", samples: [{ labels: [], value: now }] },
  ],
});
const values = ({ families }: MetricsSnapshot) =>
  Object.fromEntries(families.map(({ name, samples }) => [name, samples[0]?.value]));

test("the tally sums all workers, including silent and ended ones", async () => {
  const clock = new FakeClock();
  const tally = new Tally<{ total: number; answers: boolean }>(clock);
  const [first, second] = [
    { total: 3, answers: true },
    { total: 5, answers: true },
  ];
  const send = () =>
    tally.together([first, second], (worker) => {
      if (worker.answers) tally.receive(worker, counted(worker.total, 1));
    });
  expect(values(await send())).toEqual({ a_total: 8, b: 2 });

  second.answers = false;
  first.total = 4;
  const late = send();
  await clock.advance(1_000);
  expect(values(await late)).toEqual({ a_total: 9, b: 2 });
  expect(tally.missed).toBe(1);

  tally.gone(second);
  const third = { total: 1, answers: true };
  const after = tally.together([first, third], (worker) => tally.receive(worker, counted(worker.total, 1)));
  expect(values(await after)).toEqual({ a_total: 10, b: 2 });
  tally.gone(first);
  tally.gone(third);
  expect(values(await tally.together([], () => {}))).toEqual({ a_total: 10 });
  expect(clock.running).toBe(0);
});

test("a worker that ends during a query is not awaited", async () => {
  const tally = new Tally<object>(new FakeClock());
  const worker = {};
  const pending = tally.together([worker], () => {});
  tally.gone(worker);
  expect(await pending).toEqual({ families: [] });
  expect(tally.missed).toBe(0);
});
