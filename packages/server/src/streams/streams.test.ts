// Holds docs/runtime.md#streams
import { once } from "node:events";
import * as http2 from "node:http2";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { SourceContextSchema, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { type CallOptions, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import * as web from "@connectrpc/connect-web"; // as in browsers: by fetch, which is Node's here
import * as grpc from "@grpc/grpc-js";
import { Denied } from "@protobff/runtime/internal/admission/admission";
import { Failure, Reason, refusal } from "@protobff/runtime/internal/failure";
import { streamRouteOf } from "@protobff/runtime/internal/stream/connect-stream";
import { StreamService, type TestStream, testStream } from "@protobff/runtime/internal/testing/test-streams";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Listening, type ListenOptions, listen } from "../listen.ts";

const PATH = "/streams.v1.StreamService/Follow";
const always = { compressMinBytes: 0, sendCompression: compressionGzip };
const transports: readonly [string, (baseUrl: string) => Transport][] = [
  ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl })],
  ["gRPC, compressed", (baseUrl) => createGrpcTransport({ baseUrl, ...always })],
  ["gRPC-Web over HTTP/1.1", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
  ["gRPC-Web over HTTP/2", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "2" })],
  ["Connect, JSON over HTTP/1.1", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  [
    "Connect, binary over HTTP/1.1",
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: true }),
  ],
  ["connect-web, Connect in JSON", (baseUrl) => web.createConnectTransport({ baseUrl })],
  ["connect-web, Connect in binary", (baseUrl) => web.createConnectTransport({ baseUrl, useBinaryFormat: true })],
  ["connect-web, gRPC-Web", (baseUrl) => web.createGrpcWebTransport({ baseUrl })],
  [
    "Connect, binary over HTTP/2, compressed",
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: true, ...always }),
  ],
];

async function serve(stream: TestStream, options?: ListenOptions): Promise<Listening> {
  const server = await listen([stream], options);
  onTestFinished(() => server.close(0));
  return server;
}
function unavailable(): Failure {
  const code = Code.Unavailable;
  return new Failure({ code, clientCode: code, reason: Reason.UNAVAILABLE, callee: "", message: "going" });
}
async function caught(promise: Promise<unknown>): Promise<ConnectError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof ConnectError) return thrown;
  }
  throw new Error("no ConnectError");
}

