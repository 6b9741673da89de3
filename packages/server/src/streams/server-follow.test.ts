// Holds docs/runtime.md#streams
// Holds docs/runtime.md#topics
import { Code } from "@protobff/runtime/internal/failure";
import { unauthenticated } from "@protobff/runtime/internal/identity/refusals";
import { ItemQueue, QueuedItem } from "@protobff/runtime/internal/stream/item-queue";
import { idle } from "@protobff/runtime/internal/testing/fake-clock";
import { streamRig, TestFollower } from "@protobff/runtime/internal/testing/follow-rig";
import { page } from "@protobff/runtime/internal/testing/front";
import { noUnhandledRejections } from "@protobff/runtime/internal/testing/no-unhandled";
import { describe, expect, test } from "vitest";
import { CollectingSink, tracingTo } from "../testing/trace-rig.ts";

noUnhandledRejections();

describe("dropped items", () => {
  test("dropped items behind a pending one are freed", () => {
    const line = new ItemQueue<number>();
    line.add(new QueuedItem(0, { token: "0", reset: false }, false));
    for (let item = 1; item <= 1_000; item++) {
      line.add(new QueuedItem(item, { token: `${item}`, reset: false }, false));
      line.dropNewest();
    }
    expect(line.live).toBe(1);
    line.shift();
    expect(line.head).toMatchObject({ token: "1000", state: "dropped" });
    line.shift();
    expect(line.head).toBe(undefined);
  });
});

/** Calls of the client, by id. */
const title = (id: string) => ({ id });

