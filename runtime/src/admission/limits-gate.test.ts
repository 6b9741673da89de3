// Holds docs/runtime.md#rate-limits
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ExpressionError } from "../expressions/value/error.ts";
import { Code } from "../failure.ts";
import { isRefusal } from "../limits/charge-result.ts";
import { Limits } from "../limits/limits.ts";
import type { RateLimit } from "../limits/rate-limit.ts";
import { type Breaking, breaking } from "../testing/breaking-counters.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { type FrontOptions, front, page } from "../testing/front.ts";
import { BEARER, GateService, gate, sourceOf } from "../testing/gate-rig.ts";
import type { UsageEvent } from "../usage/usage-event.ts";

const USER: RateLimit = { name: "user", package: "test.v1", rate: 1, per: 3_600_000, burst: 10 };
const OTHER: RateLimit = { name: "other", package: "test.v1", rate: 1, per: 3_600_000, burst: 10 };
type Late = NonNullable<NonNullable<FrontOptions["limits"]>["late"]>[number];

function limited(use: Partial<Late> = {}, options: FrontOptions = {}, shared?: Breaking) {
  const faults: string[] = [];
  const clock = new FakeClock();
  const limits = new Limits({ clock, fault: (what) => faults.push(what), ...(shared && { shared: shared.shared }) });
  const late: Late[] = [{ limit: USER, key: () => "ann", ...use }];
  const all = front({ ...options, limits: { counters: limits, late } });
  const left = (): number => {
    for (let units = 0; ; units++) {
      const outcome = limits.charge([{ limit: USER, key: "ann", cost: units + 1 }]);
      if (outcome instanceof Promise || isRefusal(outcome)) return units;
      outcome.refund();
    }
  };
  const composed: string[] = [];
  const send = (compose?: Parameters<typeof all.send>[0], more?: Parameters<typeof all.send>[1]) =>
    all.send(
      compose ??
        (async () => {
          composed.push("composed");
          return page({ title: "t" });
        }),
      more,
    );
  return { ...all, limits, left, send, composed, sender: all.sender, faults, limitsClock: clock };
}
/** A condition that makes a call. */
const calling: NonNullable<Parameters<ReturnType<typeof limited>["send"]>[0]> = async (cx) =>
  page({ title: (await cx.call(cx.app.get, { id: "a" })).id });

