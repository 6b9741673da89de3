// Bytes of messages in metrics, compared with the sizes that protobuf-es and zlib compute.
import { once } from "node:events";
import * as http from "node:http";
import { gzipSync } from "node:zlib";
import { create, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type SourceContext, SourceContextSchema, type StringValue, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { Upstream } from "@protobff/runtime/internal/call/upstream";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import { Code as FailureCode } from "@protobff/runtime/internal/failure";
import { callSource } from "@protobff/runtime/internal/source/call-source";
import { streamEndpoint } from "@protobff/runtime/internal/stream/endpoint";
import { StreamService, type TestFollower, testStream } from "@protobff/runtime/internal/testing/test-streams";
import { GrpcClient } from "@protobff/runtime/internal/transport/grpc/grpc-client";
import { expect, onTestFinished, test } from "vitest";
import { type Listening, listen } from "./listen.ts";
import { Metrics } from "./metrics/metrics.ts";
import { serverFamilies } from "./process/open-admin.ts";
import { EchoService, echoEndpoint } from "./testing/test-echo.ts";

/** Values of metrics, by name: the sum of all series. */
type Read = (...names: string[]) => number[];
function measured(): { readonly metrics: Metrics; readonly read: Read; readonly bytes: () => number[] } {
  const metrics = new Metrics();
  onTestFinished(() => metrics.close());
  const read: Read = (...names) => {
    const { families } = metrics.snapshot();
    const samples = (name: string) => families.find((family) => family.name === name)?.samples ?? [];
    return names.map((name) => samples(name).reduce((sum, { value }) => sum + value, 0));
  };
  const ways = ["request", "response", "call_request", "call_response"];
  return { metrics, read, bytes: () => read(...ways.map((way) => `bff_${way}_bytes_total`)) };
}
async function served(endpoints: Parameters<typeof listen>[0]): Promise<Listening> {
  const server = await listen(endpoints);
  onTestFinished(() => server.close(0));
  return server;
}
function clientOf({ url }: Listening): GrpcClient {
  const client = new GrpcClient(url);
  onTestFinished(() => client.close());
  return client;
}

/** A BFF whose upstream repeats its request, or fails for `bad`, and once for `again`. */
async function echoing() {
  const { metrics, bytes } = measured();
  let failed = false;
  const upstream = await served([
    echoEndpoint(({ value }) => {
      if (value === "bad?") throw new ConnectError("bad", Code.NotFound);
      if (value === "again?" && !failed) {
        failed = true;
        throw new ConnectError("later", Code.Unavailable);
      }
      return create(StringValueSchema, { value: value.repeat(2) });
    }),
  ]);
  const method = EchoService.method.echo;
  const retry = { attempts: 2, on: [FailureCode.UNAVAILABLE], initialMs: 1, maxMs: 1, multiplier: 1 };
  const upstreams = new Upstream(EchoService.typeName, clientOf(upstream), {}, { observer: metrics });
  const echo = upstreams.unary(method, { retry });
  const app = { echo };
  const server = await served([
    endpoint(method, app, {
      timeoutMs: 60_000,
      observer: metrics,
      rest: [{ method: "POST", segments: ["v1", "echo"], body: "*" }],
      compose: async (cx, args) => {
        const { value } = await cx.call(cx.app.echo, { value: `${args.value}?` });
        return create(StringValueSchema, { value: `hi ${value}` });
      },
    }),
  ]);
  return { url: server.url, bytes };
}

type Send = (url: string, value: string) => Promise<string>;
const by =
  (transport: (baseUrl: string) => Transport): Send =>
  async (url, value) =>
    (await createClient(EchoService, transport(url)).echo({ value })).value;
const inJson = (baseUrl: string): Transport =>
  createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false });
