// Holds docs/runtime.md#server
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import * as http2 from "node:http2";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import { create, toBinary } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { type Listening, listen } from "./listen.ts";
import { kindEndpoint, PATH } from "./testing/test-kinds.ts";

// What HTTP allows and common clients hardly do: many requests at once, requests in pieces, refusals amidst a body, windows of a byte.

const folder = mkdtempSync(join(tmpdir(), "bff-raw-"));
afterAll(() => rmSync(folder, { recursive: true }));
const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
const what = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
execFileSync("openssl", [...what, ...name, "-keyout", keyFile, "-out", certFile], { stdio: "ignore" });
const cert = readFileSync(certFile);

/** An answer of so many bytes. */
const big = (bytes: number): string => `{"fileName":"big:${bytes}"}`;
const TOO_LARGE = `{"fileName":"${"x".repeat(300_000)}"}`;
const post = (body: string, more = "", path = PATH): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
const chunked = (chunks: readonly string[]): string[] => [
  `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
  ...chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`),
  "0\r\n\r\n",
];
const pieces = (text: string, length: number): string[] =>
  Array.from({ length: Math.ceil(text.length / length) }, (_, i) => text.slice(i * length, (i + 1) * length));
/** After it the server closes. */
const LAST = post("{}", "Connection: close\r\n");
const EXPECT = "Expect: 100-continue\r\n";
const times = <T>(count: number, of: T): T[] => Array.from({ length: count }, () => of);

describe.each([
  ["on the fast path", false, false],
  ["on the fast path, over TLS", false, true],
  ["on Connect's adapter", true, false],
  ["on Connect's adapter, over TLS", true, true],
])("%s", (_, slow, secure) => {
  async function serving(): Promise<Listening> {
    const server = await listen([kindEndpoint(slow)], {
      maxRequestBytes: 100_000,
      ...(secure && { tls: { cert, key: readFileSync(keyFile) } }),
    });
    onTestFinished(() => server.close(0));
    return server;
  }

  test.each<[string, { writes: readonly string[]; reads?: "late"; statuses: readonly number[] }]>([
    ["many requests in one segment", { writes: [times(500, post("{}")).join("") + LAST], statuses: times(501, 200) }],
    [
      "many long answers, asked for in one segment",
      { writes: [times(30, post(big(200_000))).join("") + LAST], statuses: times(31, 200) },
    ],
    [
      "many long answers that are read late",
      { writes: [times(50, post(big(300_000))).join("") + LAST], reads: "late", statuses: times(51, 200) },
    ],
    ["requests in pieces", { writes: pieces(post(big(200_000)) + post("{}") + LAST, 37), statuses: times(3, 200) }],
    [
      "a request in pieces while a long answer leaves",
      { writes: [post(big(5_000_000)), ...pieces(LAST, 1)], reads: "late", statuses: [200, 200] },
    ],
    ["one that is too large, and the next", { writes: [post(TOO_LARGE), LAST], statuses: [429, 200] }],
    [
      "one that becomes too large, and the next",
      { writes: [...chunked(pieces(TOO_LARGE, 20_000)), LAST], statuses: [429, 200] },
    ],
    ["one for nobody, and the next", { writes: [post(TOO_LARGE, "", "/nothing"), LAST], statuses: [404, 200] }],
    [
      "one of an unknown type, and the next",
      { writes: [post(TOO_LARGE).replace("application/json", "text/plain"), LAST], statuses: [415, 200] },
    ],
    [
      "one that expects 100-continue, and does not wait",
      { writes: [post("{}", EXPECT), LAST], statuses: [100, 200, 200] },
    ],
    [
      "one that expects 100-continue and is too large",
      { writes: [post(TOO_LARGE, EXPECT), LAST], statuses: [100, 429, 200] },
    ],
    ["two hosts", { writes: [post("{}", "Host: b\r\n"), LAST], statuses: [400] }],
    ["a host with a user", { writes: [post("{}").replace("Host: a", "Host: u@a"), LAST], statuses: [400] }],
    ["an absolute target", { writes: [post("{}", "", `HTTP://b:1${PATH}`), LAST], statuses: [200, 200] }],
    [
      "an absolute target whose host is none",
      { writes: [post("{}", "", `http://%${PATH}`), LAST], statuses: [400, 200] },
    ],
    ["one that expects something else", { writes: [post("", "Expect: 200-ok\r\n"), LAST], statuses: [417, 200] }],
  ])("HTTP/1.1: %s", async (_, { writes, reads, statuses }) => {
    const { port } = await serving();
    const to = { host: "localhost", port, autoSelectFamily: true };
    const socket = secure ? tls.connect({ ...to, ca: cert, ALPNProtocols: ["http/1.1"] }) : net.connect(to);
    await once(socket, secure ? "secureConnect" : "connect");
    socket.setNoDelay(true);
    const closed = once(socket, "close");
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk.replace(/x{100,}/g, "");
    });
    if (reads === "late") socket.pause();
    for (const bytes of writes) {
      socket.write(bytes);
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.resume();
    await closed;
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))).toEqual(statuses);
  });

  test.each<[string, string, (bytes: number) => string | Uint8Array, http2.OutgoingHttpHeaders, number]>([
    ["Connect", "application/json", big, {}, 200],
    ["gRPC", "application/grpc", grpcOf, {}, 200],
    ["gRPC-Web", "application/grpc-web+proto", grpcOf, {}, 200],
    ["Connect that expects 100-continue", "application/json", big, { expect: "100-continue" }, 200],
    ["gRPC that expects 100-continue", "application/grpc", grpcOf, { expect: "100-continue" }, 200],
    ["a refusal", "application/json", () => TOO_LARGE, {}, 429],
  ])("HTTP/2 with windows of a byte, and then of none: %s", async (_, type, body, headers, status) => {
    const { port } = await serving();
    const url = `${secure ? "https" : "http"}://localhost:${port}`;
    const session = http2.connect(url, { settings: { initialWindowSize: 1 }, ...(secure && { ca: cert }) });
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":method": "POST", ":path": PATH, "content-type": type, ...headers });
    const response = once(stream, "response");
    const trailers = type === "application/grpc" ? once(stream, "trailers") : undefined;
    if (headers.expect !== undefined) await once(stream, "continue");
    stream.end(body(2_000));
    let bytes = 0;
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes === 50) session.settings({ initialWindowSize: 0 }, () => session.settings({ initialWindowSize: 9 }));
    });
    await once(stream, "close");
    expect((await response)[0][":status"]).toBe(status);
    if (status === 200) expect(bytes).toBeGreaterThan(2_000);
    expect((await trailers)?.[0]).toEqual(trailers && expect.objectContaining({ "grpc-status": "0" }));
  });
});

function grpcOf(bytes: number): Uint8Array {
  return frame(toBinary(SourceContextSchema, create(SourceContextSchema, { fileName: `big:${bytes}` })));
}
