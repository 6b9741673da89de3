// Holds docs/runtime.md#bytes
// Holds docs/runtime.md#server
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Listening, type ListenOptions, listen } from "./listen.ts";
import { closing } from "./testing/connection-close.ts";
import { declaredError } from "./testing/declared-error.ts";
import { EchoService, echoEndpoint } from "./testing/test-echo.ts";

const open: Listening[] = [];
async function listening(options: ListenOptions = {}, endpoint = echoEndpoint()): Promise<Listening> {
  const server = await listen([endpoint], options);
  open.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close(0)));
});

const transports: [string, (baseUrl: string) => Transport][] = [
  ["Connect on HTTP/1.1", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  ["Connect on HTTP/2", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" })],
  ["gRPC on HTTP/2", (baseUrl) => createGrpcTransport({ baseUrl })],
  ["gRPC-Web on HTTP/1.1", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
  ["gRPC-Web on HTTP/2", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "2" })],
];

describe.each(transports)("%s", (_, transport) => {
  it("a client is served", async () => {
    const server = await listening();
    const client = createClient(EchoService, transport(server.url));
    expect((await client.echo({ value: "hello" })).value).toBe("hello");
  });

  it("a client receives the status of a failure", async () => {
    const endpoint = echoEndpoint(() => {
      throw new ConnectError("no", Code.FailedPrecondition);
    });
    const server = await listening({}, endpoint);
    const call = createClient(EchoService, transport(server.url)).echo({ value: "hello" });
    await expect(call).rejects.toMatchObject({ code: Code.FailedPrecondition, rawMessage: "no" });
  });

  it("an oversized message is refused, and the client is served afterwards", async () => {
    const server = await listening({ maxRequestBytes: 100_000 });
    const client = createClient(EchoService, transport(server.url));
    for (let n = 0; n < 5; n += 1) {
      const call = client.echo({ value: "x".repeat(3_000_000) });
      await expect(call).rejects.toMatchObject({ code: Code.ResourceExhausted });
    }
    expect((await client.echo({ value: "x".repeat(99_000) })).value).toHaveLength(99_000);
  });
});

it("a grpc-js client is served", async () => {
  const server = await listening();
  const client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure());
  const reply = await new Promise<string | undefined>((resolve, reject) => {
    client.makeUnaryRequest(
      "/echo.v1.EchoService/Echo",
      (text: string) => Buffer.from(toBinary(StringValueSchema, create(StringValueSchema, { value: text }))),
      (bytes) => fromBinary(StringValueSchema, bytes).value,
      "hello",
      (error, value) => (error === null ? resolve(value) : reject(error)),
    );
  });
  client.close();
  expect(reply).toBe("hello");
});

it("a fetch with JSON is served", async () => {
  const server = await listening();
  const response = await fetch(`${server.url}/echo.v1.EchoService/Echo`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '"hello"',
  });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe('"hello"');
});

it("a body of unknown length that becomes too large is refused", async () => {
  const server = await listening({ maxRequestBytes: 1000 });
  const chunk = new TextEncoder().encode("x".repeat(10_000));
  const body = new ReadableStream({
    start(controller) {
      for (let n = 0; n < 10; n += 1) controller.enqueue(chunk);
      controller.close();
    },
  });
  const response = await fetch(`${server.url}/echo.v1.EchoService/Echo`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    duplex: "half",
  } as RequestInit);
  expect(response.status).toBe(429);
  expect(await response.json()).toMatchObject({ code: "resource_exhausted" });
});

it("an oversized gRPC frame is refused by its length, before its bytes", async () => {
  const server = await listening({ maxRequestBytes: 1000 });
  const session = http2.connect(server.url);
  const stream = session.request({
    ":method": "POST",
    ":path": "/echo.v1.EchoService/Echo",
    "content-type": "application/grpc",
    te: "trailers",
  });
  // 2 GiB announced, and nothing of it sent.
  stream.write(Buffer.from([0, 0x80, 0, 0, 0]));
  stream.resume();
  const status = await new Promise((resolve) => {
    stream.on("response", (headers) => headers["grpc-status"] !== undefined && resolve(headers["grpc-status"]));
    stream.on("trailers", (trailers) => resolve(trailers["grpc-status"]));
  });
  expect(status).toBe("8");
  stream.close();
  session.close();
});

