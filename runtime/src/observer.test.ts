// Holds docs/runtime.md#observing
import { expect, test } from "vitest";
import { Upstream } from "./call/upstream.ts";
import { Code } from "./failure.ts";
import type { Observer } from "./observer.ts";
import { FakeClient } from "./testing/fake-client.ts";
import { FakeClock } from "./testing/fake-clock.ts";
import { front, page } from "./testing/front.ts";
import { Upstream as UpstreamService } from "./testing/gen/test_pb.ts";

test("the events of a call share an object, and report the outcome of each attempt", async () => {
  const clock = new FakeClock();
  clock.chance = 0;
  const client = new FakeClient();
  const events: string[] = [];
  const calls: object[] = [];
  const observer: Observer = {
    callStart: ({ call, method, startedAt }) => {
      calls.push(call);
      events.push(`start ${method} ${startedAt}`);
    },
    attempt: ({ call, number, hedge, outcome, startedAt, endedAt }) => {
      calls.push(call);
      const text = typeof outcome === "string" ? outcome : `${outcome.kind} ${outcome.code}`;
      events.push(`attempt ${number}${hedge ? " hedge" : ""} ${text} ${startedAt}-${endedAt}`);
    },
    call: ({ call, attempts, outcome, startedAt, endedAt }) => {
      calls.push(call);
      events.push(`end ${attempts} ${outcome.ok} ${startedAt}-${endedAt}`);
    },
  };
  const retry = { attempts: 2, on: [Code.UNAVAILABLE], initialMs: 20, maxMs: 200, multiplier: 2 };
  const upstream = new Upstream("test.v1.Upstream", client, {}, { clock, observer });
  const get = upstream.unary(UpstreamService.method.get, { retry, hedge: { delayMs: 50, max: 1 }, timeoutMs: 500 });
  const { send } = front();
  const { answer } = send(async (cx) => page({ title: (await cx.call(get, { id: "a" })).id }));
  await clock.advance(10);
  client.of("a").fault(Code.UNAVAILABLE);
  await clock.advance(50);
  client.sent[1]?.fault(Code.UNAVAILABLE, { kind: "unprocessed" });
  await clock.advance(5);
  client.sent[2]?.thing();
  await answer;
  expect(events).toEqual([
    "start test.v1.Upstream/Get 1000",
    "attempt 1 status 14 1000-1010",
    "attempt 2 unprocessed 1010-1060",
    "attempt 3 hedge ok 1060-1065",
    "attempt 3 cancelled 1060-1065",
    "end 3 true 1000-1065",
  ]);
  expect(new Set(calls).size).toBe(1);
});

test("the events of a cache share the request's and the fetch's objects, and so does the fetch's call", async () => {
  const events: string[] = [];
  const names = new Map<object, string>();
  const name = (kind: string, of: object | undefined): string => {
    if (of === undefined) return "-";
    if (!names.has(of)) names.set(of, `${kind}${[...names.values()].filter((each) => each.startsWith(kind)).length}`);
    return names.get(of) ?? "";
  };
  const observer: Observer = {
    callStart: ({ request, fetch }) => events.push(`start ${name("request", request)} ${name("fetch", fetch)}`),
    call: ({ request, fetch }) => events.push(`call ${name("request", request)} ${name("fetch", fetch)}`),
    cache: ({ request, fetch, outcome }) =>
      events.push(`${outcome} ${name("request", request)} ${name("fetch", fetch)}`),
    response: ({ request }) => events.push(`response ${name("request", request)}`),
  };
  const { send, app, client, clock } = front({ observer: { instead: observer } });
  const cached = app.getWith({ cache: { ttlMs: 100, staleMs: 1_000 } });
  const get = () => send(async (cx) => page({ title: (await cx.call(cached, { id: "c" })).id })).answer;
  const [first, second] = [get(), get()];
  client.of("c").thing();
  await Promise.all([first, second]);
  await get();
  await clock.advance(100);
  await get();
  client.of("c").thing();
  await clock.advance(0);
  expect(events).toEqual([
    "missed request0 fetch0",
    "start request0 fetch0",
    "joined request1 fetch0",
    "call request0 fetch0",
    "response request0",
    "response request1",
    "fresh request2 -",
    "response request2",
    "start request3 fetch1",
    "stale request3 fetch1",
    "response request3",
    "call request3 fetch1",
  ]);
});

/**
 * Makes the same requests with any observer: a retry, a failure that opens the breaker, two uses of a cache, a
 * resolver. Counts the reads that an event needs: the name of the upstream, or the time.
 */
async function lookedAt(instead: Observer | undefined): Promise<{ services: number; times: number }> {
  const counted = { services: 0, times: 0 };
  const breaker = { errorRate: 0.5, windowMs: 1_000, minimum: 3, openMs: 100, probes: 1 };
  const { send, app, client, clock, upstream } = front({ policy: { breaker }, observer: { instead } });
  const { service } = upstream;
  Object.defineProperty(upstream, "service", {
    get() {
      counted.services++;
      return service;
    },
  });
  const now = clock.now.bind(clock);
  clock.now = () => {
    counted.times++;
    return now();
  };
  const retry = { attempts: 2, on: [Code.UNAVAILABLE], initialMs: 20, maxMs: 200, multiplier: 2 };
  const retried = app.getWith({ retry });
  const cached = app.getWith({ cache: { ttlMs: 1_000 } });
  client.answer = (sent) => (sent.id === "bad" || sent.attempt === 1 ? sent.fault(Code.UNAVAILABLE) : sent.thing());
  const first = send(async (cx) => {
    const title = await cx.resolve({
      name: "test.v1.Page.title",
      run: () => "t",
      args: {},
      steps: {},
      clients: () => ({}),
    });
    return page({ title: title + (await cx.call(retried, { id: "a" })).id });
  });
  await clock.advance(100);
  expect((await first.answer).page?.title).toBe("ta");
  client.answer = (sent) => sent.thing();
  for (let i = 0; i < 2; i++) await send(async (cx) => page({ title: (await cx.call(cached, { id: "c" })).id })).answer;
  client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
  for (let i = 0; i < 4; i++)
    await send(async (cx) => page({ title: (await cx.call(app.get, { id: "bad" })).id })).answer;
  expect(upstream.breaker?.refuses).toBe(true);
  return counted;
}

test("no event is created without an observer, and its inputs are not read", async () => {
  const got: Record<string, number> = {};
  const counterOf = (name: keyof Observer) => () => {
    got[name] = (got[name] ?? 0) + 1;
  };
  const names = ["callStart", "call", "response", "resolver", "attempt", "breaker", "cache"] as const;
  const without = await lookedAt(undefined);
  expect(await lookedAt({})).toEqual(without);
  // One read per event with every method: without one there was none.
  for (const name of names) {
    const { services, times } = await lookedAt({ [name]: counterOf(name) });
    const made = got[name] ?? 0;
    expect(made, name).toBeGreaterThan(0);
    // callStart, attempt and cache read no time themselves; response and resolver read no upstream; a breaker keeps its
    // name.
    expect(services - without.services, name).toBe(["callStart", "call", "attempt", "cache"].includes(name) ? made : 0);
    expect(times - without.times, name).toBe(["call", "response", "resolver", "breaker"].includes(name) ? made : 0);
  }
});
