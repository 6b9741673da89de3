import { describe, expect, test } from "vitest";
import { Code, Reason } from "../failure.ts";
import { type FrontOptions, front, page } from "../testing/front.ts";
import type { CallPolicy } from "./policy.ts";

// Order of calls at a full adaptive limit, and its adaptation to their ends.

const limit = { concurrent: 3, queued: 10, adaptive: true };

/** A limit of 3 that another request has taken; `free` gives one place. */
function taken(call: CallPolicy = {}, more: FrontOptions = {}) {
  const rig = front({ policy: { limit }, call, ...more });
  const ids = ["x1", "x2", "x3"];
  rig.send(async (cx) => {
    await Promise.all(ids.map((id) => cx.send(cx.app.get, { id })));
    return page({});
  });
  const free = (): void => rig.client.of(ids.pop() ?? "").thing();
  /** Calls that were sent since then. */
  const sent = (): string[] =>
    rig.client.sent.slice(3).flatMap(({ path, ids, id }) => (path.endsWith("BatchGet") ? ids : [id]));
  return { ...rig, free, sent };
}

describe("critical calls overtake", () => {
  test("critical calls overtake supplementary steps, calls composed in them, and background renewals", async () => {
    const { send, free, sent, clock } = taken();
    send(async (cx) => {
      const a = cx.tryCall(cx.app.get, { id: "try" });
      const b = cx.tryStep(() => cx.aside.send(cx.app.get, { id: "aside" }));
      const c = cx.tryStep(() => cx.aside.sub((cx) => cx.call(cx.app.get, { id: "composed" })));
      const d = cx.call(cx.app.get, { id: "critical" });
      await Promise.all([a, b, c, d]);
      return page({});
    });
    await clock.advance(0);
    free();
    expect(sent()).toEqual(["critical"]);
    free();
    free();
    expect(sent()).toEqual(["critical", "try", "aside"]);
  });
  test("a side effect is a critical call in every position", async () => {
    const { send, free, sent, clock } = taken();
    send(async (cx) => {
      await Promise.all([
        cx.tryCall(cx.app.get, { id: "try" }),
        cx.tryStep(() => cx.aside.effect(cx.app.get, { id: "effect" })),
      ]);
      return page({});
    });
    await clock.advance(0);
    free();
    expect(sent()).toEqual(["effect"]);
  });
  test("a batch is as critical as its most critical waiting step, including later ones", async () => {
    const { send, free, sent, clock } = taken();
    send(async (cx) => {
      const a = cx.tryLoad(cx.app.byId, "a");
      await new Promise((resolve) => setImmediate(resolve));
      const other = cx.tryCall(cx.app.get, { id: "try" });
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all([a, other, cx.load(cx.app.byId, "a")]);
      return page({});
    });
    send(async (cx) => {
      await cx.tryCall(cx.app.get, { id: "other" });
      return page({});
    });
    await clock.advance(0);
    free();
    expect(sent()).toEqual(["a"]);
  });
  test.each([
    { step: "critical", critical: true, aside: false, first: "a" },
    { step: "supplementary", critical: false, aside: false, first: "try" },
    { step: "critical in what is supplementary", critical: true, aside: true, first: "try" },
  ])("a batch for a whole list is as critical as its step: $step", async ({ critical, aside, first }) => {
    const { send, free, sent, clock } = taken();
    send(async (cx) => {
      const other = cx.tryCall(cx.app.get, { id: "try" });
      await new Promise((resolve) => setImmediate(resolve));
      const on = aside ? cx.aside : cx;
      const loads = critical
        ? on.loadEach(cx.app.byId, ["a"], (id) => id)
        : on.tryLoadEach(cx.app.byId, ["a"], (id) => id);
      await Promise.all([other, loads.all]);
      return page({});
    });
    await clock.advance(0);
    free();
    expect(sent()).toEqual([first]);
  });
  test("a coalesced call is as critical as its most critical step", async () => {
    const { send, free, sent, clock } = taken({ coalesce: true });
    send(async (cx) => {
      await Promise.all([
        cx.tryCall(cx.app.get, { id: "try" }),
        cx.tryCall(cx.app.get, { id: "same" }),
        cx.call(cx.app.get, { id: "same" }),
      ]);
      return page({});
    });
    await clock.advance(0);
    free();
    expect(sent()).toEqual(["same"]);
  });
  test("a fetch of the cache is as critical as the most critical of its requests", async () => {
    const { send, free, sent, clock } = taken({ cache: { ttlMs: 1_000 } });
    const sendOne = (id: string, critical: boolean): void => {
      send(async (cx) => {
        await (critical ? cx.call(cx.app.get, { id }) : cx.tryCall(cx.app.get, { id }));
        return page({});
      });
    };
    sendOne("try", false);
    sendOne("same", false);
    sendOne("same", true);
    await clock.advance(0);
    free();
    expect(sent()).toEqual(["same"]);
  });
});

