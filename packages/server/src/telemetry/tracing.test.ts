import { Code, clientFault } from "@protobff/runtime/internal/failure";
import type { Observer } from "@protobff/runtime/internal/observer";
import { idle } from "@protobff/runtime/internal/testing/fake-clock";
import { type FrontOptions, front, page, RETRY } from "@protobff/runtime/internal/testing/front";
import { describe, expect, test } from "vitest";
import { attributesOf, CollectingSink, tracingTo } from "../testing/trace-rig.ts";
import type { TracingOptions } from "./tracing.ts";

const TRACE = "12345678901234567890123456789012";
const SPAN = "1234567890123456";
const sampled = { traceparent: `00-${TRACE}-${SPAN}-01` };
const unsampled = { traceparent: `00-${TRACE}-${SPAN}-00` };
const GET = "test.v1.Upstream/Get";
const SHOW = "test.v1.Front/Show";

function traced(options: FrontOptions = {}, tracing: Partial<TracingOptions> = {}) {
  const sink = new CollectingSink();
  let observer: Observer | undefined;
  const instead: NonNullable<FrontOptions["observer"]>["instead"] = (clock) => {
    observer = tracingTo(sink, clock, tracing);
    return observer;
  };
  const all = front({ ...options, observer: { instead } });
  /** Its spans are there when it has its answer. */
  const send: typeof all.send = (compose, more) => {
    const request = all.send(compose, more);
    return { ...request, answer: request.answer.finally(() => idle()) };
  };
  const get = (id: string, headers: Record<string, string> = {}, policy = options.call ?? {}) =>
    send(async (cx) => page({ title: (await cx.call(cx.app.getWith(policy), { id })).id }), { headers });
  return { ...all, send: send, sink, get };
}

describe("a request with one call", () => {
  test("a request is a server span below the caller's, and its call a client span sent to the upstream", async () => {
    const { client, get, sink, clock } = traced();
    const { answer } = get("a", { ...sampled, tracestate: "a=1, b=2" });
    await clock.advance(10);
    client.of("a").thing();
    await answer;
    const [server, call] = [sink.named(SHOW)[0], sink.named(GET)[0]];
    expect(server).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, flags: 0x301, traceState: "a=1,b=2", kind: 2 });
    expect(server).toMatchObject({ status: 0, message: "", startUnixNano: 1_800_000_001_000_000_000n });
    expect(call).toMatchObject({ traceId: TRACE, parentSpanId: server?.spanId, flags: 0x101, kind: 3 });
    expect((call?.endUnixNano ?? 0n) - (call?.startUnixNano ?? 0n)).toBe(10_000_000n);
    expect(client.sent[0]?.headers).toEqual({
      traceparent: `00-${TRACE}-${call?.spanId}-01`,
      tracestate: "a=1,b=2",
    });
    expect(attributesOf(call ?? never())).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": GET,
      "rpc.response.status_code": "OK",
    });
    expect(sink.batches).toBe(1);
  });
  test("a request without a parent starts a trace with random ids", async () => {
    const { client, get, sink } = traced();
    for (const id of ["a", "b"]) {
      const { answer } = get(id, { tracestate: "a=1" });
      client.of(id).thing();
      await answer;
    }
    const [spanRecord, other] = sink.named(SHOW);
    expect(spanRecord).toMatchObject({ parentSpanId: "", flags: 0x103, traceState: "" });
    expect(spanRecord?.traceId).not.toBe(other?.traceId);
    expect(client.sent[0]?.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-03$/);
    expect(client.sent[0]?.headers.tracestate).toBeUndefined();
  });
  test("an unsampled request forwards its trace, and exports nothing", async () => {
    const { client, get, sink } = traced();
    const { answer } = get("a", { traceparent: `00-${TRACE}-${SPAN}-02` });
    client.of("a").thing();
    await answer;
    expect(client.sent[0]?.headers.traceparent).toMatch(new RegExp(`^00-${TRACE}-(?!${SPAN})[0-9a-f]{16}-02$`));
    expect(sink.spans).toEqual([]);
  });
  test("our trace headers replace the forwarded ones", async () => {
    const { client, get, sink } = traced({ call: { forward: ["traceparent", "tracestate", "x-a", "baggage"] } });
    const headers = { ...sampled, tracestate: "WRONG", "x-a": "1", baggage: "k=v" };
    const { answer } = get("a", headers);
    client.of("a").thing();
    await answer;
    const { spanId } = sink.named(GET)[0] ?? never();
    expect(client.sent[0]?.headers).toEqual({ "x-a": "1", baggage: "k=v", traceparent: `00-${TRACE}-${spanId}-01` });
    const other = traced();
    const { answer: second } = other.get("a", headers);
    other.client.of("a").thing();
    await second;
    expect(other.client.sent[0]?.headers.baggage).toBeUndefined();
  });
});