const byGrpcJs: Send = async (url, value) => {
  const client = new grpc.Client(new URL(url).host, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  const write = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
  const answered = Promise.withResolvers<Uint8Array>();
  const path = "/echo.v1.EchoService/Echo";
  client.makeUnaryRequest(
    path,
    write,
    (bytes) => bytes,
    encoded(value),
    (error, answer) => {
      if (error === null && answer !== undefined) answered.resolve(answer);
      else answered.reject(error);
    },
  );
  return fromBinary(StringValueSchema, await answered.promise).value;
};

const byRest: Send = async (url, value) => {
  const headers = { "content-type": "application/json" };
  return (await fetch(`${url}/v1/echo`, { method: "POST", headers, body: JSON.stringify(value) })).json();
};

const message = (value: string): StringValue => create(StringValueSchema, { value });
const encoded = (value: string): Uint8Array => toBinary(StringValueSchema, message(value));
type Size = (value: string) => number;
const binary: Size = (value) => encoded(value).length;
const json: Size = (value) => Buffer.byteLength(toJsonString(StringValueSchema, message(value)));
const gzipped: Size = (value) => gzipSync(encoded(value)).length;

const compressed = { sendCompression: compressionGzip, compressMinBytes: 0 };
const ways: readonly (readonly [name: string, send: Send, request: Size, answer: Size])[] = [
  ["grpc-js", byGrpcJs, binary, binary],
  ["gRPC", by((baseUrl) => createGrpcTransport({ baseUrl })), binary, binary],
  ["gRPC, compressed requests", by((baseUrl) => createGrpcTransport({ baseUrl, ...compressed })), gzipped, binary],
  ["gRPC-Web", by((baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })), binary, binary],
  ["Connect", by(inJson), json, json],
  ["REST", byRest, json, json],
  [
    "Connect, binary over HTTP/2",
    by((baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: true })),
    binary,
    binary,
  ],
  [
    "Connect, compressed requests",
    by((baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: true, ...compressed })),
    gzipped,
    binary,
  ],
];

test.each(ways)("%s: messages have the sizes that protobuf-es writes", async (_, send, request, answer) => {
  const { url, bytes } = await echoing();
  let expected = [0, 0, 0, 0];
  expect(bytes()).toEqual(expected);
  for (const value of ["a", "é".repeat(100), "ab"]) {
    const question = `${value}?`;
    const repeated = question.repeat(2);
    expect(await send(url, value)).toBe(`hi ${repeated}`);
    const sizes = [request(value), answer(`hi ${repeated}`), binary(question), binary(repeated)];
    expected = expected.map((sum, i) => sum + (sizes[i] ?? 0));
    expect(bytes()).toEqual(expected);
  }
});

test("an answer counts as it is sent, compressed", async () => {
  const { url, bytes } = await echoing();
  const headers = { "content-type": "application/json", "accept-encoding": "gzip" };
  const request = http.request(`${url}/echo.v1.EchoService/Echo`, { method: "POST", headers, agent: false });
  const body = JSON.stringify("a".repeat(5_000));
  request.end(body);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  expect(response.headers["content-encoding"]).toBe("gzip");
  const received = Buffer.concat(await response.toArray()).length;
  expect(bytes().slice(0, 2)).toEqual([body.length, received]);
});

test("failures are no messages, and each attempt sends one", async () => {
  const { url, bytes } = await echoing();
  const send = by((baseUrl) => createGrpcTransport({ baseUrl }));
  await expect(send(url, "bad")).rejects.toThrow();
  expect(bytes()).toEqual([binary("bad"), 0, binary("bad?"), 0]);
  expect(await send(url, "again")).toBe("hi again?again?");
  expect(bytes()).toEqual([
    binary("bad") + binary("again"),
    binary("hi again?again?"),
    binary("bad?") + 2 * binary("again?"),
    binary("again?again?"),
  ]);
});

// ---- streams ----

const context = (fileName: string): SourceContext => create(SourceContextSchema, { fileName });
const itemBinary: Size = (name) => toBinary(SourceContextSchema, context(name)).length;
const itemJson: Size = (name) => Buffer.byteLength(toJsonString(SourceContextSchema, context(name)));

