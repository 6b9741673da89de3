import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { type CallOptions, Code, createClient, type HandlerContext } from "@connectrpc/connect";
import {
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import type { Bff, OpenBffOptions } from "@protobff/server/embed";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { SHOP, UPSTREAMS } from "./shop.ts";

const project = new GeneratedProject("embed", { "shop/v1/shop.proto": SHOP });
beforeAll(() => {
  project.generate();
});
afterAll(() => project.remove());

type Open = (options?: OpenBffOptions) => Promise<Bff>;
async function openBff(options: OpenBffOptions = {}, { folder } = project): Promise<Bff> {
  const address = await project.upstream(UPSTREAMS);
  const { openBff: open }: { openBff: Open } = await import(join(folder, "shop/v1/bff.ts"));
  const env = { UP_V1_ORDERSERVICE_URL: address, UP_V1_ITEMSERVICE_URL: address, BFF_LOG: "off" };
  const bff = await open({ ...options, env: { ...env, ...options.env } });
  onTestFinished(() => bff.close(0));
  return bff;
}

/** Returns the address of a server of node:http. */
async function served(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Requests and what a server answers, whichever way it receives them. */
const REQUESTS: Readonly<Record<string, RequestInit & { readonly path: string }>> = {
  json: { path: "/shop.v1.ShopService/GetOrderPage", ...json({ id: "1" }) },
  "json with a header": { path: "/shop.v1.ShopService/GetOrderPage", ...json({ id: "1" }, { "x-user": "ada" }) },
  binary: {
    path: "/shop.v1.ShopService/GetOrderPage",
    method: "POST",
    headers: { "content-type": "application/proto" },
    body: new Uint8Array([10, 1, 50]),
  },
  "a Connect GET": {
    path: `/shop.v1.ShopService/GetOrderPage?encoding=json&message=${encodeURIComponent('{"id":"2"}')}`,
  },
  REST: { path: "/orders/1" },
  "REST with an unknown parameter": { path: "/orders/1?fields=paid" },
  "an unknown order path": { path: "/order/1" },
  "a write by GET": { path: `/shop.v1.ShopService/PayOrder?encoding=json&message=%7B%7D` },
  "a write": { path: "/shop.v1.ShopService/PayOrder", ...json({ id: "1" }) },
  "malformed JSON": { path: "/shop.v1.ShopService/GetOrderPage", ...json({}), body: "{" },
  "an unknown field": { path: "/shop.v1.ShopService/GetOrderPage", ...json({ nothing: 1 }) },
  "an unknown rpc": { path: "/shop.v1.ShopService/Nothing", ...json({}) },
  "an unknown content type": {
    path: "/shop.v1.ShopService/GetOrderPage",
    method: "POST",
    headers: { "content-type": "text/plain" },
    body: "hello",
  },
  "a large request": { path: "/shop.v1.ShopService/GetOrderPage", ...json({ id: "x".repeat(2_000_000) }) },
  "a compressed answer": {
    path: "/shop.v1.ShopService/GetOrderPage",
    ...json({ id: "1" }, { "accept-encoding": "br" }),
  },
  "no time": { path: "/shop.v1.ShopService/GetOrderPage", ...json({ id: "1" }, { "connect-timeout-ms": "x" }) },
  "a stream": {
    path: "/shop.v1.ShopService/WatchItem",
    method: "POST",
    headers: { "content-type": "application/connect+json" },
    body: framed('{"id":"a"}'),
  },
  "server-sent events": {
    path: `/shop.v1.ShopService/WatchItem?encoding=json&message=${encodeURIComponent('{"id":"a"}')}`,
    headers: { accept: "text/event-stream" },
  },
  "gRPC-Web": {
    path: "/shop.v1.ShopService/GetOrderPage",
    method: "POST",
    headers: { "content-type": "application/grpc-web+json", "x-grpc-web": "1" },
    body: framed('{"id":"1"}'),
  },
  "a list of tools": { path: "/mcp", ...mcp({ method: "tools/list" }) },
  "a call of a tool": {
    path: "/mcp",
    ...mcp({ method: "tools/call", params: { name: "get_order_page", arguments: { id: "1" } } }),
  },
  "a probe": { path: "/healthz" },
  "an unknown method": { path: "/shop.v1.ShopService/GetOrderPage", method: "DELETE" },
};

const SERVED: ReadonlySet<string> = new Set([
  ...["json", "binary", "a Connect GET", "REST", "a write", "a compressed answer", "a stream", "server-sent events"],
  ...["gRPC-Web", "a list of tools", "a call of a tool", "a probe"],
]);

function json(message: object, headers: Record<string, string> = {}) {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(message),
  };
}
function mcp(call: object) {
  const accept = { accept: "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18" };
  return json({ jsonrpc: "2.0", id: 1, ...call }, accept);
}
function framed(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  const all = new Uint8Array(5 + bytes.length);
  new DataView(all.buffer).setUint32(1, bytes.length);
  all.set(bytes, 5);
  return all;
}

/** Headers that differ between two answers to one request, or belong to a connection. */
const VOLATILE = /^(?:date|connection|keep-alive|transfer-encoding|content-length)$/;
async function seen(answer: Response) {
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !VOLATILE.test(name)));
  return { status: answer.status, headers, body: (await answer.text()).replace(/^retry: \d+$/m, "retry") };
}