describe("attempts", () => {
  test("several attempts are spans below their call, which distinguish hedges and retries", async () => {
    const { client, get, sink, clock } = traced();
    clock.chance = 0;
    const retry = { ...RETRY, attempts: 2 };
    const { answer } = get("a", {}, { retry, hedge: { delayMs: 50, max: 1 }, timeoutMs: 500 });
    await clock.advance(10);
    client.of("a").fault(Code.UNAVAILABLE);
    await clock.advance(50);
    client.sent[1]?.fault(Code.UNAVAILABLE, { kind: "unprocessed" });
    await clock.advance(5);
    client.sent[2]?.thing();
    await answer;
    expect(sink.tree).toEqual([
      `${SHOW} server 65 ms code=OK`,
      `  ${GET} client 65 ms code=OK bff.call.attempts=3`,
      "    attempt first internal 10 ms ERROR bff.attempt.number=1 bff.attempt.kind=first bff.attempt.outcome=failed error.type=UNAVAILABLE",
      "    attempt retry internal 50 ms bff.attempt.number=2 bff.attempt.kind=retry bff.attempt.outcome=unprocessed",
      "    attempt hedge internal 5 ms bff.attempt.number=3 bff.attempt.kind=hedge bff.attempt.outcome=ok",
      "    attempt retry internal 5 ms bff.attempt.number=3 bff.attempt.kind=retry bff.attempt.outcome=cancelled",
    ]);
    const call = sink.named(GET)[0];
    for (const { headers } of client.sent) expect(headers.traceparent).toContain(`-${call?.spanId}-`);
  });
});

test("a call that waited for a place has a span of its attempt", async () => {
  const { client, get, sink, clock } = traced({ policy: { limit: { concurrent: 1, queued: 1 } } });
  const first = get("a");
  await idle();
  const second = get("b");
  await clock.advance(10);
  client.of("a").thing();
  await first.answer;
  await clock.advance(5);
  client.of("b").thing();
  await second.answer;
  expect(sink.tree.filter((line) => line.includes("attempt") || line.includes(GET))).toEqual([
    `  ${GET} client 10 ms code=OK`,
    `  ${GET} client 15 ms code=OK`,
    "    attempt first internal 5 ms bff.attempt.number=1 bff.attempt.kind=first bff.attempt.outcome=ok",
  ]);
});