describe("a request with limits", () => {
  test("a request stays charged after its answer", async () => {
    const { send, left } = limited({ cost: () => 3n });
    expect((await send().answer).page?.title).toBe("t");
    expect(left()).toBe(7);
  });
  test("a request that fails before any call is refunded", async () => {
    const { send, left } = limited({ cost: () => 4 });
    const { failure } = await send(async (cx) => {
      throw cx.refuse(Code.NOT_FOUND);
    }).answer;
    expect(failure?.clientCode).toBe(Code.NOT_FOUND);
    expect(left()).toBe(10);
  });
  test("a request that fails after a call is not refunded", async () => {
    const { send, left, client } = limited({ cost: () => 4, settle: () => 1 });
    client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    expect((await send(calling).answer).failure?.clientCode).toBe(Code.UNAVAILABLE);
    expect(left()).toBe(6);
  });
  test("a cancelled request is refunded only before its first call", async () => {
    const { send, left, client } = limited({ cost: () => 4 });
    const early = send(() => new Promise(() => {}));
    early.cancel();
    expect(left()).toBe(10);
    const late = send(calling);
    expect(client.sent.length).toBe(1);
    late.cancel();
    expect(left()).toBe(6);
  });
  test("the answer settles the charge of its request, up or down, once the answer has left", async () => {
    const order: string[] = [];
    const { send, left, limitsClock } = limited({
      cost: () => 5,
      settle: (_cx, args, result) => {
        order.push(`settle ${result.title} ${args.id}`);
        return result.spentCents ?? 0n;
      },
    });
    await send(async () => page({ title: "a", spentCents: 2n })).answer.then(() => order.push("answered"));
    expect(order).toEqual(["settle a ", "answered"]);
    expect(left()).toBe(8);
    await send(async () => page({ title: "b", spentCents: 30n })).answer;
    expect((await send().answer).failure?.clientCode).toBe(Code.RESOURCE_EXHAUSTED);
    await limitsClock.advance(2 * 3_600_000);
    expect(left()).toBe(0);
    await limitsClock.advance(3_600_000);
    expect(left()).toBe(1);
  });
  test("a request whose settlement fails stays charged, and the failure is reported", async () => {
    const { send, left, faults } = limited({
      cost: () => 5,
      settle: () => {
        throw new ExpressionError("divided by zero");
      },
    });
    expect((await send().answer).page?.title).toBe("t");
    expect(left()).toBe(5);
    expect(faults).toEqual(["the cost of a request for the limit test.v1/user cannot be computed"]);
  });
  test("a refused request is not composed and makes no call", async () => {
    const { send, client, composed, limited: events, responses } = limited({ cost: () => 10 });
    await send().answer;
    const { failure } = await send(calling).answer;
    expect([failure?.clientCode, client.sent.length, composed.length]).toEqual([Code.RESOURCE_EXHAUSTED, 0, 1]);
    expect(events).toMatchObject([{ limit: "test.v1/user", outcome: "exceeded", method: "test.v1.Front/Show" }]);
    expect(responses.length).toBe(2);
    expect(events[0]?.request).toBe(responses[1]?.request);
  });

  test.each<[string, Partial<Late>, Code | undefined]>([
    ["a condition that does not hold", { if: () => false, key: () => "" }, undefined],
    ["no key", { key: () => undefined, cost: () => 99 }, undefined],
    ["an empty key", { key: () => "" }, Code.PERMISSION_DENIED],
    ["a negative cost", { cost: () => -3 }, undefined],
    ["a cost that can never be", { cost: () => 11 }, Code.INVALID_ARGUMENT],
    ["a cost that is no number", { cost: () => Number.NaN }, Code.PERMISSION_DENIED],
    ["a condition that fails", { if: fails }, Code.PERMISSION_DENIED],
    ["a key that fails", { key: fails }, Code.PERMISSION_DENIED],
    ["a cost that fails", { cost: fails }, Code.PERMISSION_DENIED],
  ])("%s", async (_, use, code) => {
    const { send, left, composed } = limited(use);
    const { failure } = await send().answer;
    expect(failure?.clientCode).toBe(code);
    expect(composed.length).toBe(code === undefined ? 1 : 0);
    expect(left()).toBe(10);
    // The error's text is for logs only.
    if (failure !== undefined) expect(failure.clientMessage).not.toContain("zero");
  });
  function fails(): never {
    throw new ExpressionError("divided by zero");
  }

  test("a request with a cached answer is refunded", async () => {
    const { sender, left, client } = limited(
      { cost: () => 1, settle: () => 2 },
      { answers: { ttlMs: 60_000, plan: "1" } },
    );
    client.answer = (sent) => sent.thing();
    const send = sender(calling);
    for (let i = 0; i < 3; i++) expect((await send().answer).page?.title).toBe("a");
    // Two requests at the same time: one composes for both.
    const other = sender(calling);
    await Promise.all([other().answer, other().answer]);
    expect(client.sent.length).toBe(2);
    expect(left()).toBe(6);
  });
});

describe("shared counters", () => {
  test("the counters admit a cancelled request and refund it", async () => {
    const shared = breaking();
    const { send, composed } = limited({ cost: () => 2 }, {}, shared);
    const request = send();
    request.cancel();
    shared.answer();
    await Promise.resolve();
    await expect.poll(() => shared.added).toEqual([-2]);
    expect(composed).toEqual([]);
  });
  test("the counters are awaited for at most 20 ms, whatever the client's deadline", async () => {
    const shared = breaking();
    const { send, limitsClock, limited: events } = limited({}, {}, shared);
    const { answer } = send();
    await limitsClock.advance(20);
    expect((await answer).page?.title).toBe("t");
    expect(events).toMatchObject([{ outcome: "alone", limit: "test.v1/user" }]);
    expect(limitsClock.running).toBe(0);
    // The answer is too late: the request was admitted, and stays charged.
    shared.answer();
    await limitsClock.advance(0);
    expect(shared.added).toEqual([]);
  });
  test("counters that refuse prevent queries of other limits", async () => {
    const shared = breaking();
    const { send, limits } = limited({}, {}, shared);
    const { answer } = send();
    shared.answer({ standings: [{ wait: 1_000_000, left: 0 }] });
    expect((await answer).failure?.clientCode).toBe(Code.RESOURCE_EXHAUSTED);
    // Refused here from now on.
    const again = limits.charge([
      { limit: USER, key: "ann", cost: 1 },
      { limit: OTHER, key: "ann", cost: 1 },
    ]);
    expect(again).toMatchObject({ outcome: "exceeded", limits: ["test.v1/user"] });
    expect(shared.queryCount).toBe(1);
  });
});