test("a request degrades instead of failing under overload", async () => {
  const { send, clock } = taken();
  const waits = send(async (cx) => {
    await cx.call(cx.app.get, { id: "first" });
    return page({});
  });
  await clock.advance(101);
  const { answer } = send(async (cx) => {
    const step = cx.tryCall(cx.app.get, { id: "a" });
    expect(await step).toBe(undefined);
    expect(cx.failure(step)?.reason).toBe(Reason.LIMITED);
    return page({ title: "there" });
  });
  expect((await answer).page?.title).toBe("there");
  waits.cancel();
});

describe("the adaptive limit", () => {
  const after = async (code: Code, call: CallPolicy = {}) => {
    const { send, client, clock, upstream } = front({
      policy: { limit: { ...limit, concurrent: 100 } },
      call,
      concurrent: 20,
    });
    for (let round = 0; round < 40; round++) {
      const all = Array.from({ length: 15 }, (_, i) => `${round} ${i}`);
      send(async (cx) => {
        await Promise.all(all.map((id) => cx.tryCall(cx.app.get, { id })));
        return page({});
      });
      await clock.advance(20);
      for (let sent = client.underWay[0]; sent !== undefined; sent = client.underWay[0])
        if (code === Code.OK) sent.thing();
        else sent.fault(code);
    }
    return upstream.state.limits[0]?.most ?? 0;
  };
  test("the limit rises after answers and after refusals unrelated to load", async () => {
    expect(await after(Code.OK)).toBeGreaterThan(20);
    expect(await after(Code.NOT_FOUND)).toBeGreaterThan(20);
  });
  test("the limit falls if the upstream refuses calls", async () => {
    expect(await after(Code.UNAVAILABLE)).toBeLessThan(10);
    expect(await after(Code.RESOURCE_EXHAUSTED)).toBeLessThan(10);
  });
  test("the limit stays after errors of an upstream with capacity", async () => {
    expect(await after(Code.INTERNAL)).toBe(20);
  });
  test("the limit stays after calls that clients cancelled", async () => {
    const { send, clock, upstream } = front({ policy: { limit: { ...limit, concurrent: 100 } } });
    for (let round = 0; round < 60; round++) {
      const { cancel } = send(async (cx) => {
        await Promise.all(Array.from({ length: 8 }, (_, i) => cx.tryCall(cx.app.get, { id: `${round} ${i}` })));
        return page({});
      });
      await clock.advance(50);
      cancel();
      await clock.advance(200);
    }
    expect(upstream.state.limits[0]?.most).toBe(20);
  });
  test("the limit of a method adapts separately", async () => {
    const { send, client, clock, upstream } = front({
      call: { limit: { concurrent: 50, queued: 10, adaptive: true } },
    });
    send(async (cx) => page({ title: (await cx.call(cx.app.get, { id: "a" })).id }));
    await clock.advance(1);
    expect(upstream.state.limits).toContainEqual({ method: "test.v1.Upstream/Get", taken: 1, most: 20, waiting: 0 });
    client.of("a").thing();
  });
});
