// Holds docs/runtime.md#server
import { gzipSync } from "node:zlib";
import { create } from "@bufbuild/protobuf";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { Follower } from "@protobff/runtime/internal/stream/stream-endpoint";
import { expect, it, onTestFinished, vi } from "vitest";
import {
  Health,
  HealthCheckRequestSchema,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Status,
} from "../gen/grpc/health/v1/health_pb.ts";
import { listen } from "../listen.ts";
import { echoEndpoint } from "../testing/test-echo.ts";
import { Health as ServedHealth } from "./health.ts";
import { Readiness } from "./readiness.ts";

async function watching() {
  const server = await listen([echoEndpoint()]);
  onTestFinished(() => server.close(0));
  return { server, health: createClient(Health, createGrpcTransport({ baseUrl: server.url })) };
}

it.each(["", "echo.v1.EchoService", "grpc.health.v1.Health"])("%j is serving", async (service) => {
  const { health } = await watching();
  expect((await health.check({ service })).status).toBe(Status.SERVING);
});

it("other services are NotFound", async () => {
  const { health } = await watching();
  await expect(health.check({ service: "web.v1.Dashboard" })).rejects.toMatchObject({ code: Code.NotFound });
});

it("list contains all services", async () => {
  const { health } = await watching();
  const { statuses } = await health.list({});
  expect(Object.keys(statuses).sort()).toEqual(["", "echo.v1.EchoService", "grpc.health.v1.Health"]);
  expect(statuses[""]?.status).toBe(Status.SERVING);
});

it("watches receive the drain of the server, which does not wait for them", async () => {
  const { server, health } = await watching();
  const seen: Status[] = [];
  for await (const { status } of health.watch({ service: "echo.v1.EchoService" })) {
    seen.push(status);
    if (status === Status.SERVING) void server.close(60_000);
  }
  expect(seen).toEqual([Status.SERVING, Status.NOT_SERVING]);
  await server.close();
});

it("the server serves when the identity is ready, and watches receive that", async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const server = await listen([echoEndpoint()], { identity: { opened, routes: new Map() } });
  onTestFinished(() => server.close(0));
  const health = createClient(Health, createGrpcTransport({ baseUrl: server.url }));
  expect((await health.check({ service: "" })).status).toBe(Status.NOT_SERVING);
  const seen: Status[] = [];
  for await (const { status } of health.watch({ service: "" })) {
    seen.push(status);
    if (seen.length === 1) open();
    if (status === Status.SERVING) void server.close(60_000);
  }
  expect(seen).toEqual([Status.NOT_SERVING, Status.SERVING, Status.NOT_SERVING]);
});

it("an unknown service may be watched", async () => {
  const { health } = await watching();
  const gone = new AbortController();
  const seen: Status[] = [];
  const watch = async () => {
    for await (const { status } of health.watch({ service: "web.v1.Dashboard" }, { signal: gone.signal })) {
      seen.push(status);
      gone.abort();
    }
  };
  await expect(watch()).rejects.toMatchObject({ code: Code.Canceled });
  expect(seen).toEqual([Status.SERVICE_UNKNOWN]);
});

it.each(["", "web.v1.Dashboard"])(
  "the fast path answers about %j like Connect's adapter, which decompresses it",
  async (service) => {
    const { server } = await watching();
    const send = async (more: Readonly<Record<string, string>>, body: BodyInit) => {
      const url = `${server.url}/grpc.health.v1.Health/Check`;
      const headers = {
        "content-type": "application/json",
        "accept-encoding": "identity",
        "x-request-id": "r-1",
        ...more,
      };
      const response = await fetch(url, { method: "POST", headers, body });
      return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
    };
    const body = JSON.stringify({ service });
    const compressed = await send({ "content-encoding": "gzip" }, new Uint8Array(gzipSync(body)));
    expect(compressed.status).toBe(service === "" ? 200 : 404);
    expect(await send({}, body)).toEqual(compressed);
  },
);

it("a watch ends at its maximum age, or at its client's deadline", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { watch } = new ServedHealth([], new Readiness(new AbortController().signal), 1000);
  const ends: [number, string][] = [];
  const startedAt = Date.now();
  const follower = (): Follower => ({
    opened() {},
    beat() {},
    ended() {},
    item: () => true,
    failed: ({ message }) => void ends.push([Date.now() - startedAt, message]),
  });
  const follow = (clientMs?: number) =>
    watch.follow(create(HealthCheckRequestSchema), new Headers(), clientMs, undefined, follower());
  follow(500);
  follow();
  follow(100_000);
  follow().cancel();
  vi.advanceTimersByTime(899);
  expect(ends).toEqual([[500, "the client's deadline"]]);
  vi.advanceTimersByTime(202);
  expect(ends.slice(1).map(([, why]) => why)).toEqual(Array(2).fill("the stream has been open for its max_age"));
});

it("a watch whose client does not read receives only the last status", async () => {
  const draining = new AbortController();
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const readiness = new Readiness(draining.signal, opened);
  const { watch } = new ServedHealth([], readiness);
  const messages: unknown[] = [];
  const watching = watch.follow(create(HealthCheckRequestSchema), new Headers(), undefined, undefined, {
    opened() {},
    beat() {},
    failed() {},
    ended: () => void messages.push("end"),
    item: (message) => {
      messages.push((message as HealthCheckResponse).status);
      return false;
    },
  });
  open();
  await readiness.opened;
  expect(messages).toEqual([Status.NOT_SERVING]);
  watching.ready();
  expect(messages).toEqual([Status.NOT_SERVING, Status.SERVING]);
  draining.abort();
  // A turn that has been long, as of the file before, puts this off.
  await vi.waitFor(() => expect(messages).toEqual([Status.NOT_SERVING, Status.SERVING, Status.NOT_SERVING, "end"]));
});