test("conditions of a permit come before limits, decisions after them, and a decided request stays charged", async () => {
  const order: string[] = [];
  const clock = new FakeClock();
  const counters = new Limits({ clock, fault: () => {} });
  const record = (what: string): string => {
    order.push(what);
    return what;
  };
  const at = (what: string) => () => void order.push(what);
  const rig = await gate({
    sources: [sourceOf("user", BEARER)],
    permit: { check: at("check"), decide: at("decide") },
    limits: {
      counters,
      early: [{ limit: { ...OTHER, local: true }, key: (cx) => record(`early ${cx.header("authorization")}`) }],
      late: [{ limit: USER, key: () => record("late") }],
    },
    compose: async () => void order.push("compose"),
  });
  const args = create(GateService.method.get.input);
  const answered = await new Promise((resolve) => {
    rig.endpoint.run(args, new Headers({ authorization: "Bearer user-ann" }), undefined, resolve, resolve);
  });
  expect(answered).toMatchObject({ $typeName: "google.protobuf.SourceContext" });
  // A credential is nothing to count by.
  expect(order).toEqual(["early ", "check", "late", "decide", "compose"]);
});

describe("usage events", () => {
  function metered(use: Partial<Late> = {}, more: readonly Late[] = []) {
    const events: UsageEvent[] = [];
    const limits = new Limits({ clock: new FakeClock(), fault: () => {} });
    const usage: NonNullable<NonNullable<FrontOptions["limits"]>["usage"]> = {
      events: {
        record: (event, subject) => void events.push({ ...event, field: { ...event.field, subject: `${subject}` } }),
      },
      subject: "usage.test",
      fields: [
        ["id", (_cx, args) => args.id],
        ["absent", () => undefined],
        [
          "broken",
          () => {
            throw new ExpressionError("divided by zero");
          },
        ],
      ],
    };
    const late = [{ limit: USER, key: () => "ann", cost: () => 4, ...use }, ...more];
    return { ...front({ limits: { counters: limits, late, usage } }), events };
  }
  test("an answered request has one event, after it was settled", async () => {
    const { send, events, clock } = metered({ settle: () => 2.5 }, [{ limit: OTHER, key: () => "ann" }]);
    await send(async () => page({ title: "t" })).answer;
    expect(events).toEqual([
      {
        time: clock.date(),
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        rpc: "test.v1.Front/Show",
        requestId: undefined,
        source: undefined,
        charged: { "test.v1/user": 3, "test.v1/other": 1 },
        field: { id: "", subject: "usage.test" },
      },
    ]);
  });
  test("a failed or cancelled request has an event if it stays charged", async () => {
    const { send, events, client } = metered();
    await send(async (cx) => {
      throw cx.refuse(Code.NOT_FOUND);
    }).answer;
    send(() => new Promise(() => {})).cancel();
    expect(events).toEqual([]);
    send(calling).cancel();
    client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    await send(calling).answer;
    expect(events.map(({ charged }) => charged)).toEqual([{ "test.v1/user": 4 }, { "test.v1/user": 4 }]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(2);
  });
  test("a refused request, and one that a limit in a dry run would refuse, have none", async () => {
    const refused = metered({ cost: () => 11 });
    await refused.send(async () => page({ title: "t" })).answer;
    const dry = metered({ cost: () => 11, limit: { ...USER, dryRun: true } });
    expect((await dry.send(async () => page({ title: "t" })).answer).page?.title).toBe("t");
    expect([refused.events, dry.events]).toEqual([[], []]);
  });
});
