// What comes of answers, well-formed and not: a server made of bytes says them, and a client of the same process stays usable.
// Holds docs/runtime.md#upstreams-over-httpjson
import type * as net from "node:net";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ErrorInfoSchema } from "@protobff/messages/google/rpc/error_details_pb.js";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
} from "../../../../packages/server/src/gen/grpc/health/v1/health_pb.ts";
import { Code, type Fault } from "../../failure.ts";
import { rawAnswer as http, type RawAnswer, rawHttpServer as server } from "../../testing/raw-http-server.ts";
import { frame } from "../../wire/frame.ts";
import { statusDetail } from "../../wire/status-detail.ts";
import type { ReceivedHeaders } from "../call-headers.ts";
import type { InFlight } from "../unary-client.ts";
import { HttpJsonClient, type HttpJsonClientOptions } from "./http-json-client.ts";

const PATH = "/grpc.health.v1.Health/Check";
const rpc = Health.method.check;
const GET = {
  rpc,
  method: "GET",
  segments: ["v1", "health", "*"],
  variables: [{ field: "service", from: 2, to: 3 }],
} as const;
const POST = { rpc, method: "POST", segments: ["v1", "health"], body: "*" } as const;

function clientOf(url: string, options: Partial<HttpJsonClientOptions> = {}): HttpJsonClient {
  const client = new HttpJsonClient(url, { rules: [GET], ...options });
  onTestFinished(() => void client.close());
  return client;
}

interface Got {
  readonly status?: string;
  readonly fault?: Fault;
  readonly headers?: ReceivedHeaders;
  readonly trailers?: ReceivedHeaders;
}
const STATUS = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

function check(
  client: HttpJsonClient,
  service = "a",
  headers?: Record<string, string>,
  timeoutMs = 5000,
  sent?: (call: InFlight) => void,
  attempt = 1,
): Promise<Got> {
  return new Promise((resolve) => {
    let beside = {};
    const bytes = frame(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service })));
    const call = client.send(PATH, bytes, timeoutMs, headers, attempt, {
      metadata: (headers, trailers) => {
        beside = { headers, trailers };
      },
      replied: (message) =>
        resolve({ status: STATUS[fromBinary(HealthCheckResponseSchema, message).status] ?? "?", ...beside }),
      faulted: (fault) => resolve({ fault, ...beside }),
    });
    sent?.(call);
  });
}

const json = (body: string | Buffer, ...more: string[]): Buffer =>
  http("200 OK", ["content-type: application/json", `content-length: ${Buffer.byteLength(body)}`, ...more], body);
const SERVING = '{"status":"SERVING"}';
const refusal = (status: string, body: string, ...more: string[]): Buffer =>
  http(status, ["content-type: application/json", `content-length: ${Buffer.byteLength(body)}`, ...more], body);

test("sizes are those of the bodies on the wire", async () => {
  const packed = gzipSync(SERVING);
  const { url, seen } = await server((socket) => socket.write(json(packed, "content-encoding: gzip")));
  const client = clientOf(url, { rules: [POST] });
  const message = create(HealthCheckRequestSchema, { service: "é" });
  const sizes = await new Promise((resolve, reject) => {
    const call = client.send(PATH, frame(toBinary(HealthCheckRequestSchema, message)), 5000, undefined, 1, {
      replied: (_, receivedBytes) => resolve([call.sentBytes, receivedBytes]),
      faulted: (fault) => reject(new Error(fault.message)),
    });
  });
  expect(sizes).toEqual([seen[0]?.body.length, packed.length]);
});

