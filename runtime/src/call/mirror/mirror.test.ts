// Holds docs/edge.md#mirrors
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { Code } from "../../failure.ts";
import type { MirrorEvent } from "../../observer-calls.ts";
import { FakeClient } from "../../testing/fake-client.ts";
import { front, page } from "../../testing/front.ts";
import { ClaimsSchema } from "../../testing/gen/claims_pb.ts";
import type { ThingSchema } from "../../testing/gen/test_pb.ts";
import type { BranchRule, CallPolicy } from "../policy.ts";
import { differencesOf } from "./comparison.ts";
import { MAX_COPIES } from "./mirrored-call.ts";

type Answer = MessageInitShape<typeof ThingSchema>;
const answers = (thing: Answer) => new FakeClient((sent) => sent.thing(thing));
const silent = () => new FakeClient(() => {});
const immediate = () => new Promise((resolve) => setImmediate(resolve));

let events: MirrorEvent[];
beforeEach(() => {
  events = [];
});

interface Options {
  readonly served?: FakeClient;
  readonly mirror?: FakeClient;
  readonly rule?: Partial<BranchRule<never>>;
  readonly call?: CallPolicy;
  readonly copied?: CallPolicy["copied"];
}
function mirrored({ served = answers({ count: 1n }), mirror = answers({ count: 1n }), ...options }: Options = {}) {
  const { rule, call } = options;
  const copied = "copied" in options ? options.copied : { reads: {} };
  const rules: BranchRule<never>[] = [{ name: "next", mirror: "compare", ...rule }];
  const observer = { mirrored: (event: MirrorEvent) => void events.push(event) };
  const all = front(
    {
      call: { ...call, branches: rules, copied },
      branches: { next: mirror },
      observer: { instead: observer },
    },
    served,
  );
  const get = (id: string, headers: Record<string, string> = {}) =>
    all.send(async (cx) => page({ title: String((await cx.call(cx.app.get, { id })).count) }), { headers });
  return { ...all, served, mirror, get };
}
const outcomes = () => events.map(({ pair, outcome }) => `${pair} ${outcome}`);
const reasons = () => events.flatMap(({ pair, reason }) => (pair === "mirror" ? (reason ?? []) : []));

