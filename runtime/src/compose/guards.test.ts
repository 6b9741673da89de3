// Holds docs/runtime.md#cancellation
// Holds docs/runtime.md#failures
import { describe, expect, test } from "vitest";
import { Code, Reason } from "../failure.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page } from "../testing/front.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";

noUnhandledRejections();

type Cx = Parameters<Parameters<ReturnType<typeof front>["send"]>[0]>[0];

describe("guards", () => {
  test("a pending guard overrides an earlier failure, in declared order, and its input steps continue", async () => {
    const { send, client } = front();
    const { answer, state } = send(async (cx) => {
      const viewerStep = cx.call(cx.app.get, { id: "viewer" });
      cx.guard(async () => {
        if ((await viewerStep).count === 9n) throw cx.refuse(Code.PERMISSION_DENIED, "no", 1);
      });
      cx.guard(async () => {
        await viewerStep;
        throw cx.refuse(Code.FAILED_PRECONDITION, "later", 2);
      });
      await cx.call(cx.app.get, { id: "agent" });
      return page();
    });
    client.of("agent").fault(Code.NOT_FOUND);
    await idle();
    expect(state.answered).toBe(undefined);
    expect(client.of("viewer").cancelled).toBe(false);
    client.of("viewer").thing({ count: 9n });
    expect((await answer).failure).toMatchObject({ clientCode: Code.PERMISSION_DENIED, clientMessage: "no" });
  });
  test("a guard that reads a part of the answer waits for the guards inside that part", async () => {
    const { send, client } = front();
    const { answer } = send(async (cx) => {
      const part = cx.step(() =>
        cx.sub(async (cx) => {
          const slow = cx.call(cx.app.get, { id: "slow" });
          cx.guard(async () => {
            await slow;
            throw cx.refuse(Code.NOT_FOUND, "inside", 2);
          }, 2);
          return cx.call(cx.app.get, { id: "fast" });
        }),
      );
      cx.guard(async () => {
        await part;
        throw cx.refuse(Code.NOT_FOUND, "outside", 1);
      }, 1);
      await part;
      return page();
    });
    client.of("fast").thing();
    await idle();
    client.of("slow").thing();
    expect((await answer).failure).toMatchObject({ clientMessage: "inside" });
  });
  test("a guard overrides the status of an on_error rule", async () => {
    const { send, client } = front();
    const { answer } = send(async (cx) => {
      const viewerStep = cx.call(cx.app.get, { id: "viewer" });
      cx.guard(async () => {
        await viewerStep;
        throw cx.refuse(Code.PERMISSION_DENIED, "no");
      });
      await cx.call(cx.app.get, { id: "a" }, { rescue: (error) => cx.refuse(error.code) });
      return page();
    });
    client.of("a").fault(Code.NOT_FOUND);
    await idle();
    client.of("viewer").thing();
    expect((await answer).failure).toMatchObject({ clientCode: Code.PERMISSION_DENIED });
  });
  test("dependents of a refusal pause while a guard holds the status back", async () => {
    const { send, client, clock } = front();
    const { answer } = send(async (cx) => {
      const guarded = cx.call(cx.app.get, { id: "guarded" });
      cx.guard(async () => {
        await guarded;
      });
      const refused = cx.tryCall(cx.app.get, { id: "bad" }, { rescue: (error) => cx.refuse(error.code) });
      const inStep = cx.tryStep(() =>
        cx.sub(async (inner) =>
          inner.send(inner.app.get, { id: "worse" }, { rescue: (error) => inner.refuse(error.code) }),
        ),
      );
      cx.step(async () => {
        await refused;
        return cx.send(cx.app.get, { id: "after refused" });
      });
      cx.tryStep(async () => {
        await inStep;
        return cx.send(cx.app.get, { id: "after in step" });
      });
      await guarded;
      return page();
    });
    await idle();
    client.of("bad").fault(Code.NOT_FOUND);
    client.of("worse").fault(Code.NOT_FOUND);
    await idle();
    client.of("guarded").thing({ id: "guarded" });
    expect((await answer).failure?.clientCode).toBe(Code.NOT_FOUND);
    expect(client.sent.map(({ id }) => id)).toEqual(["guarded", "bad", "worse"]);
    expect(clock.running).toBe(0);
  });
  test("dependents of a failed critical step, guards included, pause while another guard holds the status back", async () => {
    const { send, client, clock } = front();
    const { answer } = send(async (cx) => {
      const guarded = cx.call(cx.app.get, { id: "guarded" });
      cx.guard(async () => {
        await guarded;
      });
      const itemStep = cx.call(cx.app.get, { id: "item" });
      const noteStep = cx.tryStep(async () => {
        await itemStep;
        return cx.send(cx.app.get, { id: "note" });
      });
      cx.step(async () => {
        await noteStep;
        return cx.send(cx.app.get, { id: "after note" });
      });
      cx.tryStep(() =>
        cx.sub(async (inner) => {
          const innerStep = inner.tryStep(async () => inner.send(inner.app.get, { id: (await itemStep).id }));
          await innerStep;
          return inner.send(inner.app.get, { id: "after inner" });
        }),
      );
      cx.guard(async () => {
        if ((await noteStep) === undefined) throw cx.refuse(Code.PERMISSION_DENIED, "no note");
      });
      // its own failure leaves it absent, whatever else has failed
      const failingStep = cx.tryStep(async () => cx.send(cx.app.get, { id: "own" }));
      cx.step(async () => {
        await failingStep;
        return cx.send(cx.app.get, { id: "after own" });
      });
      await itemStep;
      return page();
    });
    await idle();
    client.of("item").fault(Code.NOT_FOUND);
    await idle();
    client.of("own").fault(Code.NOT_FOUND);
    await idle();
    client.of("guarded").thing({ id: "guarded" });
    expect((await answer).failure).toMatchObject({ clientCode: Code.INTERNAL, reason: Reason.REJECTED });
    expect(client.sent.map(({ id }) => id)).toEqual(["guarded", "item", "own", "after own"]);
    expect(clock.running).toBe(0);
  });
  test.each([
    ["a batch", (cx: Cx) => cx.load(cx.app.byId, "a"), (cx: Cx) => cx.aside.load(cx.app.byId, "a")],
    [
      "a batch, of which it asks for another key",
      (cx: Cx) => cx.load(cx.app.byId, "a"),
      (cx: Cx) => cx.aside.load(cx.app.byId, "b"),
    ],
    ["an equal call", (cx: Cx) => cx.call(cx.app.get, { id: "a" }), (cx: Cx) => cx.aside.send(cx.app.get, { id: "a" })],
  ])(
    "dependents of a critical step stay suspended even if another step shared its failure, of %s",
    async (_, critical, supplementary) => {
      const { send, client } = front({ call: { coalesce: true } });
      const { answer } = send(async (cx) => {
        const guarded = cx.call(cx.app.get, { id: "guarded" });
        cx.guard(async () => void (await guarded));
        const item = cx.step(async () => critical(cx));
        const aside = cx.tryStep(async () => supplementary(cx));
        const resting = cx.tryStep(async () => void (await item));
        cx.guard(async () => {
          await resting;
          throw cx.refuse(Code.PERMISSION_DENIED, "nothing rests on it", 1);
        }, 1);
        cx.step(async () => {
          await aside;
          return cx.send(cx.app.get, { id: "after its own" });
        });
        await item;
        return page();
      });
      await idle();
      client.sent.find(({ id }) => id !== "guarded")?.fault(Code.NOT_FOUND);
      await idle();
      client.of("guarded").thing({ id: "guarded" });
      expect((await answer).failure).toMatchObject({ clientCode: Code.INTERNAL, reason: Reason.REJECTED });
      expect(client.sent.map(({ id }) => id)).toContain("after its own");
    },
  );
  test("guards that pass release the held failure", async () => {
    const { send, client } = front();
    const { answer } = send(async (cx) => {
      const viewerStep = cx.call(cx.app.get, { id: "viewer" });
      cx.guard(async () => void (await viewerStep));
      await cx.call(cx.app.get, { id: "agent" });
      return page();
    });
    client.of("agent").fault(Code.UNAVAILABLE);
    await idle();
    client.of("viewer").thing();
    expect((await answer).failure).toMatchObject({ clientCode: Code.UNAVAILABLE, clientMessage: "unavailable" });
  });
  test("a guard holds a finished answer back, and an error in a guard fails the response", async () => {
    const { send, client } = front();
    const { answer, state } = send(async (cx) => {
      const step = cx.tryCall(cx.app.get, { id: "a" });
      cx.guard(async () => {
        await step;
        throw new RangeError("in the guard");
      });
      return page();
    });
    await idle();
    expect(state.answered).toBe(undefined);
    client.of("a").thing();
    expect((await answer).failure).toMatchObject({ reason: Reason.INVALID });
  });
  test("a guard whose step hangs ends with it, at the deadline", async () => {
    const { send, client, clock } = front();
    const { answer } = send(async (cx) => {
      const viewerStep = cx.call(cx.app.get, { id: "viewer" });
      cx.guard(async () => void (await viewerStep));
      await cx.call(cx.app.get, { id: "a" });
      return page();
    });
    client.of("a").fault(Code.UNAVAILABLE);
    await clock.advance(1_801);
    expect((await answer).failure).toMatchObject({ clientCode: Code.UNAVAILABLE });
    expect(client.of("viewer").cancelled).toBe(true);
    expect(clock.running).toBe(0);
  });
});
