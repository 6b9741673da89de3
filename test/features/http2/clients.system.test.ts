/// <reference lib="dom" />
// The clients of others, and what they ask for: unary answers, streams, large bodies both ways, many requests at once, trailers, compression.
// PROTOBFF_GRPC_CLIENTS=1 adds grpc-go's interop client, which takes minutes to build.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Code, createClient, type Transport } from "@connectrpc/connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { certificate } from "./certificate.ts";
import { goTool } from "./clients/go-tools.ts";
import { OWN_FIRST, type UnderTest, underTest } from "./server-under-test.ts";
import { TestService } from "./service.ts";

const run = promisify(execFile);
const PRINTED_BYTES = 1 << 26;
const UNARY = "/grpc.testing.TestService/UnaryCall";
/** Within the four megabytes that a message may have. */
const LARGE = 3 << 20;
/** A connection has 250 streams at a time: whoever asks for more waits, or makes another; connect-node fails. */
const MANY = 600;
const AT_ONCE = 200;

const folder = mkdtempSync(join(tmpdir(), "bff-clients-"));
afterAll(() => rmSync(folder, { recursive: true }));
function fileOf(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
const json = (size: number, payload = 0): string =>
  JSON.stringify({ responseSize: size, payload: { body: Buffer.alloc(payload).toString("base64") } });
/** SimpleRequest, framed, that wants this many bytes (below 16,384). */
const framed = (size: number): Buffer => Buffer.from([0, 0, 0, 0, 3, 0x10, (size & 127) | 128, size >> 7]);
const printed = async (command: string, args: readonly string[]): Promise<string> => {
  const { stdout, stderr } = await run(command, [...args], { maxBuffer: PRINTED_BYTES });
  return stdout + stderr;
};

describe.each(OWN_FIRST)("over BFF_HTTP2_SERVER=%s", (framing) => {
  let [plain, secure] = [undefined, undefined] as unknown as [UnderTest, UnderTest];
  beforeAll(async () => {
    [plain, secure] = await Promise.all([underTest(framing), underTest(framing, certificate().files)]);
  }, 60_000);
  afterAll(async () => {
    for (const server of [plain, secure]) await server?.process.kill();
  });
  const both = () => [plain, secure];

  test("curl sends and receives large bodies, and several requests on one connection", async () => {
    const large = fileOf("large.json", json(LARGE, 2 << 20));
    for (const { url } of both()) {
      const how = ["--silent", "--insecure", url.startsWith("https") ? "--http2" : "--http2-prior-knowledge"];
      const type = ["-H", "content-type: application/json"];
      const writeOut = ["-w", "%{http_version} %{http_code} %{size_download}\\n", "-o", "/dev/null"];
      const line = await printed("curl", [...how, ...type, ...writeOut, "-d", `@${large}`, url + UNARY]);
      const [version, code, size] = line.trim().split(" ").map(Number);
      expect([version, code]).toEqual([2, 200]);
      expect(size).toBeGreaterThan((LARGE * 4) / 3);
      // The bytes of the connection are counted on through all of them.
      if (url.startsWith("https")) {
        const many = await printed("curl", [
          ...how,
          ...type,
          ...writeOut,
          "-d",
          json(100_000),
          `${url}${UNARY}?[1-40]`,
        ]);
        expect(many.match(/^2 200 /gm)).toHaveLength(40);
      }
      const head = await printed("curl", [...how, "--head", `${url}/healthz`]);
      expect(head).toMatch(/^HTTP\/2 200/);
    }
  }, 60_000);

  test("curl waits for 100 before it sends a body, and receives a refusal before the body", async () => {
    const body = fileOf("body.json", json(10));
    const args = ["--silent", "-i", "--http2-prior-knowledge", "-H", "content-type: application/json"];
    const output = await printed("curl", [...args, "-H", "expect: 100-continue", "-d", `@${body}`, plain.url + UNARY]);
    expect(output).toMatch(/^HTTP\/2 200/m);
    const large = fileOf("too-large", Buffer.alloc(6 << 20));
    const refused = await printed("curl", [...args, "-d", `@${large}`, plain.url + UNARY]);
    expect(refused).toMatch(/^HTTP\/2 (413|429|400|500)/m);
  }, 60_000);

  test("nghttp calls gRPC with trailers in both directions, padding and small windows", async () => {
    const body = fileOf("body.grpc", framed(10_000));
    const send = (url: string, more: readonly string[]) =>
      printed("nghttp", [
        ...["-v", "-n", "--no-verify-peer", "-H", ":method: POST", "-H", "content-type: application/grpc"],
        ...["-H", "te: trailers", "-d", body, ...more, url + UNARY],
      ]);
    for (const { url } of both()) {
      for (const more of [
        [],
        ["--padding=200"],
        ["--trailer=x-end: 1"],
        ["--window-bits=10", "--connection-window-bits=12"],
        ["--no-dep", "--continuation", "--expect-continue"],
        ["--header-table-size=0", "--encoder-header-table-size=65536"],
      ]) {
        const text = await send(url, more);
        expect(text, more.join(" ")).toMatch(/:status: 200/);
        expect(text, more.join(" ")).toMatch(/grpc-status: 0/);
      }
    }
  }, 60_000);

  test("h2load sends many requests at once, and uses small windows", async () => {
    const body = fileOf("body.proto", Buffer.from([0x10, 0xe8, 0x07]));
    for (const { url } of both()) {
      for (const more of [
        ["-n", "4000", "-c", "8", "-m", "100"],
        ["-n", "300", "-c", "2", "-m", "20", "-w", "10", "-W", "12"],
      ]) {
        const text = await printed("h2load", [
          ...more,
          "-d",
          body,
          "-H",
          "content-type: application/proto",
          url + UNARY,
        ]);
        expect(text).toMatch(/, 0 failed, 0 errored, 0 timeout/);
        expect(text).toContain(`status codes: ${more[1]} 2xx`);
      }
    }
  }, 60_000);

  const transports: Readonly<Record<string, (baseUrl: string) => Transport>> = {
    "connect-node, gRPC": (baseUrl) => createGrpcTransport({ baseUrl, nodeOptions: { rejectUnauthorized: false } }),
    "connect-node, gRPC, compressed": (baseUrl) =>
      createGrpcTransport({
        baseUrl,
        nodeOptions: { rejectUnauthorized: false },
        compressMinBytes: 0,
        sendCompression: compressionGzip,
      }),
    "connect-node, gRPC-Web": (baseUrl) =>
      createGrpcWebTransport({ baseUrl, httpVersion: "2", nodeOptions: { rejectUnauthorized: false } }),
    "connect-node, Connect": (baseUrl) =>
      createConnectTransport({ baseUrl, httpVersion: "2", nodeOptions: { rejectUnauthorized: false } }),
  };
  test.each(Object.entries(transports))(
    "%s: unary, large, many at once, streams, errors, cancelled",
    async (_, make) => {
      for (const { url } of both()) {
        const client = createClient(TestService, make(url));
        const sizes = [0, 1, 16_384, 65_536, LARGE];
        for (const size of sizes) {
          const answer = await client.unaryCall({ responseSize: size, payload: { body: new Uint8Array(size) } });
          expect(answer.payload?.body.length).toBe(size);
        }
        const many = Array.from({ length: AT_ONCE }, (_, i) => client.unaryCall({ responseSize: i }));
        expect((await Promise.all(many)).map(({ payload }) => payload?.body.length)).toEqual(many.map((_, i) => i));
        const received: number[] = [];
        const parameters = Array.from({ length: 50 }, (_, i) => ({ size: i * 1_000, intervalUs: 0 }));
        for await (const { payload } of client.streamingOutputCall({ responseParameters: parameters }))
          received.push(payload?.body.length ?? -1);
        expect(received).toEqual(parameters.map(({ size }) => size));
        const responseStatus = { code: Code.NotFound, message: "there ☺ is none" };
        await expect(client.unaryCall({ responseStatus })).rejects.toMatchObject({ code: Code.NotFound });
        const slow = client.streamingOutputCall(
          {
            responseParameters: [
              { size: 1, intervalUs: 0 },
              { size: 1, intervalUs: 60_000_000 },
            ],
          },
          { signal: AbortSignal.timeout(100) },
        );
        await expect(drained(slow)).rejects.toMatchObject({ code: expect.anything() });
        expect((await client.unaryCall({ responseSize: 7 })).payload?.body.length).toBe(7);
      }
    },
    120_000,
  );

  test("grpc-js makes the same calls", async () => {
    const ca = grpc.credentials.createSsl(readFileSync(certificate().files.TLS_CERT_FILE));
    const bytes = (value: Buffer): Buffer => value;
    for (const [{ port }, credentials] of [
      [plain, grpc.credentials.createInsecure()],
      [secure, ca],
    ] as const) {
      const gzip = { "grpc.default_compression_algorithm": 2 };
      const client = new grpc.Client(`127.0.0.1:${port}`, credentials, gzip);
      onTestFinished(() => client.close());
      const send = (request: Buffer, options: grpc.CallOptions = {}) =>
        new Promise<Buffer | grpc.ServiceError>((resolve) =>
          client.makeUnaryRequest(UNARY, bytes, bytes, request, options, (error, answer) =>
            resolve(error ?? answer ?? Buffer.alloc(0)),
          ),
        );
      const small = framed(10_000).subarray(5);
      const answers = await Promise.all(Array.from({ length: MANY }, () => send(small)));
      for (const answer of answers) expect((answer as Buffer).length).toBeGreaterThan(10_000);
      const payload = Buffer.alloc(2 << 20);
      const head = Buffer.from([0x1a, 0x84, 0x80, 0x80, 0x01, 0x12, 0x80, 0x80, 0x80, 0x01]); // payload { body }, 2 MiB
      head[1] = 0x85;
      const large = await send(Buffer.concat([small, head, payload]));
      expect((large as Buffer).length).toBeGreaterThan(10_000);
      const parameters = Buffer.concat(Array<Buffer>(100).fill(Buffer.from([0x12, 3, 0x08, 0xe8, 0x07])));
      const path = "/grpc.testing.TestService/StreamingOutputCall";
      const stream = client.makeServerStreamRequest(path, bytes, bytes, parameters);
      expect(await stream.toArray()).toHaveLength(100);
    }
  }, 60_000);

  test("Chromium over TLS fetches in parallel, uploads a large body and aborts", async () => {
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox"],
    });
    onTestFinished(() => browser.close());
    const page = await browser.newPage({ ignoreHTTPSErrors: true });
    await page.goto(`${secure.url}/healthz`);
    const result = await page.evaluate(inPage, UNARY);
    expect(result).toEqual({
      protocols: ["h2"],
      statuses: Array(200).fill(200),
      upload: 200,
      aborted: "AbortError",
      after: 200,
    });
  }, 60_000);

  test.runIf(process.env.PROTOBFF_GRPC_CLIENTS === "1")(
    "grpc-go passes the interop tests of methods that a BFF serves",
    async () => {
      const client = goTool("google.golang.org/grpc/interop/client", "v1.84.0");
      const cases = ["empty_unary", "large_unary", "server_streaming", "special_status_message"];
      const trusts = ["--use_tls", "--use_test_ca", `--ca_file=${certificate().files.TLS_CERT_FILE}`];
      for (const name of [...cases, "unimplemented_method", "unimplemented_service"]) {
        for (const { port, url } of both()) {
          const tls = url.startsWith("https") ? trusts : [];
          await printed(client, [`--test_case=${name}`, "--server_host=127.0.0.1", `--server_port=${port}`, ...tls]); // fails when it does
        }
      }
    },
    600_000,
  );
});

async function drained(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

/** In the browser. */
async function inPage(path: string) {
  const send = (body: string, signal?: AbortSignal) =>
    fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body, ...(signal && { signal }) });
  const status = async (request: Promise<Response>) => {
    const response = await request;
    await response.arrayBuffer();
    return response.status;
  };
  const statuses = await Promise.all(
    Array.from({ length: 200 }, (_, i) => status(send(`{"responseSize":${i * 100}}`))),
  );
  const upload = await status(send(JSON.stringify({ payload: { body: "A".repeat(3 << 20) } })));
  const gone = new AbortController();
  const large = send('{"responseSize":16000000}', gone.signal).then((response) => {
    gone.abort();
    return response.arrayBuffer();
  });
  const aborted = await large.then(
    () => "answered",
    (error: Error) => error.name,
  );
  const after = await status(send("{}"));
  const entries = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
  return { protocols: [...new Set(entries.map((entry) => entry.nextHopProtocol))], statuses, upload, aborted, after };
}
