// Holds docs/runtime.md#cancellation
// Holds docs/runtime.md#caching
import { describe, expect, test } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../test/support/setup/checked-states.ts";
import { PLACE_TRANSITIONS } from "../call/cached-call.ts";
import type { CallPolicy } from "../call/policy.ts";
import { Code, Reason } from "../failure.ts";
import { transition } from "../states.ts";
import { byId } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { type FrontOptions, front, page } from "../testing/front.ts";

const CACHE = { ttlMs: 1_000, staleMs: 10_000 };
const cached = (call: CallPolicy = {}, options: FrontOptions = {}) => {
  const all = front({ ...options, call: { cache: CACHE, ...call } });
  all.clock.chance = 0; // no jitter
  let count = 0;
  all.client.answer = (sent) => sent.thing({ count: BigInt(++count) });
  /** Requests a thing; its title is the number of the upstream's answer. */
  const get = (id: string, more?: Parameters<typeof all.send>[1]) =>
    all.send(async (cx) => {
      const step = cx.tryCall(cx.app.get, { id });
      const thing = await step;
      const out = page({ title: `${thing?.count ?? "none"}`, spentCents: thing?.count });
      if (cx.degraded) cx.touched(out, "spent_cents", thing !== undefined, step);
      return out;
    }, more);
  const title = async (id: string, more?: Parameters<typeof all.send>[1]) =>
    (await get(id, more).answer).page?.title ?? "failed";
  return { ...all, get, title };
};

describe("an answer", () => {
  test("a cached answer is used again within its ttl, and not after it", async () => {
    const { title, clock, client, cached: events } = cached({ cache: { ttlMs: 1_000 } });
    expect([await title("a"), await title("a"), await title("b")]).toEqual(["1", "1", "2"]);
    await clock.advance(999);
    expect(await title("a")).toBe("1");
    await clock.advance(1);
    expect(await title("a")).toBe("3");
    expect(client.sent.length).toBe(3);
    expect(events.map(({ outcome, ageMs }) => `${outcome} ${ageMs ?? ""}`)).toEqual([
      "missed ",
      "fresh 0",
      "missed ",
      "fresh 999",
      "missed ",
    ]);
    expect(clock.running).toBe(0);
  });
  test("a cached answer has a TTL that is up to a tenth shorter, drawn for each answer", async () => {
    const { title, clock } = cached({ cache: { ttlMs: 1_000 } });
    clock.chance = 0.5;
    expect(await title("a")).toBe("1");
    await clock.advance(949);
    expect(await title("a")).toBe("1");
    await clock.advance(1);
    expect(await title("a")).toBe("2");
  });
  test("a cached answer never crosses callers with different metadata, except tracing metadata", async () => {
    const { title, client } = cached({ forward: ["authorization", "x-request-id", "traceparent", "x-b3-traceid"] });
    const as = (authorization: string, id: string) =>
      title("a", { headers: { authorization, "x-request-id": id, traceparent: id, "x-b3-traceid": id } });
    expect([await as("ann", "1"), await as("bob", "2"), await as("ann", "3"), await title("a")]).toEqual([
      "1",
      "2",
      "1",
      "3",
    ]);
    expect(client.of("a").headers).toEqual({});
  });
  test("a failed or malformed answer is not cached", async () => {
    const { title, client } = cached();
    client.answer = byId({ a: "UNAVAILABLE" });
    expect([await title("a"), await title("a")]).toEqual(["none", "none"]);
    client.answer = (sent) => sent.bytes(new Uint8Array([255]));
    expect(await title("a")).toBe("none");
    expect(client.sent.length).toBe(3);
  });
  test("a cached answer is immutable because each caller receives a copy", async () => {
    const { send, client } = cached();
    client.answer = (sent) => sent.thing({ tags: ["x"] });
    for (let i = 0; i < 3; i++) {
      const { answer } = send(async (cx) => {
        const thing = await cx.call(cx.app.get, { id: "a" });
        thing.tags.push("y");
        return page({ facts: thing.tags });
      });
      expect((await answer).page?.facts).toEqual(["x", "y"]);
    }
    expect(client.sent.length).toBe(1);
  });
});

