// Holds docs/runtime.md#cancellation
import { describe, expect, test } from "vitest";
import { Code, Reason } from "../failure.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page } from "../testing/front.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";

noUnhandledRejections();

describe("side effects", () => {
  test("side effects continue to their deadline after the response has failed or the client has left", async () => {
    const { send, client, clock, app, calls } = front();
    const pay = app.getWith({ timeoutMs: 300 });
    const { answer } = send(async (cx) => {
      cx.step(() => cx.effect(pay, { id: "pay" }));
      await cx.call(cx.app.get, { id: "bad" });
      return page();
    });
    client.of("bad").fault(Code.INTERNAL);
    expect((await answer).failure).toMatchObject({ clientCode: Code.INTERNAL });
    expect(client.of("pay").cancelled).toBe(false);
    expect(clock.running).toBe(1);
    await clock.advance(300);
    expect(client.of("pay").cancelled).toBe(true);
    expect(clock.running).toBe(0);
    expect(calls.at(-1)?.outcome).toMatchObject({ ok: false, failure: { reason: Reason.TIMEOUT } });

    const { cancel } = send(async (cx) => {
      await cx.step(() => cx.effect(pay, { id: "pay2" }));
      return page();
    });
    cancel();
    await idle();
    client.of("pay2").thing();
    expect(clock.running).toBe(0);
  });
  test("side effects are not sent after the response has failed, even if a guard still holds the failure back", async () => {
    const { send, client } = front();
    const { answer } = send(async (cx) => {
      const viewerStep = cx.call(cx.app.get, { id: "viewer" });
      cx.guard(async () => void (await viewerStep));
      const agentStep = cx.call(cx.app.get, { id: "agent" });
      cx.step(async () => {
        await cx.ended(agentStep);
        return cx.effect(cx.app.get, { id: "pay" });
      });
      await agentStep;
      return page();
    });
    client.of("agent").fault(Code.INTERNAL);
    await idle();
    client.of("viewer").thing();
    expect((await answer).failure).toMatchObject({ clientCode: Code.INTERNAL });
    await idle();
    expect(client.sent.map(({ id }) => id)).toEqual(["viewer", "agent"]);
  });
  test("an answer waits for side effects, whose step may still fail it", async () => {
    const { send, client } = front();
    const { answer, state } = send(async (cx) => {
      cx.step(() => cx.effect(cx.app.get, { id: "pay" }));
      return page();
    });
    await idle();
    expect(state.answered).toBe(undefined);
    client.of("pay").fault(Code.UNAVAILABLE);
    expect((await answer).failure).toMatchObject({ clientCode: Code.UNAVAILABLE });
  });
  test("side effects wait for their prerequisites", async () => {
    const { send, client } = front();
    const { answer } = send(async (cx) => {
      const okStep = cx.guard(async () => {});
      const badStep = cx.tryStep(async () => {
        await cx.cleared(okStep, Promise.reject(new RangeError("x")));
        return cx.effect(cx.app.get, { id: "never" });
      });
      await badStep;
      await cx.cleared(okStep, badStep);
      await cx.effect(cx.app.get, { id: "pay" });
      return page();
    });
    await idle();
    client.of("pay").thing();
    expect((await answer).failure).toBe(undefined);
    expect(client.sent.length).toBe(1);
  });
  test("side effects wait in the queue like other calls, and may leave it unsent", async () => {
    const { send, client } = front({ policy: { limit: { concurrent: 1, queued: 5 } } });
    const first = send(async (cx) => page({ title: (await cx.call(cx.app.get, { id: "a" })).id }));
    const second = send(async (cx) => page({ title: (await cx.effect(cx.app.get, { id: "pay" })).id }));
    second.cancel();
    client.of("a").thing();
    await first.answer;
    await idle();
    expect(client.sent.length).toBe(1);
  });
});