describe("exported despite not being sampled", () => {
  const failing = (code: Code) => async (all: ReturnType<typeof traced>) => {
    all.client.answer = (sent) => sent.fault(code);
    await all.get("a", unsampled).answer;
    return all.sink;
  };
  test("a failed request is exported with its calls, whose upstreams received the unsampled flag", async () => {
    const sink = await failing(Code.UNAVAILABLE)(traced());
    expect(sink.tree).toEqual([
      `${SHOW} server 0 ms ERROR code=UNAVAILABLE error.type=UNAVAILABLE bff.reason=UNAVAILABLE bff.kept=failed`,
      `  ${GET} client 0 ms ERROR code=UNAVAILABLE error.type=UNAVAILABLE`,
    ]);
    expect(sink.spans.map(({ flags }) => flags)).toEqual([0x300, 0x100]);
  });
  test("a degraded request is exported", async () => {
    const { send, client, sink } = traced();
    client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    await send(
      async (cx) => {
        const step = cx.tryCall(cx.app.get, { id: "a" });
        await step;
        const answer = page({ title: "t" });
        cx.touched(answer, "title", true, step);
        return answer;
      },
      { headers: unsampled },
    ).answer;
    expect(attributesOf(sink.named(SHOW)[0] ?? never())).toMatchObject({ "bff.kept": "degraded" });
  });
  test("a slow request is exported if its RPC declares slowness", async () => {
    const all = traced({ telemetry: { slowMs: 100 } });
    for (const ms of [100, 101]) {
      const { answer } = all.get(`${ms}`, unsampled);
      await all.clock.advance(ms);
      all.client.of(`${ms}`).thing();
      await answer;
    }
    expect(all.sink.named(SHOW).map((span) => attributesOf(span)["bff.kept"])).toEqual(["slow"]);
  });
  test("refusals, client faults and cancelled requests are not exported", async () => {
    const all = traced();
    await all.send(
      async (cx) => {
        throw cx.refuse(Code.UNAVAILABLE);
      },
      { headers: unsampled },
    ).answer;
    await all.send(
      async () => {
        throw clientFault("a rule");
      },
      { headers: unsampled },
    ).answer;
    const request = all.get("gone", unsampled);
    await idle();
    request.cancel();
    await idle();
    expect(all.sink.spans).toEqual([]);
  });
  test("at most 100 requests per second are exported", async () => {
    const all = traced();
    for (let i = 0; i < 130; i++) await failing(Code.UNAVAILABLE)(all);
    expect(all.sink.named(SHOW)).toHaveLength(100);
    all.clock.skip(1_000);
    await failing(Code.UNAVAILABLE)(all);
    expect(all.sink.named(SHOW)).toHaveLength(101);
  });
});

describe("the sampling decision", () => {
  const shares = async (all: ReturnType<typeof traced>, times: number, headers: Record<string, string>) => {
    all.client.answer = (sent) => sent.thing();
    for (let i = 0; i < times; i++) await all.get("a", headers).answer;
    return all.sink.named(SHOW).length;
  };
  test("a client's flag samples ten requests a second, and the share decides over the others", async () => {
    const all = traced({}, { sampling: { parent: true, ratio: 0 } });
    expect(await shares(all, 30, sampled)).toBe(10);
    expect(all.client.sent.at(-1)?.headers.traceparent).toMatch(/-00$/);
    all.clock.skip(1_000);
    expect(await shares(all, 30, sampled)).toBe(20);
  });
  test("the flag of a trusted proxy always decides", async () => {
    expect(await shares(traced({}, { sampling: { parent: true, ratio: 0 }, trusts: () => true }), 30, sampled)).toBe(
      30,
    );
  });
  test("the share alone decides if the parent's flag is ignored", async () => {
    expect(await shares(traced({}, { sampling: { parent: false, ratio: 1 } }), 3, unsampled)).toBe(3);
    expect(await shares(traced({}, { sampling: { parent: false, ratio: 0 } }), 3, sampled)).toBe(0);
  });
  test("the RPC's share decides unless the environment sets one", async () => {
    expect(await shares(traced({ telemetry: { sample: 0 } }), 3, {})).toBe(0);
    expect(await shares(traced({ telemetry: { sample: 0 } }, { sampling: { parent: true, ratio: 1 } }), 3, {})).toBe(3);
  });
});

