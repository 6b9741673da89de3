// Holds docs/runtime.md#server
import { once } from "node:events";
import * as http2 from "node:http2";
import { brotliCompressSync, gunzipSync, gzipSync } from "node:zlib";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Listening, listen } from "../listen.ts";
import { KindService, kindEndpoint, PATH } from "../testing/test-kinds.ts";

// Requests that make no sense: what comes back is the client's fault, and quotes it no more than briefly; whoever serves it.

let servers: { readonly fast: Listening; readonly slow: Listening };
beforeAll(async () => {
  const [fast, slow] = await Promise.all([listen([readOnly(false)], { reflection: true }), listen([readOnly(true)])]);
  servers = { fast, slow };
});
function readOnly(slow: boolean): ReturnType<typeof kindEndpoint> {
  const endpoint = kindEndpoint(slow);
  Object.assign(endpoint.method, { idempotency: MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS });
  return endpoint;
}
const { idempotency } = KindService.method.get;
afterAll(async () => {
  Object.assign(KindService.method.get, { idempotency });
  await Promise.all(Object.values(servers).map((server) => server.close(0)));
});

interface Answered {
  readonly status: unknown;
  readonly headers: Record<string, unknown>;
  readonly trailers: Record<string, unknown>;
  readonly body: Buffer;
}
async function send(
  server: Listening,
  headers: http2.OutgoingHttpHeaders,
  body?: Uint8Array | string,
): Promise<Answered> {
  const session = http2.connect(server.url);
  const stream = session.request({ ":method": "POST", ":path": PATH, ...headers });
  let trailers = {};
  stream.on("trailers", (responseHeaders) => {
    trailers = responseHeaders;
  });
  stream.end(body);
  const [responseHeaders] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
  const chunks: Buffer[] = await stream.toArray();
  session.close();
  if ("grpc-status" in responseHeaders) trailers = responseHeaders; // Trailers-Only
  return { status: responseHeaders[":status"], headers: { ...responseHeaders }, trailers, body: Buffer.concat(chunks) };
}

/** A string where a message belongs: protobuf-es quotes it. */
const BAD_JSON = JSON.stringify("x".repeat(100_000));
const BAD_FIELD = JSON.stringify({ fileName: Array.from({ length: 10_000 }, () => "é") });
/** A length that goes beyond its message. */
const BAD_BINARY = Buffer.from([0x0a, 0x7f, 0x01]);
const GRPC = { "content-type": "application/grpc", te: "trailers" };
const MOST = 230; // 200, and what Connect puts around them

const jsonError = ({ body, headers }: Answered): { code: string; message: string } =>
  JSON.parse(String(headers["content-encoding"] === "gzip" ? gunzipSync(body) : body));
/** Of gRPC-Web: the trailers are the last frame. */
function webTrailers({ body }: Answered): Record<string, string> {
  let at = 0;
  while (((body[at] ?? 0x80) & 0x80) === 0) at += 5 + body.readUInt32BE(at + 1);
  const bytes = body.subarray(at + 5);
  const text = ((body[at] ?? 0) & 1) === 0 ? bytes : gunzipSync(bytes);
  const lines = text.toString("latin1").trimEnd().split("\r\n");
  return Object.fromEntries(lines.map((line) => line.split(/: ?/, 2)));
}

const NOT_UTF8 = Buffer.from('{"other":"\xc3"}', "latin1");

describe.each(["fast", "slow"] as const)("%s path", (path) => {
  test.each([
    ["JSON", "application/json", BAD_JSON],
    ["JSON of a field", "application/json", BAD_FIELD],
    ["JSON that is none", "application/json", `{"fileName":${"x".repeat(100_000)}`],
    ["JSON that is not UTF-8", "application/json", Buffer.from('{"fileName":"a\xff"}', "latin1")],
    ["JSON that is not UTF-8 where nobody reads it", "application/json", NOT_UTF8],
    ["bytes", "application/proto", BAD_BINARY],
  ])("%s over Connect results in 400", async (_, type, body) => {
    for (const encoding of ["identity", "gzip"]) {
      const answered = await send(servers[path], { "content-type": type, "accept-encoding": encoding }, body);
      const { code, message } = jsonError(answered);
      expect([answered.status, code]).toEqual([400, "invalid_argument"]);
      expect(message.length).toBeLessThan(MOST);
      expect(answered.headers["content-length"]).toBe(String(answered.body.length));
    }
  });
  test("malformed bytes over gRPC result in INVALID_ARGUMENT", async () => {
    const { trailers } = await send(servers[path], GRPC, frame(BAD_BINARY));
    expect(trailers).toMatchObject({ "grpc-status": "3", "grpc-message": expect.stringContaining("parse binary") });
  });
  test.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
  ])("JSON that is not UTF-8, compressed by %s, results in 400", async (encoding, compressed) => {
    const headers = { "content-type": "application/json", "content-encoding": encoding, "accept-encoding": "identity" };
    const answered = await send(servers[path], headers, compressed(NOT_UTF8));
    expect(jsonError(answered)).toMatchObject({ code: "invalid_argument", message: "the message is not UTF-8" });
  });
  test.each(["application/grpc-web+json", "application/grpc+json"])(
    "%s that is not UTF-8 results in INVALID_ARGUMENT",
    async (type) => {
      const answered = await send(servers[path], { ...GRPC, "content-type": type }, frame(NOT_UTF8));
      const status = type.includes("web") ? webTrailers(answered) : answered.trailers;
      expect(status["grpc-status"]).toBe("3");
    },
  );
  test.each(["identity", "gzip"])(
    "malformed JSON over gRPC and gRPC-Web results in INVALID_ARGUMENT (%s)",
    async (encoding) => {
      const accept = { "grpc-accept-encoding": encoding };
      const grpc = await send(
        servers[path],
        { ...GRPC, ...accept, "content-type": "application/grpc+json" },
        frame(Buffer.from(BAD_JSON)),
      );
      expect(grpc.trailers["grpc-status"]).toBe("3");
      expect(decodeURIComponent(String(grpc.trailers["grpc-message"])).length).toBeLessThan(MOST);
      const type = { "content-type": "application/grpc-web+json" };
      const web = webTrailers(await send(servers[path], { ...accept, ...type }, frame(Buffer.from(BAD_JSON))));
      expect(web["grpc-status"]).toBe("3");
      expect(decodeURIComponent(String(web["grpc-message"])).length).toBeLessThan(MOST);
    },
  );
  const percent = "%".repeat(20_000);
  test.each([
    ["grpc-timeout", GRPC, { "grpc-timeout": percent }],
    ["grpc-encoding", GRPC, { "grpc-encoding": percent }],
  ])("an invalid %s over gRPC is refused briefly", async (_, headers, more) => {
    const { trailers } = await send(servers[path], { ...headers, ...more }, frame(Buffer.of()));
    expect(["3", "12"]).toContain(trailers["grpc-status"]);
    expect(String(trailers["grpc-message"]).length).toBeLessThan(3 * MOST);
  });
  test.each(["connect-timeout-ms", "content-encoding"])(
    "an invalid %s over Connect is refused briefly",
    async (name) => {
      const answered = await send(servers[path], { "content-type": "application/json", [name]: percent }, "{}");
      expect([400, 501]).toContain(answered.status);
      expect(jsonError(answered).message.length).toBeLessThan(MOST);
    },
  );
});

