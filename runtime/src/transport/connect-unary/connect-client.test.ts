// Results of answers, well-formed and not: a server made of bytes sends them, and a client of the same process stays usable.
// Holds docs/runtime.md#upstreams-over-connect
import { brotliCompressSync, gzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code, type Fault } from "../../failure.ts";
import { Parts } from "../../testing/gen/parts_pb.ts";
import { GetRequestSchema, ThingSchema, Upstream } from "../../testing/gen/test_pb.ts";
import { type RawAnswer, rawAnswer, rawHttpServer } from "../../testing/raw-http-server.ts";
import { frame } from "../../wire/frame.ts";
import { statusDetail } from "../../wire/status-detail.ts";
import type { ReceivedHeaders } from "../call-headers.ts";
import { ConnectClient, type ConnectClientOptions } from "./connect-client.ts";

function clientOf(url: string, options?: ConnectClientOptions): ConnectClient {
  const client = new ConnectClient(url, options);
  onTestFinished(() => void client.close());
  return client;
}

interface Result {
  readonly id?: string;
  readonly fault?: Fault;
  readonly headers?: ReceivedHeaders;
  readonly trailers?: ReceivedHeaders;
}
interface Sent {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly timeoutMs?: number;
  readonly attempt?: number;
}
const REQUEST = toBinary(GetRequestSchema, create(GetRequestSchema, { id: "ä" }));

function call(client: ConnectClient, { path, headers, timeoutMs = 5000, attempt = 1 }: Sent = {}): Promise<Result> {
  return new Promise((resolve) => {
    let beside = {};
    client.send(path ?? `/${Upstream.typeName}/Get`, frame(REQUEST), timeoutMs, headers, attempt, {
      metadata: (headers, trailers) => {
        beside = { headers, trailers };
      },
      replied: (message) => resolve({ id: fromBinary(ThingSchema, message).id, ...beside }),
      faulted: (fault) => resolve({ fault, ...beside }),
    });
  });
}

const THING = Buffer.from(toBinary(ThingSchema, create(ThingSchema, { id: "a" })));
const typed = (status: string, type: string, body: string | Buffer, ...more: string[]): Buffer =>
  rawAnswer(status, [`content-type: ${type}`, `content-length: ${Buffer.byteLength(body)}`, ...more], body);
const proto = (body: Buffer, ...more: string[]): Buffer => typed("200 OK", "application/proto", body, ...more);
const json = (status: string, body: string | Buffer, ...more: string[]): Buffer =>
  typed(status, "application/json", body, ...more);
const page = (status: string, ...more: string[]): Buffer => typed(status, "text/html", "<no>", ...more);

