// Holds docs/runtime.md#one-call-layer-by-layer
// Holds docs/runtime.md#failures
// Holds docs/runtime.md#limits
import { describe, expect, test } from "vitest";
import { Code } from "../failure.ts";
import { byId } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page } from "../testing/front.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";

noUnhandledRejections();

describe("scopes", () => {
  test("a critical failure in a sub-scope cancels only the sub-scope", async () => {
    const { send, client } = front();
    const { answer } = send(async (cx) => {
      const otherStep = cx.call(cx.app.get, { id: "other" });
      const partStep = cx.tryStep(() =>
        cx.sub(async (inner) => {
          inner.call(inner.app.get, { id: "sibling" });
          inner.tryCall(inner.app.get, { id: "extra" });
          return inner.call(inner.app.get, { id: "bad" });
        }),
      );
      const part = await partStep;
      const out = page({ title: (await otherStep).id });
      cx.touched(out, "main", part !== undefined, partStep);
      return out;
    });
    client.of("bad").fault(Code.INTERNAL);
    await idle();
    expect(client.of("sibling").cancelled && client.of("extra").cancelled).toBe(true);
    expect(client.of("other").cancelled).toBe(false);
    client.of("other").thing();
    expect(await answer).toMatchObject({ page: { title: "other" }, entries: ["main 1 2 test.v1.Upstream"] });
  });
  test("a pending guard in a sub-scope holds the scope's failure back, and fails the whole response", async () => {
    const { send, client } = front();
    const { answer, state } = send(async (cx) => {
      await cx.tryStep(() =>
        cx.sub(async (inner) => {
          const viewerStep = inner.call(inner.app.get, { id: "viewer" });
          inner.guard(async () => {
            await viewerStep;
            throw inner.refuse(Code.PERMISSION_DENIED, "no");
          });
          return inner.call(inner.app.get, { id: "bad" });
        }),
      );
      return page();
    });
    client.of("bad").fault(Code.INTERNAL);
    await idle();
    expect(client.of("viewer").cancelled).toBe(false);
    expect(state.answered).toBe(undefined);
    client.of("viewer").thing();
    expect((await answer).failure).toMatchObject({ clientCode: Code.PERMISSION_DENIED });
  });
  test("the end of the response ends sub-scopes and their waiting steps", async () => {
    const { send, client } = front();
    let rejected: unknown;
    const { cancel } = send(async (cx) => {
      await cx
        .sub((inner) => inner.call(inner.app.get, { id: "a" }))
        .catch((thrown) => {
          rejected = thrown;
        });
      return page();
    });
    cancel();
    await idle();
    expect(client.of("a").cancelled).toBe(true);
    expect(rejected).toMatchObject({ code: Code.CANCELLED });
  });
  test("bounded admits a maximum of concurrent calls, including nested ones; batches are not counted", async () => {
    const { send, client, clock } = front();
    const { answer } = send(async (cx) => {
      const outer = cx.bounded(3);
      const inner = outer.bounded(2);
      for (const id of ["a", "b", "c"]) inner.tryCall(inner.app.get, { id });
      for (const id of ["d", "e"]) outer.tryCall(outer.app.get, { id });
      inner.tryLoad(inner.app.byId, "k");
      await inner.tryCall(inner.app.get, { id: "f" });
      return page();
    });
    await idle();
    const isBatch = (path: string) => path.endsWith("BatchGet");
    const admitted: string[] = [];
    while (client.underWay.some(({ path }) => !isBatch(path))) {
      const open = client.underWay.filter(({ path }) => !isBatch(path)).map(({ id }) => id);
      expect(open.length).toBeLessThanOrEqual(3);
      expect(open.filter((id) => "abcf".includes(id)).length).toBeLessThanOrEqual(2);
      if (admitted.length === 0) expect(open.length).toBe(3);
      admitted.push(...open.slice(0, 1));
      client.of(open[0]!).thing();
      await idle();
    }
    expect(admitted.sort()).toEqual(["a", "b", "c", "d", "e", "f"]);
    expect(client.sent.filter(({ path }) => isBatch(path)).map(({ cancelled }) => cancelled)).toEqual([true]); // with the answer
    expect((await answer).failure).toBe(undefined);
    expect(clock.running).toBe(0);
  });
  test("bounded: after a failure, none of its waiting calls is sent, least of all side effects", async () => {
    for (const effect of [false, true]) {
      const { send, client, clock } = front();
      const { answer } = send(async (cx) => {
        const list = cx.step(async () => {
          const bounded = cx.bounded(1);
          const fetchThing = async (id: string) =>
            effect ? bounded.effect(cx.app.get, { id }) : bounded.send(cx.app.get, { id });
          return Promise.all(["a", "b", "c"].map(fetchThing));
        });
        await list;
        return page();
      });
      await idle();
      client.of("a").fault(Code.INTERNAL);
      expect((await answer).failure?.clientCode).toBe(Code.INTERNAL);
      await idle();
      expect(client.sent.map(({ id }) => id)).toEqual(["a"]);
      expect(clock.running).toBe(0);
    }
  });
  test("a response has a maximum of concurrent calls to one upstream", async () => {
    const { send, client } = front({ concurrent: 2 });
    const { answer } = send(async (cx) => {
      await Promise.all(["a", "b", "c", "d"].map((id) => cx.call(cx.app.get, { id })));
      return page();
    });
    await idle();
    expect(client.underWay.length).toBe(2);
    client.of("a").thing();
    expect(client.underWay.map(({ id }) => id)).toEqual(["b", "c"]);
    client.answer = byId({});
    client.of("b").thing();
    client.of("c").thing();
    expect((await answer).failure).toBe(undefined);
  });
});
