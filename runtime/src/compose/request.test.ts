// Holds docs/runtime.md#cancellation
// Holds docs/runtime.md#failures
// Holds docs/runtime.md#headers
import { describe, expect, test } from "vitest";
import { Code, Reason } from "../failure.ts";
import { byId } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page, RETRY } from "../testing/front.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";

noUnhandledRejections();

describe("calls", () => {
  test("calls run side by side and compose", async () => {
    const { send, client, clock, responses } = front();
    client.answer = byId({});
    const { answer } = send(async (cx) => {
      const aStep = cx.call(cx.app.get, { id: "a" });
      const bStep = cx.tryCall(cx.app.get, { id: "b" });
      expect(client.sent.length).toBe(2);
      return page({ title: `${(await aStep).id}${(await bStep)?.id}` });
    });
    expect(await answer).toMatchObject({ page: { title: "ab" }, header: "" });
    expect(clock.running).toBe(0);
    expect(responses.length).toBe(1);
  });

  test("a critical failure fails the response, cancels other calls, and unwinds suspended steps", async () => {
    const { send, client, clock } = front();
    let unwound = false;
    const { answer } = send(async (cx) => {
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
    const { send, client } = front();
    client.answer = byId({ usage: "UNAVAILABLE" });
    const { answer } = send(async (cx) => {
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

  test("a client that disconnects cancels everything, and receives nothing", async () => {
    const { send, client, clock, responses } = front();
    const { cancel, state } = send(async (cx) => page({ title: (await cx.call(cx.app.get, { id: "a" })).id }));
    cancel();
    await idle();
    expect(client.of("a").cancelled).toBe(true);
    expect(state.answered).toBe(undefined);
    expect(clock.running).toBe(0);
    expect(responses.map(({ outcome }) => outcome.ok)).toEqual([false]);
  });

  test("an exception of an expression fails the response as INVALID", async () => {
    const { send } = front();
    const { answer } = send(async () => {
      throw new RangeError("index 7");
    });
    expect((await answer).failure).toMatchObject({ reason: Reason.INVALID, clientCode: Code.INTERNAL, upstream: "" });
  });

  test("undecodable answers are INVALID; unencodable requests are, too, and are not sent", async () => {
    const { send, client } = front();
    client.answer = (sent) => sent.bytes(new Uint8Array([255, 255]));
    const first = send(async (cx) => page({ title: (await cx.call(cx.app.get, { id: "a" })).id }));
    expect((await first.answer).failure).toMatchObject({ reason: Reason.INVALID, upstream: "test.v1.Upstream" });
    const second = send(async (cx) =>
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
  test("headers and metadata are forwarded and merged, without those of the connection", async () => {
    const { send, client, app } = front();
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
    const { answer } = send(
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
    const { send, client } = front();
    const { answer } = send(async (cx) => {
      await cx.call(cx.app.get, { id: "a" }, { metadata: { "x-name": "a\nb" } });
      return page();
    });
    expect((await answer).failure).toMatchObject({ reason: Reason.INVALID });
    expect(client.sent).toEqual([]);
  });
});

describe("rescue", () => {
  test("a rescue fails the response, ignores the failure, or substitutes a value", async () => {
    const { send, client } = front();
    client.answer = byId({ none: "NOT_FOUND", gone: "NOT_FOUND", odd: "ABORTED", bad: "NOT_FOUND" });
    const { answer } = send(async (cx) => {
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
    const failing = send(async (cx) => {
      await cx.tryCall(cx.app.get, { id: "bad" }, { rescue: (error) => cx.refuse(error.code, "no such thing") });
      return page();
    });
    expect((await failing.answer).failure).toMatchObject({
      clientCode: Code.NOT_FOUND,
      clientMessage: "no such thing",
    });
  });
  test("a rescue sees the failure after retries, and its exception becomes the call's failure", async () => {
    const { send, client } = front();
    client.answer = byId({ a: "NOT_FOUND" });
    const { answer } = send(async (cx) => {
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
  test("a fallback replaces an absent value, and is marked only after a failure", async () => {
    const { send, client } = front();
    client.answer = byId({ a: "INTERNAL" });
    const { answer } = send(async (cx) => {
      const aStep = cx.orElse(cx.tryCall(cx.app.get, { id: "a" }), () => ({ count: 7n }));
      const bStep = cx.orElse(
        cx.step(async () => undefined as { count: bigint } | undefined),
        async () => ({ count: 8n }),
      );
      const a = await aStep;
      const b = await bStep;
      const out = page({ spentCents: a.count, title: `${b.count}` });
      cx.touched(out, "title", true, bStep);
      cx.touched(out, "spent_cents", true, false, undefined, aStep);
      cx.touched(out, "facts", true, cx.leftOut(bStep), cx.leftOut(false, aStep));
      return out;
    });
    expect(await answer).toMatchObject({
      page: { spentCents: 7n, title: "8" },
      entries: ["spent_cents 2 2 test.v1.Upstream", "facts 3 2 test.v1.Upstream"],
    });
  });
  test("a fallback that throws fails the response", async () => {
    const { send } = front();
    const { answer } = send(async (cx) => {
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
  test("partial omits failed items, and marks the list, its step and its dependents", async () => {
    const { send, client } = front();
    client.answer = byId({ b: "INTERNAL", d: "NOT_FOUND" });
    const { answer } = send(async (cx) => {
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
      entries: ["title 3 2 test.v1.Upstream", "facts 3 2 test.v1.Upstream", "cards 3 6 "],
    });
  });
  test("partial fails if there are items and none succeeded; absence without failure is a success", async () => {
    const { send } = front();
    const { answer } = send(async (cx) => {
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

describe("steps of a service", () => {
  test("resting: readers of a step receive the causes of its inputs", async () => {
    const { send, client } = front();
    client.answer = byId({ owner: "UNAVAILABLE" });
    const { answer } = send(async (cx) => {
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

  test("holds: an answer waits for a step without readers, and fails with it", async () => {
    const { send, client } = front();
    let answered = false;
    const { answer } = send(async (cx) => {
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

  test("retryIf: a call's condition adds to its policy's; an exception counts as false", async () => {
    const { send, client } = front({ call: { retry: RETRY } });
    const evaluations: string[] = [];
    const { answer } = send(async (cx) => {
      const never = cx.tryCall(
        cx.app.get,
        { id: "never" },
        {
          retryIf: ({ code }) => {
            evaluations.push(`never ${code}`);
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
    expect(evaluations).toEqual([`never ${Code.UNAVAILABLE}`]);
    expect(client.sent.length).toBe(2);
  });
});
