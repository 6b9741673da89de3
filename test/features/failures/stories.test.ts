// Failure stories that users of other gateways tell, on a clock that only the test advances.
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { CallPolicy, UpstreamPolicy } from "../../../runtime/src/call/policy.ts";
import { Upstream } from "../../../runtime/src/call/upstream.ts";
import type { Request } from "../../../runtime/src/compose/request.ts";
import { endpoint } from "../../../runtime/src/endpoint/endpoint.ts";
import { Code, type Failure } from "../../../runtime/src/failure.ts";
import { FakeClient, type Sent } from "../../../runtime/src/testing/fake-client.ts";
import { FakeClock } from "../../../runtime/src/testing/fake-clock.ts";
import { page, RETRY } from "../../../runtime/src/testing/front.ts";
import { Front, ShowRequestSchema, Upstream as UpstreamService } from "../../../runtime/src/testing/gen/test_pb.ts";
import type { InFlight, UnaryClient } from "../../../runtime/src/transport/unary-client.ts";

type Get = ReturnType<Upstream["unary"]>;
type Compose = (cx: Request<readonly Get[]>) => Promise<string>;
interface Service {
  readonly client?: UnaryClient;
  readonly call?: CallPolicy;
  readonly policy?: UpstreamPolicy;
}

/** A BFF over some services, on a clock that may be another BFF's. */
function bff(services: readonly Service[], compose: Compose, timeoutMs = 2_000, clock = new FakeClock()) {
  const opened: string[] = [];
  const observer = {
    breaker: ({ service, to }: { service: string; to: string }) => void opened.push(`${service} ${to}`),
  };
  const gets = services.map(({ client = new FakeClient(), call = {}, policy = {} }, i) =>
    new Upstream(`service ${i}`, client, policy, { clock, observer }).unary(UpstreamService.method.get, call),
  );
  const { run } = endpoint(Front.method.show, gets, {
    timeoutMs,
    clock,
    compose: async (cx) => page({ title: await compose(cx) }),
  });
  const send = (headers: Readonly<Record<string, string>> = {}) => {
    const { promise, resolve } = Promise.withResolvers<{ title?: string; failure?: Failure; tookMs: number }>();
    const startedAt = clock.now();
    const tookMs = () => clock.now() - startedAt;
    const running = run(
      create(ShowRequestSchema),
      new Headers({ ...headers }),
      undefined,
      (answer) => resolve({ title: (answer as ReturnType<typeof page>).title, tookMs: tookMs() }),
      (failure) => resolve({ failure, tookMs: tookMs() }),
    );
    return { answer: promise, cancel: () => running.cancel() };
  };
  return { clock, send, opened };
}

/** Answers after this time. */
const after =
  (clock: FakeClock, ms: number, end = (sent: Sent) => sent.thing({ count: 1n })) =>
  (sent: Sent): void =>
    void clock.setTimeout(() => sent.ended || end(sent), ms, undefined);
const unavailable = (sent: Sent): void => sent.fault(Code.UNAVAILABLE);
const all: Compose = async (cx) => {
  const things = await Promise.all(cx.app.map((get, i) => cx.call(get, { id: `${i}` })));
  return `${things.length} answers`;
};

test("four services of 10, 15, 8 and 20 ms answer in 20 ms", async () => {
  const clock = new FakeClock();
  const services = [10, 15, 8, 20].map((ms) => ({ client: new FakeClient(after(clock, ms)) }));
  const { send } = bff(services, all, 2_000, clock);
  const { answer } = send();
  await clock.advance(1_000);
  expect(await answer).toEqual({ title: "4 answers", tookMs: 20 });
});

