import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Code, Reason } from "./failure.ts";
import { byId } from "./testing/fake-client.ts";
import { idle } from "./testing/fake-clock.ts";
import { front, page } from "./testing/front.ts";

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  await idle();
  process.off("unhandledRejection", note);
  expect(unhandled.splice(0)).toEqual([]);
});

describe("calls", () => {
  test("run side by side and compose", async () => {
    const { ask, client, clock, responses } = front();
    client.answer = byId({});
    const { answer } = ask(async (cx) => {
      const aStep = cx.call(cx.app.get, { id: "a" });
      const bStep = cx.tryCall(cx.app.get, { id: "b" });
      expect(client.sent.length).toBe(2);
      return page({ title: `${(await aStep).id}${(await bStep)?.id}` });
    });
    expect(await answer).toMatchObject({ page: { title: "ab" }, header: "" });
    expect(clock.running).toBe(0);
    expect(responses.length).toBe(1);
  });

  test("a critical failure fails the response, cancels the rest, and unwinds what is parked elsewhere", async () => {
    const { ask, client, clock } = front();
    let unwound = false;
    const { answer } = ask(async (cx) => {
      const slow = cx.call(cx.app.get, { id: "slow" });
      cx.call(cx.app.get, { id: "bad" });
      cx.tryCall(cx.app.get, { id: "other" });
      try {
        await slow;
      } finally {
        unwound = true;
      }
      return page();
    });
    client.of("bad").fault(Code.INTERNAL);
    const { failure } = await answer;
    expect(failure).toMatchObject({
      clientCode: Code.INTERNAL,
      clientMessage: "internal error",
      reason: Reason.UNAVAILABLE,
    });
    expect(client.of("slow").cancelled && client.of("other").cancelled).toBe(true);
    await idle();
    expect(unwound).toBe(true);
    expect(clock.running).toBe(0);
  });

  test("a supplementary failure leaves a degradation with its root cause", async () => {
    const { ask, client } = front();
    client.answer = byId({ usage: "UNAVAILABLE" });
    const { answer } = ask(async (cx) => {
      const usageStep = cx.tryCall(cx.app.get, { id: "usage" });
      const moreStep = cx.tryStep(async () => {
        const usage = await usageStep;
        return usage === undefined ? undefined : cx.send(cx.app.get, { id: usage.id });
      });
      const usage = await usageStep;
      const more = await moreStep;
      const out = page({ spentCents: usage?.count, facts: more?.tags ?? [] });
      if (cx.degraded) {
        cx.touched(out, "facts", more !== undefined, usageStep, moreStep);
        cx.touched(out, "spent_cents", usage !== undefined, usageStep);
      }
      return out;
    });
    expect(await answer).toMatchObject({
      entries: ["spent_cents 1 2 test.v1.Upstream", "facts 1 2 test.v1.Upstream"],
      header: "spent_cents,facts",
    });
    expect(client.sent.length).toBe(1);
  });

  test("the client that goes away cancels everything, and gets nothing", async () => {
    const { ask, client, clock, responses } = front();
    const { cancel, state } = ask(async (cx) => page({ title: (await cx.call(cx.app.get, { id: "a" })).id }));
    cancel();
    await idle();
    expect(client.of("a").cancelled).toBe(true);
    expect(state.answered).toBe(undefined);
    expect(clock.running).toBe(0);
    expect(responses.map(({ outcome }) => outcome.ok)).toEqual([false]);
  });

  test("what an expression throws fails the response as INVALID", async () => {
    const { ask } = front();
    const { answer } = ask(async () => {
      throw new RangeError("index 7");
    });
    expect((await answer).failure).toMatchObject({ reason: Reason.INVALID, clientCode: Code.INTERNAL, upstream: "" });
  });

  test("bytes that cannot be decoded are INVALID; a request that cannot be encoded too, and is not sent", async () => {
    const { ask, client } = front();
    client.answer = (sent) => sent.bytes(new Uint8Array([255, 255]));
    const first = ask(async (cx) => page({ title: (await cx.call(cx.app.get, { id: "a" })).id }));
    expect((await first.answer).failure).toMatchObject({ reason: Reason.INVALID, upstream: "test.v1.Upstream" });
    const second = ask(async (cx) =>
      page({
        title: (
          await cx.call(cx.app.get, {
            get id(): string {
              throw new RangeError("not in range");
            },
          })
        ).id,
      }),
    );
    expect((await second.answer).failure).toMatchObject({ reason: Reason.INVALID, upstream: "" });
    expect(client.sent.length).toBe(1);
  });
});