describe.each(transports)("%s", (_, transportOf) => {
  const open = async (
    stream: TestStream,
    { headers = {}, timeoutMs, ...options }: ListenOptions & { headers?: HeadersInit; timeoutMs?: number } = {},
  ) => {
    const server = await serve(stream, options);
    const client = createClient(StreamService, transportOf(server.url));
    const headerLists: Headers[] = [];
    const aborting = new AbortController();
    const call = {
      headers,
      signal: aborting.signal,
      onHeader: (all: Headers) => void headerLists.push(all),
      ...(timeoutMs !== undefined && { timeoutMs }),
    };
    const messages = client.follow({ fileName: "what" }, call)[Symbol.asyncIterator]();
    return { server, client, headerLists: headerLists, aborting, messages };
  };
  const text = async (messages: AsyncIterator<{ fileName: string }>) => (await messages.next()).value?.fileName;

  test("items arrive one by one, in order, with the endpoint's headers", async () => {
    const stream = testStream(undefined, { heartbeatMs: 15_000 });
    const { messages, headerLists } = await open(stream, { headers: { "bff-resume": "t1" } });
    const first = text(messages);
    const follower = await stream.next();
    expect([follower.text, follower.resume, follower.clientMs]).toEqual(["what", "t1", undefined]);
    follower.follower.opened({ headers: ["x-one", "1"], trailers: [] });
    expect(follower.item("a", "t2")).toBe(true);
    expect(await first).toBe("a");
    expect(headerLists[0]?.get("x-one")).toBe("1");
    expect(headerLists[0]?.get("bff-heartbeat")).toBe("15000");
    const second = text(messages);
    for (const item of ["b", "c", "d"]) follower.item(item);
    expect([await second, await text(messages), await text(messages)]).toEqual(["b", "c", "d"]);
    const end = messages.next();
    follower.follower.ended(undefined);
    expect(await end).toMatchObject({ done: true });
  });

  test("a failure has its status, its details and the last token", async () => {
    const stream = testStream(({ follower }) => {
      const value = create(StringValueSchema, { value: "more" });
      const failure = new Failure({ ...unavailable(), details: [{ desc: StringValueSchema, value }], callee: "" });
      follower.item(create(SourceContextSchema, { fileName: "a" }), "t7");
      follower.failed(failure, "t7", { headers: ["x-late", "1"], trailers: ["x-two", "2"] });
    });
    const { messages } = await open(stream);
    expect(await text(messages)).toBe("a");
    const error = await caught(messages.next());
    expect(error.code).toBe(Code.Unavailable);
    expect(error.findDetails(StringValueSchema).map(({ value }) => value)).toEqual(["more"]);
    expect(error.metadata.get("bff-resume")).toBe("t7");
    expect(error.metadata.get("x-two")).toBe("2");
    expect(error.metadata.get("x-late")).toBe("1");
  });

  test("a client that disconnects is cancelled", async () => {
    const stream = testStream(({ follower }) => void follower.item(create(SourceContextSchema), undefined));
    const { messages, aborting } = await open(stream);
    await messages.next();
    const follower = await stream.next();
    const next = messages.next();
    next.catch(() => {});
    aborting.abort();
    expect(await follower.cancelled).toBeInstanceOf(Failure);
    expect(follower.item("nobody hears it")).toBe(false);
  });

  test("the endpoint enforces the client's deadline", async () => {
    const stream = testStream();
    const { messages } = await open(stream, { timeoutMs: 100_000 });
    const next = messages.next();
    const follower = await stream.next();
    expect(follower.clientMs).toBeGreaterThan(50_000);
    expect(follower.clientMs).toBeLessThanOrEqual(100_000);
    follower.follower.ended(undefined);
    await next;
  });

  test("an unauthorized caller is refused before the message is read", async () => {
    const authenticate = () =>
      new Denied(refusal(Code.PermissionDenied, "no"), { headers: ["x-why", "not"], trailers: [] });
    const { messages } = await open(testStream(undefined, { authenticate }));
    const error = await caught(messages.next());
    expect([error.code, error.rawMessage]).toEqual([Code.PermissionDenied, "no"]);
  });

  test("oversized messages, and messages with too many elements, are refused", async () => {
    const server = await serve(testStream(), { maxRequestBytes: 100 });
    const client = createClient(StreamService, transportOf(server.url));
    const messages = client.follow({ fileName: "x".repeat(10_000) })[Symbol.asyncIterator]();
    expect((await caught(messages.next())).code).toBe(Code.ResourceExhausted);
  });

  test("followers beyond the maximum are refused", async () => {
    const stream = testStream(({ follower }) => void follower.item(create(SourceContextSchema), undefined));
    const { messages, client, server } = await open(stream, { maxFollowers: 1 });
    expect(server).toMatchObject({ followers: 0, room: { followers: 1 } });
    await messages.next();
    expect(server.followers).toBe(1);
    const second = client.follow({})[Symbol.asyncIterator]();
    expect((await caught(second.next())).code).toBe(Code.ResourceExhausted);
    (await stream.next()).follower.ended(undefined);
    await messages.next();
    const third = client.follow({})[Symbol.asyncIterator]();
    expect((await third.next()).done).toBe(false);
  });

  test("all followers receive the drain of the server, and end with a token for resuming", async () => {
    const stream = testStream((follower) => {
      follower.item("a", "t1");
      follower.drained.then(() => follower.follower.failed(unavailable(), "t1", undefined));
    });
    const { messages, server } = await open(stream);
    await messages.next();
    const next = caught(messages.next());
    const closed = server.close(60_000);
    expect((await next).metadata.get("bff-resume")).toBe("t1");
    await closed;
  });

  test("a stream that does not end by itself is aborted, with its token", async () => {
    const stream = testStream((follower) => void follower.item("a", "t1"));
    const { messages, server } = await open(stream);
    await messages.next();
    const next = caught(messages.next());
    const closed = server.close(50);
    const error = await next;
    expect([error.code, error.metadata.get("bff-resume")]).toEqual([Code.Unavailable, "t1"]);
    expect((await (await stream.next()).cancelled).code).toBe(Code.Unavailable);
    await closed;
  });
});