describe("a fetch", () => {
  test("all waiting callers share a fetch", async () => {
    const { get, client, cached: events } = cached();
    client.answer = undefined;
    const all = [get("a"), get("a"), get("a")];
    expect(client.sent.length).toBe(1);
    client.of("a").thing({ count: 7n });
    expect((await Promise.all(all.map(({ answer }) => answer))).map(({ page }) => page?.title)).toEqual([
      "7",
      "7",
      "7",
    ]);
    expect(events.map(({ outcome }) => outcome)).toEqual(["missed", "joined", "joined"]);
  });
  test("a fetch continues when a caller leaves, and ends when the last caller leaves", async () => {
    const { get, client, clock } = cached();
    client.answer = undefined;
    const first = get("a");
    const second = get("a");
    first.cancel();
    expect(client.of("a").cancelled).toBe(false);
    client.of("a").thing({ count: 7n });
    expect((await second.answer).page?.title).toBe("7");
    const third = get("b");
    const fourth = get("b");
    third.cancel();
    fourth.cancel();
    expect(client.of("b").cancelled).toBe(true);
    expect(clock.running).toBe(0);
    get("b");
    expect(client.of("b").cancelled).toBe(false);
  });
  test("a fetch and each of its callers have separate deadlines", async () => {
    const { get, client, clock } = cached({ timeoutMs: 400 });
    client.answer = undefined;
    const hurried = get("a", { clientMs: 100 });
    const patient = get("a");
    expect(client.of("a").timeoutMs).toBe(400);
    await clock.advance(90);
    expect((await hurried.answer).page?.title).toBe("none");
    await clock.advance(100);
    client.of("a").thing({ count: 7n });
    expect((await patient.answer).page?.title).toBe("7");
    const late = get("b");
    await clock.advance(300);
    const later = get("b");
    await clock.advance(100);
    expect((await late.answer).entries).toEqual(["spent_cents 1 1 test.v1.Upstream"]);
    expect((await later.answer).entries).toEqual(["spent_cents 1 1 test.v1.Upstream"]);
    expect(client.of("b").cancelled).toBe(true);
    expect(clock.running).toBe(0);
  });
  test("a fetch fails for all waiting callers, and is retried like any call", async () => {
    const retry = { attempts: 2, on: [Code.UNAVAILABLE], initialMs: 20, maxMs: 200, multiplier: 2 };
    const { get, client, clock } = cached({ retry });
    client.answer = byId({ a: "UNAVAILABLE" });
    const both = [get("a"), get("a")];
    await clock.advance(100);
    for (const { answer } of both) expect((await answer).entries).toEqual(["spent_cents 1 2 test.v1.Upstream"]);
    expect(client.sent.length).toBe(2);
  });
  test("a fetch of many keys uses at most as many places as one response", async () => {
    const { send, client } = cached({}, { concurrent: 2 });
    client.answer = undefined;
    const { answer } = send(async (cx) => {
      const all = await Promise.all(["a", "b", "c"].map((id) => cx.send(cx.app.get, { id })));
      return page({ facts: all.map(({ id }) => id) });
    });
    expect(client.sent.map(({ id }) => id)).toEqual(["a", "b"]);
    client.of("a").thing();
    await idle();
    expect(client.sent.map(({ id }) => id)).toEqual(["a", "b", "c"]);
    client.of("b").thing();
    client.of("c").thing();
    expect((await answer).page?.facts).toEqual(["a", "b", "c"]);
  });
  test("callers that join a fetch take no place of their response", async () => {
    const { send, client } = cached({}, { concurrent: 2 });
    client.answer = undefined;
    const { answer } = send(async (cx) => {
      const all = await Promise.all(["a", "a", "a", "b"].map((id) => cx.send(cx.app.get, { id })));
      return page({ facts: all.map(({ id }) => id) });
    });
    expect(client.sent.map(({ id }) => id)).toEqual(["a", "b"]);
    client.of("a").thing();
    client.of("b").thing();
    expect((await answer).page?.facts).toEqual(["a", "a", "a", "b"]);
  });
  test("a fetch of one key waits in the pool of its `each`, and uses an answer that arrives meanwhile", async () => {
    const { send, client } = cached();
    client.answer = undefined;
    const { answer } = send(async (cx) => {
      const few = cx.bounded(1);
      const all = await Promise.all(["a", "b", "b"].map((id) => few.send(few.app.get, { id })));
      return page({ facts: all.map(({ id }) => id) });
    });
    await idle();
    expect(client.sent.map(({ id }) => id)).toEqual(["a"]);
    client.of("a").thing();
    await idle();
    client.of("b").thing();
    expect((await answer).page?.facts).toEqual(["a", "b", "b"]);
    expect(client.sent.length).toBe(2);
  });
});