describe("headers and metadata", () => {
  test("are passed on, merged, and never those of the connection", async () => {
    const { ask, client, app } = front();
    client.answer = byId({});
    const rpc = app.getWith({ forward: ["authorization", "x-none", "te", "grpc-timeout", "X-Id", "t-bin", "x-odd"] });
    const headers = {
      authorization: "Bearer x",
      te: "trailers",
      "grpc-timeout": "1S",
      "x-id": "1",
      "t-bin": "AAE",
      "x-odd": "\u00e9",
    };
    const { answer } = ask(
      async (cx) => {
        expect([cx.header("x-id"), cx.header("t-bin"), cx.header("x-none")]).toEqual(["1", "", ""]);
        const metadata = { "x-tenant": "t", "x-empty": "", "x-raw-bin": new Uint8Array([0, 1]), authorization: "mine" };
        await cx.call(rpc, { id: "a" }, { metadata });
        return page();
      },
      { headers },
    );
    await answer;
    expect(client.of("a").headers).toEqual({
      authorization: "mine",
      "x-id": "1",
      "t-bin": "AAE",
      "x-tenant": "t",
      "x-raw-bin": "AAE",
    });
  });
  test("a value that gRPC cannot carry is INVALID", async () => {
    const { ask, client } = front();
    const { answer } = ask(async (cx) => {
      await cx.call(cx.app.get, { id: "a" }, { metadata: { "x-name": "a\nb" } });
      return page();
    });
    expect((await answer).failure).toMatchObject({ reason: Reason.INVALID });
    expect(client.sent).toEqual([]);
  });
});

describe("rescue", () => {
  test("fails the response, ignores, or stands in", async () => {
    const { ask, client } = front();
    client.answer = byId({ none: "NOT_FOUND", gone: "NOT_FOUND", odd: "ABORTED", bad: "NOT_FOUND" });
    const { answer } = ask(async (cx) => {
      const ignoredStep = cx.call(
        cx.app.get,
        { id: "none" },
        { rescue: (error) => (error.code === 5 ? undefined : error) },
      );
      const insteadStep = cx.call(cx.app.get, { id: "gone" }, { rescue: () => ({ id: "instead", count: 3n }) });
      const inStep = cx.tryStep(
        async (mark) => (await cx.send(cx.app.get, { id: "odd" }, { rescue: () => "x", mark })) as string,
      );
      const ignored = await ignoredStep;
      const instead = await insteadStep;
      const text = await inStep;
      const out = page({ title: `${ignored?.id}`, spentCents: instead.count, facts: [text ?? ""] });
      cx.touched(out, "title", true, ignoredStep);
      cx.touched(out, "spent_cents", true, insteadStep);
      cx.touched(out, "facts", true, inStep);
      return out;
    });
    expect(await answer).toMatchObject({
      page: { title: "undefined", spentCents: 3n, facts: ["x"] },
      entries: ["spent_cents 2 5 test.v1.Upstream", "facts 2 2 test.v1.Upstream"],
    });
    const failing = ask(async (cx) => {
      await cx.tryCall(cx.app.get, { id: "bad" }, { rescue: (error) => cx.refuse(error.code, "no such thing") });
      return page();
    });
    expect((await failing.answer).failure).toMatchObject({
      clientCode: Code.NOT_FOUND,
      clientMessage: "no such thing",
    });
  });
  test("sees the failure after retries, and what it throws is the call's failure", async () => {
    const { ask, client } = front();
    client.answer = byId({ a: "NOT_FOUND" });
    const { answer } = ask(async (cx) => {
      await cx.call(
        cx.app.get,
        { id: "a" },
        {
          rescue: () => {
            throw new TypeError("x");
          },
        },
      );
      return page();
    });
    expect((await answer).failure).toMatchObject({ reason: Reason.INVALID });
  });
});

describe("fallbacks", () => {
  test("stand in for absence, and are marked only after a failure", async () => {
    const { ask, client } = front();
    client.answer = byId({ a: "INTERNAL" });
    const { answer } = ask(async (cx) => {
      const aStep = cx.orElse(cx.tryCall(cx.app.get, { id: "a" }), () => ({ count: 7n }));
      const bStep = cx.orElse(
        cx.step(async () => undefined as { count: bigint } | undefined),
        async () => ({ count: 8n }),
      );
      const a = await aStep;
      const b = await bStep;
      const out = page({ spentCents: a.count, title: `${b.count}` });
      cx.touched(out, "title", true, bStep);
      cx.touched(out, "spent_cents", true, aStep);
      return out;
    });
    expect(await answer).toMatchObject({
      page: { spentCents: 7n, title: "8" },
      entries: ["spent_cents 2 2 test.v1.Upstream"],
    });
  });
  test("that throw fail the response", async () => {
    const { ask } = front();
    const { answer } = ask(async (cx) => {
      cx.orElse(Promise.resolve(undefined), () => {
        throw new RangeError("x");
      });
      await cx.call(cx.app.get, { id: "hangs" });
      return page();
    });
    expect((await answer).failure).toMatchObject({ reason: Reason.INVALID });
  });
});

