// Holds docs/runtime.md#retries
// Holds docs/runtime.md#hedges
// Holds docs/runtime.md#breakers
// Holds docs/runtime.md#equal-calls
// Holds docs/runtime.md#caching
import * as http2 from "node:http2";
import { create, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CallPolicy, UpstreamPolicy } from "../call/policy.ts";
import { Upstream } from "../call/upstream.ts";
import { endpoint } from "../endpoint/endpoint.ts";
import { Code, type Failure } from "../failure.ts";
import { page } from "../testing/front.ts";
import {
  Front,
  GetRequestSchema,
  type Page,
  ShowRequestSchema,
  ThingSchema,
  Upstream as UpstreamService,
} from "../testing/gen/test_pb.ts";
import { H2Upstream, type Received, refuse, reply } from "../testing/h2-upstream.ts";
import { testedHttp2 } from "../testing/tested-http2.ts";
import { GrpcClient } from "../transport/grpc/grpc-client.ts";
import type { Request } from "./request.ts";

// What the policies do to a real upstream, in real time; their details are tested on a clock that stands still.

let upstream: H2Upstream;
let client: GrpcClient;
const states: string[] = [];
beforeEach(async () => {
  upstream = await new H2Upstream().start();
  client = new GrpcClient(upstream.url, { http2: testedHttp2() });
  states.splice(0);
});
afterEach(async () => {
  await client.close();
  await upstream.stop();
});

const idOf = ({ body }: Received): string => fromBinary(GetRequestSchema, body).id;
const good = (received: Received, count = 1n): void =>
  reply(received, toBinary(ThingSchema, create(ThingSchema, { id: idOf(received), count })));

function bff(call: CallPolicy, policy: UpstreamPolicy = {}) {
  const breaker = ({ to, method }: { to: string; method?: string | undefined }) => states.push(`${method} ${to}`);
  const upstreams = new Upstream("test.v1.Upstream", client, policy, { observer: { breaker } });
  const get = upstreams.unary(UpstreamService.method.get, call);
  const app = { get };
  return (compose: (cx: Request<typeof app>) => Promise<Page>) => {
    const { promise, resolve } = Promise.withResolvers<{ page?: Page; failure?: Failure; entries?: string[] }>();
    let entries: string[] = [];
    const { run } = endpoint(Front.method.show, app, {
      timeoutMs: 2_000,
      compose,
      degraded: (_, all) => {
        entries = all.map(({ path, effect, age }) => `${path} ${effect} ${age && durationMs(age) >= 0}`);
      },
    });
    run(
      create(ShowRequestSchema),
      new Headers(),
      undefined,
      (page: Message) => resolve({ page: page as Page, entries }),
      (failure) => resolve({ failure }),
    );
    return promise;
  };
}
const once = async (cx: Request<{ get: ReturnType<Upstream["unary"]> }>): Promise<Page> => {
  const step = cx.tryCall(cx.app.get, { id: "a" });
  const thing = (await step) as { count: bigint } | undefined;
  const out = page({ spentCents: thing?.count });
  if (cx.degraded) cx.touched(out, "spent_cents", thing !== undefined, step);
  return out;
};

test("a hedge overtakes a hanging attempt, which is cancelled on the wire", async () => {
  let first: Received | undefined;
  upstream.answer = (received) => {
    if (first === undefined) first = received;
    else good(received, 2n);
  };
  const send = bff({ hedge: { delayMs: 20, max: 1 } });
  expect((await send(once)).page?.spentCents).toBe(2n);
  expect(await first?.closed).toBe(http2.constants.NGHTTP2_CANCEL);
  expect(upstream.received.map(({ headers }) => headers["grpc-previous-rpc-attempts"])).toEqual([undefined, "1"]);
});

test("equal calls of a response share one stream", async () => {
  upstream.answer = (received) => good(received);
  const send = bff({ coalesce: true });
  const { page: got } = await send(async (cx) => {
    const things = await Promise.all(["a", "b", "a"].map((id) => cx.send(cx.app.get, { id })));
    return page({ facts: things.map(({ id }) => id) });
  });
  expect(got?.facts).toEqual(["a", "b", "a"]);
  expect(upstream.received.map(idOf)).toEqual(["a", "b"]);
});

test("the cache answers for a stopped upstream with the age; without a cached answer the value is missing", async () => {
  upstream.answer = (received) => good(received);
  const warm = bff({ cache: { ttlMs: 1, staleMs: 60_000 } });
  expect((await warm(once)).entries).toEqual([]);
  upstream.answer = (received) => refuse(received, `${Code.UNAVAILABLE}`);
  let got = await warm(once);
  for (let i = 0; i < 10_000 && got.entries?.length === 0; i++) {
    await new Promise((resolve) => setImmediate(resolve)); // its refresh is on the wire
    got = await warm(once);
  }
  expect(got).toMatchObject({ page: { spentCents: 1n }, entries: ["spent_cents 4 true"] });
  const cold = bff({ cache: { ttlMs: 1, staleMs: 60_000 } });
  expect(await cold(once)).toMatchObject({ entries: ["spent_cents 1 undefined"] });
});

test("slow answers open the breaker of their method", async () => {
  upstream.answer = (received) => void setTimeout(good, 30, received);
  const breaker = { errorRate: 0.5, windowMs: 10_000, minimum: 3, openMs: 60_000, probes: 1 };
  const send = bff({}, { methods: { Get: { breaker: { ...breaker, slowMs: 20, slowRate: 0.5 } } } });
  for (let i = 0; i < 3; i++) expect((await send(once)).page?.spentCents).toBe(1n);
  expect(states).toEqual(["test.v1.Upstream/Get open"]);
  expect((await send(once)).entries).toEqual(["spent_cents 1 undefined"]);
  expect(upstream.received.length).toBe(3);
});

test("an exhausted retry budget stops retries", async () => {
  upstream.answer = (received) => refuse(received, `${Code.UNAVAILABLE}`);
  const retry = { attempts: 2, on: [Code.UNAVAILABLE], initialMs: 1, maxMs: 2, multiplier: 2 };
  const send = bff({ retry }, { retryBudget: { maxTokens: 4, tokenRatio: 0.1 } });
  for (let i = 0; i < 3; i++) await send(once);
  expect(upstream.received.length).toBe(4); // tokens: 3, 2; 1; 0
});

test("calls excluded by GOAWAY are answered on the next connection, without a token", async () => {
  const retryBudget = { maxTokens: 1, tokenRatio: 0.1 }; // a single failure would show
  const send = bff({}, { retryBudget });
  const held: Received[] = [];
  const all = Promise.withResolvers<void>();
  upstream.answer = (received) => {
    if (held.push(received) === 10) all.resolve();
  };
  const requests = Array.from({ length: 10 }, () => send(once));
  await all.promise;
  upstream.answer = (received) => good(received);
  const first = Math.min(...held.map(({ stream }) => stream.id ?? 0));
  (held[0]!.stream.session as http2.ServerHttp2Session).goaway(http2.constants.NGHTTP2_NO_ERROR, first);
  for (const received of held) if (received.stream.id === first) good(received);
  const answers = await Promise.all(requests);
  expect(answers.map(({ page: got, entries }) => [got?.spentCents, entries])).toEqual(answers.map(() => [1n, []]));
  expect(upstream.sessions.length).toBe(2);
  expect(upstream.received.length).toBe(19);
  const attempts = upstream.received.map(({ headers }) => headers["grpc-previous-rpc-attempts"]);
  expect(new Set(attempts)).toEqual(new Set([undefined]));
});
