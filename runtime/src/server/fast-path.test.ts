import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Kept, kindEndpoint, PATH } from "../testing/test-kinds.ts";
import { type Listening, type ListenOptions, listen } from "./listen.ts";

// Every request goes to two servers, one with the fast path and one without: whatever comes, they answer the same.

const MAX_BYTES = 10_000;

interface Asked {
  readonly version: 1 | 2;
  readonly method?: string;
  readonly path?: string;
  readonly headers: http.OutgoingHttpHeaders;
  /** In chunks; each is on its way before the next. */
  readonly body?: readonly (Buffer | string)[];
}
interface Answered {
  readonly status: number | undefined;
  readonly headers: Record<string, unknown>;
  readonly body: string;
  readonly trailers: Record<string, unknown>;
  /** HTTP/2's, if the stream was reset. */
  readonly reset?: number;
}
const UNEQUAL = new Set(["date"]);
const plain = (headers: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      if (UNEQUAL.has(name)) return [];
      return [[name, name === "x-request-id" && OURS.test(value) ? "one of ours" : value]];
    }),
  );
const OURS = /^[0-9a-f]{16}$/;

async function askH1(
  server: Listening,
  { method = "POST", path = PATH, headers, body = [] }: Asked,
): Promise<Answered> {
  const request = http.request({ host: "127.0.0.1", port: server.port, method, path, headers, agent: false });
  const response = once(request, "response") as Promise<[http.IncomingMessage]>;
  response.catch(() => {});
  for (const chunk of body) await new Promise((resolve) => request.write(chunk, resolve));
  request.end();
  const [given] = await response;
  const chunks: Buffer[] = await given.toArray();
  const trailers = plain(given.trailers);
  return {
    status: given.statusCode,
    headers: plain(given.headers),
    body: Buffer.concat(chunks).toString("latin1"),
    trailers,
  };
}

async function askH2(
  server: Listening,
  { method = "POST", path = PATH, headers, body = [] }: Asked,
): Promise<Answered> {
  const session = http2.connect(server.url);
  try {
    // The server's settings hold when it knows that they are known.
    await once(session, "remoteSettings");
    await new Promise((resolve) => session.ping(resolve));
    const stream = session.request({ ":method": method, ":path": path, ...headers }, { endStream: body.length === 0 });
    let given: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
    let trailers: object = {};
    const chunks: Buffer[] = [];
    stream.on("response", (headers) => {
      given = headers;
    });
    stream.on("trailers", (headers) => {
      trailers = headers;
    });
    stream.on("data", (chunk) => chunks.push(chunk)).on("error", () => {});
    const closed = new Promise((resolve) => stream.once("close", resolve));
    for (const chunk of body) await new Promise((resolve) => stream.write(chunk, resolve));
    if (body.length > 0) stream.end();
    await closed;
    const { ":status": status, ...rest } = given;
    const reset = stream.rstCode === 0 ? {} : { reset: stream.rstCode };
    const answer = { status, headers: plain(rest), body: Buffer.concat(chunks).toString("latin1") };
    return { ...answer, trailers: plain(trailers), ...reset };
  } finally {
    session.destroy();
  }
}
const ask = (server: Listening, asked: Asked): Promise<Answered> =>
  asked.version === 1 ? askH1(server, asked) : askH2(server, asked);

async function pair(options: ListenOptions = {}): Promise<{ fast: Listening; slow: Listening }> {
  const all = { maxRequestBytes: MAX_BYTES, ...options };
  const [fast, slow] = await Promise.all([listen([kindEndpoint(false)], all), listen([kindEndpoint(true)], all)]);
  return { fast, slow };
}

const bytes = (fileName: string): Buffer =>
  Buffer.from(toBinary(SourceContextSchema, create(SourceContextSchema, { fileName })));