describe("a stale answer", () => {
  const stale = async (options: FrontOptions = {}) => {
    const all = cached({}, options);
    await all.title("a");
    await all.clock.advance(2_000);
    all.client.answer = undefined;
    all.client.sent.splice(0);
    return all;
  };
  test("a stale answer is served at once while one refresh runs, without a degradation", async () => {
    const { get, client, clock } = await stale();
    const all = [get("a"), get("a"), get("a")];
    for (const { answer } of all) {
      const { page, entries } = await answer;
      expect([page?.title, entries]).toEqual(["1", undefined]);
    }
    expect(client.sent.length).toBe(1);
    client.of("a").thing({ count: 9n });
    expect((await get("a").answer).page?.title).toBe("9");
    expect(client.sent.length).toBe(1);
    expect(clock.running).toBe(0);
  });
  test("a stale answer is recorded with its age once a refresh has failed, until one succeeds", async () => {
    const { get, client, clock } = await stale();
    await get("a").answer;
    client.of("a").fault(Code.UNAVAILABLE);
    await clock.advance(500);
    expect(await get("a").answer).toMatchObject({
      page: { title: "1", spentCents: 1n },
      entries: ["spent_cents 4 2 test.v1.Upstream 2500 ms"],
      header: "spent_cents",
    });
    expect(client.sent.length).toBe(2); // each asks for the refresh that is not under way
    client.of("a").thing({ count: 9n });
    expect(await get("a").answer).toMatchObject({ page: { title: "9" }, header: "" });
  });
  test("a stale answer is served up to the age in `stale`; later the call fails", async () => {
    const { get, client, clock } = await stale();
    client.answer = byId({ a: "UNAVAILABLE" });
    await get("a").answer;
    await clock.advance(7_999);
    expect((await get("a").answer).entries).toEqual(["spent_cents 4 2 test.v1.Upstream 9999 ms"]);
    await clock.advance(1);
    expect((await get("a").answer).entries).toEqual(["spent_cents 1 2 test.v1.Upstream"]);
  });
  test("a stale answer is recorded while the breaker is open, and nothing is sent", async () => {
    const breaker = { errorRate: 0.5, windowMs: 10_000, minimum: 2, openMs: 5_000, probes: 1 };
    const { get, client, states, clock } = await stale({ policy: { breaker } });
    client.answer = byId({ bad: "UNAVAILABLE" });
    for (let i = 0; i < 2; i++) await get("bad").answer;
    expect(states).toEqual(["open"]);
    client.sent.splice(0);
    expect((await get("a").answer).entries).toEqual(["spent_cents 4 3 test.v1.Upstream 2000 ms"]);
    expect(client.sent).toEqual([]);
    await clock.advance(5_000);
    expect((await get("a").answer).entries).toBe(undefined); // a probe may go out, and nothing has failed
    expect(client.sent.length).toBe(1);
  });
  test("a stale answer is refreshed after its caller has left, within the deadline of the refresh", async () => {
    const { get, client, clock } = await stale();
    get("a").cancel();
    await idle();
    expect(client.of("a")).toMatchObject({ cancelled: false, timeoutMs: 1_800 });
    await clock.advance(1_800);
    expect(client.of("a").cancelled).toBe(true);
    expect(clock.running).toBe(0);
    expect((await get("a").answer).entries).toEqual(["spent_cents 4 1 test.v1.Upstream 3800 ms"]);
  });
  test("a stale answer marks its dependents, but a failure takes precedence", async () => {
    const { send, get, client } = await stale();
    await get("a").answer;
    client.of("a").fault(Code.UNAVAILABLE);
    client.answer = byId({ b: "NOT_FOUND" });
    const { answer } = send(async (cx) => {
      const staleStep = cx.step(() => cx.send(cx.app.get, { id: "a" }));
      const missingStep = cx.tryCall(cx.app.get, { id: "b" });
      const textStep = cx.step(async (mark) => (await cx.send(cx.app.get, { id: "a" }, { mark })).id);
      const listStep = cx.step(async (mark) => cx.partial([cx.send(cx.app.get, { id: "a" })], mark));
      const thing = await staleStep;
      const list = await listStep;
      await missingStep;
      const filledStep = cx.orElse(staleStep, () => thing);
      await filledStep;
      const out = page({ title: await textStep, spentCents: thing.count, facts: list.map(({ id }) => id) });
      cx.touched(out, "title", true, textStep);
      cx.touched(out, "spent_cents", true, staleStep, missingStep);
      cx.touched(out, "facts", true, listStep);
      cx.touched(out, "main", false, filledStep);
      cx.touched(out, "text", true, thing);
      return out;
    });
    expect((await answer).entries).toEqual([
      "title 4 2 test.v1.Upstream 2000 ms",
      "spent_cents 2 5 test.v1.Upstream",
      "facts 4 2 test.v1.Upstream 2000 ms",
      "main 4 2 test.v1.Upstream 2000 ms",
      "text 4 2 test.v1.Upstream 2000 ms",
    ]);
  });
  test("a stale answer of a batch marks each of its keys", async () => {
    const { send, client, clock } = cached();
    client.answer = (sent) => sent.things({ things: sent.ids.map((id) => ({ id })) });
    const load = () =>
      send(async (cx) => {
        const step = cx.tryLoad(cx.app.byId, "k");
        const thing = await step;
        const out = page({ title: thing?.id ?? "" });
        cx.touched(out, "title", thing !== undefined, step);
        return out;
      }).answer;
    await load();
    await clock.advance(2_000);
    client.answer = (sent) => sent.fault(Code.INTERNAL);
    await load();
    await idle();
    expect(await load()).toMatchObject({ page: { title: "k" }, entries: ["title 4 2 test.v1.Upstream 2000 ms"] });
  });
});