describe("lists", () => {
  test("partial leaves failed items out and marks the list, its step, and what rests on it", async () => {
    const { ask, client } = front();
    client.answer = byId({ b: "INTERNAL", d: "NOT_FOUND" });
    const { answer } = ask(async (cx) => {
      const listStep = cx.step(async (mark) =>
        cx.partial(
          ["a", "b", "c", "d"].map((id) => cx.send(cx.app.get, { id })),
          mark,
        ),
      );
      const plainStep = cx.step(async () => cx.partial([Promise.resolve("x"), Promise.reject(new RangeError("y"))]));
      const list = await listStep;
      const plain = await plainStep;
      const out = page({ facts: list.map(({ id }) => id), title: `${list.length}`, cards: [] });
      cx.touched(out, "facts", true, listStep);
      cx.touched(out, "title", true, list);
      cx.touched(out, "cards", true, plainStep);
      expect(plain).toEqual(["x"]);
      return out;
    });
    expect(await answer).toMatchObject({
      page: { facts: ["a", "c"] },
      entries: ["title 2 2 test.v1.Upstream", "facts 3 2 test.v1.Upstream", "cards 3 6 "],
    });
  });
  test("partial fails when there were items and none succeeded; absence without failure is a success", async () => {
    const { ask } = front();
    const { answer } = ask(async (cx) => {
      expect(await cx.partial([])).toEqual([]);
      expect(await cx.partial([Promise.resolve(undefined)])).toEqual([]);
      expect(await cx.partial([Promise.resolve(undefined), Promise.reject(1)])).toEqual([]);
      expect(cx.degraded).toBe(true);
      expect(cx.present([1, undefined, 2])).toEqual([1, 2]);
      expect(cx.keyed(["a", "__proto__"], [1, 2])).toEqual(
        Object.fromEntries([
          ["a", 1],
          ["__proto__", 2],
        ]),
      );
      expect(() => cx.keyed(["a", "a"], [1, 2])).toThrow();
      await cx.partial([Promise.reject(new RangeError("first")), Promise.reject(2)]);
      return page();
    });
    expect((await answer).failure).toMatchObject({ message: "RangeError: first" });
  });
});