describe("a stream", () => {
  test("a stream gives one message per item, in order, and ends with its source", async () => {
    const { follow, source, clock, responses, opens } = streamRig();
    const { events } = follow();
    await idle();
    expect(events).toEqual(["opened"]);
    for (const item of [1, 2, 3]) {
      source().give(item);
      await idle();
    }
    source().items.ended();
    expect(events).toEqual(["opened", "item 1 @1", "item 2 @2", "item 3 @3", "ended"]);
    expect(clock.running).toBe(0);
    expect(opens).toMatchObject([{ method: "test.v1.Front/Show" }]);
    expect(responses).toMatchObject([{ outcome: { ok: true }, stream: { items: 3, degraded: 0, end: "ended" } }]);
  });
  test("a stream continues behind its follower's token", async () => {
    const { follow, source } = streamRig();
    follow({}, { resume: "7" });
    await idle();
    expect(source().resume).toBe("7");
  });
  test("a stream composes the declared number of items concurrently, and requests no more", async () => {
    const { follow, source, client } = streamRig();
    const { events } = follow({
      ahead: 2,
      compose: async (cx, _, item) => page({ title: (await cx.call(cx.app.get, title(`${item}`))).id }),
    });
    await idle();
    source().give(1);
    source().give(2);
    await idle();
    expect(source().credit).toBe(0);
    client.of("2").thing({ id: "second" });
    await idle();
    expect(events).toEqual(["opened"]);
    expect(source().credit).toBe(0);
    client.of("1").thing({ id: "first" });
    await idle();
    expect(events).toEqual(["opened", "item first @1", "item second @2"]);
    expect(source().credit).toBe(1);
  });
  test("a stream has no demand while its follower does not read", async () => {
    const { follow, source } = streamRig();
    const { events, follower, following } = follow({ ahead: 1 });
    follower.reads = false;
    await idle();
    source().give(1);
    await idle();
    expect(events).toEqual(["opened", "item 1 @1"]);
    expect(source().credit).toBe(0);
    following.ready();
    expect(source().credit).toBe(1);
  });
  test("a stream drops items for which `if` is false, advances the token, and still evaluates `until`", async () => {
    const { follow, source } = streamRig();
    const { events } = follow({ if: (_cx, _args, item) => item % 2 === 1, until: (_cx, _args, item) => item === 4 });
    await idle();
    for (const item of [1, 2, 3, 4]) {
      source().give(item);
      await idle();
    }
    expect(source().cancelled).toBe(true);
    expect(events).toEqual(["opened", "item 1 @1", "item 3 @3", "ended"]);
  });
  test("a stream ends at once behind the token of the item for which `until` was true", async () => {
    const { follow, source, sources } = streamRig();
    const until = (_cx: unknown, _args: unknown, item: number): boolean => item === 2;
    const first = follow({ until });
    await idle();
    for (const item of [1, 2]) {
      source().give(item);
      await idle();
    }
    expect(first.events).toEqual(["opened", "item 1 @1", "item 2 @2~", "ended"]);
    const again = follow({ until }, { resume: "2~" });
    await idle();
    expect([again.events, sources.length]).toEqual([["opened", "ended"], 1]);
    follow({ until }, { resume: "1" });
    follow({}, { resume: "2~" }); // no token of its rpc
    await idle();
    expect(sources.map(({ resume }) => resume)).toEqual([undefined, "1", "2~"]);
  });
  test("a stream waits for asynchronous conditions", async () => {
    const { follow, source } = streamRig();
    const { events } = follow({
      if: async (_cx, _args, item) => item !== 2,
      until: (_cx, _args, item) => Promise.resolve(item === 3),
    });
    await idle();
    for (const item of [1, 2, 3]) {
      source().give(item);
      expect(source().credit).toBe(0);
      await idle();
    }
    expect(events).toEqual(["opened", "item 1 @1", "item 3 @3~", "ended"]);
  });
  test("a stream delivers items before a failed one, and none after it", async () => {
    const { follow, source, client, clock, responses } = streamRig();
    const { events } = follow({
      compose: async (cx, _, item) => page({ title: (await cx.call(cx.app.get, title(`${item}`))).id }),
    });
    await idle();
    for (const item of [1, 2, 3]) source().give(item);
    await idle();
    client.of("2").fault(Code.NOT_FOUND);
    await idle();
    expect(source().cancelled).toBe(true);
    expect(client.of("3").cancelled).toBe(true);
    expect(events).toEqual(["opened"]);
    client.of("1").thing({ id: "first" });
    await idle();
    expect(events).toEqual(["opened", "item first @1", expect.stringMatching(/^failed 13 .*@1$/)]);
    expect(clock.running).toBe(0);
    expect(responses).toMatchObject([{ outcome: { ok: false }, stream: { items: 1, end: "failed" } }]);
  });
  test("a stream ends with the refusal of an item's guard", async () => {
    const { follow, source } = streamRig();
    const { events } = follow({
      compose: async (cx, _, item) => {
        if (item === 2) throw cx.refuse(Code.PERMISSION_DENIED, "no");
        return page({ title: `${item}` });
      },
    });
    await idle();
    source().give(1);
    source().give(2);
    await idle();
    expect(events).toEqual(["opened", "item 1 @1", "failed 7 no @1"]);
  });
  test("a stream gives no item before its guards have passed", async () => {
    const { follow, source, client } = streamRig();
    const { events } = follow({
      compose: async (cx, _, item) => {
        const viewer = cx.call(cx.app.get, title(`${item}`));
        cx.guard(async () => {
          if ((await viewer).count === 9n) throw cx.refuse(Code.NOT_FOUND, "gone");
        });
        return page({ title: `${item}` });
      },
    });
    await idle();
    source().give(1);
    await idle();
    expect(events).toEqual(["opened"]);
    client.of("1").thing({ count: 9n });
    await idle();
    expect(events).toEqual(["opened", "failed 5 gone"]);
  });
  test("a stream ends with the failure of its source, after its items", async () => {
    const { follow, source, client } = streamRig();
    const { events } = follow({
      compose: async (cx, _, item) => page({ title: (await cx.call(cx.app.get, title(`${item}`))).id }),
    });
    await idle();
    source().give(1);
    await idle();
    source().items.failed(unauthenticated("gone"));
    await idle();
    expect(events).toEqual(["opened"]);
    client.of("1").thing({ id: "first" });
    await idle();
    expect(events).toEqual(["opened", "item first @1", "failed 16 gone @1"]);
  });
  test("a stream stops all work for a follower that leaves", async () => {
    const { follow, source, client, clock, responses } = streamRig();
    const { events, following } = follow({
      compose: async (cx, _, item) => page({ title: (await cx.call(cx.app.get, title(`${item}`))).id }),
    });
    await idle();
    source().give(1);
    await idle();
    following.cancel();
    await idle();
    expect(source().cancelled).toBe(true);
    expect(client.of("1").cancelled).toBe(true);
    expect(events).toEqual(["opened"]);
    expect(clock.running).toBe(0);
    expect(responses).toMatchObject([{ outcome: { ok: false }, stream: { end: "left" } }]);
  });
  test("a stream gives each item a separate timeout", async () => {
    const { follow, source, clock, client } = streamRig();
    const { events } = follow({
      compose: async (cx, _, item) => {
        const owner = await cx.tryCall(cx.app.get, title(`${item}`));
        return page({ title: `${item} ${owner?.id ?? "nobody"}` });
      },
    });
    await idle();
    await clock.advance(60_000);
    source().give(1);
    await clock.advance(1_799);
    client.of("1").thing({ id: "ada" });
    await idle();
    source().give(2);
    await clock.advance(2_000);
    expect(events).toEqual(["opened", "item 1 ada @1", "item 2 nobody @2"]);
  });
  test("a stream with an unencodable message fails", async () => {
    const { follow, source, clock } = streamRig();
    class Broken extends TestFollower {
      override item(): boolean {
        throw new TypeError("not a string");
      }
    }
    const { events } = follow({}, { follower: new Broken() });
    await idle();
    source().give(1);
    await idle();
    expect(events).toEqual(["opened", "failed 13 TypeError: not a string"]);
    expect(clock.running).toBe(0);
  });
});