/** A BFF that adds a mark to the items of its upstream. */
async function following(begin: (follower: TestFollower) => void) {
  const { metrics, read, bytes } = measured();
  const upstream = await served([testStream(begin)]);
  const method = StreamService.method.follow;
  const watch = new Upstream(StreamService.typeName, clientOf(upstream), {}, { observer: metrics }).stream(method, {});
  const server = await served([
    streamEndpoint(
      method,
      {},
      {
        timeoutMs: 5_000,
        observer: metrics,
        source: callSource(watch, (_cx, { fileName }: SourceContext) => ({ fileName: `${fileName}?` })),
        compose: async (_cx, _args, item: SourceContext) => context(`${item.fileName}!`),
      },
    ),
  ]);
  return { server, read, bytes };
}

type Follow = (url: string, fileName: string) => Promise<unknown>;
const followedBy =
  (transport: (baseUrl: string) => Transport): Follow =>
  async (url, fileName) => {
    const items = [];
    for await (const item of createClient(StreamService, transport(url)).follow({ fileName })) items.push(item);
    return items;
  };
const events: Follow = async (url, fileName) => {
  const query = new URLSearchParams({ encoding: "json", message: JSON.stringify({ fileName }) });
  const headers = { accept: "text/event-stream" };
  return (await fetch(`${url}/streams.v1.StreamService/Follow?${query}`, { headers })).text();
};
const socket: Follow = async (url, fileName) => {
  const opened = new WebSocket(`${url.replace("http", "ws")}/bff.v1/follow`, ["bff.v1.json"]);
  const ended = new Promise((resolve) =>
    opened.addEventListener("message", ({ data }) => String(data).includes('"end"') && resolve(undefined)),
  );
  await once(opened, "open");
  opened.send(JSON.stringify({ id: 1, follow: "streams.v1.StreamService/Follow", request: { fileName } }));
  await ended;
  opened.close();
};
const follows: readonly (readonly [name: string, follow: Follow, size: Size])[] = [
  ["gRPC", followedBy((baseUrl) => createGrpcTransport({ baseUrl })), itemBinary],
  ["gRPC-Web", followedBy((baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })), itemBinary],
  ["Connect", followedBy(inJson), itemJson],
  ["server-sent events", events, itemJson],
  ["a WebSocket", socket, itemJson],
];

test.each(follows)("%s: items of streams count, of the upstream and to the client", async (_, follow, size) => {
  const names = ["one", "é".repeat(200), "three"];
  const { server, bytes } = await following(({ follower }) => {
    for (const name of names) follower.item(context(name), undefined);
    follower.ended(undefined);
  });
  await follow(server.url, "what");
  const sum = (sizes: number[]): number => sizes.reduce((total, bytes) => total + bytes, 0);
  expect(bytes()).toEqual([
    size("what"),
    sum(names.map((name) => size(`${name}!`))),
    itemBinary("what?"),
    sum(names.map(itemBinary)),
  ]);
});

test("open streams are counted by source, and connections by protocol", async () => {
  const arrived = new Set<TestFollower>();
  const { server, read } = await following((follower) => {
    arrived.add(follower);
    follower.item("a");
  });
  const client = createClient(StreamService, createGrpcTransport({ baseUrl: server.url }));
  const items = client.follow({ fileName: "what" })[Symbol.asyncIterator]();
  expect((await items.next()).value?.fileName).toBe("a!");
  expect(read("bff_streams_by_source")).toEqual([1]);

  const opened = new WebSocket(`${server.url.replace("http", "ws")}/bff.v1/follow`, ["bff.v1.json"]);
  onTestFinished(() => opened.close());
  await once(opened, "open");
  const agent = new http.Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const [response] = (await once(http.get(`${server.url}/healthz`, { agent }), "response")) as [http.IncomingMessage];
  expect(response.resume().statusCode).toBe(200);
  const family = serverFamilies(server).find(({ name }) => name === "bff_connections_by_protocol");
  expect(family?.samples).toEqual(
    ["http1", "http2", "websocket"].map((protocol) => ({ labels: ["protocol", protocol], value: 1 })),
  );
  expect(server.connections).toBe(3);

  for (const { follower } of arrived) follower.ended(undefined);
  expect(await items.next()).toMatchObject({ done: true });
  expect(read("bff_streams_by_source")).toEqual([0]);
});