describe("answers", () => {
  const good: readonly (readonly [string, Buffer])[] = [
    ["plain", json(SERVING)],
    ["an enum by its number", json('{"status":1}')],
    ["unknown fields", json('{"more":{"a":[1]},"status":"SERVING","other":null}')],
    ["spaces, and a mark of the byte order", json(`\uFEFF \n${SERVING}\n `)],
    ["charset", http("200 OK", ['content-type: application/json; charset="UTF-8"', "content-length: 20"], SERVING)],
    ...["Application/JSON ; Charset=utf-8;", 'text/json;\tx="a; charset=latin1"', "application/json; x; y"].map(
      (type) => [type, http("200 OK", [`content-type: ${type}`, "content-length: 20"], SERVING)] as const,
    ),
    ["another JSON", http("200 OK", ["content-type: application/vnd.x+json;v=1", "content-length: 20"], SERVING)],
    ["201", http("201 Created", ["content-type: application/json", "content-length: 20"], SERVING)],
    [
      "chunked",
      http(
        "200 OK",
        ["content-type: application/json", "transfer-encoding: chunked"],
        `5;x=y\r\n${SERVING.slice(0, 5)}\r\nf\r\n${SERVING.slice(5)}\r\n0\r\n\r\n`,
      ),
    ],
    [
      "after 103 and 102",
      Buffer.concat([http("103 Early Hints", ["link: </x>"]), http("102 Processing", []), json(SERVING)]),
    ],
    ["gzip", json(gzipSync(SERVING), "content-encoding: gzip")],
    ["br", json(brotliCompressSync(SERVING), "content-encoding: br")],
    ["deflate", json(deflateSync(SERVING), "content-encoding: deflate")],
    ["deflate without its wrapping", json(deflateRawSync(SERVING), "content-encoding: Deflate")],
    ["identity", json(SERVING, "content-encoding: identity")],
  ];
  test.each(good)("%s", async (_, bytes) => {
    const { url } = await server((socket) => socket.write(bytes));
    expect(await check(clientOf(url))).toMatchObject({ status: "SERVING" });
  });
  test("an HTTP/1.0 answer lasts until the connection ends", async () => {
    const { url } = await server((socket) =>
      socket.end(`HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n${SERVING}`),
    );
    expect(await check(clientOf(url))).toMatchObject({ status: "SERVING" });
  });
  test("an answer with 204 is an empty message", async () => {
    const { url } = await server((socket) => socket.write(http("204 No Content", [])));
    expect(await check(clientOf(url))).toMatchObject({ status: "UNKNOWN" });
  });

  const bomb = gzipSync(Buffer.alloc(8 << 20, 0x20));
  const bad: readonly (readonly [string, Buffer, Partial<Fault>])[] = [
    ["no JSON", json("{"), { kind: "invalid", code: Code.INTERNAL }],
    ["nothing", json(""), { kind: "invalid" }],
    ["another message", json('{"status":[]}'), { kind: "invalid" }],
    ["a list", json("[]"), { kind: "invalid" }],
    ["deep", json(`{"x":${"[".repeat(200_000)}`), { kind: "invalid" }],
    ["not UTF-8", json(Buffer.from([0x22, 0xff, 0x22])), { kind: "invalid", message: "the body is not UTF-8" }],
    [
      "HTML",
      http("200 OK", ["content-type: text/html", "content-length: 4"], "<ok>"),
      { kind: "invalid", message: 'content-type is "text/html"' },
    ],
    ["no type", http("200 OK", ["content-length: 2"], "{}"), { kind: "invalid", message: 'content-type is ""' }],
    [
      "another charset",
      http("200 OK", ["content-type: application/json; charset=utf-16", "content-length: 2"], "{}"),
      { kind: "invalid" },
    ],
    [
      "another charset in quotes, behind a parameter",
      http("200 OK", ['content-type: application/json;v=1; charset="latin1"', "content-length: 2"], "{}"),
      { kind: "invalid" },
    ],
    [
      "an unknown encoding",
      json(SERVING, "content-encoding: zstd"),
      { kind: "invalid", message: 'content-encoding is "zstd"' },
    ],
    ["encodings in turn", json(gzipSync(gzipSync(SERVING)), "content-encoding: gzip, gzip"), { kind: "invalid" }],
    ["broken gzip", json("not gzip", "content-encoding: gzip"), { kind: "invalid" }],
    ["a bomb", json(bomb, "content-encoding: gzip"), { kind: "invalid" }],
    [
      "too long, as it says",
      http("200 OK", ["content-type: application/json", "content-length: 99999999"]),
      { kind: "invalid", message: "a reply of 99999999 bytes" },
    ],
    [
      "too long, without saying so",
      http(
        "200 OK",
        ["content-type: application/json", "transfer-encoding: chunked"],
        `200000\r\n${" ".repeat(0x200000)}\r\n`,
      ),
      { kind: "invalid" },
    ],
    [
      "a redirect",
      http("307 Temporary Redirect", ["location: http://127.0.0.1:1/", "content-length: 0"]),
      { kind: "invalid", message: 'HTTP 307 to "http://127.0.0.1:1/", and redirects are not followed' },
    ],
    ["304", http("304 Not Modified", []), { kind: "invalid", message: "HTTP 304" }],
    ["another protocol", http("101 Switching Protocols", ["upgrade: x", "connection: upgrade"]), { kind: "invalid" }],
    ["no HTTP", Buffer.from("SSH-2.0-OpenSSH\r\n"), { kind: "invalid" }],
    ["HTTP/2", Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]), { kind: "invalid" }],
    [
      "a header bomb",
      http(
        "200 OK",
        Array.from({ length: 3000 }, (_, i) => `x-${i}: y`),
      ),
      { kind: "invalid" },
    ],
    ["two lengths", http("200 OK", ["content-length: 2", "content-length: 20"], SERVING), { kind: "invalid" }],
    ["a broken chunk", http("200 OK", ["transfer-encoding: chunked"], "zz\r\n"), { kind: "invalid" }],
    [
      "informational answers for ever",
      Buffer.concat(Array.from({ length: 40 }, () => http("102 Processing", []))),
      { kind: "invalid" },
    ],
    ["400", refusal("400 Bad Request", ""), { kind: "status", code: Code.INVALID_ARGUMENT, message: "HTTP 400" }],
    ["401", refusal("401 Unauthorized", "{}"), { kind: "status", code: Code.UNAUTHENTICATED }],
    ["403", refusal("403 Forbidden", "[]"), { kind: "status", code: Code.PERMISSION_DENIED }],
    [
      "404 of a page",
      http("404 Not Found", ["content-type: text/html", "content-length: 4"], "<no>"),
      { kind: "status", code: Code.NOT_FOUND },
    ],
    ["408", refusal("408 Request Timeout", ""), { kind: "status", code: Code.UNAVAILABLE }],
    ["409", refusal("409 Conflict", "null"), { kind: "status", code: Code.ABORTED }],
    ["418", refusal("418 I am a teapot", '"x"'), { kind: "status", code: Code.FAILED_PRECONDITION }],
    [
      "429",
      refusal("429 Too Many Requests", "", "retry-after: 2"),
      { kind: "status", code: Code.RESOURCE_EXHAUSTED, pushbackMs: 2000 },
    ],
    ["499", refusal("499 Client Closed Request", ""), { kind: "status", code: Code.CANCELLED }],
    ["500", refusal("500 Oops", "{"), { kind: "status", code: Code.INTERNAL }],
    ["501", refusal("501 Not Implemented", ""), { kind: "status", code: Code.UNIMPLEMENTED }],
    ["502", refusal("502 Bad Gateway", ""), { kind: "status", code: Code.UNAVAILABLE }],
    [
      "503",
      refusal("503 Service Unavailable", "", "retry-after: soon"),
      { kind: "status", code: Code.UNAVAILABLE, pushbackMs: undefined },
    ],
    ["504", refusal("504 Gateway Timeout", ""), { kind: "status", code: Code.DEADLINE_EXCEEDED }],
    ["599", refusal("599 x", ""), { kind: "status", code: Code.INTERNAL }],
    ["999", refusal("999 x", ""), { kind: "status", code: Code.UNKNOWN }],
    [
      "a failure whose body is a bomb",
      http(
        "503 x",
        ["content-type: application/json", "content-encoding: gzip", `content-length: ${bomb.length}`],
        bomb,
      ),
      { kind: "status", code: Code.UNAVAILABLE },
    ],
    [
      "a failure whose body is too long",
      http("503 x", ["content-type: application/json", "content-length: 99999999"]),
      { kind: "status", code: Code.UNAVAILABLE },
    ],
    [
      "a status in its own words",
      refusal("500 x", '{"code":5,"message":"no such thing"}'),
      { kind: "status", code: Code.NOT_FOUND, message: "no such thing", upstreamText: "no such thing" },
    ],
    [
      "a status of no code",
      refusal("409 x", '{"code":99,"message":"m"}'),
      { kind: "status", code: Code.ABORTED, upstreamText: "m" },
    ],
    [
      "an envelope",
      refusal("400 x", '{"error":{"code":400,"status":"OUT_OF_RANGE","message":"far"}}'),
      { kind: "status", code: Code.OUT_OF_RANGE, upstreamText: "far" },
    ],
    [
      "an envelope without a name",
      refusal("409 x", '{"error":{"code":409,"message":"twice"}}'),
      { kind: "status", code: Code.ABORTED, upstreamText: "twice" },
    ],
    [
      "an envelope that claims success",
      refusal("409 x", '{"error":{"status":"OK"}}'),
      { kind: "status", code: Code.ABORTED },
    ],
  ];
  test.each(bad)("%s", async (_, bytes, fault) => {
    const { url } = await server((socket, _seen, connection, request) =>
      socket.write(connection === 1 && request === 1 ? bytes : json(SERVING)),
    );
    const client = clientOf(url, { maxReplyBytes: 1 << 20 });
    expect((await check(client)).fault).toMatchObject(fault);
    expect(await check(client)).toMatchObject({ status: "SERVING" });
  });

  test.each([
    ["half a body", `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{"sta`],
    ["half a head", "HTTP/1.1 200 OK\r\ncontent-ty"],
    [
      "chunks without an end",
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
    ],
    ["nothing at all", ""],
  ])("a broken connection is UNAVAILABLE: %s", async (_, text) => {
    const { url } = await server((socket) => socket.end(text));
    expect((await check(clientOf(url))).fault).toMatchObject({ kind: "transport", code: Code.UNAVAILABLE });
  });
  test("an unreachable server is UNAVAILABLE", async () => {
    const { url, close } = await server(() => {});
    close();
    const client = clientOf(url);
    expect((await check(client)).fault).toMatchObject({ kind: "transport", code: Code.UNAVAILABLE });
  });

  test("details of a status keep known types, and other types as bytes", async () => {
    const info = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "GONE", more: 1 };
    const unknown = { "@type": "type.googleapis.com/x.Y", a: 1 };
    const body = JSON.stringify({ code: 5, message: "m", details: [unknown, 7, info] });
    const { url } = await server((socket) => socket.write(refusal("404 x", body)));
    const { fault } = await check(clientOf(url));
    expect(statusDetail(fault?.details ?? new Uint8Array(), ErrorInfoSchema)).toMatchObject({ reason: "GONE" });
  });
  test("a retry-after date becomes a pushback", async () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const { url } = await server((socket) => socket.write(refusal("503 x", "", `retry-after: ${date}`)));
    const ms = (await check(clientOf(url))).fault?.pushbackMs ?? 0;
    expect(ms).toBeGreaterThan(50_000);
    expect(ms).toBeLessThanOrEqual(60_000);
  });
  test("an answer keeps its headers, repeated headers and trailers", async () => {
    const head = ["content-type: application/json", "transfer-encoding: chunked", "x-a: 1", "x-a: 2", "etag: 3"];
    const body = `14\r\n${SERVING}\r\n0\r\nx-t: 4\r\n\r\n`;
    const { url } = await server((socket) => socket.write(http("200 OK", head, body)));
    const { headers, trailers } = await check(clientOf(url));
    expect(headers).toMatchObject({ "x-a": "1, 2", etag: "3" });
    expect(trailers).toMatchObject({ "x-t": "4" });
  });
});

