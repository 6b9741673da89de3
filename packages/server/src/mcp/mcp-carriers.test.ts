// `/mcp` over both versions of HTTP, and both implementations of HTTP/2.
import { once } from "node:events";
import * as http2 from "node:http2";
import { create, createRegistry } from "@bufbuild/protobuf";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { expect, onTestFinished, test } from "vitest";
import { Front, PageSchema } from "../../../../runtime/src/testing/gen/test_pb.ts";
import { type ListenOptions, listen } from "../listen.ts";
import { McpRoute } from "./mcp-route.ts";
import { openMcp, readMcpConfig } from "./open-mcp.ts";

const page = (title: string) => create(PageSchema, { title });
const flags = { description: "", readOnly: true, idempotent: true, inputSchema: {}, outputSchema: {}, maxBytes: 200 };
const TOOLS = [
  { ...flags, name: "show", method: `${Front.typeName}/Show` },
  { ...flags, name: "watch", method: `${Front.typeName}/Watch`, waitMs: 10_000 },
];
/** A stream of two items, the second of which waits for `release`. */
function watched(release: Promise<void>): StreamEndpoint {
  const follow: StreamEndpoint["follow"] = (_args, _headers, _ms, _resume, follower) => {
    follower.item(page("first"), undefined);
    void release.then(() => {
      follower.item(page("last"), undefined);
      follower.ended(undefined);
    });
    return { ready: () => {}, drain: () => {}, cancel: () => {} };
  };
  const method = { ...Front.method.show, methodKind: "server_streaming", name: "Watch" } as never;
  return { method, follow, route: () => {} };
}

async function served(options: ListenOptions = {}) {
  const release = Promise.withResolvers<void>();
  const compose = (_: unknown, { id }: { id: string }) => Promise.resolve(page(`page ${id}`));
  const show = endpoint(Front.method.show, {}, { timeoutMs: 2_000, compose });
  const { config } = await readMcpConfig({}, TOOLS as never, []);
  const parts = { name: "test.v1", registry: createRegistry(), identity: undefined, env: {}, fault: () => {} };
  const mcp = new McpRoute(await openMcp(config, { ...parts, endpoints: [show, watched(release.promise)] }), undefined);
  const server = await listen([show], { mcp, ...options });
  onTestFinished(() => server.close(0));
  const session = http2.connect(server.url);
  onTestFinished(() => session.destroy());
  session.on("error", () => {});
  const open = (headers: http2.OutgoingHttpHeaders, body?: string) => {
    const request = session.request({ ":path": "/mcp", ":method": "POST", ...HEADERS, ...headers });
    request.on("error", () => {});
    if (body !== undefined) request.end(body);
    return request;
  };
  const send = async (headers: http2.OutgoingHttpHeaders, body?: string) => {
    const request = open(headers, body);
    const [answer] = (await once(request, "response")) as [http2.IncomingHttpHeaders];
    return { answer, status: answer[":status"], text: await textOf(request) };
  };
  return { server, open, send, release: release.resolve };
}
const HEADERS = { "content-type": "application/json", "mcp-protocol-version": "2025-11-25" };
async function textOf(stream: http2.ClientHttp2Stream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}
const message = (method: string, params: object = {}) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
const SHOW = message("tools/call", { name: "show", arguments: { id: "7" } });
const WATCH = message("tools/call", { name: "watch", _meta: { progressToken: "t" } });
const CARRIERS = ["own", "node"] as const;

test.each(CARRIERS)(
  "a call over HTTP/2 (%s) is one fast call with the headers of every answer",
  async (http2Server) => {
    const { send, server } = await served({ http2Server });
    const { answer, status, text } = await send({}, SHOW);
    expect([status, JSON.parse(text).result.structuredContent]).toEqual([200, { title: "page 7" }]);
    expect(answer).toMatchObject({
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(text)),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-request-id": expect.any(String),
    });
    expect(server.requests).toEqual({ fast: 1, all: 1 });
  },
);

test.each(CARRIERS)("HTTP/2 (%s) has the statuses of HTTP/1.1", async (http2Server) => {
  const { send, open } = await served({ http2Server });
  expect(await send({}, JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }))).toMatchObject({
    status: 202,
    text: "",
  });
  expect(await send({ ":method": "HEAD" })).toMatchObject({ status: 405, text: "", answer: { allow: "POST" } });
  expect((await send({ ":method": "DELETE" })).status).toBe(405);
  expect((await send({ ":path": "/mcp?a=b" }, SHOW)).status).toBe(200);
  expect((await send({ ":path": "/mcps" }, SHOW)).status).toBe(404);
  const announced = open({ "content-length": String(2 << 20) });
  const [answer] = (await once(announced, "response")) as [http2.IncomingHttpHeaders];
  expect(answer[":status"]).toBe(413);
});

test.each(CARRIERS)("progress over HTTP/2 (%s) is a stream of events", async (http2Server) => {
  const { open, release } = await served({ http2Server });
  const request = open({ accept: "application/json, text/event-stream" }, WATCH);
  const [answer] = (await once(request, "response")) as [http2.IncomingHttpHeaders];
  expect(answer).toMatchObject({ ":status": 200, "content-type": "text/event-stream", "x-accel-buffering": "no" });
  let text = "";
  request.on("data", (chunk) => {
    text += String(chunk);
    if (text.includes("first")) release(); // the last item follows the first notification
  });
  await once(request, "end");
  const events = text
    .split("\n\n")
    .flatMap((event) => (event.startsWith("data: ") ? [JSON.parse(event.slice(6))] : []));
  expect(events[0]).toMatchObject({ method: "notifications/progress", params: { progressToken: "t", progress: 1 } });
  expect(events.at(-1).result.structuredContent).toEqual({ title: "last" });
});

test("a body that does not arrive in time is refused", async () => {
  const { open } = await served({ requestTimeoutMs: 50 });
  const request = open({});
  request.write("{");
  const [answer] = (await once(request, "response")) as [http2.IncomingHttpHeaders];
  expect(answer[":status"]).toBe(503);
  expect(JSON.parse(await textOf(request)).error).toEqual({ code: 4, message: "the request has not arrived" });
});

test("bodies count as bytes in progress, and the heaviest client loses them beside one that is served", async () => {
  const { open, send } = await served({ maxPendingBytes: 256 << 10, maxRequestBytes: 1 << 20 });
  const heavy = Array.from({ length: 4 }, () => open({}));
  const answers = heavy.map(async (request) => {
    request.write("x".repeat(100 << 10));
    const [answer] = (await once(request, "response")) as [http2.IncomingHttpHeaders];
    return answer[":status"];
  });
  expect(await Promise.race(answers)).toBe(429);
  expect((await send({}, SHOW)).status).toBe(200);
});

test("a server that shuts down answers a stream with its newest item", async () => {
  const { open, server } = await served();
  const request = open({ accept: "text/event-stream" }, WATCH);
  await once(request, "response");
  const [text] = await Promise.all([textOf(request), server.close(2_000)]);
  expect(text).toContain("Not finished");
});
