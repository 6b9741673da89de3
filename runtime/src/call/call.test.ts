// Holds docs/runtime.md#deadlines
// Holds docs/runtime.md#failures
// Holds docs/runtime.md#limits
import { describe, expect, test } from "vitest";
import { Code, Reason } from "../failure.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page, singleCall } from "../testing/front.ts";

describe("deadlines", () => {
  test("a call gets the rest of the budget after the margin", async () => {
    const { get, client } = singleCall();
    get("a");
    get("b", { clientMs: 100 });
    get("c", { clientMs: 60_000 });
    get("d", { clientMs: 8 });
    expect(client.sent.map(({ timeoutMs }) => timeoutMs)).toEqual([1_800, 90, 1_800, 4]);
  });
  test("a call's timeout runs from ready to result, including the queue, and is enforced locally", async () => {
    const { get, client, clock, calls } = singleCall({
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
  test("each request has one timer, and each call with a shorter timeout has another", async () => {
    const { send, client, clock } = singleCall();
    const running: number[] = [];
    const { answer } = send(async (cx) => {
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
  test("a call without remaining time is not sent", async () => {
    const { send, get, client, clock } = singleCall();
    expect((await get("a", { clientMs: 0 }).answer).failure).toMatchObject({ clientCode: Code.DEADLINE_EXCEEDED });
    const { answer } = send(async (cx) => {
      clock.skip(1_800);
      await cx.call(cx.app.get, { id: "b" });
      return page();
    });
    expect((await answer).failure).toMatchObject({ clientCode: Code.DEADLINE_EXCEEDED });
    expect(client.sent).toEqual([]);
    expect(clock.running).toBe(0);
  });
  test("late supplementary steps are absent, and the response leaves before its deadline", async () => {
    const { send, clock, client } = singleCall();
    const { answer, state } = send(async (cx) => {
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
    const { get, client } = singleCall();
    const { answer } = get("a");
    client.of("a").fault(code, { kind });
    const { failure } = await answer;
    expect(failure).toMatchObject({ code, reason, clientCode, upstream: "test.v1.Upstream" });
    expect(failure?.clientMessage).not.toContain("secret");
  });
  test("a stream reset at the deadline is a timeout", async () => {
    const { get, client, clock } = singleCall({ call: { timeoutMs: 50 } });
    const { answer } = get("a");
    await clock.advance(49.5);
    client.of("a").fault(Code.CANCELLED, { kind: "transport" });
    expect((await answer).failure).toMatchObject({ reason: Reason.TIMEOUT });
  });
  test("a client that throws fails the call as INVALID, and its places are freed", async () => {
    const client = {
      send: (): never => {
        throw new Error("broken client");
      },
    };
    const { send, clock } = front({ policy: { limit: { concurrent: 1, queued: 0 } } }, client);
    for (let i = 0; i < 2; i++) {
      const { answer } = send(async (cx) => page({ title: (await cx.call(cx.app.get, { id: "a" })).id }));
      expect((await answer).failure).toMatchObject({ reason: Reason.INVALID });
    }
    expect(clock.running).toBe(0);
  });
});

describe("limits", () => {
  test("a limit with a full queue refuses the call, with pushback for the client", async () => {
    const { get, client } = singleCall({ policy: { limit: { concurrent: 1, queued: 1 } } });
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
  test("a call needs a place of its RPC and of its upstream; a refusal by one frees the other", async () => {
    const { send, client, app } = front({ policy: { limit: { concurrent: 2, queued: 0 } } });
    const inner = app.getWith({ limit: { concurrent: 1, queued: 0 } });
    const get = (rpc: typeof inner, id: string) => send(async (cx) => page({ title: (await cx.call(rpc, { id })).id }));
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
