// Holds docs/runtime.md#batching
import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Code, Reason } from "../failure.ts";
import type { Sent } from "../testing/fake-client.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page } from "../testing/front.ts";
import type { BatchGetResponse, Thing } from "../testing/gen/test_pb.ts";
import { identity } from "./batch.ts";

const echo = (sent: Sent): void => sent.things({ things: sent.ids.map((id) => ({ id, tags: [`t-${id}`] })) });

describe("batches", () => {
  test("a batch collects keys until no step can run, deduplicates, splits, and remembers them", async () => {
    const { send, client } = front();
    client.answer = echo;
    const { answer } = send(async (cx) => {
      const deep = async (n: number): Promise<void> => {
        for (let i = 0; i < n; i++) await undefined;
      };
      const load = async (id: string, after: number) => {
        await deep(after);
        return cx.load(cx.app.byId, id);
      };
      const all = await Promise.all([load("a", 0), load("b", 7), load("a", 9), load("c", 1), load("d", 3)]);
      const again = await cx.load(cx.app.byId, "a");
      await cx.load(cx.app.byId, "e");
      return page({ facts: [...all, again].map((thing) => thing?.tags[0] ?? "") });
    });
    expect((await answer).page?.facts).toEqual(["t-a", "t-b", "t-a", "t-c", "t-d", "t-a"]);
    expect(client.sent.map(({ ids }) => ids)).toEqual([["a", "c", "d"], ["b"], ["e"]]);
  });
  test("a missing key is absent without a cause; duplicate and unknown items are dropped", async () => {
    const { send, client } = front();
    client.answer = (sent) => sent.things({ things: [{ id: "b", count: 1n }, { id: "b", count: 2n }, { id: "z" }] });
    const { answer } = send(async (cx) => {
      const [a, b] = await Promise.all([cx.load(cx.app.byId, "a"), cx.load(cx.app.byId, "b")]);
      await cx.load(cx.app.byId, "a");
      expect(cx.degraded).toBe(false);
      return page({ title: `${a} ${b?.count}` });
    });
    expect((await answer).page?.title).toBe("undefined 1");
    expect(client.sent.length).toBe(1);
  });
  test("a key without a valid request fails alone; the other keys are fetched together", async () => {
    const { send, client, app } = front();
    client.answer = echo;
    const odd = {
      ...app.byId,
      request: (ids: string[]) => ({
        ids: ids.map((id) => {
          if (id === "") throw new RangeError("no key");
          return id;
        }),
      }),
    };
    const { answer } = send(async (cx) => {
      const steps = ["a", "", "b"].map((id) => cx.tryLoad(odd, id));
      const cards = (await Promise.all(steps)).map(
        (thing) => ({ $typeName: "test.v1.Card", id: `${thing?.id}` }) as const,
      );
      for (const [i, made] of cards.entries()) cx.touched(made, "owner_name", false, steps[i]);
      return page({ cards });
    });
    const { page: got, entries } = await answer;
    expect(got?.cards.map(({ id }) => id)).toEqual(["a", "undefined", "b"]);
    expect(client.sent.map(({ ids }) => ids)).toEqual([["a", "b"]]);
    expect(entries).toEqual(["cards[1].owner_name 1 6 "]);
  });
  test("items for keys of another call are dropped", async () => {
    const { send, client } = front();
    client.answer = (sent) =>
      sent.ids.includes("a") ? sent.things({ things: [{ id: "d" }, { id: "a" }] }) : sent.things({ things: [] });
    const { answer } = send(async (cx) => {
      const all = await Promise.all(["a", "b", "c", "d"].map((id) => cx.load(cx.app.byId, id)));
      return page({ facts: all.map((thing) => thing?.id ?? "none") });
    });
    expect((await answer).page?.facts).toEqual(["a", "none", "none", "none"]);
    expect(client.sent.map(({ ids }) => ids)).toEqual([["a", "b", "c"], ["d"]]);
  });
  test("keys that are messages are compared by value", async () => {
    const { send, client, app } = front();
    client.answer = echo;
    const key = (id: string, nanos = 0) => create(DurationSchema, { nanos, seconds: BigInt(id) });
    const byTime = {
      ...app.byId,
      request: (keys: Duration[]) => ({ ids: keys.map(({ seconds }) => String(seconds)) }),
      key: ({ id }: Thing) => key(id),
      keySchema: DurationSchema,
    };
    const { answer } = send(async (cx) => {
      const all = await Promise.all(["1", "2", "1"].map((id) => cx.load(byTime, key(id))));
      return page({ facts: [...all, await cx.load(byTime, key("1", 5))].map((thing) => thing?.tags[0] ?? "none") });
    });
    expect((await answer).page?.facts).toEqual(["t-1", "t-2", "t-1", "none"]);
    expect(client.sent.map(({ ids }) => ids)).toEqual([["1", "2"], ["1"]]);
  });
  test("a batch accepts map items, and lists of items per key", async () => {
    const { send, client, app } = front();
    client.answer = (sent) =>
      sent.things({
        byId: { a: { count: 1n } },
        things: [{ id: "x", count: 1n }, { id: "y" }, { id: "x", count: 2n }],
      });
    const map = { ...app.byId, items: (response: BatchGetResponse) => response.byId, key: undefined };
    const many = { ...app.byId, many: true };
    const manyMap = { ...map, many: true };
    const { answer } = send(async (cx) => {
      expect((await cx.load(map, "a"))?.count).toBe(1n);
      expect(await cx.load(map, "toString")).toBe(undefined);
      expect((await cx.loadMany(many, "x")).map(({ count }) => count)).toEqual([1n, 2n]);
      expect(await cx.loadMany(many, "none")).toEqual([]);
      expect((await cx.loadMany(manyMap, "a")).length).toBe(1);
      expect(await cx.loadMany(manyMap, "b")).toEqual([]);
      return page();
    });
    expect((await answer).failure).toBe(undefined);
  });
  test("batches are grouped by metadata and by the other fields of the request", async () => {
    const { send, client, app } = front();
    client.answer = echo;
    const grouped = {
      ...app.byId,
      request: (ids: string[], group: { tenant: string; at: bigint }) => ({ ids, tenant: group.tenant }),
      metadata: (group: { tenant: string; at: bigint }) => ({ "x-tenant": group.tenant }),
    };
    const { answer } = send(async (cx) => {
      const load = (id: string, tenant: string) => cx.load(grouped, id, { tenant, at: 1n });
      await Promise.all([load("a", "t1"), load("b", "t2"), load("c", "t1"), load("a", "t2")]);
      return page();
    });
    await answer;
    expect(client.sent.map(({ ids, headers }) => [ids, headers])).toEqual([
      [["a", "c"], { "x-tenant": "t1" }],
      [["b", "a"], { "x-tenant": "t2" }],
    ]);
  });
  test("a failed part fails only its keys, which may be fetched again", async () => {
    const { send, client } = front();
    let failing = true;
    client.answer = (sent) => (failing && sent.ids.includes("d") ? sent.fault(Code.UNAVAILABLE) : echo(sent));
    const { answer } = send(async (cx) => {
      const steps = ["a", "b", "c", "d"].map((id) => cx.tryLoad(cx.app.byId, id));
      const things = await Promise.all(steps);
      failing = false;
      expect((await cx.load(cx.app.byId, "d"))?.id).toBe("d");
      const out = page({ facts: things.map((thing) => thing?.id ?? "-") });
      cx.touched(out, "facts", true, steps[0], steps[3]);
      return out;
    });
    expect(await answer).toMatchObject({
      page: { facts: ["a", "b", "c", "-"] },
      entries: ["facts 2 2 test.v1.Upstream"],
    });
  });
  test("unreadable items fail their keys", async () => {
    const { send, client, app } = front();
    client.answer = echo;
    const broken = {
      ...app.byId,
      key: (): string => {
        throw new RangeError("x");
      },
    };
    const { answer } = send(async (cx) => page({ title: String(await cx.load(broken, "a")) }));
    expect((await answer).failure).toMatchObject({ reason: Reason.INVALID });
  });
  test("a batch is cancelled only when all of its waiting steps have left", async () => {
    const { send, client, clock } = front();
    const { answer } = send(async (cx) => {
      const part = (id: string, fails: string) =>
        cx.tryStep(() =>
          cx.sub(async (inner) => {
            inner.call(inner.app.get, { id: fails });
            return inner.load(inner.app.byId, id);
          }),
        );
      await Promise.all([part("a", "one"), part("a", "two")]);
      return page();
    });
    await idle();
    const batch = () => client.sent.find(({ path }) => path.endsWith("BatchGet"))!;
    client.of("one").fault(Code.INTERNAL);
    await idle();
    expect(batch().cancelled).toBe(false);
    client.of("two").fault(Code.INTERNAL);
    await idle();
    expect(batch().cancelled).toBe(true);
    expect((await answer).failure).toBe(undefined);
    expect(clock.running).toBe(0);
  });
  test("a batch answers the steps that still wait for a key after others have left, in any order", async () => {
    const { send, client } = front();
    const { answer } = send(async (cx) => {
      const part = (fails: string) =>
        cx.tryStep(() =>
          cx.sub(async (inner) => {
            inner.call(inner.app.get, { id: fails });
            return inner.load(inner.app.byId, "a");
          }),
        );
      const all = await Promise.all(["0", "1", "2", "3", "4"].map(part));
      return page({ facts: all.map((thing) => thing?.id ?? "none") });
    });
    await idle();
    const batch = client.sent.find(({ path }) => path.endsWith("BatchGet"))!;
    for (const id of ["1", "4", "0"]) {
      client.of(id).fault(Code.INTERNAL);
      await idle();
    }
    batch.things({ things: [{ id: "a" }] });
    for (const id of ["2", "3"]) client.of(id).thing({ id });
    expect((await answer).page?.facts).toEqual(["none", "none", "a", "a", "none"]);
    expect(client.sent.filter(({ path }) => path.endsWith("BatchGet")).length).toBe(1);
  });
  test("a batch collects keys across nested compositions, with a separate batch per list scope", async () => {
    const { send, client } = front();
    client.answer = echo;
    const { answer } = send(async (cx) => {
      const child = (in_: typeof cx, depth: number): Promise<string> =>
        in_.sub(async (inner) => {
          const step = inner.load(inner.app.byId, `k${depth}`);
          const below = depth === 0 ? "" : await child(inner, depth - 1);
          return `${(await step)?.id}${below}`;
        });
      return page({ title: await child(cx, 2) });
    });
    expect((await answer).page?.title).toBe("k2k1k0");
    expect(client.sent.map(({ ids }) => ids)).toEqual([["k2", "k1", "k0"]]);
  });
  test("a batch runs to the latest deadline of its waiting steps, and each step leaves at its deadline", async () => {
    const { send, client, clock, calls } = front({ call: { timeoutMs: 100 } });
    const ended: string[] = [];
    const { answer } = send(async (cx) => {
      const load = async (id: string, name: string) => {
        const thing = await cx.tryLoad(cx.app.byId, id);
        ended.push(`${name} ${thing?.id} ${clock.now()}`);
      };
      const loads = [load("a", "first"), load("b", "second")];
      await new Promise((resolve) => clock.setTimeout(resolve, 60, undefined));
      loads.push(load("a", "third"));
      await new Promise((resolve) => clock.setTimeout(resolve, 20, undefined));
      loads.push(load("b", "fourth"));
      await Promise.all(loads);
      return page();
    });
    await clock.advance(170);
    expect(ended).toEqual(["first undefined 1100", "second undefined 1100", "third undefined 1160"]);
    expect(client.sent.map(({ cancelled }) => cancelled)).toEqual([false]);
    client.sent[0]!.things({ things: [{ id: "b" }] });
    await answer;
    expect(ended.at(-1)).toBe("fourth b 1170");
    expect(client.sent.length).toBe(1);
    expect(calls).toMatchObject([{ attempts: 1, outcome: { ok: true } }]);
    expect(clock.running).toBe(0);
  });
  test("a batch ends finally at the latest deadline", async () => {
    const { send, client, clock } = front({ call: { timeoutMs: 100 } });
    const { answer } = send(async (cx) => {
      const first = cx.tryLoad(cx.app.byId, "a");
      await new Promise((resolve) => clock.setTimeout(resolve, 60, undefined));
      const second = cx.tryLoad(cx.app.byId, "a");
      return page({ title: `${(await first)?.id} ${(await second)?.id} ${clock.now()}` });
    });
    await clock.advance(160);
    expect((await answer).page?.title).toBe("undefined undefined 1160");
    expect(client.sent.map(({ cancelled }) => cancelled)).toEqual([true]);
    expect(clock.running).toBe(0);
  });
  test("a batch times out, instead of being cancelled, when its last step leaves at its deadline", async () => {
    const { send, client, clock, calls } = front({ call: { timeoutMs: 100 } });
    const { answer } = send(async (cx) => {
      const first = cx.tryLoad(cx.app.byId, "a");
      await new Promise((resolve) => clock.setTimeout(resolve, 60, undefined));
      // Extends the deadline, and ends before its own: a sibling in its scope fails.
      const part = cx.tryStep(() =>
        cx.sub(async (inner) => {
          inner.call(inner.app.get, { id: "one" });
          return inner.load(inner.app.byId, "a");
        }),
      );
      await Promise.all([first, part]);
      return page();
    });
    await clock.advance(80);
    client.of("one").fault(Code.INTERNAL);
    await clock.advance(100);
    await answer;
    const batch = calls.find(({ method }) => method.endsWith("BatchGet"));
    expect(batch?.outcome).toMatchObject({
      ok: false,
      failure: { code: Code.DEADLINE_EXCEEDED, reason: Reason.TIMEOUT },
    });
    expect(client.underWay).toEqual([]);
    expect(clock.running).toBe(0);
  });
  test("a batch times out, too, when the first step to leave fails the last step", async () => {
    const { send, client, clock, calls } = front({ call: { timeoutMs: 100 } });
    const { answer } = send(async (cx) => {
      const early = cx.tryLoad(cx.app.byId, "a");
      await new Promise((resolve) => clock.setTimeout(resolve, 60, undefined));
      // The first of two fails at its deadline, and with it the scope in which the other waits a moment longer.
      const both = cx.tryStep(() =>
        cx.sub(async (inner) => {
          const first = inner.load(inner.app.byId, "a");
          await new Promise((resolve) => clock.setTimeout(resolve, 0.5, undefined));
          return Promise.all([first, inner.load(inner.app.byId, "a")]);
        }),
      );
      await Promise.all([early, both]);
      return page();
    });
    await clock.advance(200);
    await answer;
    expect(calls.map(({ outcome }) => outcome.ok || outcome.failure.code)).toEqual([Code.DEADLINE_EXCEEDED]);
    expect(client.underWay).toEqual([]);
    expect(clock.running).toBe(0);
  });
  test("a batch that was answered or cancelled leaves no timer for its postponed deadline", async () => {
    const { send, client, clock } = front({ call: { timeoutMs: 100 } });
    const start = () =>
      send(async (cx) => {
        const first = cx.load(cx.app.byId, "a");
        await new Promise((resolve) => clock.setTimeout(resolve, 60, undefined));
        await Promise.all([first, cx.load(cx.app.byId, "a")]);
        return page();
      });
    const answered = start();
    await clock.advance(60);
    client.sent[0]!.things({});
    expect((await answered.answer).failure).toBe(undefined);
    expect(clock.running).toBe(0);
    const cancelled = start();
    await clock.advance(60);
    cancelled.cancel();
    expect(client.underWay).toEqual([]);
    expect(clock.running).toBe(0);
  });
  test("a batch returns one promise per key and scope at a time", async () => {
    const { send, client, clock } = front({ call: { timeoutMs: 100 } });
    const { answer } = send(async (cx) => {
      const { byId } = cx.app;
      const promise = cx.tryLoad(byId, "a");
      expect(cx.tryLoad(byId, "a")).toBe(promise);
      expect(cx.load(byId, "b")).toBe(cx.load(byId, "b"));
      expect(cx.tryLoad(byId, "b")).not.toBe(promise);
      expect(cx.load(byId, "a")).not.toBe(promise);
      expect(cx.tryLoad(byId, "a", undefined, { rescue: () => undefined })).not.toBe(cx.tryLoad(byId, "a"));
      await cx.sub(async (inner) => expect(inner.tryLoad(byId, "a")).not.toBe(promise));
      await Promise.all([promise, cx.load(byId, "b")]);
      expect(cx.tryLoad(byId, "c")).not.toBe(cx.tryLoad(byId, "a"));
      return page({ title: (await cx.tryLoad(byId, "a"))?.id ?? "" });
    });
    client.answer = echo;
    await clock.advance(0);
    expect((await answer).page?.title).toBe("a");
  });
  test("a batch creates a new promise after a step has left before the answer", async () => {
    const { send, client, clock } = front({ call: { timeoutMs: 100 } });
    const { answer } = send(async (cx) => {
      const early = cx.tryLoad(cx.app.byId, "a");
      await new Promise((resolve) => clock.setTimeout(resolve, 60, undefined));
      const later = cx.tryLoad(cx.app.byId, "a", undefined, { rescue: () => undefined });
      expect(await early).toBe(undefined);
      expect((await later)?.id).toBe("a");
      return page({ title: (await cx.tryLoad(cx.app.byId, "a"))?.id ?? "" });
    });
    await clock.advance(120);
    echo(client.sent[0]!);
    expect((await answer).page?.title).toBe("a");
    expect(client.sent.length).toBe(1);
  });
  test("a rescue applies to each requesting step", async () => {
    const { send, client } = front();
    client.answer = (sent) => sent.fault(Code.NOT_FOUND);
    const { answer } = send(async (cx) => {
      const step = cx.tryLoad(cx.app.byId, "a", undefined, { rescue: () => ({ id: "instead" }) });
      const plain = cx.tryLoad(cx.app.byId, "a");
      const out = page({ title: (await step)?.id ?? "", spentCents: (await plain)?.count });
      cx.touched(out, "title", true, step);
      cx.touched(out, "spent_cents", false, plain);
      return out;
    });
    expect(await answer).toMatchObject({
      page: { title: "instead" },
      entries: ["title 2 5 test.v1.Upstream", "spent_cents 1 5 test.v1.Upstream"],
    });
    expect(client.sent.length).toBe(1);
  });
});

test("the identity of a call compares by value", () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.integer(),
      fc.bigInt(),
      fc.boolean(),
      fc.dictionary(fc.string(), tie("any")),
    ),
  })).any;
  fc.assert(fc.property(value, (each) => identity(structuredClone(each)) === identity(each)));
  expect(identity(new Uint8Array([1, 2]))).not.toBe(identity(new Uint8Array([1, 3])));
  expect(identity(Buffer.from([1, 2]))).toBe(identity(new Uint8Array([1, 2])));
  expect(identity({ key: Buffer.from([1, 2]) })).toBe(identity({ key: new Uint8Array([1, 2]) }));
  expect(identity({ a: 1n })).not.toBe(identity({ a: 1 }));
  expect(identity({ a: Number.NaN })).not.toBe(identity({ a: null }));
});