it.each(["POST /echo.v1.EchoService/Echo HTTP/1.0\r\n", "POST /echo.v1.EchoService/Echo HTTP/1.1\r\nHost: [\r\n"])(
  "the server continues after %j, which names no host",
  async (head) => {
    const server = await listening();
    const socket = net.connect(server.port, "127.0.0.1").setEncoding("latin1");
    socket.write(`${head}Connection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n""`);
    expect((await socket.toArray()).join("")).toMatch(/^HTTP\/1\.1 400 /);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  },
);

it("health paths are served, and unknown paths are not found", async () => {
  const server = await listening();
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect((await fetch(`${server.url}/readyz?verbose`)).status).toBe(200);
  const nothing = await fetch(`${server.url}/nothing`);
  expect([nothing.status, JSON.parse(declaredError(await nothing.text()))]).toEqual([
    404,
    { code: "unimplemented", message: "no rpc is served here: its path is /package.Service/Method" },
  ]);
});

it("listen rejects with EADDRINUSE for a port in use", async () => {
  const { port } = await listening();
  await expect(listen([echoEndpoint()], { port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

it("a service without an endpoint is 404", async () => {
  const server = await listening();
  const response = await fetch(`${server.url}/echo.v1.EchoService/Shout`, { method: "POST" });
  expect(response.status).toBe(404);
});

describe.each(["own", "node"] as const)("an unknown rpc with %s HTTP/2", (http2Server) => {
  const SHOUT = "/echo.v1.EchoService/Shout";
  const grpcHeaders = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };

  it("is UNIMPLEMENTED for grpc-js, whose next call is served", async () => {
    const server = await listening({ http2Server });
    const client = new grpc.Client(new URL(server.url).host, grpc.credentials.createInsecure());
    const call = (path: string) =>
      new Promise<[grpc.status | undefined, Buffer | undefined]>((resolve) => {
        const bytes = (value: Buffer) => value;
        client.makeUnaryRequest(path, bytes, bytes, Buffer.from([10, 1, 97]), (error, answer) =>
          resolve([error?.code, answer]),
        );
      });
    expect((await call(SHOUT))[0]).toBe(grpc.status.UNIMPLEMENTED);
    expect(await call("/echo.v1.EchoService/Echo")).toEqual([undefined, Buffer.from([10, 1, 97])]);
    client.close();
  });

  it("is one block of headers with an id, and CORS headers for a page", async () => {
    const server = await listening({ http2Server, corsOrigins: ["https://app.example"] });
    const session = http2.connect(server.url);
    const more = { "content-type": "application/grpc+json;charset=utf-8", origin: "https://app.example" };
    const stream = session.request({ ...grpcHeaders, ...more, ":path": SHOUT });
    const [headers] = await once(stream.end(), "response");
    expect(headers).toMatchObject({
      ":status": 200,
      "content-type": "application/grpc+json",
      "grpc-status": "12",
      "grpc-message": "no rpc is served at this path",
      "x-request-id": expect.stringMatching(/^[0-9a-f]{16}$/),
      "access-control-allow-origin": "https://app.example",
    });
    session.destroy();
  });

  it("does not wait for a body, whose rest is dropped", async () => {
    const server = await listening({ http2Server });
    const session = http2.connect(server.url);
    const stream = session.request({ ...grpcHeaders, ":path": SHOUT });
    stream.on("error", () => {}).write(Buffer.alloc(1_000_000));
    const [headers] = await once(stream, "response");
    expect(headers["grpc-status"]).toBe("12");
    const next = session.request({ ...grpcHeaders, ":path": SHOUT }).end();
    expect((await once(next, "response"))[0]["grpc-status"]).toBe("12");
    session.destroy();
  });
});

describe("a server with TLS", () => {
  let folder: string;
  let tls: { cert: Buffer; key: Buffer };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bff-listen-"));
    const what = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    execFileSync("openssl", [...what, ...name, "-keyout", key, "-out", cert], { stdio: "ignore" });
    tls = { cert: readFileSync(cert), key: readFileSync(key) };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ["gRPC", (baseUrl: string) => createGrpcTransport({ baseUrl, nodeOptions: { ca: tls.cert } })],
    [
      "Connect on HTTP/1.1",
      (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1", nodeOptions: { ca: tls.cert } }),
    ],
  ] as const)("a client of %s is served over TLS", async (_, transport) => {
    const server = await listening({ tls });
    expect(server.url).toMatch(/^https:/);
    expect((await createClient(EchoService, transport(server.url)).echo({ value: "hello" })).value).toBe("hello");
  });

  it("a grpc-js client is served over TLS", async () => {
    const server = await listening({ tls });
    const client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createSsl(tls.cert));
    await new Promise<void>((resolve, reject) => {
      client.waitForReady(Date.now() + 5000, (error) => (error === undefined ? resolve() : reject(error)));
    });
    client.close();
  });

  it("a request in two records is received while the previous answer is being sent", async () => {
    const size = 32 << 20; // more than the two ends of a connection hold
    const endpoint = echoEndpoint(() => create(StringValueSchema, { value: "x".repeat(size) }));
    const server = await listening({ tls }, endpoint);
    const socket = connect({ host: "127.0.0.1", port: server.port, ca: tls.cert, ALPNProtocols: ["http/1.1"] });
    const head = (connection: string) =>
      `POST /echo.v1.EchoService/Echo HTTP/1.1\r\nHost: a\r\nConnection: ${connection}\r\n` +
      "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n";
    socket.write(`${head("keep-alive")}""`);
    await once(socket, "readable");
    socket.write(head("close"));
    socket.write('""');
    let bytes = 0;
    for await (const chunk of socket) bytes += (chunk as Buffer).length;
    expect(bytes).toBeGreaterThan(2 * size);
  });

  it("the server continues after a client without TLS", async () => {
    const server = await listening({ tls });
    const session = http2.connect(`http://127.0.0.1:${server.port}`);
    await closing(session);
    const client = createClient(
      EchoService,
      createGrpcTransport({ baseUrl: server.url, nodeOptions: { ca: tls.cert } }),
    );
    expect((await client.echo({ value: "hello" })).value).toBe("hello");
  });
});

describe("closing the server", () => {
  it("closing makes the server unready, even on existing connections", async () => {
    const { server, held, release } = await holding();
    const agent = new http.Agent({ keepAlive: true });
    const ready = async () => {
      const [response] = await once(http.get(`${server.url}/readyz`, { agent }), "response");
      response.resume();
      await once(response, "end");
      return [response.statusCode, response.headers.connection];
    };
    expect(await ready()).toEqual([200, "keep-alive"]);
    const call = createClient(EchoService, createGrpcTransport({ baseUrl: server.url })).echo({ value: "hello" });
    await held;
    void server.close(60_000);
    expect(await ready()).toEqual([503, "close"]);
    await expect(fetch(`${server.url}/readyz`)).rejects.toThrow();
    release();
    expect((await call).value).toBe("hello");
    await server.close();
  });

  it("aborted requests fail as UNAVAILABLE", async () => {
    const { server, held } = await holding();
    const call = createClient(EchoService, createGrpcTransport({ baseUrl: server.url })).echo({ value: "hello" });
    const failed = expect(call).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: "server is shutting down",
    });
    await held;
    await server.close(0);
    await failed;
  });
});

/** A server whose answers wait. */
async function holding() {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const endpoint = echoEndpoint(async (request, { signal }) => {
    held.resolve();
    await Promise.race([released.promise, once(signal, "abort").then(() => Promise.reject(signal.reason))]);
    return request;
  });
  return { server: await listening({}, endpoint), held: held.promise, release: released.resolve };
}
