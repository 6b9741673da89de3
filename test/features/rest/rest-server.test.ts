// What is true of every path of REST, whatever its rule: statuses, headers, bounds, who may call, and what attackers try.
import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import { brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { BadRequestSchema } from "@protobff/messages/google/rpc/error_details_pb.js";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Listenable, listen } from "../../../packages/server/src/listen.ts";
import { restHandler } from "../../../packages/server/src/rest/rest-handler.ts";
import { declaredError } from "../../../packages/server/src/testing/declared-error.ts";
import { Code, codeText, Failure, Reason } from "../../../runtime/src/failure.ts";
import { gate, sourceOf } from "../../../runtime/src/testing/gate-rig.ts";
import { googleapis } from "./googleapis.ts";
import { type Served, serveAll } from "./rest-server.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly bytes: Buffer;
  readonly json: unknown;
}
type Headers = Readonly<Record<string, string>>;

const answerOf = (status: number, headers: object, bytes: Buffer): Answer => {
  const text = bytes.toString();
  return {
    status,
    headers: { ...headers },
    bytes,
    get json() {
      return JSON.parse(status < 400 || !text.startsWith("{") ? text : declaredError(text)) as unknown;
    },
  };
};

async function h1(port: number, line: string, headers: Headers = {}, body?: string | Buffer): Promise<Answer> {
  const [method = "", path = ""] = line.split(" ");
  const length: http.OutgoingHttpHeaders = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
  const request = http.request({ port, method, path, headers: { ...length, ...headers }, agent: false });
  const response = once(request, "response") as Promise<[http.IncomingMessage]>;
  request.end(body);
  const [incoming] = await response;
  return answerOf(incoming.statusCode ?? 0, incoming.headers, Buffer.concat(await incoming.toArray()));
}
async function h2(port: number, line: string, headers: Headers = {}, body?: string | Buffer): Promise<Answer> {
  const [method = "", path = ""] = line.split(" ");
  const session = http2.connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ":method": method, ":path": path, ...headers }, { endStream: body === undefined });
  const response = once(stream, "response") as Promise<[http2.IncomingHttpHeaders]>;
  if (body !== undefined) stream.end(body);
  const [{ ":status": status, ...rest }] = await response;
  return answerOf(Number(status), rest, Buffer.concat(await stream.toArray()));
}
const both = [
  ["HTTP/1.1", h1],
  ["HTTP/2", h2],
] as const;
const JSON_TYPE = { "content-type": "application/json" };

let served: Served;
let port: number;
beforeAll(async () => {
  served = await serveAll(googleapis(), {
    maxRequestBytes: 10_000,
    maxElements: 500,
    corsOrigins: ["https://a.example"],
  });
  port = served.server.port;
});
afterAll(() => served.server.close(0));
/** A rule's rpc answers so until the test is over. */
function answering(rpc: string, json: JsonValue): void {
  const desc = served.endpoints.find(({ method }) => method.name === rpc)?.method.output;
  if (desc === undefined) throw new Error(rpc);
  served.answer = fromJson(desc, json);
  onTestFinished(() => {
    served.answer = undefined;
  });
}