test("200 ms for a response hold a call of 80 ms and its two retries", async () => {
  const clock = new FakeClock();
  const client = new FakeClient(after(clock, 20, unavailable));
  const call = { timeoutMs: 80, retry: { ...RETRY, initialMs: 5 } };
  const { send } = bff([{ client, call }, { client: new FakeClient(after(clock, 100)) }], all, 200, clock);
  const { answer } = send();
  await clock.advance(1_000);
  const { failure, tookMs } = await answer;
  expect(failure?.clientCode).toBe(Code.UNAVAILABLE);
  expect(tookMs).toBeLessThanOrEqual(80);
  expect(client.sent.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  // The upstream learns what is left of the 80 ms, not of the 200.
  for (const { timeoutMs } of client.sent) expect(timeoutMs).toBeLessThanOrEqual(80);
});

test("the calls end when the client leaves after a second", async () => {
  const clock = new FakeClock();
  const clients = [1, 2, 3].map(() => new FakeClient(after(clock, 10_000)));
  const { send } = bff(
    clients.map((client) => ({ client, call: { retry: RETRY } })),
    all,
    30_000,
    clock,
  );
  const { cancel } = send();
  await clock.advance(1_000);
  expect(clients.map(({ underWay }) => underWay.length)).toEqual([1, 1, 1]);
  cancel();
  await clock.advance(60_000);
  expect(clients.flatMap(({ sent }) => sent).map(({ cancelled }) => cancelled)).toEqual([true, true, true]);
  for (const { sent } of clients) expect(sent).toHaveLength(1);
});

test("three BFFs in a row send a failing leaf at most 1.1 attempts for each request", async () => {
  const clock = new FakeClock();
  const leaf = new FakeClient(unavailable);
  const one = all;
  const call = { retry: RETRY };
  const last = bff([{ client: leaf, call }], one, 2_000, clock);
  const middle = bff([{ client: over(last), call }], one, 2_000, clock);
  const first = bff([{ client: over(middle), call }], one, 2_000, clock);
  const REQUESTS = 200;
  for (let i = 0; i < REQUESTS; i++) {
    const { answer } = first.send();
    await clock.advance(1_000);
    expect((await answer).failure?.clientCode).toBe(Code.UNAVAILABLE);
  }
  expect(leaf.sent.length).toBeGreaterThan(REQUESTS);
  expect(leaf.sent.length).toBeLessThanOrEqual(1.1 * REQUESTS);
});

/** Another BFF as an upstream. */
function over(next: ReturnType<typeof bff>): UnaryClient {
  const client = new FakeClient();
  return {
    send: (path, frame, timeoutMs, headers, attempt, reply): InFlight => {
      const sent = client.send(path, frame, timeoutMs, headers, attempt, reply) as Sent;
      const running = next.send(attempt > 1 ? { "grpc-previous-rpc-attempts": String(attempt - 1) } : {});
      void running.answer.then(({ failure }) => {
        if (sent.ended) return;
        if (failure === undefined) sent.thing();
        else sent.fault(failure.clientCode);
      });
      return sent;
    },
    open: client.open.bind(client),
    close: () => Promise.resolve(),
  } as UnaryClient;
}

test("a breaker of 5 % in 10 s opens for one service, and the other stays closed", async () => {
  const clock = new FakeClock();
  const breaker = { errorRate: 0.05, windowMs: 10_000, minimum: 20, openMs: 5_000, probes: 1 };
  let calls = 0;
  const failing = new FakeClient((sent) => (calls++ % 10 === 0 ? unavailable(sent) : sent.thing()));
  const services = [failing, new FakeClient((sent) => sent.thing())].map((client) => ({
    client,
    call: { retry: undefined },
    policy: { breaker },
  }));
  const { send, opened } = bff(services, all, 2_000, clock);
  for (let i = 0; i < 30; i++) {
    const { answer } = send();
    await clock.advance(10);
    await answer;
  }
  expect(opened).toEqual(["service 0 open"]);
});

/** Ways in which a service is down. */
const DOWN: Readonly<Record<string, (sent: Sent) => void>> = {
  "refuses connections": (sent) => sent.fault(Code.UNAVAILABLE, { kind: "unprocessed" }),
  hangs: () => {},
  "answers 503": unavailable,
  "answers garbage": (sent) => sent.bytes(Buffer.from("<html>")),
};

describe.each(Object.entries(DOWN))("one of four services %s", (_, fail) => {
  test.each([0, 1, 2, 3])("the other three answer in 1.5 s without service %i", async (down) => {
    const clock = new FakeClock();
    const services = [0, 1, 2, 3].map((i) => ({
      client: new FakeClient(i === down ? fail : after(clock, 100)),
      call: { timeoutMs: 1_000, retry: RETRY },
    }));
    const missing: number[] = [];
    const some: Compose = async (cx) => {
      const things = await Promise.all(cx.app.map((get, i) => cx.tryStep(() => cx.aside.send(get, { id: `${i}` }))));
      missing.push(...things.flatMap((thing, i) => (thing === undefined ? [i] : [])));
      return `${things.length - missing.length} answers`;
    };
    const { send } = bff(services, some, 1_500, clock);
    const { answer } = send();
    await clock.advance(5_000);
    const { title, tookMs } = await answer;
    expect([title, missing]).toEqual(["3 answers", [down]]);
    expect(tookMs).toBeLessThanOrEqual(1_500);
  });
});
