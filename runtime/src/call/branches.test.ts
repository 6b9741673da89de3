import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cache } from "../cache/cache.ts";
import { shareOf } from "../expressions/share.ts";
import { Code } from "../failure.ts";
import { FakeClient } from "../testing/fake-client.ts";
import { type FrontOptions, front, page, RETRY } from "../testing/front.ts";
import type { BranchRule } from "./policy.ts";

/** Answers with the name of its side. */
const side = (name: string): FakeClient =>
  new FakeClient((sent) =>
    sent.path.endsWith("BatchGet")
      ? sent.things({ things: sent.ids.map((id) => ({ id, tags: [name] })) })
      : sent.thing({ tags: [name] }),
  );

const HEADER: BranchRule<never> = { name: "canary", if: (cx) => cx.header("x-canary") === "1" };
const OFF = { headers: {} };
const ON = { headers: { "x-canary": "1" } };

function branched(rules: readonly BranchRule<never>[], { call, ...options }: FrontOptions = {}) {
  const canary = side("canary");
  const all = front({ ...options, call: { ...call, branches: rules }, branches: { canary } });
  all.client.answer = side("main").answer;
  const get = (id: string, more = OFF) =>
    all.send(async (cx) => page({ title: (await cx.call(cx.app.get, { id })).tags[0] ?? "" }), more).answer;
  return { ...all, canary, get };
}