function framed(message: Buffer, flags = 0, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}
const grpc = (body: readonly (Buffer | string)[], headers: http.OutgoingHttpHeaders = {}): Asked => ({
  version: 2,
  headers: { "content-type": "application/grpc", te: "trailers", ...headers },
  body,
});
const json = (version: 1 | 2, body: readonly (Buffer | string)[], headers: http.OutgoingHttpHeaders = {}): Asked => ({
  version,
  headers: { "content-type": "application/json", ...headers },
  body,
});
const proto = (version: 1 | 2, body: readonly Buffer[], headers: http.OutgoingHttpHeaders = {}): Asked => ({
  version,
  headers: { "content-type": "application/proto", ...headers },
  body,
});
const said = (kind: string): string => JSON.stringify({ fileName: kind });
/** The same by all three protocols. */
function each(kind: string, headers: http.OutgoingHttpHeaders = {}): [string, Asked][] {
  return [
    ["gRPC", grpc([framed(bytes(kind))], headers)],
    ...([1, 2] as const).flatMap((version): [string, Asked][] => [
      [`JSON on HTTP/${version}`, json(version, [said(kind)], headers)],
      [`Connect's binary on HTTP/${version}`, proto(version, [bytes(kind)], headers)],
    ]),
  ];
}
const named = (name: string, cases: [string, Asked][]): [string, Asked][] =>
  cases.map(([protocol, asked]) => [`${name}, by ${protocol}`, asked]);
function both(name: string, asked: (version: 1 | 2) => Asked): [string, Asked][] {
  return [
    [`${name}, on HTTP/1.1`, asked(1)],
    [`${name}, on HTTP/2`, asked(2)],
  ];
}

