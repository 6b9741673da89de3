// Holds docs/runtime.md#balancing
import type { LookupFunction } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, onTestFinished, test } from "vitest";
import type { CallPolicy } from "../call/policy.ts";
import { Upstream } from "../call/upstream.ts";
import { endpoint } from "../endpoint/endpoint.ts";
import { Code, type Failure } from "../failure.ts";
import type { EjectionEvent } from "../observer-upstreams.ts";
import { RandomClock } from "../testing/fake-clock.ts";
import { page, RETRY } from "../testing/front.ts";
import {
  Front,
  GetRequestSchema,
  type Page,
  ShowRequestSchema,
  ThingSchema,
  Upstream as UpstreamService,
} from "../testing/gen/test_pb.ts";
import { until } from "../testing/grpc-rig.ts";
import { H2Upstream, type Received, refuse, reply } from "../testing/h2-upstream.ts";
import { testedHttp2 } from "../testing/tested-http2.ts";
import { GrpcClient } from "../transport/grpc/grpc-client.ts";
import type { Request } from "./request.ts";

// Three replicas of an upstream over sockets, with the policies of calls above them, on a clock that the test moves.

const HOSTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
const good = (received: Received): void => {
  const { id } = fromBinary(GetRequestSchema, received.body);
  reply(received, toBinary(ThingSchema, create(ThingSchema, { id, count: 1n })));
};

async function replicas(call: CallPolicy = {}) {
  const clock = new RandomClock(7);
  const servers: H2Upstream[] = [];
  for (const host of HOSTS) {
    const server = new H2Upstream(good, { host });
    server.port = servers[0]?.port ?? 0;
    servers.push(await server.start());
    onTestFinished(() => server.stop().catch(() => {}));
  }
  const lookup: LookupFunction = (_, __, done) =>
    done(
      null,
      HOSTS.map((address) => ({ address, family: 4 })),
    );
  const client = new GrpcClient(`http://replicas.example:${servers[0]?.port}`, { http2: testedHttp2(), lookup, clock });
  onTestFinished(() => client.close());
  const ejections: EjectionEvent[] = [];
  const observer = { ejection: (event: EjectionEvent) => ejections.push(event) };
  const upstream = new Upstream("test.v1.Upstream", client, {}, { clock, observer });
  const app = { get: upstream.unary(UpstreamService.method.get, call) };
  const { run } = endpoint(Front.method.show, app, {
    timeoutMs: 60_000,
    clock,
    compose: async (cx: Request<typeof app>): Promise<Page> => {
      const { count } = await cx.call(app.get, { id: "a" });
      return page({ spentCents: count });
    },
  });
  /** Calls one after the other, a millisecond apart at least; gives how many have failed. */
  const countFailures = async (times: number): Promise<number> => {
    let failed = 0;
    for (let i = 0; i < times; i++) {
      let ended: Failure | "good" | undefined;
      run(
        create(ShowRequestSchema),
        new Headers(),
        undefined,
        () => {
          ended = "good";
        },
        (failure) => {
          ended = failure;
        },
      );
      while (ended === undefined) await clock.advance(1);
      if (ended !== "good") failed++;
    }
    return failed;
  };
  const counts = (): number[] => servers.map(({ received }) => received.splice(0).length);
  while (servers.some(({ connections }) => connections === 0)) expect(await countFailures(1)).toBe(0);
  counts();
  return { clock, servers, client, ejections, countFailures, counts };
}

test("one failing replica causes a few errors, then none until its ejection ends, then at most one", async () => {
  const { servers, clock, ejections, countFailures, counts } = await replicas();
  const [failing] = servers;
  if (failing !== undefined) failing.answer = (received) => refuse(received, "14");
  let failed = 0;
  while (ejections.length === 0) {
    clock.skip(200);
    failed += await countFailures(1);
  }
  expect(failed).toBe(5);
  const port = failing?.port;
  expect(ejections).toMatchObject([
    { service: "test.v1.Upstream", address: `127.0.0.1:${port}`, forMs: 30_000, consecutive: 5 },
  ]);
  counts();
  expect(await countFailures(300)).toBe(0);
  expect(counts()[0]).toBe(0);
  clock.skip(30_000);
  expect(await countFailures(300)).toBe(1); // of 300: it was asked whether it is back
  expect(counts()[0]).toBe(1);
  expect(ejections.at(-1)).toMatchObject({ forMs: 60_000, consecutive: 1 });
});

test("one failing replica causes no error with retries, because they use another replica", async () => {
  const { servers, countFailures, counts } = await replicas({
    retry: { ...RETRY, attempts: 2, on: [Code.UNAVAILABLE] },
  });
  const [failing] = servers;
  if (failing !== undefined) failing.answer = (received) => refuse(received, "14");
  expect(await countFailures(200)).toBe(0);
  expect(counts()[0]).toBeGreaterThan(0);
});

test("with two failing replicas, a third attempt reaches the third replica", async () => {
  const { servers, countFailures, ejections } = await replicas({
    retry: { ...RETRY, attempts: 3, on: [Code.UNAVAILABLE] },
  });
  for (const server of servers.slice(0, 2)) server.answer = (received) => refuse(received, "14");
  expect(await countFailures(4)).toBe(0); // then there are no tokens left to retry
  expect(ejections).toEqual([]);
});

test("a hedge avoids a hanging replica", async () => {
  const { servers, countFailures } = await replicas({ hedge: { delayMs: 10, max: 1, budget: 1 } });
  const [hanging] = servers;
  if (hanging !== undefined) hanging.answer = () => {};
  expect(await countFailures(100)).toBe(0);
});

test("a replica that disappears and returns causes only brief failures, and is not overloaded", async () => {
  const { servers, clock, countFailures, counts, client } = await replicas({
    retry: { ...RETRY, attempts: 2, on: [Code.UNAVAILABLE] },
  });
  const [gone] = servers;
  await gone?.stop();
  await until(() => client.addresses()[0]?.state !== "connected");
  expect(await countFailures(300)).toBe(0);
  counts();
  await gone?.start();
  clock.skip(2_000);
  while (gone?.connections === 0) expect(await countFailures(1)).toBe(0);
  counts();
  expect(await countFailures(300)).toBe(0);
  const [first = 0] = counts();
  expect(first).toBeLessThan(50); // a third would be 100
  clock.skip(10_000);
  expect(await countFailures(1)).toBe(0);
  counts();
  expect(await countFailures(600)).toBe(0);
  for (const count of counts()) expect(Math.abs(count - 200)).toBeLessThan(60);
});