describe.each(both)("over %s", (_, send) => {
  test("an answer is ProtoJSON", async () => {
    answering("GetBook", { name: "shelves/1/books/2", title: "é", read: true });
    const { status, headers, json } = await send(port, "GET /v1/shelves/1/books/2");
    expect({ status, json }).toEqual({ status: 200, json: { name: "shelves/1/books/2", title: "é", read: true } });
    expect(headers).toMatchObject({ "content-type": "application/json", "cache-control": "no-store" });
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", vary: "origin" });
  });
  test("HEAD equals GET without the body", async () => {
    answering("GetBook", { name: "shelves/1/books/2" });
    const get = await send(port, "GET /v1/shelves/1/books/2");
    const head = await send(port, "HEAD /v1/shelves/1/books/2");
    expect(head.bytes).toHaveLength(0);
    const blanks = { date: "", "x-request-id": "" };
    expect({ ...head.headers, ...blanks }).toEqual({ ...get.headers, ...blanks });
    expect(head.status).toBe(200);
  });
  test("405 lists the allowed methods", async () => {
    const { status, headers, json } = await send(port, "PUT /v1/shelves/1", JSON_TYPE, "{}");
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: "GET, DELETE, HEAD" });
    expect(json).toEqual({ code: Code.UNIMPLEMENTED, message: "this path takes GET and DELETE and HEAD" });
  });
  test("404 has a Status as its body", async () => {
    const { status, headers, json } = await send(port, "GET /v9");
    expect({ status, json }).toEqual({ status: 404, json: { code: 5, message: "nothing is served at this path" } });
    expect(headers["content-type"]).toBe("application/json");
  });
  test.each([
    ["text/plain", 415],
    ["", 415],
    ["application/x-www-form-urlencoded", 415],
    ["application/json; charset=latin1", 415],
    ["application/jsonp", 415],
    ["application/json; charset=utf-8", 200],
    ['Application/JSON;charset="UTF-8"', 200],
    ["application/json ; version=1;", 200],
    ["application/json; charset=utf-8; charset=latin1", 415],
  ])("a body of type %j: %i", async (type, status) => {
    const headers: Headers = type === "" ? {} : { "content-type": type };
    const answer = await send(port, "POST /v1/shelves", headers, "{}");
    expect(answer.status).toBe(status);
    if (status === 415) expect(answer.headers.accept).toBe("application/json");
  });
  test.each(["{", "{}{}", "[1]", "1", '"x"', "{'a': 1}", '{"theme": 1}', "\xff", '{"theme":"\\ud800"}', "nul"])(
    "%j is an invalid body",
    async (text) => {
      const { status, json } = await send(port, "POST /v1/shelves", JSON_TYPE, Buffer.from(text, "latin1"));
      expect({ status, json }).toEqual({ status: 400, json: { code: 3, message: expect.any(String) } });
    },
  );
  test("a body may be compressed, and its decompressed size is bounded", async () => {
    const zipped = { ...JSON_TYPE, "content-encoding": "gzip" };
    expect(await send(port, "POST /v1/shelves", zipped, gzipSync('{"theme":"x"}'))).toMatchObject({ status: 200 });
    expect(await send(port, "POST /v1/shelves", zipped, "no gzip")).toMatchObject({ status: 400 });
    const bomb = gzipSync(`{"theme":"${"x".repeat(1_000_000)}"}`);
    expect(await send(port, "POST /v1/shelves", zipped, bomb)).toMatchObject({ status: 413 });
    const old = { ...JSON_TYPE, "content-encoding": "X-GZip" };
    expect(await send(port, "POST /v1/shelves", old, gzipSync('{"theme":"x"}'))).toMatchObject({ status: 200 });
    const other = await send(port, "POST /v1/shelves", { ...JSON_TYPE, "content-encoding": "zstd" }, "{}");
    expect(other).toMatchObject({ status: 415, headers: { "accept-encoding": "gzip, br" } });
  });
  test("an answer may be compressed", async () => {
    answering("GetBook", { title: "x".repeat(5_000) });
    const gzip = await send(port, "GET /v1/shelves/1/books/2", { "accept-encoding": "gzip" });
    expect(JSON.parse(gunzipSync(gzip.bytes).toString())).toEqual({ title: "x".repeat(5_000) });
    expect(gzip.headers["content-encoding"]).toBe("gzip");
    const br = await send(port, "GET /v1/shelves/1/books/2", { "accept-encoding": "br" });
    expect(JSON.parse(brotliDecompressSync(br.bytes).toString())).toEqual({ title: "x".repeat(5_000) });
  });
  test("bytes are bounded, with and without a content length", async () => {
    const large = `{"theme":"${"x".repeat(20_000)}"}`;
    const { status, json } = await send(port, "POST /v1/shelves", JSON_TYPE, large);
    expect({ status, json }).toEqual({
      status: 413,
      json: { code: 8, message: "the request is larger than 10000 bytes" },
    });
    expect(await send(port, "GET /v1/shelves/1")).toMatchObject({ status: 200 });
  });
  test("elements are bounded, in bodies and in queries", async () => {
    const ids = JSON.stringify({ ackIds: Array.from({ length: 600 }, () => "") });
    const path = "/v1/projects/p/subscriptions/s:acknowledge";
    const message = "the request holds more than 500 elements";
    expect((await send(port, `POST ${path}`, JSON_TYPE, ids)).json).toEqual({ code: 3, message });
    const many = `/v1/shelves?${"page_token=x&".repeat(600)}`;
    expect((await send(port, `GET ${many}`)).json).toMatchObject({ code: 3 });
    const mask = `/v1/shelves/1/books/2?update_mask=${"a,".repeat(600)}a`;
    expect((await send(port, `PATCH ${mask}`, JSON_TYPE, "{}")).json).toEqual({ code: 3, message });
    expect(await send(port, "GET /v1/shelves")).toMatchObject({ status: 200 });
  });
  test.each([
    ["connect-timeout-ms", "x"],
    ["x-request-deadline", "soon"],
  ])("%s: %s is refused", async (name, value) => {
    expect((await send(port, "GET /v1/shelves", { [name]: value })).json).toMatchObject({ code: 3 });
  });
  test("pages of a listed origin may read answers and errors", async () => {
    const origin = { origin: "https://a.example" };
    for (const line of ["GET /v1/shelves", "GET /v1/shelves?x=1", "PUT /v1/shelves/1", "GET /v9"])
      expect((await send(port, line, origin)).headers["access-control-allow-origin"]).toBe(origin.origin);
    const preflight = { ...origin, "access-control-request-method": "PATCH" };
    const { status, headers } = await send(port, "OPTIONS /v1/shelves/1", preflight);
    expect({ status, methods: headers["access-control-allow-methods"] }).toEqual({
      status: 204,
      methods: expect.stringContaining("PATCH"),
    });
  });
  test("rpcs and probes keep their paths", async () => {
    expect((await send(port, "GET /healthz")).bytes.toString()).toBe("ok\n");
    const health = await send(port, "POST /grpc.health.v1.Health/Check", JSON_TYPE, "{}");
    expect(health.json).toEqual({ status: "SERVING" });
  });
});

