// Connect's GET whose message is compressed.
import { once } from "node:events";
import * as http from "node:http";
import { buffer } from "node:stream/consumers";
import * as zlib from "node:zlib";
import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { routes } from "@protobff/runtime/internal/routes/routes";
import { BEARER, GATE_PATH, gate, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import { COMPRESSIONS } from "@protobff/runtime/internal/wire/compressions";
import { afterEach, expect, test, vi } from "vitest";
import { listen } from "../listen.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0)) await close();
});

/** Their answer is long enough to be compressed. */
const NAMES = Array.from({ length: 200 }, (_, i) => `x-header-${i}`).join();
const message = create(SourceContextSchema, { fileName: NAMES });
const COMPRESS = { gzip: zlib.gzipSync, br: zlib.brotliCompressSync };
const DECOMPRESS = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync, none: (bytes: Buffer) => bytes };

/** @param compression of the message */
function pathOf(encoding: "json" | "proto", compression?: keyof typeof COMPRESS, of = message): string {
  const bytes =
    encoding === "json" ? Buffer.from(toJsonString(SourceContextSchema, of)) : toBinary(SourceContextSchema, of);
  const sent = compression === undefined ? bytes : COMPRESS[compression](bytes);
  const how = compression === undefined ? "" : `&compression=${compression}`;
  return `${GATE_PATH}?connect=v1&encoding=${encoding}&base64=1${how}&message=${Buffer.from(sent).toString("base64url")}`;
}
/** Nothing is sent that is not said here, and what comes is left as it is. */
async function get(url: string, headers: http.OutgoingHttpHeaders = {}) {
  const request = http.get(url, { headers: { authorization: "Bearer user-ada", ...headers } });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  const body = await buffer(response);
  const { "content-encoding": encoding = "none", etag, vary, "content-type": type } = response.headers;
  const text = DECOMPRESS[encoding as keyof typeof DECOMPRESS](body).toString();
  return { status: response.statusCode, encoding, etag, vary, type, text };
}
async function served(more: Partial<Parameters<typeof gate>[0]> = {}, options: Parameters<typeof listen>[1] = {}) {
  const made = await gate({ sources: [sourceOf("user", BEARER)], permit: {}, ...more });
  const { url, close } = await listen([made.endpoint], { ...options, identity: made.identity });
  closing.push(
    () => close(0),
    () => made.identity.close(),
  );
  return { ...made, url };
}
const decompressed = () => COMPRESSIONS.map((compression) => vi.spyOn(compression, "decompress").mockClear());
const times = (spies: ReturnType<typeof decompressed>) => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);

test.each(["json", "proto"] as const)(
  "a compressed GET is decompressed once, and answered like an uncompressed one: %s",
  async (encoding) => {
    const { url, seen } = await served();
    const plain = await get(url + pathOf(encoding));
    expect(plain).toMatchObject({ status: 200, type: `application/${encoding}`, encoding: "none" });
    for (const compression of ["gzip", "br"] as const) {
      const spies = decompressed();
      for (const accepted of ["identity", "gzip", "br"]) {
        const answer = await get(url + pathOf(encoding, compression), { "accept-encoding": accepted });
        expect(answer).toEqual({ ...plain, encoding: accepted === "identity" ? "none" : accepted });
      }
      // As Connect has it: as the request is.
      expect(await get(url + pathOf(encoding, compression))).toEqual({ ...plain, encoding: compression });
      expect(times(spies)).toBe(4);
    }
    // What the BFF sees of its headers is what has come.
    const message = create(SourceContextSchema, { fileName: "accept-encoding,content-type,content-encoding" });
    await get(url + pathOf(encoding, "gzip", message));
    expect(seen.at(-1)?.headers).toEqual({ "accept-encoding": null, "content-type": null, "content-encoding": null });
  },
);

test("cache headers describe the uncompressed answer, which is compressed once", async () => {
  const { url } = await served({ http: { maxAgeMs: 30_000, vary: ["authorization"] } });
  const plain = await get(url + pathOf("json"));
  expect(plain.etag).toMatch(/^W\//);
  for (const accepted of ["identity", "gzip", "br"]) {
    const answer = await get(url + pathOf("json", "gzip"), { "accept-encoding": accepted });
    expect(answer).toEqual({ ...plain, encoding: accepted === "identity" ? "none" : accepted });
  }
  expect(await get(url + pathOf("json", "br"))).toEqual({ ...plain, encoding: "br" });
  const again = await get(url + pathOf("json", "br"), { "if-none-match": plain.etag });
  expect(again).toMatchObject({ status: 304, text: "", encoding: "none", etag: plain.etag });
});

test("a compressed GET has the same limits and refusals", async () => {
  const { url } = await served({}, { maxRequestBytes: 5000 });
  const large = create(SourceContextSchema, { fileName: "x,".repeat(5000) });
  const codeOf = async (path: string, headers: http.OutgoingHttpHeaders = {}) => {
    const { status, text } = await get(url + path, { "accept-encoding": "identity", ...headers });
    return [status, text && (JSON.parse(text) as { code: string }).code];
  };
  const start = `${GATE_PATH}?connect=v1&base64=1`;
  expect(await codeOf(pathOf("json", "gzip", large))).toEqual([429, "resource_exhausted"]);
  expect(await codeOf(`${start}&encoding=json&compression=gzip&message=AAAA`)).toEqual([400, "invalid_argument"]);
  expect(await codeOf(`${start}&encoding=json&compression=gzip&message=*`)).toEqual([400, "invalid_argument"]);
  expect(await codeOf(`${start}&encoding=json&compression=zstd&message=AAAA`)).toEqual([501, "unimplemented"]);
  expect((await get(`${url}${start}&encoding=xml&compression=gzip&message=AAAA`)).status).toBe(415);
  for (const type of ["text/plain", "application/grpc", "application/connect+json"])
    expect((await get(url + pathOf("json", "gzip"), { "content-type": type })).status).toBe(415);
  expect((await get(url + pathOf("json", "gzip"), { "content-type": "application/json" })).status).toBe(200);
});

test("the caller is authenticated before decompression", async () => {
  const { url } = await served();
  const spies = decompressed();
  const refused = await get(url + pathOf("json", "gzip"), { authorization: "Bearer user-bad" });
  expect([refused.status, times(spies)]).toEqual([401, 0]);
});

test("a custom server answers the same, and its interceptors see a GET", async () => {
  const made = await gate({ sources: [sourceOf("user", BEARER)], permit: {} });
  const methods: string[] = [];
  const server = http.createServer(
    connectNodeAdapter({
      routes: routes([made.endpoint]),
      interceptors: [
        (next) => (request) => {
          methods.push(request.requestMethod);
          return next(request);
        },
      ],
    }),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(
    () => server.close(),
    () => made.identity.close(),
  );
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const headers = { "accept-encoding": "gzip" };
  const plain = await get(url + pathOf("json"), headers);
  expect(await get(url + pathOf("json", "gzip"), headers)).toEqual({ ...plain, status: 200 });
  expect(methods).toEqual(["GET", "GET"]);
  // Binary by percents would be another message, and what is no base64 is no fault of ours.
  for (const message of ["encoding=proto&message=%0A%03%FF", "encoding=json&base64=1&message=*"]) {
    const { status, text } = await get(`${url}${GATE_PATH}?connect=v1&${message}`);
    expect([status, (JSON.parse(text) as { code: string }).code]).toEqual([400, "invalid_argument"]);
  }
});