const taken: [string, Asked][] = [
  ...named("an answer", each("hello – ü")),
  ...named("an empty answer", each("")),
  ...named("a failure with details", each("fail:thing")),
  ...named("a breaker's refusal", each("breaker")),
  ...named("a degraded answer", each("degraded")),
  ...named("metadata", each("metadata")),
  ...named("an answer that cannot be written", each("wrong")),
  ...named("an endpoint that throws", each("throw:secret")),
  ...named("a long answer", each("big:5000")),
  ...named("a header", each("header:x-one", { "x-one": "1" })),
  ...named("a header of several values", each("header:x-one", { "x-one": ["1", "2"] })),
  ...named("a binary header", each("header:x-one-bin", { "x-one-bin": "AAECAw" })),
  ...named("a header that is not there", each("header:constructor")),
  ...named("no deadline", each("deadline:")),
  ...named(
    "answers that may be compressed",
    each("big:5000", { "accept-encoding": "x, br", "grpc-accept-encoding": "x,gzip" }),
  ),
  ...named(
    "short answers that may be compressed",
    each("big:5", { "accept-encoding": "gzip", "grpc-accept-encoding": "gzip" }),
  ),
  ...named(
    "failures that may be compressed",
    each("fail:thing", { "accept-encoding": "gzip", "grpc-accept-encoding": "gzip" }),
  ),
  ...named(
    "long failures that may be compressed",
    each(`fail:${"y".repeat(2000)}`, { "accept-encoding": "gzip", "grpc-accept-encoding": "gzip" }),
  ),
  ...named(
    "encodings that nobody has",
    each("big:5000", { "accept-encoding": "zstd", "grpc-accept-encoding": "snappy" }),
  ),
  ...named("no encoding", each("x", { "content-encoding": "identity", "grpc-encoding": "identity" })),
  ...named("a deadline", each("deadline:", { "grpc-timeout": "10S", "connect-timeout-ms": "10000" })),
  ...named(
    "a deadline longer than timers",
    each("deadline:", { "grpc-timeout": "99999999H", "connect-timeout-ms": "9999999999" }),
  ),
  ...named(
    "a deadline just longer than timers",
    each("deadline:", { "grpc-timeout": "2147484S", "connect-timeout-ms": "2147483648" }),
  ),
  ...named("x-request-deadline", each("deadline:", { "x-request-deadline": "10000" })),
  ...named(
    "x-request-deadline, which is nearer",
    each("deadline:", { "x-request-deadline": "10000", "grpc-timeout": "20S", "connect-timeout-ms": "20000" }),
  ),
  ...named(
    "x-request-deadline, which is farther",
    each("deadline:", {
      ...{ "x-request-deadline": "2100-01-01T00:00:00Z", "grpc-timeout": "10S", "connect-timeout-ms": "10000" },
    }),
  ),
  ...named("x-request-deadline of nothing", each("deadline:", { "x-request-deadline": "0" })),
  ...named(
    "x-request-deadline in the past",
    each("deadline:", { "x-request-deadline": "2020-01-01T00:00:00.5+02:00" }),
  ),
  ...named("x-request-deadline that passes", each("wait", { "x-request-deadline": "20" })),
  ...named("a deadline of nothing", each("deadline:", { "grpc-timeout": "0m", "connect-timeout-ms": "0" })),
  ...named(
    "a deadline that passes before or after the request has come",
    each("wait", { "grpc-timeout": "1m", "connect-timeout-ms": "1" }),
  ),
  ...named("a deadline that passes", each("wait", { "grpc-timeout": "20m", "connect-timeout-ms": "20" })),
  ...named("a protocol version that nobody asks for", each("x", { "connect-protocol-version": "2" })),
  ...both("a charset", (version) => json(version, [said("x")], { "content-type": "application/json; charset=utf-8" })),
  ...both("a body byte by byte", (version) => json(version, [..."{}"])),
  ...both("an unknown field of JSON", (version) => json(version, ['{"fileName":"x","none":{"a":[1]}}'])),
  ...both("JSON that ends early", (version) => json(version, ['{"fileName":'])),
  ...both("JSON of another type", (version) => json(version, ['{"fileName":5}'])),
  ...both("JSON that is no object", (version) => json(version, ["[]"])),
  ...both("no JSON", (version) => json(version, [])),
  ...both("JSON with a mark of its byte order", (version) => json(version, ["\uFEFF{}"])),
  ...both("JSON in no UTF-8", (version) => json(version, [Buffer.from('{"fileName":"\xff\xc3"}', "latin1")])),
  ...both("no message", (version) => proto(version, [])),
  ...both("a message that ends early", (version) => proto(version, [bytes("hello").subarray(0, 4)])),
  ...both("bytes that are no message", (version) => proto(version, [Buffer.from([0xff, 0xff, 0xff])])),
  ...both("text that is no UTF-8", (version) => proto(version, [Buffer.from([10, 2, 0xff, 0xc3])])),
  ...both("a message of unknown length that is too large", (version) =>
    proto(version, [bytes("x".repeat(6000)), bytes("x".repeat(6000))]),
  ),
  ...both("a message that is as large as may be", (version) => proto(version, [bytes("x".repeat(MAX_BYTES - 3))])),
  ["a gRPC message in pieces", grpc([...framed(bytes("hello"))].map((byte) => Buffer.from([byte])))],
  ["gRPC's other name", grpc([framed(bytes("x"))], { "content-type": "application/grpc+proto" })],
  ["no gRPC message", grpc([])],
  ["a part of a gRPC prefix", grpc([Buffer.from([0, 0])])],
  ["a gRPC prefix alone", grpc([framed(Buffer.alloc(0), 0, 7)])],
  ["an empty gRPC message", grpc([framed(Buffer.alloc(0))])],
  ["a part of a gRPC message", grpc([framed(bytes("hello"), 0, 20)])],
  ["two gRPC messages", grpc([framed(bytes("a")), framed(bytes("b"))])],
  ["two gRPC messages at once", grpc([Buffer.concat([framed(bytes("a")), framed(bytes("b"))])])],
  ["a byte behind a gRPC message", grpc([framed(bytes("a")), Buffer.from([0])])],
  ["a prefix behind a gRPC message", grpc([framed(bytes("a")), framed(Buffer.alloc(0), 0, 5)])],
  ["a gRPC message that is too large", grpc([framed(bytes("x".repeat(MAX_BYTES)))])],
  ["a gRPC message that says it is too large", grpc([framed(bytes("x"), 0, 0x80000000)])],
  ["a second gRPC message that says it is too large", grpc([framed(bytes("x")), framed(bytes("x"), 0, 0x80000000)])],
  ["a compressed gRPC message without its encoding", grpc([framed(gzipSync(bytes("x")), 1)])],
  ["another flag of a gRPC message", grpc([framed(bytes("x"), 0x82)])],
  ["bytes that are no gRPC message", grpc([framed(Buffer.from([0xff, 0xff]))])],
];