test("fetch and node answer as the server does", { timeout: 180_000 }, async () => {
  const tools = new GeneratedProject("embed-tools", {
    "shop/v1/shop.proto": SHOP.replace("// tool", "option (bff.v1.method).tool = {};"),
  });
  onTestFinished(() => tools.remove());
  tools.generate();
  const { url } = await tools.served("shop/v1/server.ts", UPSTREAMS, { BFF_LOG: "off" });
  const bff = await openBff({}, tools);
  const at = await served((request, response) => bff.node(request, response));
  for (const [name, { path, headers, ...rest }] of Object.entries(REQUESTS)) {
    const init = { ...rest, headers: { ...(headers as Record<string, string>), "x-request-id": "of-the-test-1" } };
    const expected = await seen(await fetch(url + path, init));
    if (SERVED.has(name)) expect({ name, status: expected.status }).toEqual({ name, status: 200 });
    expect({ name, ...(await seen(await fetch(at + path, init))) }).toEqual({ name, ...expected });
    expect({ name, ...(await seen(await bff.fetch(new Request(url + path, init)))) }).toEqual({
      name,
      ...expected,
    });
  }
});

const PAGE = "http://bff.example/shop.v1.ShopService/GetOrderPage";
const page = (message: object, headers?: Record<string, string>): Request => new Request(PAGE, json(message, headers));

test("a transport calls in the process", async () => {
  const bff = await openBff();
  const { ShopService } = await import(join(project.folder, "shop/v1/shop_pb.ts"));
  // Headers of the page's request: those of its own message do not count.
  const headers = { "x-user": "ada", "content-length": "3", "content-type": "text/html", "accept-encoding": "br" };
  const client = createClient(ShopService as DescService, bff.transport({ headers })) as unknown as ShopClient;
  expect(await client.getOrderPage({ id: "1" })).toMatchObject({ id: "1", paid: true, user: "ada" });
  expect(await client.getOrderPage({ id: "1" }, { headers: { "x-user": "bob" } })).toMatchObject({ user: "bob" });
  const ids: string[] = [];
  for await (const { id } of client.watchItem({ id: "a" })) ids.push(id);
  expect(ids).toEqual(["a-0", "a-1", "a-2"]);
  await expect(client.getOrderPage({ id: "x".repeat(2_000_000) })).rejects.toMatchObject({
    code: Code.ResourceExhausted,
  });
  await bff.close();
  await expect(client.getOrderPage({ id: "1" })).rejects.toMatchObject({ code: Code.Unavailable });
});

interface ShopClient {
  getOrderPage(request: object, options?: CallOptions): Promise<{ id: string; paid: boolean; user: string }>;
  watchItem(request: object, options?: CallOptions): AsyncIterable<{ id: string }>;
}

test("a request can be the options of a transport", async () => {
  const bff = await openBff();
  const { ShopService } = await import(join(project.folder, "shop/v1/shop_pb.ts"));
  const request = new Request("http://bff.example/pages/1", { headers: { "x-user": "ada" } });
  const client = createClient(ShopService as DescService, bff.transport(request)) as unknown as ShopClient;
  expect(await client.getOrderPage({ id: "1" })).toMatchObject({ user: "ada" });
});

