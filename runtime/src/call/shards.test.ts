import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Cache } from "../cache/cache.ts";
import { Code, Reason } from "../failure.ts";
import { callSource } from "../source/call-source.ts";
import { FakeClient } from "../testing/fake-client.ts";
import { type FrontOptions, front, page } from "../testing/front.ts";
import { GET, recorder, streamRig } from "../testing/stream-source.ts";
import type { ShardChoice, ShardRule } from "./policy.ts";
import { Shards } from "./shards.ts";
import { Upstream } from "./upstream.ts";

const named = (names: readonly string[]) => new Map(names.map((name) => [name, name]));

describe("the shard of a key", () => {
  test("rendezvous chooses as github.com/dgryski/go-rendezvous does", () => {
    const file = new URL("../../../test/features/upstreams/rendezvous/vectors.jsonl", import.meta.url);
    const vectors = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(vectors.length).toBe(60);
    for (const vector of vectors) {
      const { shards, key, chosen } = JSON.parse(vector) as { shards: string[]; key: string; chosen: string };
      const all = new Shards(named(shards), "rendezvous");
      expect(all.nameOf(key)).toBe(chosen);
      expect(all.nameOf(Buffer.from(key))).toBe(chosen);
      if (/^-?[1-9]\d*$/.test(key)) expect(all.nameOf(BigInt(key))).toBe(chosen);
    }
  });
  test("a further shard takes over keys, and no other key moves", () => {
    const before = new Shards(named(["a", "b", "c"]), "rendezvous");
    const after = new Shards(named(["a", "d", "b", "c"]), "rendezvous");
    const keys = Array.from({ length: 1_000 }, (_, i) => `k${i}`);
    const moved = keys.filter((key) => before.nameOf(key) !== after.nameOf(key));
    expect(moved.every((key) => after.nameOf(key) === "d")).toBe(true);
    expect(moved.length).toBeGreaterThan(180);
    expect(moved.length).toBeLessThan(320);
  });
  test("modulo is the Euclidean remainder of whole numbers alone", () => {
    const all = new Shards(named(["a", "b", "c"]), "modulo");
    expect([-4n, -1n, 0n, 4n, 5, 2n ** 64n - 1n].map((key) => all.nameOf(key))).toEqual(["c", "c", "a", "b", "c", "a"]);
    for (const key of ["1", 0.5, new Uint8Array(1)]) expect(() => all.nameOf(key)).toThrow("whole number");
  });
});

/** Answers with its name. */
const shard = (name: string): FakeClient =>
  new FakeClient((sent) =>
    sent.path.endsWith("BatchGet")
      ? sent.things({ things: sent.ids.map((id) => ({ id, tags: [name] })) })
      : sent.thing({ tags: [name] }),
  );

const BY_ID: ShardRule = ({ id }: { id: string }) => {
  if (id === "bad") throw new Error("division by zero");
  return { name: id.charAt(0) };
};

/** Keys begin with the name of their shard. */
function sharded({ call, ...options }: FrontOptions = {}) {
  const shards = new Map([shard("a"), shard("b")].map((client, i) => ["ab".charAt(i), client]));
  const all = front({ ...options, call: { shard: BY_ID, ...call } }, Object.assign(new FakeClient(), { shards }));
  const get = (id: string, choice?: ShardChoice) =>
    all.send(async (cx) =>
      page({ title: (await cx.call(cx.app.get, { id }, choice && { shard: choice })).tags[0] ?? "" }),
    ).answer;
  return { ...all, get, at: (name: string) => shards.get(name) as FakeClient };
}

