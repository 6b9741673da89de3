// Holds docs/runtime.md#server
// A server whose event loop is blocked by its own answers, and clients of every protocol that nobody here has written.
import { once } from "node:events";
import * as http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { type SourceContext, SourceContextSchema, type StringValue, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import type { SheddingEvent } from "@protobff/runtime/internal/observer-requests";
import { StreamService, testStream } from "@protobff/runtime/internal/testing/test-streams";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { type Listening, listen } from "../listen.ts";
import { EchoService } from "../testing/test-echo.ts";
import { KindService } from "../testing/test-kinds.ts";

const ECHO = "/echo.v1.EchoService/Echo";
/** Time for which each low answer blocks the event loop, in milliseconds, and the delay that is too long. */
const BLOCKED_MS = 12;
const DELAY_MS = 10;
const CALLERS = 20;
const TIMEOUT = { timeout: 20_000, interval: 5 };

function block(): void {
  for (const until = performance.now() + BLOCKED_MS; performance.now() < until; );
}

const shed: string[] = [];
/** Codes of the answers of `echo`, as observers see them. */
const codes = new Set<number>();
const states: SheddingEvent["state"][] = [];
const observer = {
  shed: ({ method, priority }: { method: string; priority: string }) => void shed.push(`${method} ${priority}`),
  shedding: ({ state }: SheddingEvent) => void states.push(state),
};

const endpoints = [
  endpoint(EchoService.method.echo, undefined, {
    timeoutMs: 10_000,
    priority: "low",
    rest: [{ method: "GET", segments: ["v1", "low"] }],
    compose: async (_cx, { value }): Promise<StringValue> => {
      block();
      return create(StringValueSchema, { value });
    },
    observer: {
      response: ({ outcome }) => void codes.add(outcome.ok ? 0 : outcome.failure.clientCode),
    },
  }),
  endpoint(KindService.method.get, undefined, {
    timeoutMs: 10_000,
    priority: "high",
    rest: [{ method: "GET", segments: ["v1", "high"] }],
    compose: async (_cx, { fileName }): Promise<SourceContext> => create(SourceContextSchema, { fileName }),
  }),
  testStream(({ follower }) => follower.opened(undefined), { priority: "low" }),
  testStream((follower) => void follower.item("first"), { name: "run", priority: "high" }),
];

let server: Listening;
let calling = true;
let callers: Promise<unknown>;

/** Sends low requests without pause, from several callers. */
async function call(): Promise<void> {
  const client = createClient(EchoService, createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" }));
  while (calling) {
    await client.echo({ value: "low" }).catch(() => {});
    await sleep(1);
  }
}

beforeAll(async () => {
  server = await listen(endpoints, { shedDelayMs: DELAY_MS, observer });
  callers = Promise.all(Array.from({ length: CALLERS }, call));
  await vi.waitFor(() => expect(server.load).toBe("shedding"), TIMEOUT);
});
afterAll(async () => {
  calling = false;
  await callers;
  await server.close(0);
});

const MAX_TRIES = 300;

/** Returns the first refusal. */
async function refusal(send: () => Promise<unknown>): Promise<ConnectError> {
  for (let i = 0; i < MAX_TRIES; i++) {
    try {
      await send();
    } catch (thrown) {
      return ConnectError.from(thrown);
    }
  }
  throw new Error("no request was refused");
}

const TRANSPORTS: readonly [string, (baseUrl: string) => Transport][] = [
  ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl })],
  ["Connect, HTTP/1.1", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  ["Connect, HTTP/2", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" })],
  ["gRPC-Web, which the adapter serves", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
];

describe.each(TRANSPORTS)("%s", (_, transport) => {
  test("low requests are refused with the time of a retry, and high ones answered", async () => {
    const error = await refusal(() => createClient(EchoService, transport(server.url)).echo({ value: "low" }));
    expect([error.code, error.rawMessage]).toEqual([Code.Unavailable, "the server is overloaded"]);
    const pushbackMs = Number(error.metadata.get("grpc-retry-pushback-ms"));
    expect(pushbackMs).toBeGreaterThanOrEqual(1_000);
    expect(pushbackMs).toBeLessThanOrEqual(2_000);
    expect(error.metadata.get("retry-after")).toMatch(/^[12]$/);
    for (let i = 0; i < 3; i++) {
      const { fileName } = await createClient(KindService, transport(server.url)).get({ fileName: "high" });
      expect(fileName).toBe("high");
    }
  });

  test("openings of low streams are refused, and high ones opened", async () => {
    const open = (name: "follow" | "run") => {
      const client = createClient(StreamService, transport(server.url));
      const stop = new AbortController();
      onTestFinished(() => stop.abort());
      return client[name]({ fileName: "" }, { signal: stop.signal })[Symbol.asyncIterator]().next();
    };
    const error = await refusal(async () => {
      const first = open("follow");
      // A stream that is opened has no item.
      await Promise.race([first, sleep(200)]);
    });
    expect([error.code, error.rawMessage]).toEqual([Code.Unavailable, "the server is overloaded"]);
    expect((await open("run")).value).toMatchObject({ fileName: "first" });
  });
});

async function get(path: string, headers: http.OutgoingHttpHeaders = {}) {
  const request = http.get(`${server.url}${path}`, { headers, agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  const [body] = (await once(response, "data")) as [Buffer];
  response.destroy();
  return { status: response.statusCode, headers: response.headers, body: body.toString() };
}

test("REST: 503 with a google.rpc.Status and retry-after", async () => {
  await expect.poll(async () => (await get("/v1/low")).status, TIMEOUT).toBe(503);
  let answer = await get("/v1/low");
  for (let i = 0; i < MAX_TRIES && answer.status !== 503; i++) answer = await get("/v1/low");
  expect(JSON.parse(answer.body)).toMatchObject({
    code: Code.Unavailable,
    message: "the server is overloaded",
    details: [{ reason: "OVERLOADED" }, { retryDelay: expect.stringMatching(/^[12](?:\.\d+)?s$/) }, {}],
  });
  expect(answer.headers["retry-after"]).toMatch(/^[12]$/);
  expect(await get("/v1/high?fileName=a")).toMatchObject({ status: 200, body: '{"fileName":"a"}' });
});

test("server-sent events: a delay before the reconnection", async () => {
  const path = "/streams.v1.StreamService/Follow?encoding=json&message=%7B%7D";
  const refusals = () => shed.filter((entry) => entry.startsWith("streams.v1")).length;
  for (const before = refusals(); refusals() === before; ) {
    const { status, body } = await get(path, { accept: "text/event-stream" });
    expect(status).toBe(200);
    expect(Number(/^retry: (\d+)/m.exec(body)?.[1])).toBeGreaterThanOrEqual(1_000);
  }
});

test("a WebSocket's follow", async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/bff.v1/follow`, ["bff.v1.json"]);
  onTestFinished(() => socket.terminate());
  await once(socket, "message");
  for (let id = 1; id < MAX_TRIES; id++) {
    socket.send(JSON.stringify({ id, follow: "streams.v1.StreamService/Follow" }));
    const [message] = await once(socket, "message");
    const { error } = JSON.parse(String(message)) as { error?: { code: string; message: string } };
    if (error === undefined) continue;
    expect(error).toMatchObject({ code: "unavailable", message: "the server is overloaded" });
    return;
  }
  throw new Error("no follow was refused");
});

test("health and probes are answered, and /readyz shows the refusals", async () => {
  expect(await get("/healthz")).toMatchObject({ status: 200, body: "ok\n" });
  expect(await get("/readyz")).toMatchObject({ status: 200, body: "ok, shedding\n" });
  const client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  const bytes = (buffer: Buffer): Buffer => buffer;
  const status = await new Promise<Buffer | undefined>((resolve, reject) => {
    client.makeUnaryRequest("/grpc.health.v1.Health/Check", bytes, bytes, Buffer.alloc(0), (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    );
  });
  expect(status).toEqual(Buffer.from([8, 1]));
});

test("grpc-js retries after the server's pushback, when the overload is over; then the server serves everybody", async () => {
  const retryPolicy = {
    maxAttempts: 5,
    initialBackoff: "0.01s",
    maxBackoff: "0.01s",
    backoffMultiplier: 1,
    retryableStatusCodes: ["UNAVAILABLE"],
  };
  const client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure(), {
    "grpc.service_config": JSON.stringify({ methodConfig: [{ name: [{}], retryPolicy }] }),
  });
  onTestFinished(() => client.close());
  const bytes = (buffer: Buffer): Buffer => buffer;
  const low = Buffer.from(toBinary(StringValueSchema, create(StringValueSchema, { value: "again" })));
  const before = shed.length;
  const answered = new Promise<Buffer | undefined>((resolve, reject) => {
    client.makeUnaryRequest(ECHO, bytes, bytes, low, (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    );
  });
  await expect.poll(() => shed.length, TIMEOUT).toBeGreaterThan(before);
  calling = false;
  await callers;
  expect(await answered).toEqual(low);
  await expect.poll(() => server.load, TIMEOUT).toBe("calm");
  expect((await get("/readyz")).body).toBe("ok\n");
  expect(states.slice(0, 1)).toEqual(["begun"]);
  expect(states.at(-1)).toBe("ended");
  const kinds = new Set(shed);
  expect([...kinds].sort()).toEqual([`${ECHO.slice(1)} low`, "streams.v1.StreamService/Follow low"]);
  expect([...codes].sort()).toEqual([0, Code.Unavailable]);
});
