// Holds docs/runtime.md#equal-calls
import { describe, expect, test } from "vitest";
import { Code, Reason } from "../failure.ts";
import { byId } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page } from "../testing/front.ts";

const coalescing = () => front({ call: { coalesce: true } });

describe("equal calls of one response", () => {
  test("equal calls are made once for all steps, even after the first has ended", async () => {
    const { send, client, calls } = coalescing();
    client.answer = byId({});
    const { answer } = send(async (cx) => {
      const { get } = cx.app;
      const [a, b, c] = await Promise.all([
        cx.call(get, { id: "a" }),
        cx.tryCall(get, { id: "a" }),
        cx.sub((inner) => inner.call(inner.app.get, { id: "a" })),
      ]);
      const d = await cx.send(get, { id: "a" });
      return page({ title: `${a.id}${b?.id}${c.id}${d.id}` });
    });
    expect((await answer).page?.title).toBe("aaaa");
    expect(client.sent.length).toBe(1);
    expect(calls.length).toBe(1);
  });
  test("calls with other bytes, metadata, method or policy, or in another response, are separate", async () => {
    const { send, client, app } = coalescing();
    client.answer = (sent) => (sent.path.endsWith("BatchGet") ? sent.things({}) : sent.thing());
    const policy = { coalesce: true };
    const other = app.getWith(policy);
    const same = app.getWith(policy);
    const once = () =>
      send(async (cx) => {
        const { get, batchGet } = cx.app;
        await Promise.all([
          cx.call(get, { id: "a" }),
          cx.call(get, { id: "b" }),
          cx.call(get, { id: "a" }, { metadata: { "x-tenant": "t" } }),
          cx.call(get, { id: "a" }, { metadata: { "x-tenant": "t" } }),
          cx.call(get, { id: "a" }, { metadata: { "x-tenant": "u" } }),
          cx.call(batchGet, { ids: ["a"] }), // the same bytes
          cx.call(other, { id: "a" }),
          cx.call(same, { id: "a" }),
        ]);
        return page();
      }).answer;
    await once();
    expect(client.sent.length).toBe(6);
    await once();
    expect(client.sent.length).toBe(12);
  });
  test("equal calls are made separately if the plan does not mark them as coalescible", async () => {
    const { send, client } = front();
    client.answer = byId({});
    const { answer } = send(async (cx) => {
      await Promise.all([cx.call(cx.app.get, { id: "a" }), cx.call(cx.app.get, { id: "a" })]);
      return page();
    });
    await answer;
    expect(client.sent.length).toBe(2);
  });
  test("equal calls share a failure, and each step applies its rescue", async () => {
    const { send, client } = coalescing();
    client.answer = byId({ a: "NOT_FOUND" });
    const { answer } = send(async (cx) => {
      const { get } = cx.app;
      const [a, b] = await Promise.all([
        cx.call(get, { id: "a" }, { rescue: () => ({ id: "x" }) }),
        cx.tryCall(get, { id: "a" }),
      ]);
      const c = await cx.tryCall(get, { id: "a" });
      return page({ title: `${a.id} ${b} ${c}` });
    });
    expect((await answer).page?.title).toBe("x undefined undefined");
    expect(client.sent.length).toBe(1);
  });
  test("equal calls continue when the scope of the first step has failed, and end with the last", async () => {
    const { send, client, clock } = coalescing();
    const { answer } = send(async (cx) => {
      const part = (fails: string) =>
        cx.tryStep(() =>
          cx.sub(async (inner) => {
            inner.call(inner.app.get, { id: fails });
            return inner.call(inner.app.get, { id: "shared" });
          }),
        );
      await Promise.all([part("one"), part("two")]);
      const again = cx.tryCall(cx.app.get, { id: "shared" });
      return page({ title: (await again)?.id ?? "" });
    });
    client.of("one").fault(Code.INTERNAL);
    await idle();
    expect(client.of("shared").cancelled).toBe(false);
    client.of("two").fault(Code.INTERNAL);
    await idle();
    expect(client.sent.filter(({ id }) => id === "shared").map(({ cancelled }) => cancelled)).toEqual([true, false]);
    client.of("shared").thing();
    expect((await answer).page?.title).toBe("shared");
    expect(clock.running).toBe(0);
  });
  test("equal calls expire and are cancelled with the response", async () => {
    const { send, client, clock } = coalescing();
    const both = (ms?: number) =>
      send(
        async (cx) => {
          await Promise.all([cx.call(cx.app.get, { id: "a" }), cx.call(cx.app.get, { id: "a" })]);
          return page();
        },
        ms === undefined ? {} : { clientMs: ms },
      );
    const { answer } = both(100);
    await clock.advance(90);
    expect((await answer).failure).toMatchObject({ reason: Reason.TIMEOUT });
    both().cancel();
    expect(client.sent.map(({ cancelled }) => cancelled)).toEqual([true, true]);
    expect(clock.running).toBe(0);
  });
});