test("a transport calls services of some hosts, which `fetch` compares", async () => {
  const hosted = new GeneratedProject("embed-hosts", {
    "shop/v1/shop.proto": SHOP.replace(
      "service ShopService {",
      'option (bff.v1.file) = { host: ["*.shops.example", "shop.example"] };\n$&',
    ),
  });
  onTestFinished(() => hosted.remove());
  hosted.generate();
  const bff = await openBff({}, hosted);
  const { ShopService } = await import(join(hosted.folder, "shop/v1/shop_pb.ts"));
  const client = createClient(ShopService as DescService, bff.transport()) as unknown as ShopClient;
  expect(await client.getOrderPage({ id: "1" })).toMatchObject({ paid: true });
  const ids: string[] = [];
  for await (const { id } of client.watchItem({ id: "a" })) ids.push(id);
  expect(ids).toHaveLength(3);
  const statusAt = async (host: string) =>
    (await bff.fetch(new Request(`https://${host}/shop.v1.ShopService/GetOrderPage`, json({ id: "1" })))).status;
  expect([await statusAt("shop.example"), await statusAt("bff.internal")]).toEqual([200, 421]);
});

test("two users' interleaved calls share nothing", { timeout: 180_000 }, async () => {
  const bff = await openBff();
  const { ShopService } = await import(join(project.folder, "shop/v1/shop_pb.ts"));
  const calls = Array.from({ length: 1000 }, async (_, i) => {
    const user = i % 2 === 0 ? "ada" : "bob";
    const transport = bff.transport({ headers: { "x-user": user } });
    const client = createClient(ShopService as DescService, transport) as unknown as ShopClient;
    const answer = await client.getOrderPage({ id: String(i) });
    const seen = `${answer.user} ${answer.id}`;
    Object.assign(answer, { user: "changed", id: "changed" });
    return seen === `${user} ${i}`;
  });
  expect((await Promise.all(calls)).every(Boolean)).toBe(true);
});

test("an aborted request cancels its calls", async () => {
  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>();
  const { promise: called, resolve: call } = Promise.withResolvers<void>();
  const address = await project.upstream({
    "up.v1.OrderService/GetOrder": (_request, { signal }) => {
      call();
      return new Promise(() => signal.addEventListener("abort", () => cancel()));
    },
  });
  const bff = await openBff({ env: { UP_V1_ORDERSERVICE_URL: address } });
  const abort = new AbortController();
  const answer = bff.fetch(new Request(page({ id: "1" }), { signal: abort.signal }));
  await called;
  abort.abort();
  await expect(answer).rejects.toThrow();
  await cancelled;
});

test("a stream that is left ends its call", async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const address = await project.upstream({
    "up.v1.ItemService/WatchItem": async function* (_request: never, { signal }: HandlerContext) {
      signal.addEventListener("abort", () => end());
      for (let i = 0; !signal.aborted; i++) {
        yield { id: `${i}${"x".repeat(10_000)}` };
        await new Promise(setImmediate);
      }
    } as never,
  });
  const bff = await openBff({ env: { UP_V1_ITEMSERVICE_URL: address } });
  const { path, ...init } = REQUESTS["server-sent events"] ?? { path: "" };
  const { body } = await bff.fetch(new Request(`http://bff.example${path}`, init));
  const reader = body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await ended;
});

test("a reload in the middle of a stream ends it with a status, and its call", async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const address = await project.upstream({
    "up.v1.ItemService/WatchItem": async function* (_request: never, { signal }: HandlerContext) {
      yield { id: "a-0" };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      end();
    } as never,
  });
  const env = { UP_V1_ITEMSERVICE_URL: address };
  const [bff, next] = [await openBff({ env }), await openBff({ env })];
  const { path, ...init } = REQUESTS["server-sent events"] ?? { path: "" };
  const { body } = await bff.fetch(new Request(`http://bff.example${path}`, init));
  const reader = body?.getReader();
  let text = "";
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    text += Buffer.from(part.value).toString();
    if (text.includes("a-0")) void bff.close(0);
  }
  await ended;
  // An EventSource connects again after such an end, and not after a failure.
  expect(text).toContain(": Unavailable");
  expect((await bff.fetch(new Request(`http://bff.example${path}`, init))).status).toBe(503);
  expect((await next.fetch(new Request(`http://bff.example${path}`, init))).status).toBe(200);
});