describe("calls of an upstream with shards", () => {
  test("a call follows its policy's key, and its own choice takes precedence", async () => {
    const { get, client, calls } = sharded();
    const chosen = new Shards(named(["a", "b"]), "rendezvous").nameOf("tenant-7");
    const answers = [
      await get("a1"),
      await get("b1"),
      await get("a1", { name: "b" }),
      await get("a1", { by: "tenant-7" }),
    ];
    expect(answers.map((answer) => answer.page?.title)).toEqual(["a", "b", "b", chosen]);
    expect(calls.map((event) => event.shard)).toEqual(["a", "b", "b", chosen]);
    expect(client.sent).toEqual([]);
  });
  test("an unknown name and a failing key are INVALID, and nothing is sent", async () => {
    const { get, at } = sharded();
    for (const [id, text] of [
      ["x1", 'no shard "x"'],
      ["bad", "the key of its shard: Error: division by zero"],
    ] as const) {
      const { failure } = await get(id);
      expect(failure?.reason).toBe(Reason.INVALID);
      expect(failure?.logText).toContain(text);
    }
    expect([at("a").sent.length, at("b").sent.length]).toEqual([0, 0]);
  });
  test("the breaker of one shard does not affect the others", async () => {
    const { get, at, states } = sharded({
      policy: { breaker: { errorRate: 0.5, windowMs: 10_000, minimum: 4, openMs: 5_000, probes: 1 } },
    });
    at("a").answer = (sent) => sent.fault(Code.UNAVAILABLE);
    for (let i = 0; i < 12; i++) await get("a1");
    expect(states).toContain("open");
    expect((await get("a1")).failure?.reason).toBe(Reason.BREAKER_OPEN);
    expect((await get("b1")).page?.title).toBe("b");
  });
  test("equal calls and cached answers of two shards stay apart", async () => {
    for (const call of [{ coalesce: true }, { cache: { ttlMs: 1_000 } }]) {
      const { send } = sharded({ call, cache: (clock) => new Cache({ clock }) });
      const { page: found } = await send(async (cx) => {
        const all = ["a", "b", "a"].map((name) => cx.call(cx.app.get, { id: "1" }, { shard: { name } }));
        return page({ title: (await Promise.all(all)).map(({ tags }) => tags[0]).join("") });
      }).answer;
      expect(found?.title).toBe("aba");
    }
  });
  test("a batch is split by shard: items keep their keys, a bad key and a failed shard fail alone", async () => {
    const { send, at } = sharded();
    const { page: found } = await send(async (cx) => {
      const batch = { ...cx.app.byId, shard: (id: string) => BY_ID({ id } as never, cx as never) };
      const load = async (id: string) => (await cx.tryLoad(batch, id))?.tags[0] ?? "-";
      const first = await Promise.all(["b1", "a1", "bad", "b2", "a2", "b3", "b4"].map(load));
      at("a").answer = (sent) => sent.fault(Code.UNAVAILABLE);
      return page({ title: [...first, ...(await Promise.all(["a9", "b9"].map(load)))].join("") });
    }).answer;
    expect(found?.title).toBe("ba-babb-b");
    expect(at("a").sent.map(({ ids }) => ids)).toEqual([["a1", "a2"], ["a9"]]);
    expect(at("b").sent.map(({ ids }) => ids)).toEqual([["b1", "b2", "b3"], ["b4"], ["b9"]]);
  });
});

describe("streams of an upstream with shards", () => {
  function followed(id: string) {
    const { cx, clock } = streamRig();
    const shards = new Map(["a", "b"].map((name) => [name, new FakeClient()]));
    const client = Object.assign(new FakeClient(), { shards });
    const rpc = new Upstream("test.v1.Upstream", client, {}, { clock }).stream(GET, { shard: BY_ID });
    const { events, items } = recorder();
    callSource(rpc, (_cx, args: string) => ({ id: args }))(cx, id, undefined, undefined, items);
    return { events, opened: [...shards.values()].map(({ streams }) => streams.length) };
  }
  test("a stream follows its key", () => {
    expect(followed("a1").opened).toEqual([1, 0]);
    expect(followed("b1").opened).toEqual([0, 1]);
  });
  test("a stream whose key fails is INVALID and opens nothing", async () => {
    const { events, opened } = followed("bad");
    await Promise.resolve();
    expect(opened).toEqual([0, 0]);
    expect(events).toMatchObject([{ failed: { reason: Reason.INVALID } }]);
  });
});