const left: [string, Asked][] = [
  ...named(
    "another path",
    each("x").map(([name, asked]) => [name, { ...asked, path: `${PATH}ter` }]),
  ),
  ...named(
    "a query",
    each("x").map(([name, asked]) => [name, { ...asked, path: `${PATH}?a=b` }]),
  ),
  ...named("an encoding that nobody has", each("x", { "content-encoding": "zstd", "grpc-encoding": "snappy" })),
  ...named("a deadline that is none", each("x", { "grpc-timeout": "1 s", "connect-timeout-ms": "-1" })),
  ...named(
    "a deadline with too many digits",
    each("x", { "grpc-timeout": "123456789m", "connect-timeout-ms": "12345678901" }),
  ),
  ...named("x-request-deadline that is none", each("x", { "x-request-deadline": "soon" })),
  ...named("x-request-deadline twice", each("x", { "x-request-deadline": ["1000", "2000"] })),
  ...both("another content type", (version) => json(version, ["{}"], { "content-type": "text/plain" })),
  ...both("no content type", (version) => ({ version, headers: {}, body: ["{}"] })),
  ...both("capitals", (version) => json(version, ["{}"], { "content-type": "Application/JSON" })),
  ...both("gRPC-Web", (version) => ({
    version,
    headers: { "content-type": "application/grpc-web+proto" },
    body: [framed(bytes("x"))],
  })),
  ...both("gzip", (version) => proto(version, [gzipSync(bytes("x"))], { "content-encoding": "gzip" })),
  ...both("a declared length that is too large", (version) =>
    json(version, [" ".repeat(MAX_BYTES + 1)], { "content-length": MAX_BYTES + 1 }),
  ),
  ...(["GET", "HEAD", "PUT", "OPTIONS"] as const).flatMap((method) =>
    both(method, (version) => ({ version, method, headers: { "content-type": "application/json" } })),
  ),
  ["gRPC's JSON", grpc([framed(Buffer.from("{}"))], { "content-type": "application/grpc+json" })],
  ["a compressed gRPC message", grpc([framed(gzipSync(bytes("x")), 1)], { "grpc-encoding": "gzip" })],
  ["a host that is none", json(1, ["{}"], { host: "[" })],
];

describe("the fast path answers as Connect's adapter does", () => {
  let servers: { fast: Listening; slow: Listening };
  beforeAll(async () => {
    servers = await pair();
  });
  afterAll(() => Promise.all([servers.fast.close(0), servers.slow.close(0)]));

  const compare = async (asked: Asked, fast: 0 | 1): Promise<void> => {
    const before = servers.fast.requests;
    const [mine, theirs] = await Promise.all([ask(servers.fast, asked), ask(servers.slow, asked)]);
    expect(mine).toEqual(theirs);
    expect(mine.status ?? mine.reset).toBeGreaterThan(0);
    const after = servers.fast.requests;
    expect(after).toEqual({ fast: before.fast + fast, all: before.all + 1 });
    expect(servers.slow.requests.fast).toBe(0);
  };
  test.each(taken)("%s", (_, asked) => compare(asked, 1));
  test.each(left)("%s (left to the adapter)", (_, asked) => compare(asked, 0));
});

describe.each([
  ["a list", ["https://a.example"]],
  ["all", ["*"]],
])("with CORS for %s", (_, corsOrigins) => {
  test.each([undefined, "https://a.example", "https://b.example"])("origin %s", async (origin) => {
    const { fast, slow } = await pair({ corsOrigins });
    onTestFinished(async () => void (await Promise.all([fast.close(0), slow.close(0)])));
    for (const kind of ["hello", "fail:thing"]) {
      for (const [, asked] of each(kind, origin === undefined ? {} : { origin })) {
        expect(await ask(fast, asked)).toEqual(await ask(slow, asked));
      }
    }
    expect(fast.requests.fast).toBe(10);
  });
});

