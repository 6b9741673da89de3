// Holds docs/runtime.md#one-call-layer-by-layer
// Holds docs/runtime.md#cancellation
// Holds docs/runtime.md#hedges
import { describe, expect, test } from "vitest";
import { Code, Reason } from "../failure.ts";
import type { BudgetEvent } from "../observer-upstreams.ts";
import { byId } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { type FrontOptions, front, page, RETRY } from "../testing/front.ts";

const HEDGE = { delayMs: 50, max: 1, budget: 1 };
const hedgeFront = (options: FrontOptions = {}) => {
  const all = front({ ...options, call: { hedge: HEDGE, ...options.call } });
  const get = (id: string, more?: Parameters<typeof all.send>[1]) =>
    all.send(async (cx) => page({ title: String((await cx.call(cx.app.get, { id })).count) }), more);
  return { ...all, get };
};

describe("a hedge", () => {
  test("a hedge goes out after the delay, with its number; the first good answer wins and the loser is cancelled", async () => {
    const { get, client, clock, calls, attempts } = hedgeFront();
    const { answer } = get("a");
    await clock.advance(49);
    expect(client.sent.length).toBe(1);
    await clock.advance(1);
    expect(client.sent.map(({ attempt }) => attempt)).toEqual([1, 2]);
    const [first, second] = client.sent;
    second!.thing({ count: 2n });
    expect((await answer).page?.title).toBe("2");
    expect([first!.cancelled, second!.cancelled]).toEqual([true, false]);
    expect(calls).toMatchObject([{ attempts: 2, outcome: { ok: true } }]);
    expect(attempts).toMatchObject([
      { number: 2, hedge: true, outcome: "ok", startedAt: 1_050, endedAt: 1_050 },
      { number: 1, hedge: false, outcome: "cancelled", startedAt: 1_000, endedAt: 1_050 },
    ]);
    expect(clock.running).toBe(0);
  });
  test("a hedge is not sent after the answer", async () => {
    const { get, client, clock } = hedgeFront();
    const { answer } = get("a");
    await clock.advance(49);
    client.of("a").thing({ count: 1n });
    await answer;
    expect(clock.running).toBe(0);
    await clock.advance(1_000);
    expect(client.sent.length).toBe(1);
    expect(clock.running).toBe(0);
  });
  test("a hedge carries the remaining time of the deadline, and is not sent without any", async () => {
    const { get, client, clock } = hedgeFront({ call: { timeoutMs: 120, hedge: { delayMs: 50, max: 5, budget: 5 } } });
    const { answer } = get("a");
    await clock.advance(120);
    expect(client.sent.map(({ timeoutMs }) => timeoutMs)).toEqual([120, 70, 20]);
    expect((await answer).failure).toMatchObject({ reason: Reason.TIMEOUT });
    expect(client.underWay).toEqual([]);
    expect(clock.running).toBe(0);
  });
  test("further hedges follow one delay apart, at most `max`", async () => {
    const { get, client, clock } = hedgeFront({ call: { hedge: { delayMs: 50, max: 2, budget: 2 } } });
    const { answer } = get("a");
    await clock.advance(99);
    expect(client.sent.length).toBe(2);
    await clock.advance(1_000);
    expect(client.sent.length).toBe(3);
    client.sent[1]!.thing({ count: 7n });
    expect((await answer).page?.title).toBe("7");
    expect(client.underWay).toEqual([]);
  });
  test("a hedge outlives the failure of the other attempt; only the last failure is the call's, without retries", async () => {
    const { get, client, clock } = hedgeFront({ call: { retry: RETRY } });
    const { answer, state } = get("a");
    await clock.advance(50);
    client.sent[0]!.fault(Code.UNAVAILABLE);
    await idle();
    expect(state.answered).toBe(undefined);
    client.sent[1]!.fault(Code.NOT_FOUND);
    expect((await answer).failure).toMatchObject({ reason: Reason.REJECTED });
    expect(client.sent.length).toBe(2);
    expect(clock.running).toBe(0);
  });
  test("a pending hedge does not affect retries, and each retry is hedged separately", async () => {
    const { get, client, clock } = hedgeFront({ call: { retry: RETRY } });
    const { answer } = get("a");
    await clock.advance(20);
    client.of("a").fault(Code.UNAVAILABLE);
    await clock.advance(10); // the retry, 30 ms in
    expect(client.sent.map(({ attempt }) => attempt)).toEqual([1, 2]);
    await clock.advance(49);
    expect(client.sent.length).toBe(2);
    await clock.advance(1);
    expect(client.sent.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    client.of("a").thing({ count: 3n });
    expect((await answer).page?.title).toBe("3");
    expect(client.underWay).toEqual([]);
  });
  test("a hedge counts as a retry: it needs half of the tokens and an original request", async () => {
    const { get, client, clock } = hedgeFront();
    get("inner", { headers: { "grpc-previous-rpc-attempts": "1" } });
    await clock.advance(100);
    expect(client.sent.length).toBe(1);
    client.answer = byId({ bad: "UNAVAILABLE" });
    for (let i = 0; i < 5; i++) await get("bad").answer;
    client.answer = undefined;
    client.sent.splice(0);
    get("a");
    await clock.advance(100);
    expect(client.sent.length).toBe(1);
  });
  test("a hedge takes no token when it loses, and one when it fails", async () => {
    const { get, client, clock } = hedgeFront();
    for (let i = 0; i < 30; i++) {
      const { answer } = get("a");
      await clock.advance(50);
      client.sent.at(-1)!.thing();
      await answer;
    }
    expect(client.sent.length).toBe(60); // all of them hedged
    for (let i = 0; i < 2; i++) {
      const { answer } = get("b");
      await clock.advance(50);
      for (const sent of client.underWay) sent.fault(Code.UNAVAILABLE);
      await answer;
    }
    const { answer } = get("c"); // six tokens left
    await clock.advance(50);
    expect(client.sent.length).toBe(66);
    for (const sent of client.underWay.slice(-2)) sent.fault(Code.UNAVAILABLE);
    await answer;
    get("d");
    await clock.advance(50);
    expect(client.sent.length).toBe(67);
  });
  test.each([
    [-1, []],
    [30, [80]],
  ])("a hedge respects a pushback of %i ms", async (pushbackMs, times) => {
    const { get, client, clock } = hedgeFront({ call: { hedge: { delayMs: 50, max: 3, budget: 3 } } });
    get("a");
    await clock.advance(50);
    client.sent[0]!.fault(Code.UNAVAILABLE, { pushbackMs });
    const sentAt: number[] = [];
    for (let at = 50; at < 90; at++) {
      if (client.sent.length > 2 + sentAt.length) sentAt.push(at);
      await clock.advance(1);
    }
    expect(sentAt).toEqual(times);
  });
  test("a hedge needs a place in the limits; without a place the call continues unhedged", async () => {
    const { get, client, clock } = hedgeFront({ policy: { limit: { concurrent: 2, queued: 0 } } });
    const a = get("a");
    const b = get("b");
    await clock.advance(60);
    expect(client.sent.length).toBe(2);
    client.of("a").thing({ count: 1n });
    client.of("b").thing({ count: 2n });
    expect([(await a.answer).page?.title, (await b.answer).page?.title]).toEqual(["1", "2"]);
    const c = get("c");
    await clock.advance(50);
    expect((await get("d").answer).failure).toMatchObject({ reason: Reason.LIMITED });
    client.of("c").thing();
    await c.answer;
    await clock.advance(40); // the mean of the answers so far: the upstream may be at the other one for as long
    get("e");
    get("f");
    expect(client.underWay.length).toBe(2); // both places were given back
  });
  test("a hedge in the queue is awaited if the original fails, and leaves the queue if the original wins", async () => {
    const { get, client, clock, calls } = hedgeFront({ policy: { limit: { concurrent: 2, queued: 9 } } });
    const a = get("a");
    const b = get("b");
    await clock.advance(50);
    expect(client.sent.length).toBe(2);
    client.of("a").fault(Code.UNAVAILABLE); // its own hedge has the place now
    expect(client.sent.length).toBe(3);
    client.of("b").thing();
    await b.answer;
    expect(client.sent.length).toBe(3);
    client.of("a").thing({ count: 5n });
    expect((await a.answer).page?.title).toBe("5");
    expect(calls.map(({ attempts }) => attempts)).toEqual([1, 2]);
    expect(clock.running).toBe(0);
  });
  test("a hedge is a separate breaker sample; a losing hedge is no sample", async () => {
    const breaker = { errorRate: 0.5, windowMs: 10_000, minimum: 4, openMs: 5_000, probes: 1 };
    const { get, client, clock, states } = hedgeFront({ policy: { breaker } });
    for (let i = 0; i < 5; i++) {
      const { answer } = get("a");
      await clock.advance(50);
      client.sent.at(-1)!.thing();
      await answer;
    }
    expect(states).toEqual([]);
    for (let i = 0; i < 3; i++) {
      const { answer } = get("b");
      await clock.advance(50);
      for (const sent of client.underWay) sent.fault(Code.INTERNAL);
      await answer;
    }
    expect(states).toEqual(["open"]); // 6 of 11
  });
  test("a hedge ends with the request", async () => {
    const { get, client, clock } = hedgeFront();
    const { cancel } = get("a");
    await clock.advance(50);
    cancel();
    expect(client.sent.map(({ cancelled }) => cancelled)).toEqual([true, true]);
    expect(clock.running).toBe(0);
  });
  test("a hedge of a call with side effects wins or loses like any other, and outlives the response", async () => {
    const { send, client, clock } = hedgeFront({ call: { timeoutMs: 300 } });
    const { answer, cancel, state } = send(async (cx) => {
      await cx.step(() => cx.effect(cx.app.get, { id: "a" }));
      return page();
    });
    await idle();
    cancel();
    await clock.advance(50);
    expect(client.sent.map(({ cancelled }) => cancelled)).toEqual([false, false]);
    client.sent[1]!.thing();
    expect(client.sent[0]!.cancelled).toBe(true);
    expect(state.answered).toBe(undefined);
    expect(clock.running).toBe(0);
    void answer;
  });
  test("an unprocessed hedge is sent again with the same number", async () => {
    const { get, client, clock } = hedgeFront();
    const { answer } = get("a");
    await clock.advance(50);
    client.sent[1]!.fault(Code.UNAVAILABLE, { kind: "unprocessed" });
    expect(client.sent.map(({ attempt }) => attempt)).toEqual([1, 2, 2]);
    client.sent[2]!.thing({ count: 4n });
    expect((await answer).page?.title).toBe("4");
    expect(clock.running).toBe(0);
  });
});

describe("the retry budget", () => {
  test("each upstream has a separate retry budget", async () => {
    const { get, client, clock } = hedgeFront({
      policy: { retryBudget: { maxTokens: 4, tokenRatio: 1 } },
      call: { retry: RETRY },
    });
    client.answer = byId({ bad: "UNAVAILABLE" });
    const failing = async () => {
      const before = client.sent.length;
      const { answer } = get("bad");
      await clock.advance(300);
      await answer;
      return client.sent.length - before;
    };
    expect([await failing(), await failing()]).toEqual([2, 1]); // tokens: 3 2, 1
    for (let i = 0; i < 3; i++) await get("good").answer;
    expect(await failing()).toBe(2);
  });
});

describe("the budget of hedges", () => {
  const refusedBudgets: BudgetEvent[] = [];
  const observer = { instead: { budgetRefused: (event: BudgetEvent) => void refusedBudgets.push(event) } };
  /** Sends calls that are answered late. Returns the number of hedges. */
  async function late({ get, client, clock }: ReturnType<typeof hedgeFront>, calls: number): Promise<number> {
    const before = client.sent.length;
    for (let i = 0; i < calls; i++) {
      const { answer } = get(`late ${i}`);
      await clock.advance(60);
      client.underWay[0]!.thing();
      await answer;
    }
    return client.sent.length - before - calls;
  }

  test("at most a tenth of the calls to a slow but healthy upstream are hedged, and the first", async () => {
    refusedBudgets.length = 0;
    const all = hedgeFront({ call: { hedge: { delayMs: 50, max: 1 } }, observer });
    expect(await late(all, 100)).toBe(11);
    expect(refusedBudgets).toHaveLength(89);
    expect(refusedBudgets[0]).toMatchObject({ service: "test.v1.Upstream", kind: "hedge" });
  });
  test("an upstream that was fast has saved ten hedges", async () => {
    const all = hedgeFront({ call: { hedge: { delayMs: 50, max: 1, budget: 0.5 } } });
    for (let i = 0; i < 100; i++) {
      const { answer } = all.get("fast");
      all.client.of("fast").thing();
      await answer;
    }
    expect(await late(all, 10)).toBe(10);
    expect(await late(all, 100)).toBe(54); // ten tokens, and five that were earned meanwhile
  });
  test("a hedge without a place takes no token", async () => {
    const all = hedgeFront({
      call: { hedge: { delayMs: 50, max: 1, budget: 1e-9 } },
      policy: { limit: { concurrent: 1, queued: 0 } },
    });
    all.get("alone");
    await all.clock.advance(50);
    expect(all.client.sent).toHaveLength(1);
    all.client.of("alone").thing();
    all.client.answer = undefined;
    expect(all.client.sent).toHaveLength(1);
  });
  test("a retry without a token is reported, too", async () => {
    refusedBudgets.length = 0;
    const { get, client, clock } = hedgeFront({ call: { hedge: undefined, retry: RETRY }, observer });
    client.answer = byId({ bad: "UNAVAILABLE" });
    for (let i = 0; i < 10; i++) {
      const { answer } = get("bad");
      await clock.advance(1_000);
      await answer;
    }
    expect(refusedBudgets.length).toBeGreaterThan(0);
    expect(new Set(refusedBudgets.map(({ kind }) => kind))).toEqual(new Set(["retry"]));
  });
});

describe("two attempts at once", () => {
  const AT_ONCE = { delayMs: 0, max: 1 };
  test("both leave together; the first good answer wins and the other is cancelled", async () => {
    const { get, client, clock, calls } = hedgeFront({ call: { hedge: AT_ONCE } });
    const { answer } = get("a");
    await idle();
    expect(client.sent.map(({ attempt }) => attempt)).toEqual([1, 2]);
    client.sent[0]!.fault(Code.UNAVAILABLE);
    client.sent[1]!.thing({ count: 2n });
    expect((await answer).page?.title).toBe("2");
    expect(calls).toMatchObject([{ attempts: 2, outcome: { ok: true } }]);
    expect(clock.running).toBe(0);
    for (let i = 0; i < 20; i++) {
      const sent = client.sent.length;
      const { answer } = get("b");
      await idle();
      expect(client.sent.length - sent).toBe(2); // without a budget
      client.sent.at(-2)!.thing();
      await answer;
      expect(client.underWay).toEqual([]);
    }
  });
  test("a breaker that refuses the second attempt returns no token, since none was taken", async () => {
    const breaker = { errorRate: 0.5, windowMs: 10_000, minimum: 2, openMs: 100, probes: 1 };
    const { get, client, clock, upstream } = hedgeFront({ call: { hedge: AT_ONCE }, policy: { breaker } });
    client.answer = byId({ bad: "INTERNAL" });
    for (let i = 0; i < 2; i++) await get("bad").answer;
    client.answer = undefined;
    expect([upstream.hedges.take(), upstream.hedges.take()]).toEqual([true, false]);
    await clock.advance(200);
    const sent = client.sent.length;
    const { answer } = get("probe");
    await idle();
    expect(client.sent.length - sent).toBe(1);
    expect(upstream.hedges.take()).toBe(false);
    client.of("probe").thing();
    await answer;
  });
  test("one leaves if the other would wait for a place, if the upstream fails, or for a repeated request", async () => {
    const limited = hedgeFront({ call: { hedge: AT_ONCE }, policy: { limit: { concurrent: 1, queued: 9 } } });
    limited.get("a");
    limited.get("b");
    await idle();
    expect(limited.client.sent).toHaveLength(1);
    limited.client.sent[0]!.thing();
    await idle();
    expect(limited.client.sent).toHaveLength(2);

    const { get, client } = hedgeFront({ call: { hedge: AT_ONCE } });
    get("inner", { headers: { "grpc-previous-rpc-attempts": "1" } });
    await idle();
    expect(client.sent).toHaveLength(1);
    client.answer = byId({ bad: "UNAVAILABLE" });
    for (let i = 0; i < 5; i++) await get("bad").answer;
    client.answer = undefined;
    client.sent.splice(0);
    get("a");
    await idle();
    expect(client.sent).toHaveLength(1);
  });
});