describe("a copy", () => {
  test("has the bytes, the path and the headers of the call, and a header that marks it", async () => {
    const { get, served, mirror } = mirrored({ call: { forward: ["x-tenant"], timeoutMs: 300 } });
    await get("a", { "x-tenant": "t1" }).answer;
    const [call, copy] = [served.sent[0], mirror.sent[0]];
    expect(copy?.message).toEqual(call?.message);
    expect(copy).toMatchObject({ path: call?.path, timeoutMs: call?.timeoutMs, attempt: 1 });
    expect(copy?.headers).toEqual({ ...call?.headers, "bff-mirror": "1" });
  });
  test("is sent once for a call with retries, and never waits", async () => {
    let left = 1;
    const served = new FakeClient((sent) => (left-- > 0 ? sent.fault(Code.UNAVAILABLE) : sent.thing({ count: 1n })));
    const retry = { attempts: 3, on: [Code.UNAVAILABLE], initialMs: 0, maxMs: 0, multiplier: 1 };
    const { get, mirror, clock } = mirrored({ served, call: { retry } });
    const { answer } = get("a");
    await clock.advance(10);
    expect((await answer).page?.title).toBe("1");
    await immediate();
    expect(served.sent).toHaveLength(3); // with the control pair's
    expect(mirror.sent).toHaveLength(1);
    expect(outcomes()).toContain("mirror same");
  });
  test("is not sent for a call without the permission to copy, nor to a mirror whose rule does not hold", async () => {
    const { app, client, send } = mirrored({ copied: undefined });
    expect(app.get.mirrors).toBeUndefined();
    await send(async (cx) => page({ title: (await cx.call(cx.app.get, { id: "a" })).id })).answer;
    expect(client.sent).toHaveLength(1);
    const other = mirrored({ rule: { if: (cx) => cx.header("x-try") === "1" } });
    await other.get("a").answer;
    expect(other.mirror.sent).toHaveLength(0);
    await other.get("a", { "x-try": "1" }).answer;
    expect(other.mirror.sent).toHaveLength(1);
  });
  test("is not sent for an equal call, nor for a hit of the cache", async () => {
    const { send, mirror, get } = mirrored({ call: { cache: { ttlMs: 1_000 } } });
    await send(async (cx) => {
      await Promise.all([cx.call(cx.app.get, { id: "a" }), cx.call(cx.app.get, { id: "a" })]);
      return page();
    }).answer;
    await get("a").answer;
    expect(mirror.sent).toHaveLength(1);
  });
  test("does not delay the answer, whatever the mirror does", async () => {
    for (const mirror of [silent(), new FakeClient((sent) => sent.fault(Code.INTERNAL, { kind: "transport" }))]) {
      const { get } = mirrored({ mirror });
      expect((await get("a").answer).page?.title).toBe("1");
    }
    const throwing = new FakeClient();
    throwing.send = () => {
      throw new Error("no");
    };
    expect((await mirrored({ mirror: throwing }).get("a").answer).page?.title).toBe("1");
  });
  test("ends at the deadline of its call, after the response", async () => {
    const { get, mirror, clock } = mirrored({ mirror: silent(), call: { timeoutMs: 300 } });
    await get("a").answer;
    await clock.advance(299);
    expect(mirror.sent[0]?.cancelled).toBe(false);
    await clock.advance(1);
    expect(mirror.sent[0]?.cancelled).toBe(true);
    expect(outcomes()).toContain("mirror failed");
  });
  test(`at most ${MAX_COPIES} are in flight; further ones are dropped`, async () => {
    const { get, mirror, clock } = mirrored({ mirror: silent(), call: { timeoutMs: 300 }, rule: { mirror: "copy" } });
    for (let i = 0; i < MAX_COPIES + 2; i++) await get(`id ${i}`).answer;
    expect(mirror.sent).toHaveLength(MAX_COPIES);
    expect(outcomes()).toEqual(["mirror dropped", "mirror dropped"]);
    expect(reasons()).toEqual(["busy", "busy"]);
    await clock.advance(300);
    await get("last").answer;
    expect(mirror.sent).toHaveLength(MAX_COPIES + 1);
  });
  test.each([
    ["the rate", { minimum: 2 }],
    ["the row", { minimum: 20, consecutive: 2 }],
  ])("is dropped while the mirror's breaker is open by %s, which leaves the upstream's alone", async (_, rule) => {
    const breaker = { errorRate: 0.5, windowMs: 10_000, openMs: 5_000, probes: 1, ...rule };
    const mirror = new FakeClient((sent) => sent.fault(Code.UNAVAILABLE));
    const observer = { mirrored: (event: MirrorEvent) => void events.push(event) };
    const branches = [{ name: "next", mirror: "copy" }] as const;
    const { send } = front(
      {
        policy: { breaker },
        call: { branches, copied: { reads: {} } },
        branches: { next: mirror },
        observer: { instead: observer },
      },
      answers({ count: 1n }),
    );
    for (let i = 0; i < 4; i++) {
      const { answer } = send(async (cx) => page({ title: String((await cx.call(cx.app.get, { id: `${i}` })).count) }));
      expect((await answer).page?.title).toBe("1");
      await immediate();
    }
    expect(outcomes()).toEqual(["mirror copied", "mirror copied", "mirror dropped", "mirror dropped"]);
    expect(reasons()).toEqual(["breaker", "breaker"]);
  });
});

describe("a compared pair", () => {
  test("names the fields that differ, among those that are compared", async () => {
    const served = answers({ count: 1n, tags: ["a", "b"] });
    const mirror = answers({ count: 2n, tags: ["a", "c"] });
    await mirrored({ served, mirror }).get("x").answer;
    await mirrored({ served, mirror, copied: { reads: { "test.v1.Thing": ["id", "count"] } } }).get("x").answer;
    await mirrored({ served, mirror, copied: { reads: { "test.v1.Thing": ["id"] } } }).get("x").answer;
    await immediate();
    const found = events.filter(({ pair }) => pair === "mirror").map(({ differences }) => differences);
    expect(found).toEqual([
      [
        { path: "count", served: "1", copy: "2" },
        { path: "tags[*]", served: "b", copy: "c" },
      ],
      [{ path: "count", served: "1", copy: "2" }],
      [],
    ]);
  });
  test("compares the status codes of failures", async () => {
    const fails = (code: Code) => new FakeClient((sent) => sent.fault(code));
    await mirrored({ served: fails(Code.NOT_FOUND), mirror: fails(Code.NOT_FOUND) }).get("x").answer;
    await mirrored({ served: fails(Code.NOT_FOUND), mirror: answers({}) }).get("x").answer;
    await mirrored({ mirror: fails(Code.INTERNAL) }).get("x").answer;
    await immediate();
    const found = events.filter(({ pair }) => pair === "mirror");
    expect(found.map(({ outcome, differences }) => [outcome, ...differences])).toEqual([
      ["same"],
      ["differs", { path: "(status)", served: "NOT_FOUND", copy: "OK" }],
      ["differs", { path: "(status)", served: "OK", copy: "INTERNAL" }],
    ]);
  });
  test("is dropped without an answer that was served, and fails without a message of the mirror", async () => {
    const broken = new FakeClient((sent) => sent.fault(Code.UNAVAILABLE, { kind: "transport" }));
    await mirrored({ served: broken, mirror: silent() }).get("x").answer;
    await mirrored({ mirror: new FakeClient((sent) => sent.bytes(Buffer.from([0xff]))) }).get("x").answer;
    await immediate();
    expect(outcomes().filter((outcome) => outcome.startsWith("mirror"))).toEqual(["mirror dropped", "mirror failed"]);
    expect(reasons()).toEqual(["unanswered"]);
  });
  test("hides the values of sensitive calls", async () => {
    await mirrored({ mirror: answers({ count: 2n }), call: { sensitive: true } }).get("x").answer;
    await immediate();
    expect(JSON.stringify(events)).not.toMatch(/"[12]"/);
    expect(events.find(({ outcome }) => outcome === "differs")?.differences).toMatchObject([{ path: "count" }]);
  });
  test("1 of 20 calls has a control pair, whose copy goes to the address that serves", async () => {
    let count = 0n;
    const { get, served } = mirrored({ served: new FakeClient((sent) => sent.thing({ count: ++count })) });
    for (let i = 0; i < 40; i++) {
      await get(`id ${i}`).answer;
      await immediate();
    }
    expect(served.sent).toHaveLength(42);
    expect(outcomes().filter((outcome) => outcome === "control differs")).toHaveLength(2);
  });
});

