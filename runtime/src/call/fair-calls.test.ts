// Holds docs/runtime.md#limits
import { expect, test } from "vitest";
import type { Request } from "../compose/request.ts";
import { Code, Reason } from "../failure.ts";
import { FairShare } from "../guard/fair-share.ts";
import type { LimitPolicy } from "../guard/limit.ts";
import { FakeClient } from "../testing/fake-client.ts";
import { type FrontOptions, front, page } from "../testing/front.ts";

const FAIR = new FairShare(4);

/** An upstream with one place, which a call to "first" has, and requests of tenants. */
function taken(limit: Partial<LimitPolicy> = {}, more: FrontOptions = {}) {
  const keys: string[] = [];
  const refused: string[] = [];
  const share = FAIR.rule(
    (cx: { header(name: string): string }) => {
      keys.push(cx.header("tenant"));
      return cx.header("tenant");
    },
    (cx) => Number(cx.header("weight") || "1"),
  );
  const observer = {
    shareRefused: ({ place, key }: { place: string; key: string }) => refused.push(`${place} ${key}`),
  };
  const policy = { limit: { concurrent: 1, queued: 10, fair: FAIR, ...limit } };
  const rig = front({ policy, share, observer: { instead: observer }, ...more });
  const send = (tenant: string, id: string, weight = "1") =>
    rig.send(async (cx) => page({ title: (await cx.call(rig.app.get, { id })).id }), { headers: { tenant, weight } });
  const load = (tenant: string, ids: readonly string[]) => {
    const compose = async (cx: Request<typeof rig.app>) => {
      const all = await Promise.all(ids.map((id) => cx.load(rig.app.byId, id)));
      return page({ title: String(all.length) });
    };
    return rig.send(compose, { headers: { tenant } });
  };
  send("x", "first");
  const sent = (): string[] => rig.client.sent.map(({ id }) => id);
  /** Answers the call under way until none is left, and returns all in the order in which they were sent. */
  const drain = (): string[] => {
    for (let next = rig.client.sent.find(({ ended }) => !ended); next !== undefined; ) {
      next.thing();
      next = rig.client.sent.find(({ ended }) => !ended);
    }
    return sent();
  };
  return { ...rig, send, load, sent, drain, keys, refused };
}

test.each([{ adaptive: false }, { adaptive: true }])("tenants take turns, by weight, at a limit: %o", (limit) => {
  const { send, drain } = taken({ concurrent: 1, ...limit });
  for (const id of ["a1", "a2", "a3", "a4"]) send("a", id);
  for (const id of ["b1", "b2", "b3", "b4"]) send("b", id, "3");
  expect(drain()).toEqual(["first", "a1", "b1", "b2", "b3", "a2", "b4", "a3", "a4"]);
});
test("a limit of a method is fair, too", () => {
  const { send, drain, app, client } = taken({ concurrent: 99 });
  const limited = app.getWith({ limit: { concurrent: 1, queued: 10, fair: FAIR } });
  expect(limited.limit?.state).toEqual({ taken: 0, most: 1, waiting: 0 });
  send("a", "a1");
  drain();
  expect(client.sent.length).toBe(2);
});
test("a call that gets a place at once has no tag, so its key is not evaluated", () => {
  const { send, keys } = taken({ concurrent: 3 });
  send("a", "a1");
  expect(keys).toEqual([]);
  send("b", "b1");
  send("c", "c1");
  expect(keys).toEqual(["c"]);
});
test("the newcomer of a key with the maximum of waiters is refused, others wait", async () => {
  const { send, refused, sent, drain } = taken();
  for (const id of ["a1", "a2", "a3", "a4"]) send("a", id);
  const { failure } = await send("a", "a5").answer;
  expect(failure).toMatchObject({ reason: Reason.LIMITED, clientCode: Code.RESOURCE_EXHAUSTED });
  send("b", "b1");
  expect(refused).toEqual(["test.v1.Upstream a"]);
  expect(sent()).toEqual(["first"]);
  expect(drain()).toContain("b1");
});
test("in a full queue the key with the most waiters per weight loses its newest one", async () => {
  const { send, refused, drain } = taken({ queued: 4 });
  send("a", "a1");
  send("a", "a2");
  const newest = send("a", "a3");
  send("b", "b1", "0.5");
  send("b", "b2", "2");
  expect((await newest.answer).failure?.reason).toBe(Reason.LIMITED);
  expect(refused).toEqual(["test.v1.Upstream a"]);
  expect(drain()).toEqual(["first", "a1", "b1", "a2", "b2"]);
});
test("a cancelled waiter leaves its place at once, and costs its key nothing", () => {
  const { send, upstream, drain } = taken();
  const gone = send("a", "a1");
  send("b", "b1");
  send("a", "a2");
  gone.cancel();
  expect(upstream.limit?.state.waiting).toBe(2);
  send("b", "b2");
  expect(drain()).toEqual(["first", "b1", "a2", "b2"]);
});
test("requests without a key are one party, and so are those whose key fails", () => {
  const share = FAIR.rule(({ header }: { header(name: string): string }) => {
    if (header("tenant") === "fails") throw new TypeError("no principal");
    return header("tenant") === "absent" ? undefined : header("tenant");
  });
  const of = (tenant: string) => share.of({ header: () => tenant });
  expect([of("fails"), of("absent"), of("")]).toEqual(Array(3).fill({ key: "", weight: 1 }));
  expect(of("x".repeat(1_000)).key).toHaveLength(256);
});
test.each([
  [Number.NaN, 1],
  [0, 0.01],
  [-3, 0.01],
  [7, 7],
  [1e9, 100],
  [undefined, 1],
])("a weight of %s is %s", (weight, expected) => {
  expect(
    FAIR.rule(
      () => "a",
      () => weight,
    ).of({}).weight,
  ).toBe(expected);
  const failing = FAIR.rule(
    () => "a",
    () => {
      throw new RangeError();
    },
  );
  expect(failing.of({}).weight).toBe(1);
});
test("a batch waits once, for the request that made it", async () => {
  const { load, clock, keys } = taken();
  load("a", ["1", "2", "3"]);
  await clock.advance(0);
  expect(keys).toEqual(["a"]);
});
test("a fetch of the cache belongs to its first caller", async () => {
  const { clock, keys, send } = taken({}, { call: { cache: { ttlMs: 1_000 } } });
  send("a", "same");
  send("b", "same");
  await clock.advance(0);
  expect(keys).toEqual(["a"]);
});

test("a refusal at a shard names the shard", async () => {
  const refused: object[] = [];
  const share = FAIR.rule(() => "a");
  const policy = { limit: { concurrent: 1, queued: 4, fair: FAIR } };
  const observer = { instead: { shareRefused: (event: object) => refused.push(event) } };
  const shards = new Map(["one", "two"].map((name) => [name, new FakeClient()]));
  const { app, send } = front({ policy, share, observer }, Object.assign(new FakeClient(), { shards }));
  const call = (id: string) =>
    send(async (cx) => page({ title: (await cx.call(app.get, { id }, { shard: { name: "two" } })).id })).answer;
  const calls = ["1", "2", "3", "4", "5", "6"].map(call);
  await calls.at(-1);
  expect(refused).toEqual([{ place: "test.v1.Upstream", branch: undefined, shard: "two", key: "a" }]);
});
