// Holds docs/streams.md#live-answers
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { Code, Failure, Reason, refusal } from "../failure.ts";
import type { ItemSource, Items } from "../source/source.ts";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { TestFollower } from "../testing/follow-rig.ts";
import { page } from "../testing/front.ts";
import { BEARER, gate, sourceOf } from "../testing/gate-rig.ts";
import { CardSchema } from "../testing/gen/test_pb.ts";
import { liveRig } from "../testing/live-rig.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";

noUnhandledRejections();

const bearer = (text: string) => ({ headers: new Headers({ authorization: `Bearer ${text}` }) });

describe("a live answer", () => {
  test("a purge runs the calls of its tag, and the others keep their answers", async () => {
    const { follow, client, purges, clock } = liveRig();
    const { news, following } = follow();
    await idle();
    expect([news(), client.calls()]).toEqual([
      ["opened", "item a 0, plain 0"],
      ["a", "plain"],
    ]);
    client.change("a");
    client.change("plain");
    purges.purge(["thing:a"]);
    await clock.advance(2_000);
    expect([news(), client.calls()]).toEqual([["item a 1, plain 0 reset"], ["a"]]);
    following.cancel();
    expect(clock.running).toBe(0);
  });
  test("an equal answer is not sent, and a purge of another tag composes nothing", async () => {
    const { follow, client, purges, clock } = liveRig();
    const { news, following } = follow();
    await idle();
    news();
    client.calls();
    purges.purge(["thing:a"]);
    await clock.advance(2_000);
    expect([news(), client.calls()]).toEqual([[], ["a"]]);
    purges.purge(["thing:b"]);
    await clock.advance(2_000);
    expect([news(), client.calls()]).toEqual([[], []]);
    following.cancel();
  });
  test.each([["thing:b"], ["*"]])("an answer that a purge of %s has reached is not kept", async (tag) => {
    const { follow, client, purges, clock, text, options } = liveRig();
    const { news, following } = follow({
      compose: async (cx, { id }) =>
        page({
          title: `${text(await cx.call(cx.app.get, { id: "b" }))}, ${text(await cx.call(cx.app.plain, { id }))}`,
        }),
      live: { ...options().live, on: [{ tag: () => ["news"], runs: [] }] },
    });
    await idle();
    news();
    client.calls();
    client.change("b");
    purges.purge([tag]);
    await clock.advance(2_000);
    expect([news(), client.calls()]).toEqual(tag === "*" ? [["item b 1, a 0 reset"], ["b"]] : [[], []]);
    purges.purge(["news"]);
    await clock.advance(2_000);
    expect([news(), client.calls()]).toEqual(tag === "*" ? [[], []] : [["item b 1, a 0 reset"], ["b"]]);
    following.cancel();
  });
  test("an answer with the entries of a map in another order is equal", async () => {
    const { follow, clock, purges } = liveRig();
    const names = ["x", "y"];
    const { news, following } = follow({
      compose: async () => page({ byName: Object.fromEntries(names.map((id) => [id, create(CardSchema, { id })])) }),
    });
    await idle();
    expect(news()).toHaveLength(2);
    names.reverse();
    purges.purge(["thing:a"]);
    await clock.advance(2_000);
    expect(news()).toEqual([]);
    names.push("z");
    purges.purge(["thing:a"]);
    await clock.advance(2_000);
    expect(news()).toHaveLength(1);
    following.cancel();
  });
  test("a purge of all tags reaches it", async () => {
    const { follow, client, purges, clock } = liveRig();
    const { news, following } = follow();
    await idle();
    news();
    client.change("a");
    purges.purge(["*"]);
    await clock.advance(2_000);
    expect(news()).toEqual(["item a 1, plain 0 reset"]);
    following.cancel();
  });
  test("min_interval and its jitter separate compositions", async () => {
    const { follow, client, purges, clock } = liveRig();
    clock.chance = 0.5;
    const { news, following } = follow();
    await idle();
    news();
    client.calls();
    client.change("a");
    purges.purge(["thing:a"]);
    await clock.advance(1_049);
    expect(client.calls()).toEqual([]);
    await clock.advance(1);
    expect(client.calls()).toEqual(["a"]);
    for (let i = 0; i < 5; i++) {
      client.change("a");
      purges.purge(["thing:a"]);
    }
    await clock.advance(1_049);
    expect(client.calls()).toEqual([]);
    await clock.advance(1);
    expect(client.calls()).toEqual(["a"]);
    expect(news().at(-1)).toBe("item a 6, plain 0 reset");
    following.cancel();
  });
  test("`every` runs all calls", async () => {
    const { follow, client, clock, options } = liveRig();
    const { news, following } = follow({ live: { ...options().live, everyMs: 30_000, on: [] } });
    await idle();
    news();
    client.calls();
    client.change("plain");
    await clock.advance(29_999);
    expect(client.calls()).toEqual([]);
    await clock.advance(1);
    // The call of `a` is answered by its cache.
    expect([client.calls(), news()]).toEqual([["plain"], ["item a 0, plain 1 reset"]]);
    following.cancel();
  });
});