function grpcRequest(body: Buffer): Buffer {
  return frame(body);
}
test("headers are sent after a second without an item", async () => {
  await Promise.all(
    transports.map(async ([, transportOf]) => {
      const stream = testStream(({ follower }) => follower.opened(undefined));
      const server = await serve(stream);
      const report = Promise.withResolvers<Headers>();
      const client = createClient(StreamService, transportOf(server.url));
      const messages = client.follow({}, { onHeader: report.resolve })[Symbol.asyncIterator]();
      const first = messages.next();
      const follower = await stream.next();
      await report.promise;
      follower.item("late");
      expect((await first).value).toMatchObject({ fileName: "late" });
    }),
  );
});

const message = (fileName: string) =>
  Buffer.from(toBinary(SourceContextSchema, create(SourceContextSchema, { fileName })));
async function raw(server: Listening) {
  const session = http2.connect(server.url);
  await once(session, "remoteSettings");
  onTestFinished(() => session.destroy());
  return session;
}

describe("gRPC, byte by byte", () => {
  test("items of one turn share a write, and items during a write share the next", async () => {
    const stream = testStream((it) => {
      for (const item of ["a", "b", "c"]) it.item(item);
      process.nextTick(() => {
        for (const item of ["d", "e"]) it.item(item); // behind the write, in the same turn
        setImmediate(() => it.follower.ended(undefined));
      });
    });
    const server = await serve(stream);
    const session = await raw(server);
    const request = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/grpc" });
    const pieces: number[] = [];
    const number = grpcRequest(message("a")).length;
    request.on("data", (piece: Buffer) => pieces.push(piece.length / number));
    request.end(grpcRequest(message("")));
    await once(request, "close");
    expect(pieces).toEqual([3, 2]);
  });

  test("a client that does not read delays the source", async () => {
    const stream = testStream();
    const server = await serve(stream);
    const session = await raw(server);
    const request = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/grpc" });
    request.pause();
    request.end(grpcRequest(message("")));
    const follower = await stream.next();
    let count = 0;
    while (follower.item("x".repeat(1000), String(count))) {
      if (++count % 10 === 0) await new Promise(setImmediate);
    }
    expect(count).toBeLessThan(200); // its window is 64 KiB
    const ready = follower.ready();
    request.resume();
    await ready;
    expect(follower.item("more")).toBe(true);
    follower.follower.ended(undefined);
    await once(request, "close");
  });

  test.each([
    ["nothing", [], 12],
    ["half a message", [grpcRequest(message("abc")).subarray(0, 7)], 3],
    ["two messages", [grpcRequest(message("a")), grpcRequest(message("b"))], 12],
    ["no message of the type", [grpcRequest(Buffer.from([0xff, 0xff]))], 3],
    [
      "a compression that was not announced",
      [Buffer.concat([Buffer.from([1]), grpcRequest(gzipSync("")).subarray(1)])],
      13,
    ],
  ])("%s is refused", async (_, body, status) => {
    const server = await serve(testStream());
    const session = await raw(server);
    const request = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/grpc" });
    const trailers = once(request, "trailers");
    request.resume();
    for (const piece of body) request.write(piece);
    request.end();
    expect((await trailers)[0]).toMatchObject({ "grpc-status": String(status) });
  });

  test("a token with invalid characters is omitted, and the failure is sent", async () => {
    const stream = testStream(({ follower }) => follower.failed(unavailable(), "a\r\nb: c", undefined));
    const session = await raw(await serve(stream));
    const request = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/grpc" });
    const trailers = once(request, "trailers");
    request.resume();
    request.end(grpcRequest(message("")));
    const [fields] = await trailers;
    expect(fields).toMatchObject({ "grpc-status": "14" });
    expect(fields).not.toHaveProperty("bff-resume");
  });

  test("an unencodable message fails the stream, and cancels its work", async () => {
    const encode = () => {
      throw new TypeError("no");
    };
    const codec = { decode: () => create(SourceContextSchema), encode };
    const stream = testStream((it) => void it.item("", "t"), { codec });
    const session = await raw(await serve(stream));
    const request = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/grpc" });
    const trailers = once(request, "trailers");
    request.resume();
    request.end(grpcRequest(message("")));
    expect((await trailers)[0]).toMatchObject({ "grpc-status": "13", "grpc-message": "internal error" });
    expect(await (await stream.next()).cancelled).toBeInstanceOf(Failure);
  });
});