describe("answers", () => {
  const good: readonly (readonly [string, Buffer, string])[] = [
    ["plain", proto(THING), "a"],
    ["a type with parameters", typed("200 OK", 'Application/Proto ;charset="x"', THING), "a"],
    ["an empty message", proto(Buffer.alloc(0)), ""],
    ["gzip", proto(gzipSync(THING), "content-encoding: gzip"), "a"],
    ["br", proto(brotliCompressSync(THING), "content-encoding: br"), "a"],
    ["identity", proto(THING, "content-encoding: identity"), "a"],
    ["an empty message that claims gzip", proto(Buffer.alloc(0), "content-encoding: gzip"), ""],
    [
      "chunked",
      rawAnswer(
        "200 OK",
        ["content-type: application/proto", "transfer-encoding: chunked"],
        "3\r\n\n\u0001a\r\n0\r\n\r\n",
      ),
      "a",
    ],
    ["after 103", Buffer.concat([rawAnswer("103 Early Hints", ["link: </x>"]), proto(THING)]), "a"],
  ];
  test.each(good)("%s", async (_, bytes, id) => {
    const { url } = await rawHttpServer((socket) => socket.write(bytes));
    expect(await call(clientOf(url))).toMatchObject({ id });
  });

  const bomb = gzipSync(Buffer.alloc(8 << 20));
  const invalid = (message?: string) =>
    ({ kind: "invalid", code: Code.INTERNAL, ...(message && { message }) }) as const;
  const unavailable = { kind: "status", code: Code.UNAVAILABLE, message: "HTTP 503" } as const;
  const bad: readonly (readonly [string, Buffer, Partial<Fault>])[] = [
    ["JSON", json("200 OK", "{}"), invalid('content-type is "application/json"')],
    ["a page", page("200 OK"), { ...invalid('content-type is "text/html"'), code: Code.UNKNOWN }],
    ["a stream", typed("200 OK", "application/connect+proto", THING), invalid()],
    ["no type", rawAnswer("200 OK", ["content-length: 3"], THING), { kind: "invalid", message: 'content-type is ""' }],
    ["no type and no body", rawAnswer("200 OK", ["content-length: 0"]), { kind: "invalid", code: Code.UNKNOWN }],
    ["an unknown encoding", proto(THING, "content-encoding: zstd"), invalid('content-encoding is "zstd"')],
    ["broken gzip", proto(THING, "content-encoding: gzip"), invalid()],
    ["a bomb", proto(bomb, "content-encoding: gzip"), invalid()],
    [
      "too long, as declared",
      rawAnswer("200 OK", ["content-type: application/proto", "content-length: 99999999"]),
      invalid("a reply of 99999999 bytes"),
    ],
    [
      "too long, undeclared",
      rawAnswer(
        "200 OK",
        ["content-type: application/proto", "transfer-encoding: chunked"],
        `200000\r\n${" ".repeat(0x200000)}\r\n`,
      ),
      invalid(),
    ],
    [
      "a redirect",
      rawAnswer("307 x", ["location: http://127.0.0.1:1/", "content-length: 0"]),
      invalid('HTTP 307 to "http://127.0.0.1:1/", and redirects are not followed'),
    ],
    ["304", rawAnswer("304 Not Modified", []), invalid("HTTP 304")],
    ["another protocol", rawAnswer("101 x", ["upgrade: x", "connection: upgrade"]), invalid()],
    ["no HTTP", Buffer.from("SSH-2.0-OpenSSH\r\n"), invalid()],
    ["204", rawAnswer("204 No Content", []), { kind: "status", code: Code.UNKNOWN, message: "HTTP 204" }],
    ["400", page("400 x"), { kind: "status", code: Code.INTERNAL, message: "HTTP 400" }],
    ["401", page("401 x"), { kind: "status", code: Code.UNAUTHENTICATED }],
    ["403", page("403 x"), { kind: "status", code: Code.PERMISSION_DENIED }],
    ["404", page("404 x"), { kind: "status", code: Code.UNIMPLEMENTED }],
    ["408", page("408 x"), { kind: "status", code: Code.UNKNOWN }],
    ["429", page("429 x", "retry-after: 2"), { kind: "status", code: Code.UNAVAILABLE, pushbackMs: 2000 }],
    ["500", page("500 x"), { kind: "status", code: Code.UNKNOWN }],
    ["502", page("502 x"), { kind: "status", code: Code.UNAVAILABLE }],
    ["503", page("503 x"), unavailable],
    ["504", page("504 x"), { kind: "status", code: Code.UNAVAILABLE }],
    ["503 without a body", json("503 x", ""), unavailable],
    ["503 with other JSON", json("503 x", '{"error":"down"}'), unavailable],
    ["503 with a list", json("503 x", "[]"), unavailable],
    ["503 with a message that is no text", json("503 x", '{"code":"not_found","message":1}'), unavailable],
    [
      "503 with broken details",
      json("503 x", '{"code":"not_found","details":[{"type":"x.Y","value":"?"}]}'),
      unavailable,
    ],
    ["503 with a name of JavaScript as its code", json("503 x", '{"code":"constructor"}'), unavailable],
    ["503 with a bomb", json("503 x", bomb, "content-encoding: gzip"), unavailable],
    [
      "503 that is too long",
      rawAnswer("503 x", ["content-type: application/json", "content-length: 99999999"]),
      unavailable,
    ],
    [
      "503 with broken JSON",
      json("503 x", '{"code":'),
      { kind: "invalid", code: Code.UNAVAILABLE, message: "HTTP 503 with broken JSON" },
    ],
    [
      "an error",
      json("404 x", '{"code":"not_found","message":"no such thing"}', "retry-after: 1"),
      {
        kind: "status",
        code: Code.NOT_FOUND,
        message: "no such thing",
        upstreamText: "no such thing",
        pushbackMs: 1000,
      },
    ],
    ["an error under another status", json("500 x", '{"code":"canceled"}'), { kind: "status", code: Code.CANCELLED }],
    [
      "an error of an unknown code",
      json("403 x", '{"code":"nope","message":"m"}'),
      { kind: "status", code: Code.PERMISSION_DENIED, upstreamText: "m" },
    ],
    [
      "a compressed error",
      json("400 x", gzipSync('{"code":"out_of_range"}'), "content-encoding: gzip"),
      { kind: "status", code: Code.OUT_OF_RANGE, message: "HTTP 400" },
    ],
  ];
  test.each(bad)("%s", async (_, bytes, fault) => {
    const { url } = await rawHttpServer((socket, _seen, connection, request) =>
      socket.write(connection === 1 && request === 1 ? bytes : proto(THING)),
    );
    const client = clientOf(url, { maxReplyBytes: 1 << 20 });
    expect((await call(client)).fault).toMatchObject(fault);
    expect(await call(client)).toMatchObject({ id: "a" });
  });

  test("an error keeps 100 details at most", async () => {
    const value = THING.toString("base64url");
    const details = [
      { type: ThingSchema.typeName, value, debug: { id: "other" } },
      ...Array.from({ length: 200 }, () => ({ type: "x.Y", value: "AAEC" })),
    ];
    const { url } = await rawHttpServer((socket) =>
      socket.write(json("404 x", JSON.stringify({ code: "not_found", details }))),
    );
    const { fault } = await call(clientOf(url));
    const status = fault?.details ?? new Uint8Array();
    expect(statusDetail(status, ThingSchema)).toMatchObject({ id: "a" });
    expect(Buffer.from(status).toString("latin1").match(/x\.Y/g)).toHaveLength(99);
  });
  test("trailers are the headers with their prefix, and repeated headers are joined", async () => {
    const { url } = await rawHttpServer((socket) =>
      socket.write(proto(THING, "x-a: 1", "x-a: 2", "trailer-x-t: 3", "Trailer-X-T-Bin: AAE")),
    );
    const { headers, trailers } = await call(clientOf(url));
    expect(headers).toMatchObject({ "x-a": "1, 2" });
    expect(Object.keys(headers ?? {})).not.toContain("trailer-x-t");
    expect(trailers).toEqual({ "x-t": "3", "x-t-bin": "AAE" });
  });
});