describe("calls that are answered by others", () => {
  const cache = { ttlMs: 100, staleMs: 1_000 };
  test("answers of the cache are empty spans; a call that waits for another fetch has a link to it", async () => {
    const all = traced({ call: { cache } });
    const { sink, clock, client } = all;
    const answers = [all.get("a"), all.get("a")].map(({ answer }) => answer);
    await clock.advance(5);
    client.of("a").thing();
    await Promise.all(answers);
    await all.get("a").answer;
    await clock.advance(100);
    await all.get("a").answer;
    await clock.advance(7);
    client.sent[1]?.thing();
    await idle();
    expect(sink.tree).toEqual([
      `${SHOW} server 5 ms code=OK`,
      `  ${GET} client 5 ms code=OK bff.cache.outcome=missed`,
      `${SHOW} server 5 ms code=OK`,
      `  ${GET} internal 5 ms bff.cache.outcome=joined links=1`,
      `${SHOW} server 0 ms code=OK`,
      `  ${GET} internal 0 ms bff.cache.outcome=fresh bff.cache.age=0`,
      `${SHOW} server 0 ms code=OK`,
      `  ${GET} internal 0 ms bff.cache.outcome=stale bff.cache.age=0.1 links=1`,
      // After its request.
      `  ${GET} client 7 ms code=OK bff.cache.outcome=renewed`,
    ]);
    const [fetch, joined, , stale, renewal] = sink.named(GET);
    expect(joined?.links[0]).toMatchObject({ traceId: fetch?.traceId, spanId: fetch?.spanId });
    expect(joined?.traceId).not.toBe(fetch?.traceId);
    expect(stale?.links[0]).toMatchObject({ traceId: renewal?.traceId, spanId: renewal?.spanId });
  });
  test("a call that outlasts its request is exported with a kept request, and dropped otherwise", async () => {
    for (const [headers, spans] of [
      [sampled, 3],
      [unsampled, 0],
    ] as const) {
      const all = traced({ call: { cache } });
      all.client.answer = (sent) => sent.thing();
      await all.get("a", unsampled).answer;
      await all.clock.advance(100);
      all.client.answer = undefined;
      await all.get("a", headers).answer;
      all.client.sent[1]?.thing();
      await idle();
      expect(all.sink.spans).toHaveLength(spans);
    }
  });
  test("equal calls of a request are spans of their waiting time, with a link to the shared call", async () => {
    const { send, app, client, clock, sink } = traced();
    const rpc = app.getWith({ coalesce: true });
    const { answer } = send(async (cx) => {
      const both = [cx.call(rpc, { id: "a" }), cx.call(rpc, { id: "a" })];
      await Promise.all(both);
      await cx.call(rpc, { id: "a" });
      return page({ title: "t" });
    });
    await clock.advance(5);
    client.of("a").thing();
    await answer;
    expect(client.sent).toHaveLength(1);
    expect(sink.tree).toEqual([
      `${SHOW} server 5 ms code=OK`,
      `  ${GET} client 5 ms code=OK`,
      `  ${GET} internal 5 ms bff.coalesced=true links=1`,
      `  ${GET} internal 0 ms bff.coalesced=true links=1`,
    ]);
    const [call, ...joined] = sink.named(GET);
    for (const { links } of joined) expect(links[0]).toMatchObject({ spanId: call?.spanId });
  });
  test("the span of a batch has the number of keys", async () => {
    const { send, client, sink } = traced();
    const { answer } = send(async (cx) => {
      await Promise.all(["a", "b"].map((id) => cx.load(cx.app.byId, id)));
      return page({ title: "t" });
    });
    await idle();
    client.sent[0]?.things({ things: [{ id: "a" }, { id: "b" }] });
    await answer;
    expect(sink.tree[1]).toBe("  test.v1.Upstream/BatchGet client 0 ms code=OK bff.batch.size=2");
  });
  test("the request of a cached response has its outcome, and a link to the fetching request", async () => {
    const all = traced({ answers: { ttlMs: 100, plan: "p" } });
    const asking = all.sender(async (cx) => page({ title: (await cx.call(cx.app.get, { id: "a" })).id }));
    const answers = [asking(), asking()].map(({ answer }) => answer);
    await all.clock.advance(5);
    all.client.of("a").thing();
    await Promise.all(answers);
    await asking().answer;
    await idle();
    expect(all.sink.tree).toEqual([
      `${SHOW} server 5 ms code=OK bff.cache.outcome=missed`,
      `  ${GET} client 5 ms code=OK`,
      `${SHOW} server 5 ms code=OK bff.cache.outcome=joined links=1`,
      `${SHOW} server 0 ms code=OK bff.cache.outcome=fresh`,
    ]);
    const [first, second] = all.sink.named(SHOW);
    expect(second?.links[0]).toMatchObject({ spanId: first?.spanId, traceId: first?.traceId });
  });
});