test("the server checks its rules at the start", async () => {
  const endpoint = served.endpoints.find(({ method }) => method.name === "CreateShelf");
  if (endpoint === undefined) throw new Error();
  await expect(listen([endpoint, endpoint])).rejects.toThrow("two rpcs have one path: POST /v1/shelves");
  await expect(listen([{ ...endpoint, rest: [{ method: "GET", segments: ["a"], body: "nothing" }] }])).rejects.toThrow(
    "has no field nothing",
  );
});

describe("failures", () => {
  const STATUSES: Readonly<Record<number, number>> = {
    1: 499,
    2: 500,
    3: 400,
    4: 504,
    5: 404,
    6: 409,
    7: 403,
    8: 429,
    9: 400,
    10: 409,
    11: 400,
    12: 501,
    13: 500,
    14: 503,
    15: 500,
    16: 401,
  };
  test.each(Object.entries(STATUSES))("code %s is %i", async (text, status) => {
    const code = Number(text) as Code;
    const server = await failing({ code, clientMessage: "no", details: [] });
    const answer = await h1(server, "GET /v1/shelves");
    expect({ status: answer.status, json: answer.json }).toEqual({ status, json: { code, message: "no" } });
    expect(answer.headers["cache-control"]).toBe("no-store");
  });
  test("details are those of google.rpc.Status, and headers are sent with them", async () => {
    const desc = BadRequestSchema;
    const value = create(desc, { fieldViolations: [{ field: "name", description: "too long" }] });
    const unknown = { type: "a.B", value: new Uint8Array([1, 2]) };
    const server = await failing({
      code: Code.INVALID_ARGUMENT,
      clientMessage: codeText(Code.INVALID_ARGUMENT),
      details: [{ desc, value }, unknown],
      headers: ["retry-after", "3"],
    });
    const { json, headers } = await h2(server, "GET /v1/shelves");
    expect(headers["retry-after"]).toBe("3");
    expect(json).toEqual({
      code: 3,
      message: "invalid argument",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          fieldViolations: [{ field: "name", description: "too long" }],
        },
        { "@type": "type.googleapis.com/a.B", value: "AQI=" },
      ],
    });
  });
  async function failing(init: Partial<ConstructorParameters<typeof Failure>[0]> & { readonly code: Code }) {
    const listing = served.endpoints.find(({ method }) => method.name === "ListShelves");
    if (listing === undefined) throw new Error();
    const endpoint: Listenable = {
      ...listing,
      run(_args, _headers, _ms, _done, failed) {
        const failure = new Failure({
          reason: Reason.REJECTED,
          callee: "",
          message: "m",
          clientCode: init.code,
          ...init,
        });
        failed(failure, failure.headers.length === 0 ? undefined : { headers: failure.headers, trailers: [] });
        return { cancel: () => {} };
      },
    };
    const server = await listen([endpoint]);
    onTestFinished(() => server.close(0));
    return server.port;
  }
});

