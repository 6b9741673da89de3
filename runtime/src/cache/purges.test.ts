// Holds docs/runtime.md#caching
import { describe, expect, test } from "vitest";
import type { CallPolicy } from "../call/policy.ts";
import { Code } from "../failure.ts";
import type { ResponseCaching } from "../response-cache/response-caching.ts";
import { idle } from "../testing/fake-clock.ts";
import { front, page } from "../testing/front.ts";
import type { Page, ShowRequest, Thing } from "../testing/gen/test_pb.ts";
import { Cache } from "./cache.ts";
import { Purges } from "./purges.ts";
import { isCurrent, type TagPart, tagName, tagNames } from "./tags.ts";

describe("the name of a tag", () => {
  test("a name has other characters percent-encoded, and a star is none of a purge", () => {
    expect(tagName("order:7/a_b~c.d@e-f")).toBe("order:7/a_b~c.d@e-f");
    expect(tagName("a b,c*ü%")).toBe("a%20b%2Cc%2A%C3%BC%25");
  });
  test("an empty name, one above 256 bytes, and a hole without a value make none", () => {
    expect([tagName(""), tagName("a".repeat(257)), tagName("ü".repeat(50))]).toEqual([undefined, undefined, undefined]);
    expect(
      tagNames([
        ["a:", 1n],
        ["b:", undefined],
      ]),
    ).toBe(undefined);
    expect(
      tagNames([
        ["a:", 1n],
        ["b:", true, "/", 0.5],
        ["a:", 1],
      ]),
    ).toEqual(["a:1", "b:true/0.5"]);
    expect(tagNames(Array.from({ length: 17 }, (_, i) => [i]))).toBe(undefined);
  });
});

describe("purges", () => {
  test("a purge ends the answers that began before it and have the tag", () => {
    const purges = new Purges();
    const [a, b] = [purges.tagged(["a"], purges.now), purges.tagged(["b"], purges.now)];
    purges.purge(["a"]);
    expect([isCurrent(a), isCurrent(b)]).toEqual([false, true]);
    expect(isCurrent(purges.tagged(["a"], purges.now))).toBe(true);
    purges.purge(["*"]);
    expect(isCurrent(b)).toBe(false);
  });
  test("a forgotten tag makes its answers misses, and no answer of before its purge is kept", () => {
    const purges = new Purges(2);
    const before = purges.now;
    const kept = purges.tagged(["a"], before);
    purges.purge(["a"]);
    purges.tagged(["b"], purges.now);
    purges.tagged(["c"], purges.now);
    expect(isCurrent(kept)).toBe(false);
    expect(isCurrent(purges.tagged(["a"], before))).toBe(false);
    expect(isCurrent(purges.tagged(["a"], purges.now))).toBe(true);
  });
});

const tagged = (policy: Omit<NonNullable<CallPolicy["cache"]>, "ttlMs"> = {}) => {
  const purges = new Purges();
  const tags = ({ id }: Thing, holes: readonly TagPart[]) => [["item:", id], ...holes.map((hole) => ["of:", hole])];
  const all = front({
    cache: (clock) => new Cache({ clock, purges }),
    call: { cache: { ttlMs: 1_000, tag: ["item:{answer.id}"], tags, ...policy } },
  });
  all.clock.chance = 0;
  let count = 0;
  all.client.answer = (sent) => sent.thing({ count: BigInt(++count) });
  const get = (id: string, holes?: () => readonly TagPart[]) =>
    all.send(async (cx) => {
      const step = cx.tryCall(cx.app.get, { id }, { holes });
      const thing = await step;
      const out = page({ title: `${thing?.count ?? "none"}` });
      if (cx.degraded) cx.touched(out, "title", thing !== undefined, step);
      return out;
    });
  const title = async (...args: Parameters<typeof get>) => (await get(...args).answer).page?.title;
  return { ...all, purges, get, title };
};