describe("requests", () => {
  test("requests combine default and given headers", async () => {
    const { url, seen } = await server((socket) => socket.write(json(SERVING)));
    const client = clientOf(`${url}/base/`);
    await check(
      client,
      "ä/b c",
      { "x-a": "1", "x-b-bin": "AAE", accept: "text/html", expect: "100-continue" },
      1500.7,
      undefined,
      3,
    );
    expect(seen[0]?.line).toBe("GET /base/v1/health/%C3%A4%2Fb%20c HTTP/1.1");
    expect(seen[0]?.headers).toMatchObject({
      host: url.slice(7),
      accept: "application/json",
      "x-a": "1",
      "x-b-bin": "AAE",
      "grpc-timeout": "1500m",
      "grpc-previous-rpc-attempts": "2",
    });
    expect(Object.keys(seen[0]?.headers ?? {})).not.toContain("expect");
  });
  test.each(["", ".", "..", "a\nb", "\u0000", "\u007f", "\u0085"])(
    "the service %j cannot be in a path",
    async (service) => {
      const { url, seen } = await server((socket) => socket.write(json(SERVING)));
      const client = clientOf(url);
      const bytes = frame(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service })));
      const none = { replied: () => {}, faulted: () => {} };
      expect(() => client.send(PATH, bytes, 1000, undefined, 1, none)).toThrow(/service/);
      expect(await check(client)).toMatchObject({ status: "SERVING" });
      expect(seen).toHaveLength(1);
    },
  );
  test("requests share connections, one at a time", async () => {
    const { url, connections } = await server((socket) => socket.write(json(SERVING)));
    const client = clientOf(url);
    for (let i = 0; i < 5; i++) expect(await check(client)).toMatchObject({ status: "SERVING" });
    expect(connections()).toBe(1);
    await Promise.all(Array.from({ length: 4 }, () => check(client)));
    expect(connections()).toBe(4);
  });
  test("at most as many requests run as connections are allowed", async () => {
    const held: net.Socket[] = [];
    const { url, connections } = await server((socket) => void held.push(socket));
    const client = clientOf(url, { maxConnections: 2 });
    let waiting: InFlight | undefined;
    const all = [check(client), check(client), check(client, "c", undefined, 5000, (call) => (waiting = call))];
    while (held.length < 2) await new Promise(setImmediate);
    expect(connections()).toBe(2);
    expect(waiting?.unsent).toBe(true);
    for (const socket of held) socket.write(json(SERVING));
    while (held.length < 3) await new Promise(setImmediate);
    held[2]?.write(json(SERVING));
    expect(await Promise.all(all)).toMatchObject(Array(3).fill({ status: "SERVING" }));
    expect(connections()).toBe(2);
  });
  test("a cancelled request closes its connection, without an outcome", async () => {
    const gone = Promise.withResolvers<void>();
    const came = Promise.withResolvers<void>();
    const { url } = await server((socket, _seen, connection) => {
      if (connection > 1) socket.write(json(SERVING));
      else {
        socket.on("close", () => gone.resolve());
        came.resolve();
      }
    });
    const client = clientOf(url);
    let call: InFlight | undefined;
    let hasAnswer = false;
    void check(client, "a", undefined, 5000, (sent) => (call = sent)).then(() => (hasAnswer = true));
    await came.promise;
    call?.cancel();
    await gone.promise;
    expect(await check(client)).toMatchObject({ status: "SERVING" });
    expect(hasAnswer).toBe(false);
  });
  test("requests after close are refused, and requests in flight finish", async () => {
    const held = Promise.withResolvers<net.Socket>();
    const { url } = await server((socket) => held.resolve(socket));
    const client = clientOf(url);
    const first = check(client);
    const socket = await held.promise;
    const closed = client.close();
    expect((await check(client)).fault).toMatchObject({ kind: "transport", message: "the client is closed" });
    socket.write(json(SERVING));
    expect(await first).toMatchObject({ status: "SERVING" });
    await closed;
  });
});