describe("attacks, beside a normal client", () => {
  const TARGETS = [
    "/v1/shelves/../../etc/passwd",
    "/v1/shelves/%2e%2e/%2e%2e",
    "/v1/shelves/1/books/..",
    "/v1/shelves/1/books/.",
    "/v1/shelves/%00",
    "/v1/operations/%2e",
    "/v1/shelves?__proto__=1",
    "/v1/shelves?__proto__.polluted=1",
    "/v1/shelves?constructor=1",
    "/v1/shelves?constructor.prototype.polluted=1",
    "/v1/shelves?page_size.__proto__=1",
    "/v1/shelves?toString=1",
    "/v1/shelves?page_size=1&page_size=1",
    `/v1/shelves?${"a.".repeat(3_000)}b=1`,
    `/v1/shelves?${".".repeat(3_000)}=1`,
    "/v1/shelves?=1",
    "/v1/shelves?page_token=%",
    `/v1/shelves?page_size=${"9".repeat(5_000)}`,
    `/v1/shelves?page_size=1e${"9".repeat(5_000)}`,
    "/v1/projects/p/secrets/s:getIamPolicy?options.__proto__.x=1",
  ];
  test.each(TARGETS)("%s is refused", async (path) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = net.connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (data) => {
      text += data.toString("latin1");
    });
    socket.on("close", () => resolve(text));
    // As it is, for clients take dots out of a path.
    socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    served.last = undefined;
    const [normal, attacked] = await Promise.all([h1(port, "GET /v1/shelves/1"), promise]);
    expect(attacked).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(attacked.length).toBeLessThan(2_000);
    expect(normal.status).toBe(200);
    expect(served.last).toMatchObject({ method: { name: "GetShelf" } });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
  test("a verb keeps its requests apart from another rpc's", async () => {
    // `:` in a value is text where no verb of that name is, and `%3A` always.
    for (const [path, status] of [
      ["/v1/shelves/1:merge:merge", 200],
      ["/v1/shelves/1%3Amerge", 405],
      ["/v1/shelves/1:merge/", 404],
      ["/v1/shelves/:merge", 405],
      ["/v1:merge", 404],
      ["/:", 404],
    ] as const)
      expect([path, (await h1(port, `POST ${path}`, JSON_TYPE, "{}")).status]).toEqual([path, status]);
  });
  test("deeply nested JSON is refused, and other requests are answered", async () => {
    const deep = `{"pushConfig":${'{"a":'.repeat(1_500)}1${"}".repeat(1_500)}}`;
    const path = "PUT /v1/projects/p/subscriptions/s";
    const answer = await h1(port, path, JSON_TYPE, deep);
    expect([200, 400]).toContain(answer.status);
    expect(await h1(port, path, JSON_TYPE, "{}")).toMatchObject({ status: 200 });
  });
  test("a path with many segments is valid", async () => {
    const { status } = await h1(port, `GET /v1/operations/${"a/".repeat(4_000)}b`);
    expect(status).toBe(200);
    expect((await h1(port, `GET /v1/shelves/${"a/".repeat(4_000)}b`)).status).toBe(404);
  });
});

