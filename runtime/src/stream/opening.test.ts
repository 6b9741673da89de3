// Holds docs/runtime.md#streams
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Code } from "../failure.ts";
import { unauthenticated } from "../identity/refusals.ts";
import { isRefusal } from "../limits/charge-result.ts";
import { Limits } from "../limits/limits.ts";
import type { RateLimit } from "../limits/rate-limit.ts";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { streamRig } from "../testing/follow-rig.ts";
import { page } from "../testing/front.ts";
import { BEARER, gate, sourceOf } from "../testing/gate-rig.ts";
import { noUnhandledRejections } from "../testing/no-unhandled.ts";

noUnhandledRejections();

const bearer = (text: string) => ({ headers: new Headers({ authorization: `Bearer ${text}` }) });

describe("an opening", () => {
  test("an opening is composed once, and each item can read its values", async () => {
    const { follow, source, client } = streamRig();
    const { events } = follow({
      open: async (cx) => {
        const ownerStep = cx.call(cx.app.get, { id: "owner" });
        await ownerStep;
        return { ownerStep };
      },
      compose: async (_cx, _args, item, opened) =>
        page({ title: `${item} of ${(await (opened as { ownerStep: Promise<{ id: string }> }).ownerStep).id}` }),
    });
    await idle();
    expect(events).toEqual([]);
    client.of("owner").thing({ id: "ada" });
    await idle();
    for (const item of [1, 2]) {
      source().give(item);
      await idle();
    }
    expect(events).toEqual(["opened", "item 1 of ada @1", "item 2 of ada @2"]);
    expect(client.sent).toHaveLength(1);
  });
  test("a failed supplementary step of the opening degrades every item, with the upstream's failure", async () => {
    const { follow, source, client, responses, lacking } = streamRig();
    const found: string[][] = [];
    const { events } = follow({
      open: async (cx) => {
        const ownerStep = cx.tryCall(cx.app.get, { id: "owner" });
        await ownerStep;
        return { ownerStep };
      },
      compose: async (cx, _args, item, opened) => {
        const { ownerStep } = opened as { ownerStep: Promise<object | undefined> };
        const itemStep = cx.tryCall(cx.app.get, { id: `own ${item}` });
        const message = page({ title: `${item} ${cx.degraded} ${cx.failure(ownerStep)?.code}` });
        await itemStep;
        if (cx.degraded) {
          cx.touched(message, "facts", false, ownerStep);
          cx.touched(message, "cards", false, itemStep);
        }
        return message;
      },
      degraded: (_, all) => void found.push(all.map(({ path, upstream }) => `${path} ${upstream}`)),
    });
    await idle();
    client.of("owner").fault(Code.UNAVAILABLE);
    await idle();
    source().give(1);
    await idle();
    client.of("own 1").fault(Code.NOT_FOUND);
    await idle();
    source().give(2);
    await idle();
    client.of("own 2").thing();
    await idle();
    source().items.ended();
    expect(events.slice(1)).toEqual(["item 1 true 14 @1", "item 2 true 14 @2", "ended"]);
    expect(found).toEqual([["facts test.v1.Upstream", "cards test.v1.Upstream"], ["facts test.v1.Upstream"]]);
    expect(responses).toMatchObject([{ outcome: { ok: true }, stream: { items: 2, degraded: 2 } }]);
    const lines = lacking.map(({ degraded, failures }) =>
      degraded.map(({ path }, i) => `${path} ${failures[i]?.code} ${failures[i]?.method}`),
    );
    const [owner, itemLine] = ["facts 14 test.v1.Upstream/Get", "cards 5 test.v1.Upstream/Get"];
    expect(lines).toEqual([[owner, itemLine], [owner]]);
    expect(lacking[0]).toMatchObject({ method: responses[0]?.method, request: responses[0]?.request });
  });
  test("an opening waits for steps that only items read, within its timeout", async () => {
    const { follow, source, clock } = streamRig();
    const { events } = follow({
      open: (cx) => ({ viewerStep: cx.tryCall(cx.app.get, { id: "viewer" }) }),
      compose: async (cx, _args, item) => page({ title: `${item} ${cx.degraded}` }),
    });
    await clock.advance(1_799);
    expect(events).toEqual([]);
    await clock.advance(1);
    source().give(1);
    await idle();
    expect(events).toEqual(["opened", "item 1 true @1"]);
    const critical = follow({ open: (cx) => ({ runStep: cx.call(cx.app.get, { id: "run" }) }) });
    await clock.advance(2_000);
    expect(critical.events).toEqual([expect.stringMatching(/^failed 4/)]);
  });
  test("a failed critical step of the opening prevents the source", async () => {
    const { follow, sources, client, clock, responses, opens } = streamRig();
    const { events } = follow({ open: (cx) => cx.call(cx.app.get, { id: "a" }) });
    await idle();
    client.of("a").fault(Code.NOT_FOUND);
    await idle();
    expect(events).toEqual([expect.stringMatching(/^failed 13/)]);
    expect([sources, opens]).toEqual([[], []]);
    expect(responses).toMatchObject([{ outcome: { ok: false }, stream: undefined }]);
    expect(clock.running).toBe(0);
  });
  test("an opening waits for its guards, which override other failures", async () => {
    const { follow, client } = streamRig();
    const { events } = follow({
      open: async (cx) => {
        const viewer = cx.call(cx.app.get, { id: "viewer" });
        cx.guard(async () => {
          if ((await viewer).count === 9n) throw cx.refuse(Code.PERMISSION_DENIED, "no");
        });
        await cx.call(cx.app.get, { id: "a" });
      },
    });
    client.of("a").fault(Code.NOT_FOUND);
    await idle();
    expect(events).toEqual([]);
    client.of("viewer").thing({ count: 9n });
    await idle();
    expect(events).toEqual(["failed 7 no"]);
  });
  test("an opening has the timeout of its RPC, which does not count for the source", async () => {
    const { follow, source, clock } = streamRig();
    const late = follow({ open: (cx) => cx.call(cx.app.get, { id: "a" }) });
    await clock.advance(2_000);
    expect(late.events).toEqual([expect.stringMatching(/^failed 4/)]);
    const { events } = follow();
    await idle();
    expect(clock.running).toBe(0);
    await clock.advance(3_600_000);
    source().give(1);
    await idle();
    expect(events).toEqual(["opened", "item 1 @1"]);
  });
  test("an opening with no or little time left is refused", async () => {
    const { follow, clock, responses } = streamRig();
    expect(follow({}, { clientMs: 0 }).events).toEqual(["failed 4 arrived with no time left"]);
    const { events } = follow({ open: (cx) => cx.call(cx.app.get, { id: "a" }) }, { clientMs: 100 });
    await clock.advance(100);
    expect(events).toEqual([expect.stringMatching(/^failed 4/)]);
    expect(responses).toHaveLength(2);
    expect(clock.running).toBe(0);
  });
  test("an opening whose source throws fails", async () => {
    const { follow, clock } = streamRig();
    const { events } = follow({
      source: () => {
        throw new RangeError("no key");
      },
    });
    await idle();
    expect(events).toEqual(["opened", "failed 13 RangeError: no key"]);
    expect(clock.running).toBe(0);
  });
});