describe("calls that are not sent", () => {
  test("a breaker's refusal and a full limit are spans of calls without attempts", async () => {
    const policy = { breaker: { errorRate: 0.5, minimum: 1, windowMs: 1_000, openMs: 1_000, probes: 1 } };
    const all = traced({ policy });
    all.client.answer = (sent) => sent.fault(Code.UNAVAILABLE);
    for (let i = 0; i < 12; i++) await all.get("a").answer;
    const last = all.sink.named(GET).at(-1) ?? never();
    expect(attributesOf(last)).toMatchObject({
      "error.type": "bff.breaker_open",
      "bff.call.attempts": 0n,
      "rpc.response.status_code": "UNAVAILABLE",
    });
    const full = traced({ policy: { limit: { concurrent: 1, queued: 0 } } });
    const held = full.get("held");
    await idle();
    await full.get("b").answer;
    expect(attributesOf(full.sink.named(GET)[0] ?? never())).toMatchObject({ "error.type": "bff.limited" });
    held.cancel();
  });
});

test("a request has a maximum of call spans and counts the others; every call carries the trace", async () => {
  const { send, client, sink } = traced({ concurrent: 2_000 });
  client.answer = (sent) => sent.thing();
  const { answer } = send(async (cx) => {
    for (let i = 0; i < 1_010; i++) await cx.call(cx.app.get, { id: `${i}` });
    return page({ title: "t" });
  });
  await answer;
  expect(sink.spans).toHaveLength(1_001);
  const server = sink.named(SHOW)[0] ?? never();
  expect(attributesOf(server)["bff.spans_dropped"]).toBe(10n);
  expect(client.sent.at(-1)?.headers.traceparent).toContain(`-${server.spanId}-`);
});

test("declared attributes are on the request's span, except failed and absent ones, and only for exported requests", async () => {
  let made = 0;
  const attributes: NonNullable<NonNullable<FrontOptions["telemetry"]>["attributes"]> = [
    ["args.id", (_, { id }) => `id ${id} ${++made}`],
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["nothing", () => undefined],
    ["list", () => [1n, 2n]],
    ["long", () => "x".repeat(5_000)],
    ["longer", () => Array.from({ length: 500 }, () => "y".repeat(5_000))],
  ];
  const { get, client, sink } = traced({ telemetry: { attributes } });
  client.answer = (sent) => sent.thing();
  await get("a").answer;
  await get("a", unsampled).answer;
  expect(sink.named(SHOW)[0]?.attributes.slice(-4)).toEqual([
    ["args.id", "id  1"],
    ["list", [1n, 2n]],
    ["long", "x".repeat(1_024)],
    ["longer", Array.from({ length: 100 }, () => "y".repeat(1_024))],
  ]);
  expect(made).toBe(1);
});

test("each ended request is exported once, even for a disconnected client", async () => {
  const all = traced();
  const request = all.get("a");
  await idle();
  request.cancel();
  await idle();
  expect(all.sink.tree).toEqual([
    `${SHOW} server 0 ms code=CANCELLED bff.reason=UNAVAILABLE`,
    `  ${GET} client 0 ms ERROR code=CANCELLED error.type=CANCELLED bff.call.attempts=1`.replace(
      " bff.call.attempts=1",
      "",
    ),
  ]);
});
const never = (): never => {
  throw new Error("there is none");
};