describe("a comparison", () => {
  const bytes = (init: MessageInitShape<typeof ClaimsSchema>) => toBinary(ClaimsSchema, create(ClaimsSchema, init));
  const paths = (served: MessageInitShape<typeof ClaimsSchema>, copy: MessageInitShape<typeof ClaimsSchema>) =>
    differencesOf({ output: ClaimsSchema, reads: {} }, bytes(served), bytes(copy)).map(({ path }) => path);

  test("compares lists in order, maps by key, and NaN with NaN", () => {
    expect(paths({ aud: ["a", "b"] }, { aud: ["b", "a"] })).toEqual(["aud[*]"]);
    expect(paths({ aud: ["a", "b"] }, { aud: ["a"] })).toEqual(["aud"]);
    expect(paths({ quotas: { a: 1n, b: 2n } }, { quotas: { b: 2n, a: 1n } })).toEqual([]);
    expect(paths({ quotas: { a: 1n } }, { quotas: { b: 1n } })).toEqual(["quotas[*]"]);
    expect(paths({ share: Number.NaN }, { share: Number.NaN, sub: "" })).toEqual([]);
    expect(paths({ share: 0 }, { share: -0 })).toEqual([]);
    expect(paths({ nested: {} }, {})).toEqual(["nested"]);
    expect(paths({ wrapped: 0n }, {})).toEqual(["wrapped"]);
    expect(paths({ byName: { a: { children: [{ id: 1n }] } } }, { byName: { a: { children: [{ id: 2n }] } } })).toEqual(
      ["by_name[*].children[*].id"],
    );
    expect(paths({ extra: { a: 1 } }, { extra: { a: "1" } })).toEqual([
      "extra.fields[*].number_value",
      "extra.fields[*].string_value",
    ]);
  });
  test("names exactly the fields that were changed in a random message", () => {
    const claims = fc.record({
      sub: fc.string(),
      aud: fc.array(fc.string(), { maxLength: 3 }),
      exp: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      quotas: fc.dictionary(fc.string({ maxLength: 3 }), fc.bigInt({ min: 0n, max: 9n }), { maxKeys: 3 }),
      share: fc.double(),
      admin: fc.boolean(),
    });
    const keys = ["sub", "aud", "exp", "quotas", "share", "admin"] as const;
    fc.assert(
      fc.property(claims, claims, fc.subarray([...keys]), (served, other, changed) => {
        const copy = { ...served, ...Object.fromEntries(changed.map((key) => [key, other[key]])) };
        const same = (key: (typeof keys)[number]) =>
          Buffer.compare(bytes({ [key]: served[key] }), bytes({ [key]: copy[key] })) === 0;
        const expected = keys.filter((key) => !same(key) && !(served[key] === copy[key]));
        const found = new Set(paths(served, copy).map((path) => path.replace("[*]", "")));
        // Entries of maps may be written in another order.
        expect([...found].sort()).toEqual(expected.filter((key) => key !== "quotas" || found.has(key)).sort());
      }),
    );
  });
});