describe("the permits of an rpc", () => {
  const rest = [
    { method: "GET", segments: ["v1", "gate"] },
    { method: "POST", segments: ["v1", "gate"], body: "*" },
  ];
  async function gated() {
    const sid = { kind: "cookie", name: "sid" } as const;
    const rig = await gate({ sources: [sourceOf("browser", sid)] });
    const server = await listen([{ ...rig.endpoint, rest }], { identity: rig.identity });
    onTestFinished(() => server.close(0));
    return { ...rig, port: server.port };
  }
  test.each(both)("accept a cookie over %s only with a proof, also for GET", async (_, send) => {
    const { port: serverPort, seen } = await gated();
    const cookie = { cookie: "sid=browser-ann" };
    expect((await send(serverPort, "GET /v1/gate")).json).toMatchObject({ code: Code.UNAUTHENTICATED });
    expect(await send(serverPort, "GET /v1/gate", cookie)).toMatchObject({ status: 401 });
    expect(await send(serverPort, "POST /v1/gate", cookie)).toMatchObject({ status: 401 });
    expect(seen).toEqual([]);
    expect(await send(serverPort, "GET /v1/gate", { ...cookie, "x-csrf": "1" })).toMatchObject({ status: 200 });
    expect(await send(serverPort, "GET /v1/gate", { ...cookie, "sec-fetch-site": "same-origin" })).toMatchObject({
      status: 200,
    });
    expect(seen.map(({ subject }) => subject)).toEqual(["ann", "ann"]);
  });
  test("refuse a caller before its request is validated", async () => {
    const { port: serverPort } = await gated();
    expect(await h1(serverPort, "POST /v1/gate", JSON_TYPE, "{")).toMatchObject({ status: 401 });
    expect(await h1(serverPort, "GET /v1/gate?x=1")).toMatchObject({ status: 401 });
  });
});

test.each(both)("a cacheable answer over %s has a tag, and its 304 has no body", async (_, send) => {
  const reading = served.endpoints.find(({ method }) => method.name === "GetBook");
  if (reading === undefined) throw new Error();
  const server = await listen([{ ...reading, http: { maxAgeMs: 30_000, vary: ["authorization"] } }]);
  onTestFinished(() => server.close(0));
  const first = await send(server.port, "GET /v1/shelves/1/books/2");
  expect(first.headers).toMatchObject({ "cache-control": "private, max-age=30", etag: expect.stringMatching(/^W\//) });
  const again = await send(server.port, "GET /v1/shelves/1/books/2", { "if-none-match": String(first.headers.etag) });
  expect({ status: again.status, length: again.bytes.length }).toEqual({ status: 304, length: 0 });
  expect(again.headers).not.toHaveProperty("content-type");
});

test("another HTTP server passes requests to the REST handler first", async () => {
  const rest = restHandler(served.endpoints, { reserved: ["/v1/shelves"] });
  const server = http.createServer((request, response) => {
    if (!rest(request, response)) response.writeHead(404).end('"other"');
  });
  server.listen(0);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port: serverPort } = server.address() as net.AddressInfo;
  expect(await h1(serverPort, "GET /v1/shelves/1")).toMatchObject({ status: 200 });
  expect((await h1(serverPort, "GET /v1/shelves")).json).toBe("other");
  expect((await h1(serverPort, "GET /a.B/C")).json).toBe("other");
  expect(await h1(serverPort, "PUT /v1/shelves/1")).toMatchObject({ status: 405 });
});
