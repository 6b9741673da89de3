// Holds docs/runtime.md#server
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Listening, listen } from "../listen.ts";
import {
  bodyOf,
  bytes,
  each,
  framed,
  grpc,
  json,
  MAX_BYTES,
  pair,
  proto,
  type RawRequest,
  send,
} from "../testing/both-paths.ts";
import { kindEndpoint, PATH } from "../testing/test-kinds.ts";

// Every request goes to two servers, one with the fast path and one without: whatever comes, they answer the same.

const named = (name: string, cases: [string, RawRequest][]): [string, RawRequest][] =>
  cases.map(([protocol, request]) => [`${name}, by ${protocol}`, request]);
function both(name: string, request: (version: 1 | 2) => RawRequest): [string, RawRequest][] {
  return [
    [`${name}, on HTTP/1.1`, request(1)],
    [`${name}, on HTTP/2`, request(2)],
  ];
}

const taken: [string, RawRequest][] = [
  ...named("an answer", each("hello – ü")),
  ...named("an empty answer", each("")),
  ...named("a failure with details", each("fail:thing")),
  ...named("a breaker's refusal", each("breaker")),
  ...named("a degraded answer", each("degraded")),
  ...named("metadata", each("metadata")),
  ...named("declared headers", each("declared")),
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
      "x-request-deadline": "2100-01-01T00:00:00Z",
      "grpc-timeout": "10S",
      "connect-timeout-ms": "10000",
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
  ...both("a charset", (version) =>
    json(version, [bodyOf("x")], { "content-type": "application/json; charset=utf-8" }),
  ),
  ...both("capitals", (version) => json(version, ["{}"], { "content-type": "Application/JSON" })),
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

const left: [string, RawRequest][] = [
  ...named(
    "another path", // gRPC's is refused without the adapter
    each("x").flatMap(([name, request]) =>
      request.headers["content-type"] === "application/grpc" ? [] : [[name, { ...request, path: `${PATH}ter` }]],
    ),
  ),
  ...named(
    "a query",
    each("x").map(([name, request]) => [name, { ...request, path: `${PATH}?a=b` }]),
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

describe("the fast path answers like Connect's adapter", () => {
  let servers: { fast: Listening; slow: Listening };
  beforeAll(async () => {
    servers = await pair();
  });
  afterAll(() => Promise.all([servers.fast.close(0), servers.slow.close(0)]));

  const compare = async (sent: RawRequest, fast: 0 | 1): Promise<void> => {
    const request = { ...sent, headers: { "x-request-id": "r-1", ...sent.headers } }; // errors contain it
    const before = servers.fast.requests;
    const [mine, theirs] = await Promise.all([send(servers.fast, request), send(servers.slow, request)]);
    expect(mine).toEqual(theirs);
    expect(mine.status ?? mine.reset).toBeGreaterThan(0);
    const after = servers.fast.requests;
    expect(after).toEqual({ fast: before.fast + fast, all: before.all + 1 });
    expect(servers.slow.requests.fast).toBe(0);
  };
  test.each(taken)("%s", (_, request) => compare(request, 1));
  test.each(left)("%s (left to the adapter)", (_, request) => compare(request, 0));
  test.each([
    ...named("an answer has its declared headers", each("declared")).map((row) => [...row, "of an answer"] as const),
    // In binary, this answer can be written.
    ...named("a failure to write has none", each("wrong"))
      .filter(([name]) => name.includes("JSON"))
      .map((row) => [...row, undefined] as const),
  ])("%s", async (_, request, sent) => {
    expect((await send(servers.fast, request)).headers["x-declared"]).toBe(sent);
  });
});

describe.each([
  ["a list", ["https://a.example"]],
  ["all", ["*"]],
])("with CORS for %s", (_, corsOrigins) => {
  test.each([undefined, "https://a.example", "https://b.example"])("origin %s", async (origin) => {
    const { fast, slow } = await pair({ corsOrigins });
    onTestFinished(async () => void (await Promise.all([fast.close(0), slow.close(0)])));
    for (const kind of ["hello", "fail:thing"]) {
      for (const [, request] of each(kind, { "x-request-id": "r-1", ...(origin !== undefined && { origin }) })) {
        expect(await send(fast, request)).toEqual(await send(slow, request));
      }
    }
    expect(fast.requests.fast).toBe(10);
  });
});

describe("deviations from the adapter", () => {
  test.each([["the path, which is no header", "header::path", {}, "null"]])("%s", async (_, kind, headers, answer) => {
    const server = await listen([kindEndpoint(false)]);
    onTestFinished(() => server.close(0));
    const { body, trailers } = await send(server, grpc([framed(bytes(kind))], headers));
    expect(trailers).toEqual({ "grpc-status": "0" });
    expect(body.slice(5)).toBe(bytes(answer).toString("latin1"));
  });
});