describe("authorization of a stream", () => {
  test("a follower needs a known identity and the permit", async () => {
    const { follow, sources, responses } = streamRig();
    const { identity } = await gate({ sources: [sourceOf("user", BEARER)] });
    const permit = { scopes: ["read"] };
    expect(follow({ identity, permit }, bearer("user-bad")).events).toEqual([expect.stringMatching(/^failed 16/)]);
    expect(follow({ identity, permit }, bearer("user-ada")).events).toEqual([expect.stringMatching(/^failed 7/)]);
    expect(follow({ identity, permit }).events).toEqual([expect.stringMatching(/^failed 16/)]);
    expect(sources).toEqual([]);
    expect(responses).toHaveLength(3);
    const { events } = follow({ identity, permit }, bearer("user-ada+read"));
    await idle();
    expect(events).toEqual(["opened"]);
  });
  test("authentication precedes composition; a follower may leave, or the server drain, meanwhile", async () => {
    const { follow, sources, clock } = streamRig();
    const { promise: released, resolve } = Promise.withResolvers<void>();
    const { identity } = await gate({ sources: [sourceOf("user", BEARER, { released })] });
    const gone = follow({ identity }, bearer("user-slow"));
    const drained = follow({ identity }, bearer("user-slow"));
    const stays = follow({ identity }, bearer("user-slow"));
    gone.following.cancel();
    drained.following.drain();
    stays.following.ready();
    await idle();
    expect(sources).toEqual([]);
    resolve();
    await idle();
    expect(gone.events).toEqual([]);
    expect(drained.events).toEqual(["failed 14 the server is going"]);
    expect(stays.events).toEqual(["opened"]);
    stays.following.cancel();
    expect(clock.running).toBe(0);
  });
  test("a permit that reads the message, and the rules, refuse followers", async () => {
    const { follow, sources } = streamRig();
    const { identity } = await gate({ sources: [sourceOf("user", BEARER)] });
    const refuse = (): void => {
      throw unauthenticated("not for you");
    };
    const { events } = follow({ identity, permit: { check: refuse } }, bearer("user-ada"));
    await idle();
    expect(events).toEqual(["failed 16 not for you"]);
    const ruled = follow({
      validate: () => {
        throw unauthenticated("a rule");
      },
    });
    expect(ruled.events).toEqual(["failed 16 a rule"]);
    expect(sources).toEqual([]);
  });
});

