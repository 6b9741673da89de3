import { expect, test } from "vitest";
import { Code } from "./failure.ts";
import type { Observer } from "./observer.ts";
import { FakeClient } from "./testing/fake-client.ts";
import { FakeClock } from "./testing/fake-clock.ts";
import { front, page } from "./testing/front.ts";
import { Upstream as UpstreamService } from "./testing/gen/test_pb.ts";
import { Upstream } from "./upstream.ts";

test("the events of a call belong together, and tell what became of each attempt", async () => {
  const clock = new FakeClock();
  clock.chance = 0;
  const client = new FakeClient();
  const told: string[] = [];
  const calls: object[] = [];
  const observer: Observer = {
    callStart: ({ call, method, startedAt }) => {
      calls.push(call);
      told.push(`start ${method} ${startedAt}`);
    },
    attempt: ({ call, number, hedge, outcome, startedAt, endedAt }) => {
      calls.push(call);
      const text = typeof outcome === "string" ? outcome : `${outcome.kind} ${outcome.code}`;
      told.push(`attempt ${number}${hedge ? " hedge" : ""} ${text} ${startedAt}-${endedAt}`);
    },
    call: ({ call, attempts, outcome, startedAt, endedAt }) => {
      calls.push(call);
      told.push(`end ${attempts} ${outcome.ok} ${startedAt}-${endedAt}`);
    },
  };
  const retry = { attempts: 2, on: [Code.UNAVAILABLE], initialMs: 20, maxMs: 200, multiplier: 2 };
  const upstream = new Upstream("test.v1.Upstream", client, {}, { clock, observer });
  const get = upstream.unary(UpstreamService.method.get, { retry, hedge: { delayMs: 50, max: 1 }, timeoutMs: 500 });
  const { ask } = front();
  const { answer } = ask(async (cx) => page({ title: (await cx.call(get, { id: "a" })).id }));
  await clock.advance(10);
  client.of("a").fault(Code.UNAVAILABLE);
  await clock.advance(50);
  client.sent[1]?.fault(Code.UNAVAILABLE, { kind: "unprocessed" });
  await clock.advance(5);
  client.sent[2]?.thing();
  await answer;
  expect(told).toEqual([
    "start test.v1.Upstream/Get 1000",
    "attempt 1 status 14 1000-1010",
    "attempt 2 unprocessed 1010-1060",
    "attempt 3 hedge ok 1060-1065",
    "attempt 3 cancelled 1060-1065",
    "end 3 true 1000-1065",
  ]);
  expect(new Set(calls).size).toBe(1);
});