describe("freshness", () => {
  test("an answer that is older than a purge is composed again before it is sent", async () => {
    const { follow, client, purges } = liveRig();
    client.answer = undefined;
    const { news, following } = follow();
    await idle();
    client.of("plain").thing({ tags: ["plain 0"] });
    client.of("a").thing({ tags: ["a 0"] });
    // The answer of `a` has arrived, the tags of the whole answer are not known yet.
    purges.purge(["thing:a"]);
    client.answer = (sent) => client.reply(sent);
    client.change("a");
    await idle();
    expect(news()).toEqual(["opened", "item a 1, plain 0"]);
    following.cancel();
  });
  test("purges during a composition cause exactly one more", async () => {
    const { follow, client, purges, clock } = liveRig();
    const { news, following } = follow();
    await idle();
    news();
    client.calls();
    client.answer = undefined;
    purges.purge(["thing:a"]);
    await clock.advance(1_100);
    const [first] = client.underWay;
    for (let i = 0; i < 3; i++) purges.purge(["thing:a"]);
    client.change("a");
    client.answer = (sent) => client.reply(sent);
    first?.thing({ tags: ["a 0"] });
    await idle();
    await clock.advance(5_000);
    expect(client.calls()).toEqual(["a", "a"]);
    expect(news()).toEqual(["item a 1, plain 0 reset"]);
    following.cancel();
  });
});

describe("a topic", () => {
  /** A topic whose events and failures a test causes. */
  class Topic {
    readonly followed: { readonly key: string; readonly items: Items<unknown> }[] = [];
    cancelled = 0;
    follow(key: string, _resume: undefined, _latestOnly: boolean, items: Items<unknown>): ItemSource {
      this.followed.push({ key, items });
      return { next: () => undefined, cancel: () => void this.cancelled++ };
    }
    event(): void {
      this.followed.at(-1)?.items.item("event", { token: "1", reset: false });
    }
  }
  test("an event runs the calls of its trigger", async () => {
    const { follow, client, clock, options, app } = liveRig();
    const topic = new Topic();
    const live = {
      ...options().live,
      on: [],
      follow: [{ topic, key: (_cx: unknown, { id }: { id: string }) => id, runs: [app.plain] }],
    };
    const { news, following } = follow({ live });
    await idle();
    news();
    client.calls();
    client.change("a");
    client.change("plain");
    topic.event();
    await clock.advance(2_000);
    expect([topic.followed[0]?.key, client.calls(), news()]).toEqual(["a", ["plain"], ["item a 0, plain 1 reset"]]);
    following.cancel();
    expect([topic.cancelled, clock.running]).toEqual([1, 0]);
  });
  test("a topic that fails is reported and followed again, and its events may have been missed", async () => {
    const { follow, client, clock, options, app, lacking } = liveRig();
    const topic = new Topic();
    const live = { ...options().live, on: [], follow: [{ topic, key: () => "k", runs: [app.plain] }] };
    const { news, following } = follow({ live });
    await idle();
    news();
    client.change("plain");
    topic.followed[0]?.items.failed(refusal(Code.UNAVAILABLE));
    expect(lacking).toEqual(["* "]);
    await clock.advance(4_999);
    expect([topic.followed.length, news()]).toEqual([1, []]);
    await clock.advance(3_000);
    expect([topic.followed.length, news()]).toEqual([2, ["item a 0, plain 1 reset"]]);
    topic.followed[1]?.items.failed(refusal(Code.UNAVAILABLE));
    following.cancel();
    expect(clock.running).toBe(0);
  });
  test("a key that cannot be evaluated ends the opening", async () => {
    const { follow, clock, options } = liveRig();
    const key = (): never => {
      throw refusal(Code.INVALID_ARGUMENT, "no key");
    };
    const { news } = follow({ live: { ...options().live, follow: [{ topic: new Topic(), key }] } });
    await idle();
    expect(news()).toEqual(["opened", "failed 3 no key"]);
    expect(clock.running).toBe(0);
  });
});