describe("limits of a stream", () => {
  const USER: RateLimit = { name: "user", package: "test.v1", rate: 1, per: 3_600_000, burst: 3 };
  function limited() {
    const counters = new Limits({ clock: new FakeClock(), fault: () => {} });
    const left = (): number => {
      for (let units = 0; ; units++) {
        const outcome = counters.charge([{ limit: USER, key: "ann", cost: units + 1 }]);
        if (outcome instanceof Promise || isRefusal(outcome)) return units;
        outcome.refund();
      }
    };
    return { limits: { counters, late: [{ limit: USER, key: () => "ann" }] }, left };
  }
  test("limits charge each opening, and refuse", async () => {
    const { follow } = streamRig();
    const { limits, left } = limited();
    for (const events of [1, 2, 3].map(() => follow({ limits }).events)) {
      await idle();
      expect(events).toEqual(["opened"]);
    }
    expect(left()).toBe(0);
    const { events } = follow({ limits });
    await idle();
    expect(events).toEqual([expect.stringMatching(/^failed 8/)]);
  });
  test("limits refund an opening that fails before any call, and charge an opened stream", async () => {
    const { follow } = streamRig();
    const { limits, left } = limited();
    follow({
      limits,
      open: (cx) => {
        throw cx.refuse(Code.NOT_FOUND);
      },
    });
    await idle();
    expect(left()).toBe(3);
    const { following } = follow({ limits });
    await idle();
    following.cancel();
    expect(left()).toBe(2);
  });

  const BUDGET = 1_000;
  const COST = 100;
  type By = "items" | "messages";
  /** Sends a stream with these items, of which even ones become messages, and returns the charge after its end. */
  async function charged(by: By, items: readonly number[], end: "ended" | "failed" | "left"): Promise<number> {
    const budget: RateLimit = { ...USER, name: "budget", burst: BUDGET };
    const counters = new Limits({ clock: new FakeClock(), fault: () => {} });
    const cost =
      by === "items"
        ? { settleItem: (_cx: unknown, _args: unknown, item: number) => item }
        : { settle: (_cx: unknown, _args: unknown, { title }: { readonly title: string }) => Number(title) };
    const { follow, source, client } = streamRig();
    client.answer = (sent) => sent.thing({});
    const { following } = follow({
      limits: { counters, late: [{ limit: budget, key: () => "ann", cost: () => COST, ...cost }] },
      open: (cx) => cx.call(cx.app.get, { id: "a" }),
      if: (_cx, _args, item) => item % 2 === 0,
    });
    await idle();
    for (const item of items) {
      source().give(item);
      await idle();
    }
    if (end === "ended") source().items.ended();
    else if (end === "failed") source().items.failed(unauthenticated("down"));
    else following.cancel();
    await idle();
    for (let units = 0; units <= BUDGET; units++) {
      const outcome = counters.charge([{ limit: budget, key: "ann", cost: BUDGET - units }]);
      if (!(outcome instanceof Promise || isRefusal(outcome))) return units;
    }
    throw new Error("nothing is left");
  }
  test("a stream is charged the greatest cost of its items or messages, for any items and end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<By>("items", "messages"),
        fc.array(fc.nat(9), { maxLength: 6 }),
        fc.constantFrom("ended" as const, "failed" as const, "left" as const),
        async (by, items, end) => {
          const values = by === "items" ? items : items.filter((item) => item % 2 === 0);
          const greatest = values.length === 0 ? undefined : Math.max(...values);
          const stays = greatest === undefined || (end !== "ended" && greatest === 0);
          expect(await charged(by, items, end)).toBe(stays ? COST : greatest);
        },
      ),
    );
  });
  test("a stream that fails before its first upstream call and item is not charged", async () => {
    const { limits, left } = limited();
    const [use] = limits.late;
    const { follow, source } = streamRig();
    follow({
      limits: { ...limits, late: use === undefined ? [] : [{ ...use, settleItem: (_cx, _args, item) => item }] },
    });
    await idle();
    expect(left()).toBe(2);
    source().items.failed(unauthenticated("down"));
    await idle();
    expect(left()).toBe(3);
  });
  test("a cost that cannot be evaluated leaves the charge, and later costs count", async () => {
    const costs: [cost: () => number, left: number][] = [
      [() => Number.NaN, 2],
      [() => Number(undefined), 2],
    ];
    for (const [cost, expected] of costs) {
      const { limits, left } = limited();
      const [use] = limits.late;
      const { follow, source } = streamRig();
      follow({ limits: { ...limits, late: use === undefined ? [] : [{ ...use, settleItem: cost }] } });
      await idle();
      source().give(1);
      await idle();
      source().items.ended();
      await idle();
      expect(left()).toBe(expected);
    }
  });
});