test("a refused, limited or late call fails as without a cache", async () => {
  const { get, client, clock } = cached({}, { policy: { limit: { concurrent: 1, queued: 0 } } });
  client.answer = undefined;
  get("a");
  expect((await get("b").answer).entries).toEqual([`spent_cents 1 ${Reason.LIMITED} test.v1.Upstream`]);
  expect((await get("c", { clientMs: 1 }).answer).entries).toEqual([
    `spent_cents 1 ${Reason.TIMEOUT} test.v1.Upstream`,
  ]);
  await clock.advance(1_800);
  expect(clock.running).toBe(0);
});

test("a fetch that every caller has left because it took too long counts as failed", async () => {
  const breaker = { errorRate: 0.5, windowMs: 10_000, minimum: 2, openMs: 5_000, probes: 1 };
  const { title, client, clock, calls, states } = cached({ timeoutMs: 100 }, { policy: { breaker } });
  client.answer = () => {};
  for (const id of ["a", "b"]) {
    const answer = title(id);
    await clock.advance(100);
    expect(await answer).toBe("none");
  }
  expect(calls.map(({ outcome }) => outcome.ok || outcome.failure.code)).toEqual([
    Code.DEADLINE_EXCEEDED,
    Code.DEADLINE_EXCEEDED,
  ]);
  expect(states).toEqual(["open"]);
  expect(client.underWay).toEqual([]);
  expect(clock.running).toBe(0);
});
test("a fetch whose only caller had a short deadline does not count for the breaker", async () => {
  const breaker = { errorRate: 0.5, windowMs: 10_000, minimum: 1, openMs: 5_000, probes: 1 };
  const { title, client, clock, states } = cached({ timeoutMs: 100 }, { policy: { breaker } });
  client.answer = () => {};
  const answer = title("a", { clientMs: 20 });
  await clock.advance(100);
  expect(await answer).toBe("none");
  expect(states).toEqual([]);
  expect(client.underWay).toEqual([]);
});
test("each legal transition of a call's place is taken, and each other one throws", async () => {
  const taken = async (): Promise<void> => {
    const { send } = cached({}, { concurrent: 1 });
    const all = send(async (cx) => {
      await Promise.all(["a", "b"].map((id) => cx.tryCall(cx.app.get, { id })));
      return page({ title: "" });
    });
    await all.answer;
  };
  expect(await untakenTransitions(PLACE_TRANSITIONS, taken)).toEqual([]);
  for (const [from, to] of illegalTransitions(PLACE_TRANSITIONS))
    expect(() => transition(PLACE_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});
