import { describe, expect, test } from "vitest";
import { Code, Reason } from "./failure.ts";
import { byId, type Sent } from "./testing/fake-client.ts";
import { idle } from "./testing/fake-clock.ts";
import { front, page } from "./testing/front.ts";
import type { CallPolicy } from "./upstream.ts";

const RETRY = { attempts: 3, on: [Code.UNAVAILABLE], initialMs: 20, maxMs: 200, multiplier: 2 };
const one = (options: Parameters<typeof front>[0] = {}) => {
  const all = front(options);
  const get = (id: string, more?: Parameters<typeof all.ask>[1], policy?: CallPolicy) =>
    all.ask(async (cx) => {
      const rpc = policy === undefined ? cx.app.get : cx.app.getWith(policy);
      return page({ title: (await cx.call(rpc, { id })).id });
    }, more);
  return { ...all, get };
};

describe("deadlines", () => {
  test("a call has what the budget leaves after the margin", async () => {
    const { get, client } = one();
    get("a");
    get("b", { clientMs: 100 });
    get("c", { clientMs: 60_000 });
    get("d", { clientMs: 8 });
    expect(client.sent.map(({ timeoutMs }) => timeoutMs)).toEqual([1_800, 90, 1_800, 4]);
  });
  test("its own timeout runs from ready to result, queueing included, and is enforced here", async () => {
    const { get, client, clock, calls } = one({
      policy: { limit: { concurrent: 1, queued: 1 } },
      call: { timeoutMs: 80 },
    });
    const first = get("a", {}, {});
    const second = get("b");
    await clock.advance(50);
    client.of("a").thing();
    expect(client.of("b").timeoutMs).toBe(30);
    await clock.advance(30);
    expect(client.of("b").cancelled).toBe(true);
    expect((await first.answer).page?.title).toBe("a");
    expect((await second.answer).failure).toMatchObject({ clientCode: Code.DEADLINE_EXCEEDED, reason: Reason.TIMEOUT });
    expect(calls.at(-1)).toMatchObject({ attempts: 1 });
    expect(clock.running).toBe(0);
  });
  test("there is one timer for a request, and one for each call with a shorter timeout of its own", async () => {
    const { ask, client, clock } = one();
    const running: number[] = [];
    const { answer } = ask(async (cx) => {
      const { get, getWith } = cx.app;
      const all = [undefined, undefined, 1_800, 100, 200].map((timeoutMs, i) => {
        const step = cx.call(timeoutMs === undefined ? get : getWith({ timeoutMs }), { id: `${i}` });
        running.push(clock.running);
        return step;
      });
      await Promise.all(all);
      return page();
    });
    expect(running).toEqual([1, 1, 1, 2, 3]);
    for (const sent of client.sent) sent.thing();
    expect((await answer).failure).toBe(undefined);
    expect(clock.running).toBe(0);
  });
  test("with nothing left nothing is sent", async () => {
    const { ask, get, client, clock } = one();
    expect((await get("a", { clientMs: 0 }).answer).failure).toMatchObject({ clientCode: Code.DEADLINE_EXCEEDED });
    const { answer } = ask(async (cx) => {
      clock.skip(1_800);
      await cx.call(cx.app.get, { id: "b" });
      return page();
    });
    expect((await answer).failure).toMatchObject({ clientCode: Code.DEADLINE_EXCEEDED });
    expect(client.sent).toEqual([]);
    expect(clock.running).toBe(0);
  });
  test("late supplementary steps are absent, and the response leaves before its deadline", async () => {
    const { ask, clock, client } = one();
    const { answer, state } = ask(async (cx) => {
      const step = cx.tryCall(cx.app.get, { id: "hangs" });
      const loadStep = cx.tryLoad(cx.app.byId, "k");
      const out = page({ spentCents: (await step)?.count });
      await loadStep;
      cx.touched(out, "spent_cents", false, step);
      cx.touched(out, "title", true, loadStep);
      return out;
    });
    await clock.advance(1_799);
    expect(state.answered).toBe(undefined);
    await clock.advance(1);
    expect((await answer).entries).toEqual(["title 2 1 test.v1.Upstream", "spent_cents 1 1 test.v1.Upstream"]);
    expect(client.sent.every(({ cancelled }) => cancelled)).toBe(true);
    expect(clock.running).toBe(0);
  });
});