test("grpc-js follows a stream, and reads its trailers", async () => {
  const stream = testStream((it) => {
    for (const item of ["a", "b", "c"]) it.item(item, `t-${item}`);
    it.follower.failed(unavailable(), "t-c", undefined);
  });
  const server = await serve(stream);
  const client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  const plain = (bytes: Buffer) => bytes;
  const call = client.makeServerStreamRequest(PATH, plain, plain, message("q"));
  const items: Buffer[] = [];
  call.on("data", (item: Buffer) => items.push(item));
  const [error] = (await once(call, "error")) as [grpc.ServiceError];
  expect(items.map(String)).toEqual(["a", "b", "c"].map((item) => String(message(item))));
  expect([error.code, error.metadata.get("bff-resume")]).toEqual([grpc.status.UNAVAILABLE, ["t-c"]]);
});

describe("streams through Connect's adapter", () => {
  /** gRPC with JSON is. */
  const open = async (begin: Parameters<typeof testStream>[0], options?: ListenOptions) => {
    const stream = testStream(begin);
    stream.route = streamRouteOf(stream.method, (...responseHeaders) => stream.follow(...responseHeaders));
    const server = await serve(stream, options);
    const transport = createGrpcTransport({ baseUrl: server.url, useBinaryFormat: false });
    const client = createClient(StreamService, transport);
    const follow = (options?: CallOptions) => client.follow({}, options)[Symbol.asyncIterator]();
    return { stream, server, follow };
  };

  test("a stream counts as a follower until it ends or its client disconnects", async () => {
    const { stream, server, follow } = await open((it) => it.item("a", "t1"), { maxFollowers: 1 });
    const leaving = new AbortController();
    const first = follow({ signal: leaving.signal });
    expect((await first.next()).value?.fileName).toBe("a");
    expect((await caught(follow().next())).code).toBe(Code.ResourceExhausted);
    // The same places as of all others.
    const binary = createClient(StreamService, createGrpcTransport({ baseUrl: server.url }));
    expect((await caught(binary.follow({})[Symbol.asyncIterator]().next())).code).toBe(Code.ResourceExhausted);
    leaving.abort();
    await (await stream.next()).cancelled;
    const second = follow();
    expect((await second.next()).value?.fileName).toBe("a");
    (await stream.next()).follower.ended(undefined);
    expect((await second.next()).done).toBe(true);
    expect((await follow().next()).value?.fileName).toBe("a");
    expect(stream.followers.length).toBe(3);
  });
  test("a stream receives the drain of the server", async () => {
    const { server, follow } = await open((it) => {
      it.item("a", "t1");
      it.drained.then(() => it.follower.failed(unavailable(), "t1", undefined));
    });
    const messages = follow();
    await messages.next();
    const next = caught(messages.next());
    const closed = server.close(60_000);
    expect((await next).metadata.get("bff-resume")).toBe("t1");
    await closed;
  });
});