describe("a GET", () => {
  const get = (query: string, headers: http2.OutgoingHttpHeaders = {}) =>
    send(servers.fast, { ":method": "GET", ":path": `${PATH}?${query}`, ...headers });
  const request = (message: string, more = "") =>
    `connect=v1&encoding=json&message=${encodeURIComponent(message)}${more}`;

  test("a GET is answered with no-store, successful or not", async () => {
    const good = await get(request('{"fileName":"a"}'));
    expect([good.status, good.headers["cache-control"]]).toEqual([200, "no-store"]);
    const failed = await get(request('{"fileName":"fail:x"}'));
    expect([failed.status, failed.headers["cache-control"]]).toEqual([404, "no-store"]);
  });
  test("a GET of an RPC without GET is 405, with no-store", async () => {
    const path = "/grpc.health.v1.Health/Check?connect=v1&encoding=json&message={}";
    const { status, headers } = await send(servers.fast, { ":method": "GET", ":path": path });
    expect([status, headers["cache-control"]]).toEqual([405, "no-store"]);
  });
  test.each([
    ["base64 that is none", "connect=v1&encoding=proto&base64=1&message=a%25b!"],
    ["bytes that are no message", "connect=v1&encoding=proto&base64=1&message=Cn8B"],
    ["JSON that is not UTF-8", `connect=v1&encoding=json&base64=1&message=${NOT_UTF8.toString("base64url")}`],
    ["JSON that is not UTF-8, by percents", 'connect=v1&encoding=json&message={"fileName":"%FF%EF%BF%BD"}'],
    ["bytes that are not UTF-8, by percents", "connect=v1&encoding=proto&message=%0A%03%FF"],
    ["JSON that is none", request("x".repeat(10_000))],
    ["JSON of another kind", request(JSON.stringify("x".repeat(10_000)))],
  ])("a GET with %s is 400", async (_, query) => {
    const answered = await get(query);
    const { code, message } = jsonError(answered);
    expect([answered.status, code, answered.headers["cache-control"]]).toEqual([400, "invalid_argument", "no-store"]);
    expect(message.length).toBeLessThan(MOST);
  });
  test.each(["%EF%BF%BD", "100%", "a+b", "%C3%A4%EF%BF%BD"])("a GET with %s is decoded like a URL", async (text) => {
    const { status, body } = await get(`connect=v1&encoding=json&message={"fileName":"${text}"}`);
    expect(status).toBe(200);
    expect(JSON.parse(String(body))).toEqual({ fileName: new URLSearchParams(`a=${text}`).get("a") });
  });
  test("a GET with an unknown compression is refused briefly", async () => {
    const answered = await get(request("{}", `&compression=${"%25".repeat(5_000)}`));
    expect(answered.status).toBe(501);
    expect(jsonError(answered).message.length).toBeLessThan(MOST);
  });
});

test("an endpoint's message is sent unchanged", async () => {
  const rest = "y".repeat(3_000);
  for (const server of Object.values(servers)) {
    const body = JSON.stringify({ fileName: `fail:${rest}` });
    expect(jsonError(await send(server, { "content-type": "application/json" }, body)).message).toContain(rest);
    const type = { "content-type": "application/grpc-web+json" };
    const web = webTrailers(await send(server, type, frame(Buffer.from(body))));
    expect(decodeURIComponent(web["grpc-message"] ?? "")).toContain(rest);
  }
});

test("a malformed reflection stream ends with a short text", async () => {
  const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  const { body } = await send(
    servers.fast,
    { ":path": path, "content-type": "application/connect+json" },
    frame(Buffer.from(BAD_JSON)),
  );
  const end = JSON.parse(body.toString("utf8", 5)) as { error: { code: string; message: string } };
  expect(end.error.code).toBe("invalid_argument");
  expect(end.error.message.length).toBeLessThan(MOST);
});
