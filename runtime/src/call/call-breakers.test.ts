// Holds docs/runtime.md#one-call-layer-by-layer
// Holds docs/runtime.md#failures
// Holds docs/runtime.md#breakers
import { describe, expect, test } from "vitest";
import { Code, Reason } from "../failure.ts";
import { byId, type Sent } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { page, RETRY, singleCall } from "../testing/front.ts";

describe("breakers", () => {
  const breaker = { errorRate: 0.5, windowMs: 10_000, minimum: 4, openMs: 5_000, probes: 1 };
  const broken = async (modes: Parameters<typeof byId>[0] = { bad: "UNAVAILABLE" }) => {
    const all = singleCall({ policy: { breaker } });
    all.client.answer = byId(modes);
    for (let i = 0; i < 4; i++) await all.get("bad").answer;
    all.client.sent.splice(0);
    return all;
  };
  test("a breaker opens at the error rate, refuses at once, probes one call at a time, and closes on success", async () => {
    const { get, client, clock, states } = await broken();
    expect(states).toEqual(["open"]);
    const { failure } = await get("x").answer;
    expect(failure).toMatchObject({ reason: Reason.BREAKER_OPEN, clientCode: Code.UNAVAILABLE, pushback: true });
    expect(client.sent).toEqual([]);
    await clock.advance(5_000);
    client.answer = undefined;
    const probe = get("probe");
    expect((await get("y").answer).failure).toMatchObject({ reason: Reason.BREAKER_OPEN });
    client.of("probe").thing();
    await probe.answer;
    expect(states).toEqual(["open", "half-open", "closed"]);
  });
  test("a breaker reports the time until its next probe", async () => {
    const { upstream, clock } = await broken();
    expect(upstream.state.breakers).toEqual([{ state: "open", probesInMs: 5_000 }]);
    await clock.advance(4_000);
    expect(upstream.state.breakers).toEqual([{ state: "open", probesInMs: 1_000 }]);
    await clock.advance(2_000);
    expect(upstream.state.breakers).toEqual([{ state: "open", probesInMs: 0 }]);
  });
  test("a cancelled probe frees its place without a verdict", async () => {
    const { get, client, clock, states } = await broken();
    await clock.advance(5_000);
    client.answer = undefined;
    get("probe").cancel();
    expect(states).toEqual(["open", "half-open"]);
    const next = get("next");
    client.of("next").fault(Code.UNAVAILABLE);
    await next.answer;
    expect(states).toEqual(["open", "half-open", "open"]);
  });
  test("an attempt from before the opening does not count while the breaker is half-open", async () => {
    const { get, client, clock, states } = singleCall({ policy: { breaker } });
    const old = get("old", {}, { timeoutMs: 1_700 });
    client.answer = byId({ bad: "UNAVAILABLE" });
    for (let i = 0; i < 4; i++) await get("bad").answer;
    clock.skip(5_000);
    client.answer = undefined;
    get("probe");
    client.of("old").thing();
    await old.answer;
    expect(states).toEqual(["open", "half-open"]);
  });
  test("refusals and short client deadlines count as successes; a hanging upstream opens the breaker", async () => {
    const { states } = await broken({ bad: "NOT_FOUND" });
    expect(states).toEqual([]);
    const hanging = singleCall({ policy: { breaker }, call: { timeoutMs: 100 } });
    const after = async (ms: number, clientMs?: number, answer?: (sent: Sent) => void) => {
      for (let i = 0; i < 4; i++) {
        const { answer: done } = hanging.get("a", clientMs === undefined ? {} : { clientMs });
        await hanging.clock.advance(ms);
        answer?.(hanging.client.of("a"));
        await done;
      }
    };
    await after(100, 50);
    await after(10, 50, (sent) => sent.fault(Code.DEADLINE_EXCEEDED));
    expect(hanging.states).toEqual([]);
    await after(100);
    expect(hanging.states).toEqual(["open"]);
  });
  test("a timeout counts only if the attempt had as much time as at the start of a request with a long deadline", async () => {
    const { send, client, clock, states } = singleCall({ policy: { breaker } });
    const late = async (usedMs: number, clientMs?: number) => {
      for (let i = 0; i < 4; i++) {
        const { answer } = send(
          async (cx) => {
            clock.skip(usedMs);
            return page({ title: (await cx.call(cx.app.get, { id: "hangs" })).id });
          },
          clientMs === undefined ? {} : { clientMs },
        );
        await clock.advance(2_000);
        expect((await answer).failure?.reason).toBe(Reason.TIMEOUT);
      }
    };
    await late(0, 1); // clients with 1 ms
    await late(900); // 900 of 2,000 ms are left: less than half
    expect(states).toEqual([]);
    await late(700);
    expect(states).toEqual(["open"]);
    expect(client.sent.every(({ cancelled }) => cancelled)).toBe(true);
  });
  test("a probe with little time frees its place without a verdict", async () => {
    const { get, client, clock, states } = await broken();
    await clock.advance(5_000);
    client.answer = undefined;
    const hurried = get("probe", { clientMs: 4 });
    await clock.advance(4);
    expect((await hurried.answer).failure?.reason).toBe(Reason.TIMEOUT);
    expect(states).toEqual(["open", "half-open"]);
    const next = get("next");
    client.of("next").thing();
    await next.answer;
    expect(states).toEqual(["open", "half-open", "closed"]);
  });
  test("a half-open breaker admits `probes` probes at a time", async () => {
    const { get, client, clock, states } = singleCall({ policy: { breaker: { ...breaker, probes: 2 } } });
    client.answer = byId({ bad: "UNAVAILABLE" });
    for (let i = 0; i < 4; i++) await get("bad").answer;
    await clock.advance(5_000);
    client.answer = undefined;
    client.sent.splice(0);
    const requests = ["a", "b", "c"].map((id) => get(id));
    await idle();
    expect(client.sent.map(({ id }) => id)).toEqual(["a", "b"]);
    expect((await requests[2]?.answer)?.failure?.reason).toBe(Reason.BREAKER_OPEN);
    client.of("b").thing();
    await requests[1]?.answer;
    expect(states).toEqual(["open", "half-open", "closed"]);
  });
  test("a limited call and a call refused by the breaker are not sampled", async () => {
    const { get, client, clock, states } = singleCall({
      policy: { breaker: { ...breaker, minimum: 2 }, limit: { concurrent: 1, queued: 0 } },
    });
    get("a");
    for (let i = 0; i < 9; i++) expect((await get("b").answer).failure?.reason).toBe(Reason.LIMITED);
    expect(states).toEqual([]);
    client.of("a").fault(Code.UNAVAILABLE);
    await idle();
    client.answer = byId({ bad: "UNAVAILABLE" });
    await get("bad").answer;
    expect(states).toEqual(["open"]);
    for (let i = 0; i < 9; i++) await get("bad").answer;
    client.answer = byId({});
    await clock.advance(5_000);
    await get("good").answer;
    expect(states).toEqual(["open", "half-open", "closed"]);
  });
  test("limited calls and calls refused by the breaker are not retried", async () => {
    const { get, client, clock, app, send } = await broken();
    const rpc = app.getWith({ retry: RETRY });
    const { answer } = send(async (cx) => page({ title: (await cx.call(rpc, { id: "a" })).id }));
    expect((await answer).failure).toMatchObject({ reason: Reason.BREAKER_OPEN });
    expect(client.sent).toEqual([]);
    expect(clock.running).toBe(0);
    void get;
  });
  test("a queued call that meets an open breaker passes its place to the next call", async () => {
    const { get, client } = singleCall({
      policy: { breaker: { ...breaker, minimum: 1 }, limit: { concurrent: 1, queued: 9 } },
    });
    const all = ["a", "b", "c"].map((id) => get(id));
    client.of("a").fault(Code.UNAVAILABLE);
    const reasons = await Promise.all(all.map(async ({ answer }) => (await answer).failure?.reason));
    expect(reasons).toEqual([Reason.UNAVAILABLE, Reason.BREAKER_OPEN, Reason.BREAKER_OPEN]);
    expect(client.sent.length).toBe(1);
  });
  const slow = { ...breaker, slowMs: 100, slowRate: 0.5 };
  test("a breaker opens at the rate of slow answers, even successful ones", async () => {
    const { get, client, clock, states } = singleCall({ policy: { breaker: slow } });
    const after = async (ms: number) => {
      const { answer } = get("a");
      await clock.advance(ms);
      client.of("a").thing();
      await answer;
    };
    for (const ms of [99, 99, 100]) await after(ms);
    expect(states).toEqual([]);
    await after(100);
    expect(states).toEqual(["open"]);
  });
  test("a breaker counts a cancelled call as slow if it was already slow, and otherwise not at all", async () => {
    const { get, clock, states } = singleCall({ policy: { breaker: slow } });
    const cancelAfter = async (ms: number) => {
      const { cancel } = get("a");
      await clock.advance(ms);
      cancel();
    };
    for (let i = 0; i < 9; i++) await cancelAfter(99);
    for (let i = 0; i < 3; i++) await cancelAfter(100);
    expect(states).toEqual([]);
    await cancelAfter(100);
    expect(states).toEqual(["open"]);
  });
  test("a breaker counts the losing hedge as slow if it was already slow", async () => {
    const { get, client, clock, states } = singleCall({
      policy: { breaker: { ...slow, slowMs: 60 } },
      call: { hedge: { delayMs: 50, max: 1, budget: 1 } },
    });
    for (let i = 0; i < 2; i++) {
      expect(states).toEqual([]);
      const { answer } = get("a");
      await clock.advance(60);
      client.sent.at(-1)!.thing(); // 10 ms after it went out
      await answer;
    }
    expect(states).toEqual(["open"]); // two slow of four
  });
  test("a method's breaker replaces that of the service, and may be disabled", async () => {
    const { send, client, clock, states, get } = singleCall({
      policy: { breaker, methods: { BatchGet: { breaker: { ...breaker, minimum: 2 } } } },
    });
    client.answer = (sent) => (sent.path.endsWith("BatchGet") ? sent.fault(Code.INTERNAL) : sent.thing());
    const batch = () =>
      send(async (cx) => page({ title: `${(await cx.call(cx.app.batchGet, { ids: ["a"] })).things.length}` })).answer;
    await batch();
    await batch();
    expect(states).toEqual(["test.v1.Upstream/BatchGet open"]);
    expect((await batch()).failure).toMatchObject({ reason: Reason.BREAKER_OPEN });
    expect((await get("a").answer).page?.title).toBe("a");
    const off = singleCall({ policy: { breaker: { ...breaker, minimum: 1 }, methods: { Get: {} } } });
    off.client.answer = byId({ a: "INTERNAL" });
    for (let i = 0; i < 9; i++) await off.get("a").answer;
    expect(off.states).toEqual([]);
    expect(clock.running).toBe(0);
  });
});