describe("the side of a value", () => {
  test("the share of a value is the first 48 bits of a SHA-256", () => {
    // printf 'canary\0alice' | openssl dgst -sha256 -hex | cut -c1-12
    expect(shareOf("canary", "alice")).toBe(0xef89d6dd0e3a / 2 ** 48);
    expect(shareOf("canary", "bob")).toBe(0x4f1b13163107 / 2 ** 48);
    expect(shareOf("next", "alice")).toBe(0x5c3d73bd5092 / 2 ** 48);
  });
  test.each([
    ["numbers in a row", (i: number) => String(i)],
    ["long ids with one prefix", (i: number) => `tenants/0000000000/users/${i}`],
    ["names", (i: number) => `${"abcdefghijklmnopqrstuvwxyz"[i % 26]}.${i.toString(36)}@example.com`],
  ])("the share is uniform over %s", (_, value) => {
    const buckets = new Array<number>(100).fill(0);
    const n = 100_000;
    for (let i = 0; i < n; i++) {
      const bucket = Math.floor(shareOf("canary", value(i)) * 100);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    const expected = n / 100;
    const chi2 = buckets.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
    expect(chi2).toBeLessThan(149); // 99 degrees of freedom: one in a thousand is above
  });
  test("the share is independent of the share on another branch", () => {
    let both = 0;
    for (let i = 0; i < 100_000; i++) if (shareOf("canary", `u${i}`) < 0.1 && shareOf("next", `u${i}`) < 0.1) both++;
    expect(both).toBeGreaterThan(880);
    expect(both).toBeLessThan(1_120);
  });
});

describe("the choice of a branch", () => {
  test("a request follows the rules in their order, keeps its choice, and skips unknown branches", async () => {
    const { get, canary, client } = branched([{ name: "gone", if: () => true }, HEADER]);
    expect((await get("a", ON)).page?.title).toBe("canary");
    expect((await get("a")).page?.title).toBe("main");
    expect([canary.sent.length, client.sent.length]).toEqual([1, 1]);
  });
  test("a request chooses once: calls, batches, coalesced calls, hedges and retries use the same side", async () => {
    let evaluations = 0;
    const flips: BranchRule<never> = { name: "canary", if: () => evaluations++ % 2 === 0 };
    const { send, canary, client, clock } = branched([flips], {
      call: { coalesce: true, retry: RETRY, hedge: { delayMs: 50, max: 1 } },
    });
    const answer = canary.answer;
    let left = 1;
    canary.answer = (sent) => (left-- > 0 ? sent.fault(Code.UNAVAILABLE) : answer?.(sent));
    const request = send(async (cx) => {
      const { get, byId: batch } = cx.app;
      await cx.call(get, { id: "a" });
      await Promise.all([cx.call(get, { id: "a" }), cx.load(batch, "b"), cx.load(batch, "c")]);
      await cx.effect(get, { id: "d" });
      return page({ title: cx.branchOf(get) });
    });
    for (let i = 0; i < 20; i++) await clock.advance(50);
    expect((await request.answer).page?.title).toBe("canary");
    expect(evaluations).toBe(1);
    expect(client.sent).toEqual([]);
    expect(canary.sent.length).toBeGreaterThanOrEqual(4);
  });
  test("a request uses no branch if a rule throws or has no value", async () => {
    const broken = (): never => {
      throw new Error("no such thing");
    };
    for (const rule of [
      { name: "canary", if: broken },
      { name: "canary", share: 1, by: broken },
      { name: "canary", share: 1, by: () => "" },
      { name: "canary", known: true, if: () => true },
    ])
      expect((await branched([rule]).get("a")).page?.title).toBe("main");
  });
  test("`if` and `share` must both hold; equal values use one side in every process", async () => {
    const by = (cx: { header(name: string): string }) => cx.header("x-tenant");
    const rule: BranchRule<never> = { ...HEADER, share: 0.5, by };
    for (let i = 0; i < 20; i++) {
      const tenant = `t${i}`;
      const expected = shareOf("canary", tenant) < 0.5 ? "canary" : "main";
      const headers = { "x-tenant": tenant };
      for (let again = 0; again < 2; again++) {
        const { get } = branched([rule]);
        expect((await get("a", { headers: { ...headers, "x-canary": "1" } })).page?.title).toBe(expected);
        expect((await get("a", { headers })).page?.title).toBe("main");
      }
    }
  });
  test("a request without `by` chooses by chance", async () => {
    const { get, clock } = branched([{ name: "canary", share: 0.25 }]);
    for (const [chance, expected] of [
      [0, "canary"],
      [0.249, "canary"],
      [0.25, "main"],
      [0.999, "main"],
    ] as const) {
      clock.chance = chance;
      expect((await get("a")).page?.title).toBe(expected);
    }
  });
});

describe("a branch has separate state", () => {
  test("each branch has a breaker: an open canary does not affect the main branch, and nothing falls back", async () => {
    const breaker = { errorRate: 0.5, windowMs: 10_000, minimum: 4, openMs: 5_000, probes: 1 };
    const { get, canary, client, states } = branched([HEADER], { policy: { breaker } });
    canary.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    for (let i = 0; i < 6; i++) expect((await get(`${i}`, ON)).failure?.code).toBe(Code.UNAVAILABLE);
    expect(canary.sent.length).toBe(4);
    expect(states).toEqual(["branch canary open"]);
    for (let i = 0; i < 6; i++) expect((await get(`${i}`)).page?.title).toBe("main");
    expect(client.sent.length).toBe(6);
  });
  test("each branch has a limit: hanging calls on one branch use no place of the other", async () => {
    const { get, canary, client } = branched([HEADER], { policy: { limit: { concurrent: 1, queued: 0 } } });
    canary.answer = undefined;
    const hanging = get("a", ON);
    expect((await get("b", ON)).failure?.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect((await get("b")).page?.title).toBe("main");
    expect(client.sent.length).toBe(1);
    canary.sent[0]?.thing({ tags: ["late"] });
    expect((await hanging).page?.title).toBe("late");
  });
  test("each event names its branch", async () => {
    const { get, calls, attempts, cached } = branched([HEADER], { call: { cache: { ttlMs: 1_000 } } });
    await get("a", ON);
    await get("a");
    for (const events of [calls, attempts, cached])
      expect(events.map(({ branch }) => branch)).toEqual(["canary", undefined]);
  });
});

test("no answer of one side reaches the other, whether cached, coalesced or batched", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ cache: fc.boolean(), shared: fc.boolean(), coalesce: fc.boolean() }),
      fc.array(fc.record({ on: fc.boolean(), id: fc.constantFrom("a", "b"), batch: fc.boolean() }), { maxLength: 12 }),
      async ({ cache, shared, coalesce }, requests) => {
        const { send } = branched([HEADER], {
          call: { ...(cache && { cache: { ttlMs: 10_000, staleMs: 20_000 } }), coalesce },
          ...(shared && { cache: (clock) => new Cache({ clock }) }),
        });
        const run = async ({ on, id, batch }: (typeof requests)[number]) => {
          const { answer } = send(
            async (cx) => {
              const found = batch ? await cx.load(cx.app.byId, id) : await cx.call(cx.app.get, { id });
              return page({ title: found?.tags[0] ?? "" });
            },
            on ? ON : OFF,
          );
          expect((await answer).page?.title).toBe(on ? "canary" : "main");
        };
        await Promise.all(requests.map(run));
        for (const request of requests) await run(request);
      },
    ),
    { numRuns: 300 },
  );
});