describe("failures", () => {
  test("the failure of the first composition ends the stream", async () => {
    const { follow, client, clock } = liveRig();
    client.answer = (sent) => sent.fault(Code.NOT_FOUND);
    const { news } = follow();
    await idle();
    expect(news()[1]).toMatch(/^failed 13 /);
    expect(clock.running).toBe(0);
  });
  test("a later one is repeated with longer and longer waits, and the stream stays open", async () => {
    const { follow, client, purges, clock, lacking } = liveRig();
    clock.chance = 0.99;
    const { news, following } = follow();
    await idle();
    news();
    client.calls();
    client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    purges.purge(["thing:a"]);
    await clock.advance(20_000);
    const calls = client.calls();
    expect(calls.length).toBeLessThan(8);
    expect(new Set(calls)).toEqual(new Set(["a"]));
    expect([lacking.length, ...new Set(lacking)]).toEqual([calls.length, "* test.v1.Upstream"]);
    expect(news()).toEqual([]);
    client.answer = (sent) => client.reply(sent);
    client.change("a");
    await clock.advance(40_000);
    expect(news()).toEqual(["item a 1, plain 0 reset"]);
    following.cancel();
  });
  test("an answer that cannot be written ends the opening", async () => {
    const { follow, clock } = liveRig();
    const { news } = follow({ compose: async () => page({ spentCents: "no number" as never }) });
    await idle();
    expect(news()[1]).toMatch(/^failed 13 /);
    expect(clock.running).toBe(0);
  });
  test("more than 100 tags end the opening with INVALID_ARGUMENT", async () => {
    const { follow, options } = liveRig();
    const tags = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);
    for (const [count, end] of [
      [100, /^item /],
      [101, /^failed 3 .* at most 100/],
    ] as const) {
      const live = { ...options().live, on: [{ tag: () => ["thing:", tags(count)] }] };
      const { news, following } = follow({ live });
      await idle();
      expect(news()[1]).toMatch(end);
      following.cancel();
    }
  });
  test("a hole without a value, or whose expression fails, is no tag", async () => {
    const { follow, options, purges, client, clock } = liveRig();
    const fails = (): never => {
      throw new Error("no such key");
    };
    const on = [{ tag: () => ["thing:", undefined] }, { tag: fails }, { tag: () => ["thing:", ["a", undefined]] }];
    const { news, following } = follow({ live: { ...options().live, on } });
    await idle();
    news();
    client.change("a");
    purges.purge(["thing:a"]);
    await clock.advance(2_000);
    expect(news()).toEqual(["item a 1, plain 0 reset"]);
    following.cancel();
  });
});

describe("a permit", () => {
  test("a permit runs before each later message, and every 30 s", async () => {
    const { follow, purges, client, clock, audited } = liveRig();
    const { identity } = await gate({ sources: [sourceOf("user", BEARER)] });
    let [checks, holds] = [0, true];
    const decide = (): void => {
      checks++;
      if (!holds) throw refusal(Code.PERMISSION_DENIED);
    };
    const { news, following } = follow({ identity, permit: { decide } }, bearer("user-ada"));
    await idle();
    expect([news()[0], checks]).toEqual(["opened", 1]);
    client.change("a");
    purges.purge(["thing:a"]);
    await clock.advance(1_200);
    expect([news(), checks]).toEqual([["item a 1, plain 0 reset"], 2]);
    await clock.advance(60_000);
    expect(checks).toBeGreaterThanOrEqual(4);
    holds = false;
    client.change("a");
    purges.purge(["thing:a"]);
    await clock.advance(1_200);
    expect(news()).toEqual([expect.stringMatching(/^failed 7 /)]);
    expect(audited).toHaveLength(1);
    following.cancel();
    expect(clock.running).toBe(0);
  });
  test("a permit that cannot be decided sends nothing, and the stream continues when it can", async () => {
    const { follow, purges, client, clock } = liveRig();
    const { identity } = await gate({ sources: [sourceOf("user", BEARER)] });
    let away = false;
    const status = { code: Code.UNAVAILABLE, clientCode: Code.INTERNAL, reason: Reason.UNAVAILABLE };
    const decide = (): void => {
      if (away) throw new Failure({ ...status, callee: "up.v1.Up/Get", message: "no" });
    };
    const { news, following } = follow({ identity, permit: { decide } }, bearer("user-ada"));
    await idle();
    news();
    away = true;
    client.change("a");
    purges.purge(["thing:a"]);
    await clock.advance(45_000);
    expect(news()).toEqual([]);
    away = false;
    await clock.advance(60_000);
    expect(news()).toEqual(["item a 1, plain 0 reset"]);
    following.cancel();
  });
});