test("requests that cannot be answered are refused with a reason", async () => {
  const bff = await openBff({ basePath: "/api" });
  const at = (path: string): string => `http://bff.example${path}`;
  expect((await bff.fetch(page({ id: "1" }))).status).toBe(404);
  expect((await bff.fetch(new Request(at("/api/orders/1")))).status).toBe(200);
  expect((await bff.fetch(new Request(at("/apix/orders/1")))).status).toBe(404);
  const read = new Request(at("/api/shop.v1.ShopService/GetOrderPage"), json({ id: "1" }));
  await read.text();
  const answer = await bff.fetch(read);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ code: "invalid_argument", message: expect.stringMatching(/body/) });
  const grpc = { method: "POST", headers: { "content-type": "application/grpc" }, body: framed("") };
  const refused = await bff.fetch(new Request(at("/api/shop.v1.ShopService/GetOrderPage"), grpc));
  expect(refused.status).toBe(415);
  expect(await refused.text()).toMatch(/Connect or gRPC-Web/);
  await bff.close();
  expect((await bff.fetch(new Request(at("/api/orders/1")))).status).toBe(503);
  expect(bff.ready()).toBe(false);
  await expect(openBff({ basePath: "api" })).rejects.toThrow(`write a path such as "/api"`);
});

test.each(["", "/api"])("other paths below '%s' go to the next handler, untouched", async (basePath) => {
  const bff = await openBff({ basePath });
  const at = await served((request, response) =>
    bff.node(request, response, () => {
      const { url, headers } = request;
      response.end(JSON.stringify([url, headers["content-type"], headers["x-request-id"], response.getHeaders()]));
    }),
  );
  const type = "multipart/form-data; boundary=x";
  for (const path of [`${basePath}/elsewhere?a=1`, "/pictures"]) {
    const answer = await fetch(at + path, { method: "POST", headers: { "content-type": type }, body: "--x--" });
    expect(await answer.json()).toEqual([path, type, null, {}]);
  }
  expect(await (await fetch(`${at}${basePath}/orders/1`)).json()).toMatchObject({ paid: true });
});

test("a body that a parser has read is a clear error", async () => {
  const bff = await openBff();
  const at = await served(async (request, response) => {
    for await (const _ of request);
    bff.node(request, response);
  });
  const answer = await fetch(`${at}/shop.v1.ShopService/GetOrderPage`, json({ id: "1" }));
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(/before parsers of bodies/)]);
});

