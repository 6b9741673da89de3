// Both ends that a server warms up between, held against node:http2 (nghttp2), which knows nothing of them.
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { Flag, FrameType, MAGIC } from "@protobff/runtime/internal/http2";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { expect, it, onTestFinished } from "vitest";
import { encodeFields, FORMS, frameOf, ofStream } from "./warm-up-bytes.ts";
import { sendRequests, standIn } from "./warm-up-peers.ts";

const PATH = "/a.v1.AService/Get";
const together = () => ({ atOnce: 16, until: performance.now() + 60_000 });

async function called(client: http2.ClientHttp2Session, path: string) {
  const stream = client.request({ ":method": "POST", ":path": path, te: "trailers", "x-id": String(Math.random()) });
  let status: unknown;
  let trailers: http2.IncomingHttpHeaders = {};
  stream.on("response", (headers) => {
    status = headers[":status"];
    trailers = headers; // those of an answer without a body
  });
  stream.on("trailers", (headers) => {
    trailers = headers;
  });
  stream.end(frame(new Uint8Array([1, 2, 3])));
  const body: Buffer[] = [];
  for await (const chunk of stream) body.push(chunk as Buffer);
  return [status, trailers["grpc-status"], Buffer.concat(body)];
}

it("stand-in upstreams answer in every form, and refuse unknown paths", async () => {
  const message = frame(Buffer.alloc(16_000, 7));
  const upstream = await standIn((path) => (path === PATH ? [message] : []));
  onTestFinished(() => upstream.close());
  const client = http2.connect(upstream.url);
  onTestFinished(() => client.destroy());
  // Together more than the client allows before it has read some.
  const answers = await Promise.all(Array.from({ length: 24 }, () => called(client, PATH)));
  for (const answer of answers) expect(answer).toEqual([200, "0", message]);
  expect(await called(client, "/a.v1.AService/Other")).toEqual([200, "12", Buffer.alloc(0)]);
});

it("stand-in upstreams close connections with malformed or excessive requests", async () => {
  const upstream = await standIn(() => [frame(new Uint8Array([1]))]);
  onTestFinished(() => upstream.close());
  const { port } = new URL(upstream.url);
  const head = frameOf(FrameType.HEADERS, Flag.END_HEADERS, encodeFields([[":path", PATH]], FORMS[0]));
  const unended = Array.from({ length: 1_001 }, (_, i) => ofStream(head, 2 * i + 1));
  const broken = frameOf(FrameType.HEADERS, Flag.END_HEADERS, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
  const wrong = [Buffer.alloc(4_096, 0xee), ofStream(broken, 1), Buffer.concat(unended)];
  for (const bytes of wrong) {
    const socket = net.connect(Number(port), "127.0.0.1").on("error", () => {});
    socket.resume().write(Buffer.concat([MAGIC, bytes]));
    await once(socket, "close");
  }
  const client = http2.connect(upstream.url);
  onTestFinished(() => client.destroy());
  expect((await called(client, PATH))[1]).toBe("0");
});

it("the client sends every request in turn, in every form, the configured number of times", async () => {
  const seen = new Map<string, number>();
  const texts = new Set<string>();
  const server = http2.createServer((request, response) => {
    seen.set(request.url, (seen.get(request.url) ?? 0) + 1);
    const { te, authorization, "grpc-timeout": timeout, "content-type": type } = request.headers;
    texts.add(JSON.stringify([request.method, te, authorization?.slice(0, 11), timeout, type]));
    request.on("data", (chunk: Buffer) => texts.add(chunk.toString("hex"))).on("end", () => response.end("answer"));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const message = frame(new Uint8Array([9]));
  const requests = ["/a", "/b", "/c"].map((path) => ({ path, message }));
  expect(await sendRequests((server.address() as net.AddressInfo).port, requests, { most: 300, ...together() })).toBe(
    300,
  );
  expect(Object.fromEntries(seen)).toEqual({ "/a": 100, "/b": 100, "/c": 100 });
  const headers = ["POST", "trailers", "Bearer warm", "10S", "application/grpc"];
  expect([...texts].sort()).toEqual([message.toString("hex"), JSON.stringify(headers)].sort());
});

it("the client stops when the server has closed", async () => {
  const server = http2.createServer();
  let answered = 0;
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    if (++answered > 40) stream.session?.destroy();
    else {
      stream.respond({ ":status": 200 });
      stream.resume().end();
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const requests = [{ path: PATH, message: frame(new Uint8Array([9])) }];
  const count = await sendRequests((server.address() as net.AddressInfo).port, requests, {
    most: 8_000,
    ...together(),
  });
  expect(count).toBeLessThanOrEqual(40);
});