describe("the trace of a stream", () => {
  const sampling = { parent: true, ratio: 1 };
  async function followed(ratio: number, items: number) {
    const sink = new CollectingSink();
    const { follow, source, client, clock } = streamRig((clock) =>
      tracingTo(sink, clock, { sampling: { ...sampling, ratio } }),
    );
    const { following } = follow({
      open: (cx) => cx.call(cx.app.get, title("open")),
      compose: async (cx, _, item) => page({ title: (await cx.call(cx.app.get, title(`${item}`))).id }),
    });
    await idle();
    client.of("open").thing();
    await idle();
    for (let item = 1; item <= items; item++) {
      source().give(item);
      await idle();
      client.of(`${item}`).thing();
      await idle();
      clock.skip(10);
    }
    return { sink, client, following };
  }
  test("the trace has the opening, exported when open, and the calls of items below it", async () => {
    const { sink, client, following } = await followed(1, 2);
    following.cancel();
    expect(sink.named("test.v1.Front/Show")).toHaveLength(1);
    const [opening] = sink.named("test.v1.Front/Show");
    const calls = sink.named("test.v1.Upstream/Get");
    expect(calls.map(({ parentSpanId }) => parentSpanId)).toEqual(calls.map(() => opening?.spanId));
    expect(calls).toHaveLength(3);
    expect(client.of("2").headers.traceparent).toBe(`00-${opening?.traceId}-${calls.at(-1)?.spanId}-03`);
  });
  test("the trace has at most 1,000 calls", async () => {
    const { sink, following } = await followed(1, 1_010);
    following.cancel();
    expect(sink.named("test.v1.Upstream/Get")).toHaveLength(1_000);
  }, 60_000);
  test("an unsampled stream has no trace, and upstreams receive that flag", async () => {
    const { sink, client, following } = await followed(0, 2);
    following.cancel();
    expect(sink.spans).toEqual([]);
    expect(client.of("2").headers.traceparent).toMatch(/-02$/);
  });
});