test("node serves HTTP/2, gRPC included", async () => {
  const bff = await openBff();
  const server = http2.createServer((request, response) => bff.node(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { ShopService } = await import(join(project.folder, "shop/v1/shop_pb.ts"));
  const session = new Http2SessionManager(baseUrl);
  onTestFinished(() => {
    session.abort();
    server.close();
  });
  for (const transport of [
    createGrpcTransport({ baseUrl, sessionManager: session }),
    createConnectTransport({ baseUrl, httpVersion: "2", sessionManager: session }),
  ]) {
    const client = createClient(ShopService as DescService, transport) as unknown as ShopClient;
    expect(await client.getOrderPage({ id: "1" })).toMatchObject({ id: "1", paid: true });
    const ids: string[] = [];
    for await (const { id } of client.watchItem({ id: "a" })) ids.push(id);
    expect(ids).toEqual(["a-0", "a-1", "a-2"]);
  }
});

test("routes serve under Connect's own adapter", async () => {
  const bff = await openBff();
  const at = await served(connectNodeAdapter({ routes: bff.routes }));
  const answer = await fetch(`${at}/shop.v1.ShopService/GetOrderPage`, json({ id: "1" }));
  expect(await answer.json()).toEqual({ id: "1", paid: true });
});

test("missing variables are reported all at once, and others' once in the log", async () => {
  const { openBff: open }: { openBff: Open } = await import(join(project.folder, "shop/v1/bff.ts"));
  const refused: Error = await open({ env: { BFF_MAX_STEPS: "no" } }).then(
    () => expect.unreachable(),
    (error) => error,
  );
  for (const name of ["BFF_MAX_STEPS", "UP_V1_ITEMSERVICE_URL", "UP_V1_ORDERSERVICE_URL"])
    expect(refused.message).toContain(`  ${name} `);
  const lines: string[] = [];
  const ofServer = {
    PORT: "80",
    BFF_WORKERS: "4",
    TLS_CERT_FILE: "none.pem",
    TLS_KEY_FILE: "none.key",
    BFF_HSTS: "1h",
  };
  await openBff({ env: { ...ofServer, BFF_LOG: "text" }, logger: (line) => lines.push(line) });
  expect(lines).toEqual([expect.stringMatching(/ignored inside another program: BFF_WORKERS, (\w+, ){2}BFF_HSTS$/)]);
});

test("two that share a port of metrics are a clear error; each has its metrics", async () => {
  const port = await freePort();
  const first = await openBff({ env: { BFF_ADMIN_PORT: port } });
  await expect(openBff({ env: { BFF_ADMIN_PORT: port } })).rejects.toThrow(/EADDRINUSE/);
  await first.fetch(page({ id: "1" }));
  expect(await first.metrics()).toMatch(/^bff_attempts_total\{.*GetOrder".*outcome="ok"\} 1$/m);
  expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toMatch(/GetOrderPage/);
});

test("a package that reads addresses of clients needs to know them", async () => {
  const counted = new GeneratedProject("embed-peer", {
    "shop/v1/shop.proto": SHOP.replace(
      "returns (Payment);",
      `returns (Payment) {
      option (bff.v1.method).rate_limit = { name: "pay" key: "peer.address" rate: 1 per: "1h" local: true };
    }`,
    ),
  });
  onTestFinished(() => counted.remove());
  counted.generate();
  const address = await project.upstream(UPSTREAMS);
  const { openBff: open }: { openBff: Open } = await import(join(counted.folder, "shop/v1/bff.ts"));
  const env = { UP_V1_ORDERSERVICE_URL: address, UP_V1_ITEMSERVICE_URL: address, BFF_LOG: "off" };
  const bff = await open({ env });
  onTestFinished(() => bff.close(0));
  for (const use of [() => bff.fetch, () => bff.transport(), () => bff.routes])
    expect(use).toThrow(/reads the addresses of clients, which are not known here: pass /);
  const known = await open({ env, peer: (request) => ({ address: request.headers.get("x-address") ?? "" }) });
  onTestFinished(() => known.close(0));
  const pay = async (from: string): Promise<number> => {
    const init = json({ id: "1" }, { "x-address": from });
    return (await known.fetch(new Request("http://bff.example/shop.v1.ShopService/PayOrder", init))).status;
  };
  expect([await pay("192.0.2.1"), await pay("192.0.2.1"), await pay("192.0.2.2")]).toEqual([200, 429, 200]);
});

test("a source by certificates opens without those of a port, and counts by `peer`", async () => {
  const identity = `option (bff.v1.file) = { identity: {
    type: "Caller"
    source: { name: "mesh" peer: { dns: "jobs.example" } set: { name: "id" by: "credential.names[0]" } }
  } };
  message Caller { string id = 1; }
  service ShopService {`;
  const known = new GeneratedProject("embed-certificates", {
    "shop/v1/shop.proto": SHOP.replace("service ShopService {", identity).replace(
      "option (bff.v1.service) = {};",
      'option (bff.v1.service) = { permit: { source: "mesh" } };',
    ),
  });
  onTestFinished(() => known.remove());
  known.generate();
  const certificates: Readonly<Record<string, readonly string[]>> = { jobs: ["jobs.example"], others: ["x.example"] };
  const certificateOf = (request: Request) => certificates[request.headers.get("x-from") ?? ""] ?? [];
  const peer = (request: Request) => ({ address: "192.0.2.1", certificate: certificateOf(request) });
  const bff = await openBff({ peer }, known);
  const statusOf = async (from: string) => (await bff.fetch(page({ id: "1" }, { "x-from": from }))).status;
  expect([await statusOf("jobs"), await statusOf("others"), await statusOf("nobody")]).toEqual([200, 401, 401]);
});

test("a hundred reloads leave nothing behind", async () => {
  const address = await project.upstream(UPSTREAMS);
  const { openBff: open }: { openBff: Open } = await import(join(project.folder, "shop/v1/bff.ts"));
  const env = { UP_V1_ORDERSERVICE_URL: address, UP_V1_ITEMSERVICE_URL: address, BFF_LOG: "off" };
  const reload = async (): Promise<void> => {
    const bff = await open({ env });
    await (await bff.fetch(page({ id: "1" }))).text();
    await bff.close();
  };
  await reload();
  const before = process.getActiveResourcesInfo().length;
  for (let i = 0; i < 100; i++) await reload();
  expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before + 2);
});

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return String(port);
}
