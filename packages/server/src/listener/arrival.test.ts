// Holds docs/runtime.md#server
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Listening, listen } from "../listen.ts";
import { closing } from "../testing/connection-close.ts";
import { KindService, kindEndpoint, PATH } from "../testing/test-kinds.ts";

// Requests whose body never comes, or comes a byte at a time.

const kept = { running: 0, cancelled: 0 };
async function serving(slow: boolean, requestTimeoutMs: number): Promise<Listening> {
  const server = await listen([kindEndpoint(slow, kept)], { requestTimeoutMs, reflection: true });
  onTestFinished(() => server.close(0));
  return server;
}
async function dialled(server: Listening): Promise<http2.ClientHttp2Session> {
  const session = http2.connect(server.url);
  onTestFinished(() => session.destroy());
  await once(session, "connect");
  return session;
}
interface Answer {
  readonly headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
  readonly trailers: http2.IncomingHttpHeaders;
  readonly body: string;
}
function answerTo(stream: http2.ClientHttp2Stream): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  let headers = {};
  let trailers = {};
  let body = "";
  stream.on("response", (all) => {
    headers = all;
  });
  stream.on("trailers", (all) => {
    trailers = all;
  });
  stream.setEncoding("latin1").on("data", (chunk) => {
    body += chunk;
  });
  stream.on("error", () => {}).on("end", () => resolve({ headers, trailers, body }));
  return promise;
}
/** Writes one byte after the other, for as long as it is asked for. */
function drip(write: (bytes: Buffer) => void): () => void {
  const timer = setInterval(() => write(Buffer.alloc(1)), 5);
  return () => clearInterval(timer);
}
const open = (session: http2.ClientHttp2Session, type: string, more: http2.OutgoingHttpHeaders = {}) =>
  session.request({ ":method": "POST", ":path": PATH, "content-type": type, ...more });
/** A message of gRPC that says it is long. */
const BEGUN = Buffer.from([0, 0, 0, 100, 0]);

describe.each([
  ["on the fast path", false],
  ["on Connect's adapter", true],
])("an incomplete request, %s", (_, slow) => {
  test.each([
    ["nothing of it", ""],
    ["a byte at a time", "drips"],
  ])("a request over HTTP/2 is DEADLINE_EXCEEDED when its time is over: %s", async (_, drips) => {
    const server = await serving(slow, 100);
    const session = await dialled(server);
    const before = server.requests.fast;
    const streams = [
      open(session, "application/grpc", { te: "trailers" }),
      open(session, "application/json"),
      open(session, "application/proto", { "content-length": "1000" }),
      open(session, "application/grpc-web+proto"), // always left to the adapter
    ];
    const stops = streams.map((stream, at) => {
      if (at % 3 === 0) stream.write(BEGUN);
      return drips === "" ? () => {} : drip((bytes) => stream.writable && stream.write(bytes));
    });
    onTestFinished(() => {
      for (const stop of stops) stop();
    });
    const [grpc, json, proto, web] = await Promise.all(streams.map(answerTo));
    expect({ ...grpc?.headers, ...grpc?.trailers }).toMatchObject({
      "grpc-status": "4",
      "grpc-message": "the request has not arrived",
    });
    for (const answer of [json, proto]) {
      expect(answer?.headers[":status"]).toBe(504);
      expect(JSON.parse(answer?.body ?? "")).toMatchObject({
        code: "deadline_exceeded",
        message: "the request has not arrived",
      });
    }
    expect(web?.body).toContain("grpc-status: 4");
    expect(server.requests.fast - before).toBe(slow ? 0 : 3);
    expect(kept.running).toBe(0);
  });

  test.each([
    ["nothing of it", ""],
    ["a byte at a time", "drips"],
  ])("a request over HTTP/1.1 is 408, and the connection ends: %s", async (_, drips) => {
    const server = await serving(slow, 100);
    const socket = net.connect(server.port, "127.0.0.1").setEncoding("latin1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    const closed = closing(socket);
    const head = `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n`;
    // The one before it is none of its business.
    socket.write(`${head.replace("1000000", "2")}{}${head}`);
    if (drips !== "") onTestFinished(drip((bytes) => socket.writable && socket.write(bytes)));
    await closed;
    expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
    // What is still coming when node closes may reset the connection before this is read.
    if (drips === "") expect(text).toContain("HTTP/1.1 408 Request Timeout\r\n");
  });

  test("a request that completes within its time is answered", async () => {
    const server = await serving(slow, 60_000);
    const stream = open(await dialled(server), "application/json");
    const answer = answerTo(stream);
    stream.write("{");
    while (server.requests.all === 0) await new Promise((resolve) => setImmediate(resolve));
    stream.end("}");
    expect((await answer).headers[":status"]).toBe(200);
  });
});

test("incomplete headers of HTTP/1.1 are 408", async () => {
  const server = await serving(false, 100);
  const socket = net.connect(server.port, "127.0.0.1").setEncoding("latin1");
  socket.write(`POST ${PATH} HTTP/1.1\r\nHost: a\r\n`);
  expect((await socket.toArray()).join("")).toMatch(/^HTTP\/1\.1 408 /);
});

test("a bidirectional stream may continue after its first answer", async () => {
  const server = await serving(false, 100);
  const session = await dialled(server);
  const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  const reflecting = open(session, "application/grpc", { ":path": path, te: "trailers" });
  const listing = Buffer.from([0, 0, 0, 0, 2, 0x3a, 0]); // list_services: ""
  const ended = answerTo(reflecting);
  reflecting.write(listing);
  await once(reflecting, "data");
  // Others that come later are refused meanwhile, one after the other.
  for (let i = 0; i < 2; i++) {
    expect((await answerTo(open(session, "application/json"))).headers[":status"]).toBe(504);
  }
  reflecting.end(listing);
  expect((await ended).trailers).toMatchObject({ "grpc-status": "0" });
  expect((await ended).body.split(KindService.typeName).length).toBe(3);
});