describe("a cached call", () => {
  test("a purged answer is fetched again, and others stay", async () => {
    const { title, purges } = tagged();
    expect([await title("a"), await title("b")]).toEqual(["1", "2"]);
    purges.purge(["item:a"]);
    expect([await title("a"), await title("b"), await title("a")]).toEqual(["3", "2", "3"]);
  });
  test("an answer whose fetch began before the purge is not kept", async () => {
    const { title, get, purges, client } = tagged();
    client.answer = undefined;
    const first = get("a");
    purges.purge(["item:a"]);
    client.of("a").thing({ count: 1n });
    expect((await first.answer).page?.title).toBe("1");
    client.answer = (sent) => sent.thing({ count: 2n });
    expect(await title("a")).toBe("2");
  });
  test("a caller that joins a fetch after the purge fetches once more, with the callers that joined after it", async () => {
    const { get, purges, client } = tagged();
    client.answer = undefined;
    const before = get("a");
    purges.purge(["item:a"]);
    const after = [get("a"), get("a")];
    expect(client.sent.length).toBe(1);
    client.sent[0]?.thing({ count: 1n });
    await idle();
    expect(client.sent.length).toBe(2);
    client.sent[1]?.thing({ count: 2n });
    expect((await before.answer).page?.title).toBe("1");
    for (const { answer } of after) expect((await answer).page?.title).toBe("2");
  });
  test("a purge of other tags lets callers join", async () => {
    const { get, purges, client } = tagged();
    client.answer = undefined;
    const all = [get("a")];
    purges.purge(["item:b"]);
    all.push(get("a"));
    client.of("a").thing({ count: 1n });
    for (const { answer } of all) expect((await answer).page?.title).toBe("1");
    expect(client.sent.length).toBe(1);
  });
  test("values of other holes are part of the key", async () => {
    const { title, purges } = tagged();
    expect([await title("a", () => ["x"]), await title("a", () => ["y"])]).toEqual(["1", "2"]);
    purges.purge(["of:x"]);
    expect([await title("a", () => ["x"]), await title("a", () => ["y"])]).toEqual(["3", "2"]);
  });
  test("an answer with a hole that fails is not kept, and counts", async () => {
    const { title, purges } = tagged();
    const failing = () => {
      throw new Error("no value");
    };
    expect([
      await title("a", () => [undefined]),
      await title("a", failing),
      await title("a", () => [undefined]),
    ]).toEqual(["1", "2", "3"]);
    expect([...purges.counts.failures]).toEqual([["test.v1.Upstream/Get", 2]]);
  });
  test("`spare` serves a purged answer if no new one can be fetched", async () => {
    const { title, get, purges, client, clock } = tagged({ purged: "spare" });
    expect(await title("a")).toBe("1");
    purges.purge(["item:a"]);
    expect(await title("a")).toBe("2");
    purges.purge(["item:a"]);
    client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    expect(await get("a").answer).toMatchObject({ page: { title: "2" }, entries: ["title 4 2 test.v1.Upstream 0 ms"] });
    await clock.advance(1_000);
    expect(await title("a")).toBe("none");
  });
  test("`counted` serves purged answers and counts them", async () => {
    const { title, purges } = tagged({ purged: "counted" });
    expect(await title("a")).toBe("1");
    purges.purge(["item:a"]);
    expect([await title("a"), await title("a")]).toEqual(["1", "1"]);
    expect([...purges.counts.purgedHits]).toEqual([["test.v1.Upstream/Get", 2]]);
  });
});

describe("a cached rpc", () => {
  const whole = (more: Partial<ResponseCaching<unknown, ShowRequest, undefined>> = {}) => {
    const purges = new Purges();
    const tags = (_cx: unknown, _args: unknown, { title }: Page) => [["page:", title === "none" ? undefined : "home"]];
    const answers = { answers: new Cache({ purges }), ttlMs: 60_000, plan: "1", tags, ...more };
    const all = front({ answers });
    const send = all.sender(async (cx) => page({ title: `${(await cx.call(cx.app.get, { id: "a" })).count}` }));
    return { ...all, purges, send };
  };
  test("a purged answer is composed again, and a request that joined after the purge is too", async () => {
    const { send, purges, client } = whole();
    const requests = [send(), send()];
    purges.purge(["page:home"]);
    requests.push(send());
    expect(client.sent.length).toBe(1);
    client.sent[0]?.thing({ count: 1n });
    await idle();
    expect(client.sent.length).toBe(2);
    client.sent[1]?.thing({ count: 2n });
    const titles = await Promise.all(requests.map(async ({ answer }) => (await answer).page?.title));
    expect(titles).toEqual(["1", "1", "2"]);
    expect((await send().answer).page?.title).toBe("2");
    expect(client.sent.length).toBe(2);
    purges.purge(["*"]);
    send();
    expect(client.sent.length).toBe(3);
  });
  test("`spare` serves a purged answer if no new one can be composed", async () => {
    const { send, purges, client } = whole({ purged: "spare" });
    client.answer = (sent) => sent.thing({ count: 1n });
    await send().answer;
    purges.purge(["page:home"]);
    client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    expect((await send().answer).page?.title).toBe("1");
  });
});
