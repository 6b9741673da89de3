import { FakeClock } from "@protobff/testing/fake-clock";
import { expect, it } from "vitest";
import { PurgeRounds } from "./purge-rounds.ts";

it("a purge ends when every worker has confirmed it or has ended", async () => {
  const rounds = new PurgeRounds<object>(new FakeClock());
  const [a, b] = [{}, {}];
  const sent: number[] = [];
  const purge = rounds.send([a, b], (_, round) => sent.push(round));
  expect(sent).toEqual([1, 1]);
  rounds.confirmed(a, 1);
  rounds.confirmed(a, 1);
  rounds.confirmed(b, 7);
  rounds.gone(b);
  await purge;
});

it("a purge fails if a worker does not confirm it within 2 s", async () => {
  const clock = new FakeClock();
  const rounds = new PurgeRounds<object>(clock);
  const purge = rounds.send([{}], () => {});
  const failed = expect(purge).rejects.toThrow("has not confirmed");
  await clock.advance(2_000);
  await failed;
  expect(clock.running).toBe(0);
});