describe("where the adapter would not do", () => {
  test.each([["the path, which is no header", "header::path", {}, "null"]])("%s", async (_, kind, headers, answer) => {
    const server = await listen([kindEndpoint(false)]);
    onTestFinished(() => server.close(0));
    const { body, trailers } = await ask(server, grpc([framed(bytes(kind))], headers));
    expect(trailers).toEqual({ "grpc-status": "0" });
    expect(body.slice(5)).toBe(bytes(answer).toString("latin1"));
  });
});

describe.each([
  ["on the fast path", false],
  ["on Connect's adapter", true],
])("%s", (_, slow) => {
  async function serving(): Promise<{ server: Listening; kept: Kept }> {
    const kept = { running: 0, cancelled: 0 };
    const server = await listen([kindEndpoint(slow, kept)], { maxRequestBytes: MAX_BYTES });
    onTestFinished(() => server.close(0));
    return { server, kept };
  }
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setImmediate(resolve));
  };

  test("a client that goes cancels its request (HTTP/2)", async () => {
    const { server, kept } = await serving();
    const session = http2.connect(server.url);
    const headers = { ":method": "POST", ":path": PATH, "content-type": "application/grpc" };
    const stream = session.request(headers).on("error", () => {});
    stream.end(framed(bytes("wait")));
    await until(() => kept.running === 1);
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await until(() => kept.running === 0);
    const another = session.request(headers).on("error", () => {});
    another.end(framed(bytes("wait")));
    await until(() => kept.running === 1);
    session.destroy();
    await until(() => kept.running === 0);
    expect(kept.cancelled).toBe(2);
  });

  test("a client that goes cancels its request (HTTP/1.1)", async () => {
    const { server, kept } = await serving();
    const socket = net.connect(server.port, "127.0.0.1");
    const body = said("wait");
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await until(() => kept.running === 1);
    socket.resetAndDestroy();
    await until(() => kept.running === 0);
    expect(kept.cancelled).toBe(1);
  });

  test.each([1, 2])("a client that goes in the middle of its body harms nobody (HTTP/%d)", async (version) => {
    const { server, kept } = await serving();
    if (version === 1) {
      const socket = net.connect(server.port, "127.0.0.1");
      socket.write(
        `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
      );
      await until(() => server.requests.all === 1);
      socket.resetAndDestroy();
    } else {
      const session = http2.connect(server.url);
      const stream = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/json" });
      stream.on("error", () => {}).write("{");
      await until(() => server.requests.all === 1);
      session.destroy();
    }
    expect((await ask(server, json(1, ["{}"]))).status).toBe(200);
    expect(kept).toEqual({ running: 0, cancelled: 0 });
  });

  test.each([1, 2] as const)("a server that shuts down answers what it cuts off (HTTP/%d)", async (version) => {
    const { server, kept } = await serving();
    const answer = ask(server, json(version, [said("wait")]));
    await until(() => kept.running === 1);
    await server.close(0);
    const { status, headers, body } = await answer;
    expect({ status, body }).toEqual({
      status: 503,
      body: '{"code":"unavailable","message":"server is shutting down"}',
    });
    if (version === 1) expect(headers.connection).toBe("close");
    expect(kept).toEqual({ running: 0, cancelled: 1 });
  });

  test("a server that shuts down lets a request finish (HTTP/1.1, connection: close)", async () => {
    const { server } = await serving();
    const socket = net.connect(server.port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    const closed = once(socket, "close");
    socket.write(`POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n`);
    await until(() => server.requests.all === 1);
    const drained = server.close(60_000);
    socket.write("{}");
    await Promise.all([closed, drained]);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close[\s\S]*\{\}$/i);
  });

  test("a server that shuts down lets a request finish (HTTP/2, GOAWAY)", async () => {
    const { server } = await serving();
    const session = http2.connect(server.url);
    const stream = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/grpc" });
    const goaways: unknown[] = [];
    session.on("goaway", (code, last) => goaways.push([code, last]));
    const closed = once(session, "close");
    const trailers = once(stream, "trailers");
    stream.resume().write(framed(bytes("x")));
    await until(() => server.requests.all === 1);
    const drained = server.close(60_000);
    // Ours warns before it, and names none.
    await until(() => goaways.length > 0);
    await expect.poll(() => goaways.at(-1)).toEqual([http2.constants.NGHTTP2_NO_ERROR, stream.id]);
    stream.end();
    expect((await trailers)[0]).toMatchObject({ "grpc-status": "0" });
    await Promise.all([drained, closed]);
  });

  test("a body that comes after the deadline is too late, and nothing is run for it", async () => {
    const { server, kept } = await serving();
    const session = http2.connect(server.url);
    onTestFinished(() => session.destroy());
    const headers = { "content-type": "application/grpc", "grpc-timeout": "10m" };
    const stream = session.request({ ":method": "POST", ":path": PATH, ...headers });
    const trailers = once(stream, "trailers");
    stream.resume().write(framed(bytes("wait")));
    await new Promise((resolve) => setTimeout(resolve, 20)); // the server's clock has to go on
    stream.end();
    expect((await trailers)[0]).toMatchObject({ "grpc-status": "4" });
    await until(() => kept.running === 0);
  });

  test.each([
    ["99999999H", "9999999999"],
    ["2147484S", "2147483648"], // just longer than timers
  ])("a deadline that is longer than timers does not pass at once: %s, %s ms", async (grpcTimeout, connectTimeout) => {
    const { server } = await serving();
    const session = http2.connect(server.url);
    onTestFinished(() => session.destroy());
    const headers = { "grpc-timeout": grpcTimeout, "connect-timeout-ms": connectTimeout };
    const [grpc, json] = ["application/grpc", "application/json"].map((type) =>
      session.request({ ":method": "POST", ":path": PATH, "content-type": type, ...headers }),
    ) as [http2.ClientHttp2Stream, http2.ClientHttp2Stream];
    const [trailers, response] = [once(grpc.resume(), "trailers"), once(json.resume(), "response")];
    grpc.write(framed(bytes("x")));
    json.write("{");
    await until(() => server.requests.all === 2);
    await new Promise((resolve) => setTimeout(resolve, 20)); // the server's clock has to go on
    grpc.end();
    json.end("}");
    expect((await trailers)[0]).toMatchObject({ "grpc-status": "0" });
    expect((await response)[0]).toMatchObject({ ":status": 200 });
  });

  test("a connection is used again, also after requests that were refused", async () => {
    const { server } = await serving();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const ports = new Set<number | undefined>();
    for (const body of ["{}", '{"fileName":', `{"fileName":"${"x".repeat(2 * MAX_BYTES)}"}`, "{}"]) {
      const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
      const request = http.request({ port: server.port, path: PATH, method: "POST", headers, agent });
      request.end(body);
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      ports.add(request.socket?.localPort);
      await response.toArray();
    }
    expect(ports.size).toBe(1);
  });

  test.each([
    ["bytes", { "x-long": "x".repeat(40_000) }],
    ["number", Object.fromEntries(Array.from({ length: 130 }, (_, n) => [`x-${n}`, "1"]))],
  ])("headers of HTTP/2 are limited in %s", async (_, headers) => {
    const { server } = await serving();
    const { status, reset } = await ask(server, json(2, ["{}"], headers));
    expect({ status, reset }).toEqual({ status: undefined, reset: http2.constants.NGHTTP2_ENHANCE_YOUR_CALM });
    expect((await ask(server, json(2, ["{}"], { "x-long": "x".repeat(20_000) }))).status).toBe(200);
  });
  test("headers of HTTP/1.1 are limited in bytes", async () => {
    const { server } = await serving();
    expect((await ask(server, json(1, ["{}"], { "x-long": "x".repeat(40_000) }))).status).toBe(431);
    expect((await ask(server, json(1, ["{}"], { "x-long": "x".repeat(20_000) }))).status).toBe(200);
  });
});
