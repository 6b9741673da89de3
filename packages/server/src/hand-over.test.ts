// Holds docs/runtime.md#server
import { once } from "node:events";
import * as http from "node:http";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect, onTestFinished, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "./gen/grpc/health/v1/health_pb.ts";
import { listen } from "./listen.ts";
import { EchoService, echoEndpoint } from "./testing/test-echo.ts";

// A server that another process has taken over from: it ends without hurry, and nobody is told that the server does.

async function up() {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const endpoint = echoEndpoint(async (request) => {
    held.resolve();
    if (request.value === "wait") await released.promise;
    return request;
  });
  const server = await listen([endpoint]);
  onTestFinished(() => server.close(0));
  const transport = createGrpcTransport({ baseUrl: server.url });
  return { server, transport, held: held.promise, release: released.resolve };
}

test("an idle HTTP/1.1 connection is answered once more, with connection: close", async () => {
  const { server } = await up();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ready = async () => {
    const [response] = (await once(http.get(`${server.url}/readyz`, { agent }), "response")) as [http.IncomingMessage];
    await once(response.resume(), "end");
    return [response.statusCode, response.headers.connection];
  };
  expect(await ready()).toEqual([200, "keep-alive"]);
  const done = server.handOver(60_000);
  expect(await ready()).toEqual([200, "close"]);
  await done;
});

test("a silent connection is closed when the time is over", async () => {
  const { server } = await up();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const [response] = (await once(http.get(`${server.url}/readyz`, { agent }), "response")) as [http.IncomingMessage];
  response.resume();
  const closed = once(response.socket, "close");
  await server.handOver(50);
  await closed;
});

test("running requests are answered, and HTTP/2 connections end afterwards", async () => {
  const { server, transport, held, release } = await up();
  const client = createClient(EchoService, transport);
  const call = client.echo({ value: "wait" });
  await held;
  const done = server.handOver(60_000);
  expect((await client.echo({ value: "meanwhile" })).value).toBe("meanwhile");
  release();
  expect((await call).value).toBe("wait");
  await done;
});

test("a health watch gets no status change, and its connection ends", async () => {
  const { server, transport } = await up();
  const seen: Status[] = [];
  const watching = async () => {
    for await (const { status } of createClient(Health, transport).watch({ service: "" })) {
      seen.push(status);
      void server.handOver(60_000);
    }
  };
  await watching().catch(() => {});
  expect(seen).toEqual([Status.SERVING]);
  await server.handOver();
});