describe("retries", () => {
  test("back off with full jitter, and tell the upstream", async () => {
    const { get, client, clock, calls } = one({ call: { retry: RETRY } });
    const { answer } = get("a");
    client.of("a").fault(Code.UNAVAILABLE);
    await clock.advance(9);
    expect(client.sent.length).toBe(1);
    await clock.advance(1);
    client.of("a").fault(Code.UNAVAILABLE);
    await clock.advance(19);
    expect(client.sent.length).toBe(2);
    await clock.advance(1);
    client.of("a").thing();
    expect((await answer).page?.title).toBe("a");
    expect(client.sent.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(calls).toMatchObject([{ attempts: 3, outcome: { ok: true } }]);
    expect(clock.running).toBe(0);
  });
  test("end after the last attempt, and are not made for other codes", async () => {
    const { get, client, clock } = one({ call: { retry: RETRY } });
    client.answer = byId({ a: "UNAVAILABLE", b: "INTERNAL" });
    const { answer } = get("a");
    await clock.advance(200);
    expect((await answer).failure).toMatchObject({ clientCode: Code.UNAVAILABLE });
    expect(client.sent.length).toBe(3);
    await get("b").answer;
    expect(client.sent.length).toBe(4);
  });
  test("are for the outermost only", async () => {
    const { get, client } = one({ call: { retry: RETRY } });
    client.answer = byId({ a: "UNAVAILABLE" });
    await get("a", { headers: { "grpc-previous-rpc-attempts": "1" } }).answer;
    expect(client.sent.length).toBe(1);
  });
  test("ask `when`; what it throws is no", async () => {
    const { get, client, clock } = one();
    client.answer = byId({ a: "UNAVAILABLE", b: "UNAVAILABLE" });
    const yes = get("a", {}, { retry: { ...RETRY, when: (error, cx) => error.code === 14 && cx.header("x") === "" } });
    await clock.advance(200);
    await yes.answer;
    expect(client.sent.length).toBe(3);
    const thrower = (): boolean => {
      throw new Error("x");
    };
    await get("b", {}, { retry: { ...RETRY, when: thrower } }).answer;
    expect(client.sent.length).toBe(4);
  });
  test("are not made when less is left than the backoff; the failure before is the failure", async () => {
    const { get, client, clock } = one({ call: { retry: RETRY, timeoutMs: 30 } });
    clock.chance = 0.99;
    const { answer } = get("a");
    await clock.advance(15);
    client.of("a").fault(Code.UNAVAILABLE);
    expect((await answer).failure).toMatchObject({ reason: Reason.UNAVAILABLE });
    expect(clock.running).toBe(0);
  });
  test("a process that was too busy for its backoff reports the failure before it too", async () => {
    const { get, client, clock } = one({ call: { retry: RETRY, timeoutMs: 30 } });
    const { answer } = get("a");
    await clock.advance(15);
    client.of("a").fault(Code.UNAVAILABLE);
    clock.skip(40);
    await clock.advance(0);
    expect((await answer).failure).toMatchObject({ reason: Reason.UNAVAILABLE });
    expect(client.sent.length).toBe(1);
  });
  test("honour pushback", async () => {
    const { get, client, clock } = one({ call: { retry: RETRY } });
    const first = get("a");
    client.of("a").fault(Code.UNAVAILABLE, { pushbackMs: 300 });
    await clock.advance(299);
    expect(client.sent.length).toBe(1);
    await clock.advance(1);
    client.of("a").thing();
    await first.answer;
    const second = get("b");
    client.of("b").fault(Code.UNAVAILABLE, { pushbackMs: -1 });
    expect((await second.answer).failure).toMatchObject({ clientCode: Code.UNAVAILABLE });
    expect(client.sent.length).toBe(3);
  });
  test("stop at half of the upstream's tokens, and come back with successes", async () => {
    const { get, client, clock } = one({ call: { retry: RETRY } });
    client.answer = byId({ bad: "UNAVAILABLE" });
    for (let i = 0; i < 3; i++) {
      const { answer } = get("bad");
      await clock.advance(300);
      await answer;
    }
    expect(client.sent.length).toBe(3 + 2 + 1); // tokens: 9 8 7, 6 5, 4
    for (let i = 0; i < 21; i++) await get("good").answer; // 6.1 tokens
    const before = client.sent.length;
    const { answer } = get("bad");
    await clock.advance(300);
    await answer;
    expect(client.sent.length).toBe(before + 2);
  });
  test("hold no place in a limit while they wait", async () => {
    const { get, client, clock } = one({ call: { retry: RETRY }, policy: { limit: { concurrent: 1, queued: 0 } } });
    const first = get("a");
    client.of("a").fault(Code.UNAVAILABLE);
    const second = get("b");
    client.of("b").thing();
    expect((await second.answer).page?.title).toBe("b");
    await clock.advance(20);
    client.of("a").thing();
    expect((await first.answer).page?.title).toBe("a");
  });
  test("end with the request, without a timer left", async () => {
    const { get, client, clock } = one({ call: { retry: RETRY } });
    const { cancel } = get("a");
    client.of("a").fault(Code.UNAVAILABLE);
    cancel();
    await clock.advance(500);
    expect(client.sent.length).toBe(1);
    expect(clock.running).toBe(0);
  });
  test("a stream that was not processed is sent once more at once, and counts for nothing", async () => {
    const { get, client, calls } = one();
    const { answer } = get("a");
    client.of("a").fault(Code.UNAVAILABLE, { kind: "unprocessed" });
    expect(client.sent.map(({ attempt }) => attempt)).toEqual([1, 1]);
    client.of("a").fault(Code.UNAVAILABLE, { kind: "unprocessed" });
    expect((await answer).failure).toMatchObject({ clientCode: Code.UNAVAILABLE });
    expect(calls).toMatchObject([{ attempts: 1 }]);
  });
});

describe("failures", () => {
  test.each([
    [Code.UNAVAILABLE, "status", Reason.UNAVAILABLE, Code.UNAVAILABLE],
    [Code.DEADLINE_EXCEEDED, "status", Reason.TIMEOUT, Code.DEADLINE_EXCEEDED],
    [Code.RESOURCE_EXHAUSTED, "status", Reason.UNAVAILABLE, Code.RESOURCE_EXHAUSTED],
    [Code.INTERNAL, "status", Reason.UNAVAILABLE, Code.INTERNAL],
    [Code.UNKNOWN, "status", Reason.UNAVAILABLE, Code.INTERNAL],
    [Code.DATA_LOSS, "status", Reason.UNAVAILABLE, Code.INTERNAL],
    [Code.ABORTED, "status", Reason.UNAVAILABLE, Code.INTERNAL],
    [Code.CANCELLED, "status", Reason.UNAVAILABLE, Code.INTERNAL],
    [Code.INTERNAL, "transport", Reason.UNAVAILABLE, Code.UNAVAILABLE],
    [Code.INTERNAL, "invalid", Reason.INVALID, Code.INTERNAL],
    [Code.NOT_FOUND, "status", Reason.REJECTED, Code.INTERNAL],
    [Code.PERMISSION_DENIED, "status", Reason.REJECTED, Code.INTERNAL],
    [Code.UNAUTHENTICATED, "status", Reason.REJECTED, Code.INTERNAL],
    [Code.UNIMPLEMENTED, "status", Reason.REJECTED, Code.INTERNAL],
  ] as const)("code %i as %s: reason %i, the client sees %i", async (code, kind, reason, clientCode) => {
    const { get, client } = one();
    const { answer } = get("a");
    client.of("a").fault(code, { kind });
    const { failure } = await answer;
    expect(failure).toMatchObject({ code, reason, clientCode, upstream: "test.v1.Upstream" });
    expect(failure?.clientMessage).not.toContain("secret");
  });
  test("a stream reset at the deadline is a timeout", async () => {
    const { get, client, clock } = one({ call: { timeoutMs: 50 } });
    const { answer } = get("a");
    await clock.advance(49.5);
    client.of("a").fault(Code.CANCELLED, { kind: "transport" });
    expect((await answer).failure).toMatchObject({ reason: Reason.TIMEOUT });
  });
  test("a client that throws is an INVALID call, and frees what it held", async () => {
    const client = {
      send: (): never => {
        throw new Error("broken client");
      },
    };
    const { ask, clock } = front({ policy: { limit: { concurrent: 1, queued: 0 } } }, client);
    for (let i = 0; i < 2; i++) {
      const { answer } = ask(async (cx) => page({ title: (await cx.call(cx.app.get, { id: "a" })).id }));
      expect((await answer).failure).toMatchObject({ reason: Reason.INVALID });
    }
    expect(clock.running).toBe(0);
  });
});

describe("limits", () => {
  test("refuse when the queue is full, with pushback for the client", async () => {
    const { get, client } = one({ policy: { limit: { concurrent: 1, queued: 1 } } });
    get("a");
    const queued = get("b");
    const { failure } = await get("c").answer;
    expect(failure).toMatchObject({ reason: Reason.LIMITED, clientCode: Code.RESOURCE_EXHAUSTED, pushback: true });
    queued.cancel();
    get("d");
    client.of("a").thing();
    await idle();
    expect(client.sent.map(({ id }) => id)).toEqual(["a", "d"]);
  });
  test("of an rpc are inside the upstream's; refused by one, the other is free again", async () => {
    const { ask, client, app } = front({ policy: { limit: { concurrent: 2, queued: 0 } } });
    const inner = app.getWith({ limit: { concurrent: 1, queued: 0 } });
    const get = (rpc: typeof inner, id: string) => ask(async (cx) => page({ title: (await cx.call(rpc, { id })).id }));
    get(inner, "a");
    expect((await get(inner, "b").answer).failure).toMatchObject({ reason: Reason.LIMITED });
    get(app.get, "c");
    expect((await get(app.get, "d").answer).failure).toMatchObject({ reason: Reason.LIMITED });
    client.of("a").thing();
    get(app.get, "e");
    expect((await get(inner, "f").answer).failure).toMatchObject({ reason: Reason.LIMITED }); // by the upstream's
    client.of("c").thing();
    get(inner, "g"); // so the inner place was given back
    expect(client.sent.map(({ id }) => id)).toEqual(["a", "c", "e", "g"]);
  });
});

describe("breakers", () => {
  const breaker = { errorRate: 0.5, windowMs: 10_000, minimum: 4, openMs: 5_000, probes: 1 };
  const broken = async (modes: Parameters<typeof byId>[0] = { bad: "UNAVAILABLE" }) => {
    const all = one({ policy: { breaker } });
    all.client.answer = byId(modes);
    for (let i = 0; i < 4; i++) await all.get("bad").answer;
    all.client.sent.splice(0);
    return all;
  };
  test("open at the rate, refuse at once, probe one at a time, and close on success", async () => {
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
  test("an attempt let out before says nothing while half-open", async () => {
    const { get, client, clock, states } = one({ policy: { breaker } });
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
  test("refusals are successes; clients with short deadlines open nothing, a hanging upstream does", async () => {
    const { states } = await broken({ bad: "NOT_FOUND" });
    expect(states).toEqual([]);
    const hanging = one({ policy: { breaker }, call: { timeoutMs: 100 } });
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
  test("a timeout counts only when the attempt had the time that it would have had at the start of a patient client's request", async () => {
    const { ask, client, clock, states } = one({ policy: { breaker } });
    const late = async (usedMs: number, clientMs?: number) => {
      for (let i = 0; i < 4; i++) {
        const { answer } = ask(
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
  test("a probe with hardly any time frees its place without a verdict", async () => {
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
  test("half-open, as many probes as `probes` at a time", async () => {
    const { get, client, clock, states } = one({ policy: { breaker: { ...breaker, probes: 2 } } });
    client.answer = byId({ bad: "UNAVAILABLE" });
    for (let i = 0; i < 4; i++) await get("bad").answer;
    await clock.advance(5_000);
    client.answer = undefined;
    client.sent.splice(0);
    const asked = ["a", "b", "c"].map((id) => get(id));
    await idle();
    expect(client.sent.map(({ id }) => id)).toEqual(["a", "b"]);
    expect((await asked[2]?.answer)?.failure?.reason).toBe(Reason.BREAKER_OPEN);
    client.of("b").thing();
    await asked[1]?.answer;
    expect(states).toEqual(["open", "half-open", "closed"]);
  });
  test("a call that is limited, and one that the breaker refuses, is no sample", async () => {
    const { get, client, clock, states } = one({
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
    const { get, client, clock, app, ask } = await broken();
    const rpc = app.getWith({ retry: RETRY });
    const { answer } = ask(async (cx) => page({ title: (await cx.call(rpc, { id: "a" })).id }));
    expect((await answer).failure).toMatchObject({ reason: Reason.BREAKER_OPEN });
    expect(client.sent).toEqual([]);
    expect(clock.running).toBe(0);
    void get;
  });
  test("one of two in the queue that finds the breaker open passes its place on", async () => {
    const { get, client } = one({
      policy: { breaker: { ...breaker, minimum: 1 }, limit: { concurrent: 1, queued: 9 } },
    });
    const all = ["a", "b", "c"].map((id) => get(id));
    client.of("a").fault(Code.UNAVAILABLE);
    const reasons = await Promise.all(all.map(async ({ answer }) => (await answer).failure?.reason));
    expect(reasons).toEqual([Reason.UNAVAILABLE, Reason.BREAKER_OPEN, Reason.BREAKER_OPEN]);
    expect(client.sent.length).toBe(1);
  });
  const slow = { ...breaker, slowMs: 100, slowRate: 0.5 };
  test("open for slow answers, at the rate, however good they are", async () => {
    const { get, client, clock, states } = one({ policy: { breaker: slow } });
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
  test("take what is given up as slow when it was already, and for nothing before", async () => {
    const { get, clock, states } = one({ policy: { breaker: slow } });
    const given = async (ms: number) => {
      const { cancel } = get("a");
      await clock.advance(ms);
      cancel();
    };
    for (let i = 0; i < 9; i++) await given(99);
    for (let i = 0; i < 3; i++) await given(100);
    expect(states).toEqual([]);
    await given(100);
    expect(states).toEqual(["open"]);
  });
  test("take the loser of a hedge as slow when it was already", async () => {
    const { get, client, clock, states } = one({
      policy: { breaker: { ...slow, slowMs: 60 } },
      call: { hedge: { delayMs: 50, max: 1 } },
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
  test("of a method are its own, in place of the service's; and may be none", async () => {
    const { ask, client, clock, states, get } = one({
      policy: { breaker, methods: { BatchGet: { breaker: { ...breaker, minimum: 2 } } } },
    });
    client.answer = (sent) => (sent.path.endsWith("BatchGet") ? sent.fault(Code.INTERNAL) : sent.thing());
    const batch = () =>
      ask(async (cx) => page({ title: `${(await cx.call(cx.app.batchGet, { ids: ["a"] })).things.length}` })).answer;
    await batch();
    await batch();
    expect(states).toEqual(["test.v1.Upstream/BatchGet open"]);
    expect((await batch()).failure).toMatchObject({ reason: Reason.BREAKER_OPEN });
    expect((await get("a").answer).page?.title).toBe("a");
    const off = one({ policy: { breaker: { ...breaker, minimum: 1 }, methods: { Get: {} } } });
    off.client.answer = byId({ a: "INTERNAL" });
    for (let i = 0; i < 9; i++) await off.get("a").answer;
    expect(off.states).toEqual([]);
    expect(clock.running).toBe(0);
  });
});