describe("guards", () => {
  test("that wait beat an earlier failure, in declared order, and what feeds them runs on", async () => {
    const { ask, client } = front();
    const { answer, state } = ask(async (cx) => {
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
  test("beat what an on_error rule says", async () => {
    const { ask, client } = front();
    const { answer } = ask(async (cx) => {
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
  test("what rests on a refusal does not go on while a guard holds the status back", async () => {
    const { ask, client, clock } = front();
    const { answer } = ask(async (cx) => {
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
  test("that pass let the held failure go", async () => {
    const { ask, client } = front();
    const { answer } = ask(async (cx) => {
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
  test("hold a finished answer back, and an error in one fails the response", async () => {
    const { ask, client } = front();
    const { answer, state } = ask(async (cx) => {
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
  test("whose step hangs end with it, at the deadline", async () => {
    const { ask, client, clock } = front();
    const { answer } = ask(async (cx) => {
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

describe("scopes", () => {
  test("a critical failure in a sub-scope cancels only it", async () => {
    const { ask, client } = front();
    const { answer } = ask(async (cx) => {
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
  test("a pending guard in a sub-scope holds its failure back, and fails the whole response", async () => {
    const { ask, client } = front();
    const { answer, state } = ask(async (cx) => {
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
  test("the end of the response ends sub-scopes, and what waits for them", async () => {
    const { ask, client } = front();
    let rejected: unknown;
    const { cancel } = ask(async (cx) => {
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
  test("bounded lets so many calls through at a time, nested ones too; batches are not counted", async () => {
    const { ask, client, clock } = front();
    const { answer } = ask(async (cx) => {
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
    while (client.open.some(({ path }) => !isBatch(path))) {
      const open = client.open.filter(({ path }) => !isBatch(path)).map(({ id }) => id);
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
  test("bounded: who fails what they are for lets none of those in that wait, side effects least of all", async () => {
    for (const effect of [false, true]) {
      const { ask, client, clock } = front();
      const { answer } = ask(async (cx) => {
        const list = cx.step(async () => {
          const bounded = cx.bounded(1);
          const one = async (id: string) =>
            effect ? bounded.effect(cx.app.get, { id }) : bounded.send(cx.app.get, { id });
          return Promise.all(["a", "b", "c"].map(one));
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
  test("at most so many calls to one upstream at a time in a response", async () => {
    const { ask, client } = front({ concurrent: 2 });
    const { answer } = ask(async (cx) => {
      await Promise.all(["a", "b", "c", "d"].map((id) => cx.call(cx.app.get, { id })));
      return page();
    });
    await idle();
    expect(client.open.length).toBe(2);
    client.of("a").thing();
    expect(client.open.map(({ id }) => id)).toEqual(["b", "c"]);
    client.answer = byId({});
    client.of("b").thing();
    client.of("c").thing();
    expect((await answer).failure).toBe(undefined);
  });
});

describe("side effects", () => {
  test("go on when the response has failed or the client has gone, to their own deadline", async () => {
    const { ask, client, clock, app, calls } = front();
    const pay = app.getWith({ timeoutMs: 300 });
    const { answer } = ask(async (cx) => {
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

    const { cancel } = ask(async (cx) => {
      await cx.step(() => cx.effect(pay, { id: "pay2" }));
      return page();
    });
    cancel();
    await idle();
    client.of("pay2").thing();
    expect(clock.running).toBe(0);
  });
  test("are not sent once the response has failed, be it only that a guard holds the failure back", async () => {
    const { ask, client } = front();
    const { answer } = ask(async (cx) => {
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
  test("are waited for by an answer, whose step may still fail it", async () => {
    const { ask, client } = front();
    const { answer, state } = ask(async (cx) => {
      cx.step(() => cx.effect(cx.app.get, { id: "pay" }));
      return page();
    });
    await idle();
    expect(state.answered).toBe(undefined);
    client.of("pay").fault(Code.UNAVAILABLE);
    expect((await answer).failure).toMatchObject({ clientCode: Code.UNAVAILABLE });
  });
  test("follow what must be cleared", async () => {
    const { ask, client } = front();
    const { answer } = ask(async (cx) => {
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
  test("wait in the queue like others, and leave it unsent", async () => {
    const { ask, client } = front({ policy: { limit: { concurrent: 1, queued: 5 } } });
    const first = ask(async (cx) => page({ title: (await cx.call(cx.app.get, { id: "a" })).id }));
    const second = ask(async (cx) => page({ title: (await cx.effect(cx.app.get, { id: "pay" })).id }));
    second.cancel();
    client.of("a").thing();
    await first.answer;
    await idle();
    expect(client.sent.length).toBe(1);
  });
});

describe("steps of a service", () => {
  test("resting: readers of one step are told of what touched those that it rests on", async () => {
    const { ask, client } = front();
    client.answer = byId({ owner: "UNAVAILABLE" });
    const { answer } = ask(async (cx) => {
      const ownerStep = cx.tryCall(cx.app.get, { id: "owner" });
      const stockStep = cx.resting(
        cx.step(async () => (await ownerStep)?.count),
        () => [ownerStep],
      );
      const soundStep = cx.resting(
        cx.step(async () => 1),
        () => [],
      );
      const out = page({ spentCents: await stockStep });
      cx.touched(out, "facts", true, soundStep);
      cx.touched(out, "spent_cents", out.spentCents !== undefined, stockStep);
      return out;
    });
    expect((await answer).entries).toEqual(["spent_cents 1 2 test.v1.Upstream"]);
  });

  test("holds: an answer waits for a step that nothing reads, and fails with it", async () => {
    const { ask, client } = front();
    let answered = false;
    const { answer } = ask(async (cx) => {
      cx.holds(cx.call(cx.app.get, { id: "log" }));
      return page();
    });
    void answer.then(() => {
      answered = true;
    });
    await idle();
    expect(answered).toBe(false);
    client.of("log").fault(Code.INTERNAL);
    expect((await answer).failure).toMatchObject({ clientCode: Code.INTERNAL });
  });

  test("retryIf: a call's own condition, in addition to its policy's; a throw counts as false", async () => {
    const retry = { attempts: 3, on: [Code.UNAVAILABLE], initialMs: 20, maxMs: 200, multiplier: 2 };
    const { ask, client } = front({ call: { retry } });
    const asked: string[] = [];
    const { answer } = ask(async (cx) => {
      const never = cx.tryCall(
        cx.app.get,
        { id: "never" },
        {
          retryIf: ({ code }) => {
            asked.push(`never ${code}`);
            return false;
          },
        },
      );
      const throws = cx.tryCall(
        cx.app.get,
        { id: "throws" },
        {
          retryIf: () => {
            throw new Error("no");
          },
        },
      );
      await Promise.all([never, throws]);
      return page();
    });
    client.of("never").fault(Code.UNAVAILABLE);
    client.of("throws").fault(Code.UNAVAILABLE);
    await answer;
    expect(asked).toEqual([`never ${Code.UNAVAILABLE}`]);
    expect(client.sent.length).toBe(2);
  });
});