describe("requests", () => {
  test("requests have the protocol's headers, which metadata does not replace", async () => {
    const { url, seen } = await rawHttpServer((socket) => socket.write(proto(THING)));
    const headers = { "x-a": "1", "x-b-bin": "AAE", "content-type": "text/plain", expect: "100-continue" };
    await call(clientOf(`${url}/base/`), { headers, attempt: 3 });
    expect(seen[0]).toMatchObject({ line: "POST /base/test.v1.Upstream/Get HTTP/1.1" });
    expect(Buffer.from(seen[0]?.body ?? "", "latin1")).toEqual(Buffer.from(REQUEST));
    expect(seen[0]?.headers).toEqual({
      host: url.slice(7),
      connection: "keep-alive",
      "connect-protocol-version": "1",
      "connect-timeout-ms": "5000",
      "content-type": "application/proto",
      "content-length": String(REQUEST.length),
      "accept-encoding": "gzip, br",
      "x-a": "1",
      "x-b-bin": "AAE",
      "grpc-previous-rpc-attempts": "2",
    });
  });
  test.each([
    [1500.7, "1500"],
    [0.2, "1"],
    [1e12, "9999999999"],
    [Number.POSITIVE_INFINITY, undefined],
  ])("a deadline of %s ms is sent as %s", async (timeoutMs, sent) => {
    const { url, seen } = await rawHttpServer((socket) => socket.write(proto(THING)));
    await call(clientOf(url), { timeoutMs });
    expect(seen[0]?.headers["connect-timeout-ms"]).toBe(sent);
  });
});

describe("a kept connection closed by the server", () => {
  const answersOnce: RawAnswer = (socket, _seen, _connection, request) => {
    if (request === 1) socket.write(proto(THING));
    else socket.destroy(); // as if its end had crossed the request
  };
  test.each([
    ["Watch", "unprocessed"],
    ["Get", "transport"],
  ])("only an RPC with an idempotency level may be sent again: %s", async (name, kind) => {
    const { url } = await rawHttpServer(answersOnce);
    const client = clientOf(url, { service: Parts });
    await call(client);
    const { fault } = await call(client, { path: `/${Parts.typeName}/${name}` });
    expect(fault).toMatchObject({ kind, code: Code.UNAVAILABLE });
  });
});
