import { create, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { Cache } from "../cache/cache.ts";
import type { Found, SecondLevel } from "../cache/second-level.ts";
import type { Request } from "../compose/request.ts";
import { endpoint } from "../endpoint/endpoint.ts";
import type { EndpointOptions } from "../endpoint/endpoint-options.ts";
import { Code, type Failure } from "../failure.ts";
import { FakeClient } from "../testing/fake-client.ts";
import { FakeClock, idle } from "../testing/fake-clock.ts";
import { type FrontOptions, front, page } from "../testing/front.ts";
import { Front, type Page, PageSchema, ShowRequestSchema } from "../testing/gen/test_pb.ts";
import { PREFIX_BYTES } from "../wire/frame.ts";

const codeOf = (failure: Failure | undefined): string | undefined =>
  Object.entries(Code).find(([, code]) => code === failure?.clientCode)?.[0];

type App = ReturnType<typeof front>["app"];
type Options = EndpointOptions<App, typeof ShowRequestSchema, typeof PageSchema>;

interface Got {
  page?: Page;
  header?: string;
  failure?: Failure;
  stale?: boolean;
}

/** An RPC over one upstream whose answers are cached: its title is the number of the upstream's answer. */
function cached(
  more: Partial<Options["cache"]> = {},
  options: FrontOptions = {},
  endpointOptions: Partial<Options> = {},
) {
  const all = front(options);
  all.clock.chance = 0;
  let count = 0;
  all.client.answer = (sent) => sent.thing({ count: BigInt(++count) });
  const compose = async (cx: Request<App>, { id }: { id: string }) => {
    const step = cx.tryCall(cx.app.get, { id });
    const thing = await step;
    const out = page({ title: `${thing?.count ?? "none"}`, spentCents: thing?.count });
    if (cx.degraded) cx.touched(out, "spent_cents", thing !== undefined, step);
    return out;
  };
  const served = endpoint(Front.method.show, all.app, {
    timeoutMs: options.timeoutMs ?? 2_000,
    compose,
    clock: all.clock,
    observer: { cache: (event) => all.cached.push(event), response: (event) => all.responses.push(event) },
    cache: { ttlMs: 1_000, plan: "1", ...more },
    ...endpointOptions,
  });
  const get = (
    id: string,
    { headers = {}, clientMs }: { headers?: Record<string, string>; clientMs?: number } = {},
  ) => {
    const { promise, resolve } = Promise.withResolvers<Got>();
    let answers = 0;
    const settle = (got: Got): void => {
      expect(++answers).toBe(1);
      resolve(got);
    };
    const running = served.run(
      create(ShowRequestSchema, { id }),
      new Headers(headers),
      clientMs,
      (message: Message, header, metadata) =>
        settle({ page: message as Page, header, ...(metadata?.stale && { stale: true }) }),
      (failure) => settle({ failure }),
    );
    return { answer: promise, cancel: () => running.cancel(), ended: () => answers > 0 };
  };
  const title = async (id: string, extra?: Parameters<typeof get>[1]) => {
    const { page, failure } = await get(id, extra).answer;
    return page?.title ?? codeOf(failure);
  };
  const outcomes = () => all.cached.splice(0).map(({ outcome }) => outcome);
  return { ...all, served, get, title, outcomes };
}

describe("an answer", () => {
  test("an answer is used again within its ttl, and not after it", async () => {
    const { title, clock, client, outcomes } = cached();
    expect([await title("a"), await title("a"), await title("b")]).toEqual(["1", "1", "2"]);
    await clock.advance(999);
    expect(await title("a")).toBe("1");
    await clock.advance(1);
    expect(await title("a")).toBe("3");
    expect(client.sent.length).toBe(3);
    expect(outcomes()).toEqual(["missed", "fresh", "missed", "fresh", "missed"]);
    expect(clock.running).toBe(0);
  });
  test("an answer depends on the declared headers, and on no others", async () => {
    const { title } = cached({ headers: ["accept-language"] });
    const as = (language: string, id: string) =>
      title("a", { headers: { "accept-language": language, "x-request-id": id } });
    expect([await as("de", "1"), await as("fr", "2"), await as("de", "3"), await title("a")]).toEqual([
      "1",
      "2",
      "1",
      "3",
    ]);
  });
  test("an answer is separate per plan and per environment", async () => {
    const answers = new Cache();
    const of = async (more: Partial<Options["cache"]>) => cached({ answers, ...more }).title("a");
    expect(await of({ plan: "1", env: ["x", 1n, new Map([["a", 1]])] })).toBe("1");
    const two = cached({ answers, plan: "2", env: ["x"] });
    expect(await two.title("b")).toBe("1");
    expect(await two.title("a")).toBe("2");
    const three = cached({ answers, plan: "2", env: ["y"] });
    expect(await three.title("b")).toBe("1");
    expect(three.client.sent.length).toBe(1);
    const four = cached({ answers, plan: "2", env: ["x"] });
    expect([await four.title("a"), four.client.sent.length]).toEqual(["2", 0]);
  });
  test("an answer depends on unknown fields, because they may reach an upstream", async () => {
    const { served, client } = cached();
    const bytes = (more: number[]) =>
      new Uint8Array([...toBinary(ShowRequestSchema, create(ShowRequestSchema, { id: "a" })), ...more]);
    for (const more of [[], [0x78, 1], [0x78, 1], [0x78, 2]]) {
      const args = fromBinary(ShowRequestSchema, bytes(more));
      await new Promise((resolve) => served.run(args, new Headers(), undefined, resolve, resolve));
    }
    expect(client.sent.length).toBe(3);
  });
  test("a degraded or failed answer is not cached, and reports its degradation to each caller", async () => {
    const { get, client } = cached();
    client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    for (let i = 0; i < 2; i++) expect(await get("a").answer).toMatchObject({ header: "spent_cents" });
    client.answer = undefined;
    const both = [get("b"), get("b")];
    client.of("b").fault(Code.UNAVAILABLE);
    for (const { answer } of both) expect(await answer).toMatchObject({ header: "spent_cents" });
    expect(client.sent.length).toBe(3);
    const failing = cached(
      {},
      {},
      { compose: async (cx, { id }) => page({ title: (await cx.call(cx.app.get, { id })).id }) },
    );
    failing.client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    expect([await failing.title("a"), await failing.title("a")]).toEqual(["UNAVAILABLE", "UNAVAILABLE"]);
    expect(failing.client.sent.length).toBe(2);
  });
  test("an answer made of a stale one is not cached, and is marked as stale", async () => {
    const { get, clock, client } = cached({ ttlMs: 3_000 }, { call: { cache: { ttlMs: 100, staleMs: 60_000 } } });
    expect(await get("a").answer).not.toHaveProperty("stale");
    await clock.advance(5_000);
    expect(await get("a").answer).toMatchObject({ page: { title: "1" }, stale: true });
    await idle();
    expect(await get("a").answer).toMatchObject({ page: { title: "2" } });
    expect(client.sent.length).toBe(2);
  });
  test("an answer is immutable, and is encoded once", async () => {
    const { get, served } = cached();
    const first = (await get("a").answer).page;
    first?.facts.push("mine");
    const second = (await get("a").answer).page;
    expect(second?.facts).toEqual([]);
    expect(second).not.toBe(first);
    const bytes = served.codec?.encode(second as Page) ?? Buffer.alloc(0);
    expect(fromBinary(PageSchema, bytes.subarray(PREFIX_BYTES))).toMatchObject({ title: "1" });
  });
  test("an answer larger than the cache is sent, and not cached", async () => {
    const { title, client } = cached({ answers: new Cache({ maxBytes: 300 }) });
    expect([await title("a"), await title("a")]).toEqual(["1", "1"]);
    client.answer = (sent) => sent.thing({ count: 10n ** 15n });
    const big = cached({ answers: new Cache({ maxBytes: 256 }) });
    expect([await big.title("a"), await big.title("a"), big.client.sent.length]).toEqual(["1", "2", 2]);
  });
});

test("the branch of a request is part of its key, and the fetch uses that branch", async () => {
  const canary = new FakeClient((sent) => sent.thing({ count: 77n }));
  const branches = [{ name: "canary", share: 0.5 }];
  const all = cached({ ways: (cx) => cx.branchOf(cx.app.get) }, { branches: { canary }, call: { branches } });
  const drawing = async (chance: number): Promise<string | undefined> => {
    all.clock.chance = chance;
    return all.title("a");
  };
  expect([await drawing(0.9), await drawing(0), await drawing(0.9), await drawing(0.1)]).toEqual([
    "1",
    "77",
    "1",
    "77",
  ]);
  expect([all.client.sent.length, canary.sent.length]).toEqual([1, 1]);
});

test("the charge of limits is refunded if the answer was cached or fetched by another request", async () => {
  const events: string[] = [];
  const admit: NonNullable<Options["cache"]>["admit"] = (cx) => {
    cx.exchange.gates.charged = {
      refund: () => events.push("refund"),
      kept: () => events.push("kept"),
      answered: () => events.push("answered"),
      streamed: () => undefined,
    };
  };
  const { get, title, client, clock } = cached({ admit, staleMs: 10_000 });
  client.answer = undefined;
  const both = [get("a"), get("a")];
  client.of("a").thing({ count: 1n });
  for (const { answer } of both) await answer;
  expect(events.splice(0)).toEqual(["answered", "refund"]);
  await title("a");
  await clock.advance(2_000);
  await title("a");
  expect(events.splice(0)).toEqual(["refund", "refund"]);
  const alone = get("b");
  alone.cancel();
  expect(events.splice(0)).toEqual(["kept"]);
});

describe("guards without calls", () => {
  test("guards run for each request, even with a cached answer", async () => {
    let admissions = 0;
    const admit: NonNullable<Options["cache"]>["admit"] = (cx) => {
      admissions++;
      if (cx.header("x-banned") !== "") throw cx.refuse(Code.PERMISSION_DENIED, "no");
    };
    const { title, client } = cached({ admit });
    expect(await title("a")).toBe("1");
    expect(await title("a", { headers: { "x-banned": "1" } })).toBe("PERMISSION_DENIED");
    expect(await title("a")).toBe("1");
    expect([admissions, client.sent.length]).toEqual([3, 1]);
  });
  test("asynchronous guards hold the answer back", async () => {
    const gate = Promise.withResolvers<void>();
    const { get } = cached({ admit: () => gate.promise });
    const request = get("a");
    await idle();
    expect(request.ended()).toBe(false);
    gate.resolve();
    expect(await request.answer).toMatchObject({ page: { title: "1" } });
  });
});

describe("a fetch", () => {
  test("all waiting requests share a fetch, and each receives a copy of the message", async () => {
    const { get, client, outcomes, responses } = cached();
    client.answer = undefined;
    const all = [get("a"), get("a"), get("a")];
    expect(client.sent.length).toBe(1);
    client.of("a").thing({ count: 7n });
    const pages = (await Promise.all(all.map(({ answer }) => answer))).map(({ page }) => page);
    expect(pages.map((page) => page?.title)).toEqual(["7", "7", "7"]);
    expect(new Set(pages).size).toBe(3);
    expect(outcomes()).toEqual(["missed", "joined", "joined"]);
    expect(responses.map(({ outcome }) => outcome.ok)).toEqual([true, true, true]);
    expect(new Set(responses.map(({ request }) => request)).size).toBe(3);
  });
  test("a fetch continues when a caller leaves, and ends when the last caller leaves", async () => {
    const { get, client, clock } = cached();
    client.answer = undefined;
    const first = get("a");
    const second = get("a");
    first.cancel();
    expect(client.of("a").cancelled).toBe(false);
    client.of("a").thing({ count: 7n });
    expect((await second.answer).page?.title).toBe("7");
    const [third, fourth] = [get("b"), get("b")];
    third.cancel();
    fourth.cancel();
    expect(client.of("b").cancelled).toBe(true);
    await idle();
    expect(clock.running).toBe(0);
    get("b");
    expect(client.of("b").cancelled).toBe(false);
  });
  test("a fetch has the full timeout of the RPC, and each caller keeps its deadline", async () => {
    const { get, client, clock } = cached();
    client.answer = undefined;
    const hurried = get("a", { clientMs: 100 });
    const patient = get("a");
    expect(client.of("a").timeoutMs).toBe(1_800);
    await clock.advance(99);
    expect(codeOf((await hurried.answer).failure)).toBe("DEADLINE_EXCEEDED");
    client.of("a").thing({ count: 7n });
    expect((await patient.answer).page?.title).toBe("7");
    expect(clock.running).toBe(0);
  });
  test("a fetch for one caller ends at its deadline with a partial answer, as without a cache", async () => {
    for (const clientMs of [100, undefined]) {
      const { get, client, clock } = cached();
      client.answer = undefined;
      const hurried = get("a", clientMs === undefined ? {} : { clientMs });
      await clock.advance(clientMs === undefined ? 1_800 : 90);
      expect(await hurried.answer).toMatchObject({ header: "spent_cents", page: { title: "none" } });
      expect(client.of("a").cancelled).toBe(true);
      expect(clock.running).toBe(0);
    }
  });
  test("a fetch at its deadline ends for all callers with the same deadline, with a partial answer", async () => {
    const { get, client, clock } = cached();
    client.answer = undefined;
    const first = get("a");
    await clock.advance(10);
    const second = get("a");
    await clock.advance(1_790);
    for (const { answer } of [first, second]) expect(await answer).toMatchObject({ header: "spent_cents" });
    expect(clock.running).toBe(0);
  });
  test("a failed fetch fails all waiting callers", async () => {
    const { get, client, clock } = cached(
      {},
      {},
      {
        compose: async (cx, { id }) => page({ title: (await cx.call(cx.app.get, { id })).id }),
      },
    );
    client.answer = undefined;
    const both = [get("a"), get("a")];
    client.of("a").fault(Code.NOT_FOUND);
    for (const { answer } of both) expect(codeOf((await answer).failure)).toBe("INTERNAL");
    await idle();
    expect(clock.running).toBe(0);
  });
  test("a fetch refused by a guard refuses all waiting callers, and the next request fetches again", async () => {
    const compose: Options["compose"] = async (cx, { id }) => {
      const step = cx.call(cx.app.get, { id });
      cx.guard(async () => {
        if ((await step).count > 1n) throw cx.refuse(Code.FAILED_PRECONDITION, "too many");
      });
      return page({ title: `${(await step).count}` });
    };
    const { get, client, title } = cached({}, {}, { compose });
    client.answer = undefined;
    const both = [get("a"), get("a")];
    client.of("a").thing({ count: 5n });
    for (const { answer } of both)
      expect((await answer).failure).toMatchObject({ clientCode: Code.FAILED_PRECONDITION, clientMessage: "too many" });
    client.answer = (sent) => sent.thing({ count: 1n });
    expect(await title("a")).toBe("1");
  });
  test("a fetch batches its keys like any response", async () => {
    const compose: Options["compose"] = async (cx) => {
      const things = await Promise.all(["x", "y"].map((key) => cx.load(cx.app.byId, key)));
      return page({ facts: things.map((thing) => thing?.id ?? "") });
    };
    const { get, client } = cached({}, {}, { compose });
    client.answer = (sent) => sent.things({ things: sent.ids.map((id) => ({ id })) });
    expect((await get("a").answer).page?.facts).toEqual(["x", "y"]);
    expect((await get("a").answer).page?.facts).toEqual(["x", "y"]);
    expect(client.sent.length).toBe(1);
  });
  test("a fetch with an unencodable answer fails, as without a cache", async () => {
    const compose: Options["compose"] = async () => page({ spentCents: "x" as unknown as bigint });
    const { title, clock } = cached({}, {}, { compose });
    expect(await title("a")).toBe("INTERNAL");
    expect(clock.running).toBe(0);
  });
});

describe("a stale answer", () => {
  const STALE = { staleMs: 10_000 };
  test("a stale answer is served at once, marked as stale, while one fetch renews it", async () => {
    const { get, title, clock, client, outcomes } = cached(STALE);
    await title("a");
    await clock.advance(2_000);
    client.answer = undefined;
    for (let i = 0; i < 3; i++) expect(await get("a").answer).toMatchObject({ page: { title: "1" }, stale: true });
    expect(client.sent.length).toBe(2);
    client.of("a").thing({ count: 9n });
    await idle();
    expect(await get("a").answer).toMatchObject({ page: { title: "9" } });
    expect(outcomes()).toEqual(["missed", "stale", "stale", "stale", "fresh"]);
    expect(clock.running).toBe(0);
  });
  test("a stale answer is served while its renewal fails, until its time is over", async () => {
    const { title, clock, client } = cached(STALE);
    await title("a");
    await clock.advance(2_000);
    client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    expect([await title("a"), await title("a")]).toEqual(["1", "1"]);
    await clock.advance(7_999);
    expect(await title("a")).toBe("1");
    await clock.advance(1);
    expect(await title("a")).toBe("none");
  });
  test("a stale answer is renewed after its caller has left, within the full timeout of the RPC", async () => {
    const { get, title, clock, client } = cached(STALE);
    await title("a");
    await clock.advance(2_000);
    client.answer = undefined;
    await get("a", { clientMs: 50 }).answer;
    expect(client.of("a")).toMatchObject({ cancelled: false, timeoutMs: 1_800 });
    await clock.advance(1_800);
    expect(client.of("a").cancelled).toBe(true);
    expect(clock.running).toBe(0);
  });
});

describe("with a second level", () => {
  function twoProcesses(more: Partial<Options["cache"]> = {}) {
    const clock = new FakeClock();
    const kept = new Map<string, { bytes: Uint8Array; at: number }>();
    const level: SecondLevel & { hangs: boolean } = {
      hangs: false,
      get(key): Promise<Found | undefined> {
        if (this.hangs) return new Promise(() => {});
        const found = kept.get(key);
        return Promise.resolve(found && { bytes: found.bytes, ageMs: clock.now() - found.at });
      },
      async set(key, bytes) {
        kept.set(key, { bytes, at: clock.now() });
      },
    };
    const openNode = () => {
      const answers = new Cache({ clock, second: level });
      return cached({ ttlMs: 1_000, staleMs: 5_000, answers, ...more }, {}, { clock });
    };
    return { clock, kept, level, nodeA: openNode(), nodeB: openNode() };
  }
  test("one process answers with the response of another", async () => {
    const { nodeA, nodeB, clock } = twoProcesses();
    await nodeA.title("x");
    expect(await nodeA.title("a")).toBe("2");
    expect([await nodeB.title("a"), nodeB.client.sent.length]).toEqual(["2", 0]);
    expect(clock.running).toBe(0);
  });
  test("a stale answer is served while one fetch renews it", async () => {
    const { nodeA, nodeB, clock } = twoProcesses();
    await nodeA.title("a");
    await clock.advance(2_000);
    nodeB.client.answer = undefined;
    expect(await Promise.all([nodeB.title("a"), nodeB.title("a")])).toEqual(["1", "1"]);
    await idle();
    expect(nodeB.client.sent.length).toBe(1);
  });
  test("malformed bytes are a miss, and so is a hanging level", async () => {
    const { nodeA, nodeB, kept, level, clock } = twoProcesses();
    await nodeA.title("a");
    for (const value of kept.values()) value.bytes = new Uint8Array([0, 0, 0, 0, 9, 255]);
    await nodeB.title("x");
    expect([await nodeB.title("a"), nodeB.client.sent.length]).toEqual(["2", 2]);
    level.hangs = true;
    const waiting = nodeA.get("y");
    const gone = nodeA.get("z");
    gone.cancel();
    await clock.advance(50);
    expect((await waiting.answer).page?.title).toBe("2");
    expect(nodeA.client.sent.map(({ id }) => id)).toEqual(["a", "y"]);
    expect(clock.running).toBe(0);
  });
});

test("an RPC without a cache has no codec", () => {
  const { served } = cached({}, {}, { cache: undefined });
  expect(served.codec).toBeUndefined();
});