describe("a kept connection closed by the server", () => {
  const once1: RawAnswer = (socket, _seen, _connection, request) => {
    if (request === 1) socket.write(json(SERVING));
    else socket.destroy(); // as if its end had crossed the request
  };
  test("a GET may be sent again", async () => {
    const { url } = await server(once1);
    const client = clientOf(url);
    await check(client);
    expect((await check(client)).fault).toMatchObject({ kind: "unprocessed", code: Code.UNAVAILABLE });
  });
  test("a POST may not be sent again, because the server may have received it", async () => {
    const { url } = await server(once1);
    const client = clientOf(url, { rules: [POST] });
    await check(client);
    expect((await check(client)).fault).toMatchObject({ kind: "transport", code: Code.UNAVAILABLE });
  });
  test("a request with even one received byte may not be sent again", async () => {
    const { url } = await server((socket, _seen, _connection, request) => {
      if (request === 1) socket.write(json(SERVING));
      else socket.end("H");
    });
    const client = clientOf(url);
    await check(client);
    expect((await check(client)).fault).toMatchObject({ kind: "transport" });
  });
  test("an unrequested answer is dropped", async () => {
    const { url } = await server((socket, _seen, connection, request) => {
      if (connection === 1 && request === 1)
        socket.write(Buffer.concat([json(SERVING), json('{"status":"NOT_SERVING"}')]));
      else socket.write(json(SERVING));
    });
    const client = clientOf(url);
    for (let i = 0; i < 3; i++) expect(await check(client)).toMatchObject({ status: "SERVING" });
  });
  test("an answer between requests is dropped", async () => {
    const sockets: net.Socket[] = [];
    const { url } = await server((socket) => {
      sockets.push(socket);
      socket.write(json(SERVING));
    });
    const client = clientOf(url);
    await check(client);
    await new Promise<void>((resolve) => sockets[0]?.write(json('{"status":"NOT_SERVING"}'), () => resolve()));
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    expect(await check(client)).toMatchObject({ status: "SERVING" });
  });
});

test("several addresses share the calls, and a stopped address loses its calls", async () => {
  const first = await server((socket) => socket.write(json(SERVING)));
  const second = await server((socket) => socket.write(json(SERVING)));
  const client = new HttpJsonClient([first.url, second.url], { rules: [GET], balance: { ejectAfter: 1 } });
  onTestFinished(() => void client.close());
  const calls = await Promise.all(Array.from({ length: 40 }, () => check(client)));
  expect(calls.every(({ status }) => status === "SERVING")).toBe(true);
  expect(first.seen.length + second.seen.length).toBe(40);
  expect(Math.min(first.seen.length, second.seen.length)).toBeGreaterThan(5);
  expect(client.addresses().map(({ address }) => `http://${address}`)).toEqual([first.url, second.url]);
});