describe("a slow reader", () => {
  test("a slow reader gets the newest answer when it reads again", async () => {
    const { follow, purges, client, clock } = liveRig();
    const follower = new TestFollower();
    follower.reads = false;
    const { news, following } = follow({}, { follower });
    await idle();
    news();
    client.calls();
    for (let i = 0; i < 4; i++) {
      client.change("a");
      purges.purge(["thing:a"]);
      await clock.advance(2_000);
    }
    expect([news(), client.calls()]).toEqual([[], []]);
    follower.reads = true;
    following.ready();
    await clock.advance(100);
    expect([news(), client.calls()]).toEqual([["item a 4, plain 0 reset"], ["a"]]);
    following.cancel();
  });
  test("10 s without reading end it", async () => {
    const { follow, clock } = liveRig();
    const follower = new TestFollower();
    follower.reads = false;
    const { news } = follow({}, { follower });
    await idle();
    await clock.advance(10_000);
    expect(news().at(-1)).toMatch(/^failed 8 the client has not read for 10 s/);
    expect(clock.running).toBe(0);
  });
});

describe("resuming", () => {
  test("a client with the current answer gets nothing, and one with another gets it with a reset", async () => {
    const { follow, client, purges, clock } = liveRig();
    const { follower, following } = follow();
    await idle();
    const token = / @(.+)$/.exec(follower.events[1] ?? "")?.[1];
    following.cancel();
    const again = follow({}, { resume: token });
    await idle();
    expect(again.news()).toEqual(["opened"]);
    client.change("a");
    purges.purge(["thing:a"]);
    await clock.advance(2_000);
    expect(again.news()).toEqual(["item a 1, plain 0 reset"]);
    again.following.cancel();
    for (const resume of [token, "nonsense", ""]) {
      const later = follow({}, { resume });
      await idle();
      expect(later.news()).toEqual(["opened", "item a 1, plain 0 reset"]);
      later.following.cancel();
    }
  });
});

test("a token of another caller is no current answer", async () => {
  const { follow } = liveRig();
  const { identity } = await gate({ sources: [sourceOf("user", BEARER)] });
  const permit = {};
  const ada = follow({ identity, permit }, bearer("user-ada"));
  await idle();
  const resume = / @(.+)$/.exec(ada.follower.events[1] ?? "")?.[1];
  for (const [caller, news] of [
    ["user-ada", ["opened"]],
    ["user-eve", ["opened", "item a 0, plain 0 reset"]],
  ] as const) {
    const again = follow({ identity, permit }, { ...bearer(caller), resume });
    await idle();
    expect(again.news()).toEqual(news);
    again.following.cancel();
  }
  ada.following.cancel();
});

describe("kept answers", () => {
  test("keys of a batch are kept one by one", async () => {
    const { follow, client, purges, clock, text, options, app } = liveRig();
    const compose: ReturnType<typeof options>["compose"] = async (cx, { id }) => {
      // The first composition requests the keys at different times, and so in two batches.
      const late = cx.step(async () => cx.load(cx.app.byId, (await cx.call(cx.app.get, { id })).id));
      const early = cx.step(() => cx.load(cx.app.byId, "z"));
      return page({ title: `${text((await early) as never)}, ${text((await late) as never)}` });
    };
    const live = {
      ...options().live,
      on: [
        { tag: () => ["thing:a"], runs: [app.get] },
        { tag: () => ["all"], runs: [app.byId.rpc] },
      ],
    };
    client.answer = (sent) => {
      if (sent.path.endsWith("/BatchGet")) client.reply(sent);
    };
    const { news, following } = follow({ compose, live });
    await idle();
    client.of("a").thing({ tags: ["a 0"] });
    client.answer = (sent) => client.reply(sent);
    await idle();
    expect([news()[1], client.calls()]).toEqual(["item z 0, a 0", ["a", "batch z", "batch a"]]);
    purges.purge(["thing:a"]);
    await clock.advance(2_000);
    expect([news(), client.calls()]).toEqual([[], ["a"]]);
    for (const id of ["a", "z"]) client.change(id);
    purges.purge(["all"]);
    await clock.advance(2_000);
    expect([news(), client.calls()]).toEqual([["item z 1, a 1 reset"], ["batch z a"]]);
    following.cancel();
  });
  test("beyond the limit of kept bytes, all calls run again", async () => {
    const { follow, client, purges, clock } = liveRig();
    const { endpoint, news, following } = follow();
    endpoint.keeps?.(1);
    await idle();
    news();
    client.calls();
    purges.purge(["thing:a"]);
    await clock.advance(2_000);
    expect(client.calls()).toEqual(["a", "plain"]);
    following.cancel();
    endpoint.keeps?.(128 << 20);
  });
});

test("a stream without purges ends at its max_age", async () => {
  const { follow, clock } = liveRig(new FakeClock());
  const { news } = follow({ maxAgeMs: 60_000 });
  await idle();
  await clock.advance(70_000);
  expect(news().at(-1)).toMatch(/^failed 14 the stream has been open for its max_age/);
  expect(clock.running).toBe(0);
});
