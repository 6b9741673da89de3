// Behaviours that both paths share: the client closes, the server shuts down, the deadline expires, or the request is
// too large.
// Holds docs/runtime.md#server
import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Listening, listen } from "../listen.ts";
import { bodyOf, bytes, framed, json, MAX_BYTES, send } from "../testing/both-paths.ts";
import { declaredError } from "../testing/declared-error.ts";
import { type Kept, kindEndpoint, PATH } from "../testing/test-kinds.ts";

describe.each([
  ["on the fast path", false],
  ["on Connect's adapter", true],
])("%s", (_, slow) => {
  async function serving(): Promise<{ server: Listening; kept: Kept }> {
    const kept = { running: 0, cancelled: 0 };
    const server = await listen([kindEndpoint(slow, kept)], { maxRequestBytes: MAX_BYTES });
    onTestFinished(() => server.close(0));
    return { server, kept };
  }
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setImmediate(resolve));
  };

  test("a client that disconnects cancels its request (HTTP/2)", async () => {
    const { server, kept } = await serving();
    const session = http2.connect(server.url);
    const headers = { ":method": "POST", ":path": PATH, "content-type": "application/grpc" };
    const stream = session.request(headers).on("error", () => {});
    stream.end(framed(bytes("wait")));
    await until(() => kept.running === 1);
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await until(() => kept.running === 0);
    const another = session.request(headers).on("error", () => {});
    another.end(framed(bytes("wait")));
    await until(() => kept.running === 1);
    session.destroy();
    await until(() => kept.running === 0);
    expect(kept.cancelled).toBe(2);
  });

  test("a client that disconnects cancels its request (HTTP/1.1)", async () => {
    const { server, kept } = await serving();
    const socket = net.connect(server.port, "127.0.0.1");
    const body = bodyOf("wait");
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await until(() => kept.running === 1);
    socket.resetAndDestroy();
    await until(() => kept.running === 0);
    expect(kept.cancelled).toBe(1);
  });

  test.each([1, 2])("a client that disconnects during its body affects no other request (HTTP/%d)", async (version) => {
    const { server, kept } = await serving();
    if (version === 1) {
      const socket = net.connect(server.port, "127.0.0.1");
      socket.write(
        `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
      );
      await until(() => server.requests.all === 1);
      socket.resetAndDestroy();
    } else {
      const session = http2.connect(server.url);
      const stream = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/json" });
      stream.on("error", () => {}).write("{");
      await until(() => server.requests.all === 1);
      session.destroy();
    }
    expect((await send(server, json(1, ["{}"]))).status).toBe(200);
    expect(kept).toEqual({ running: 0, cancelled: 0 });
  });

  test.each([1, 2] as const)("a server that shuts down answers aborted requests (HTTP/%d)", async (version) => {
    const { server, kept } = await serving();
    const answer = send(server, json(version, [bodyOf("wait")]));
    await until(() => kept.running === 1);
    await server.close(0);
    const { status, headers, body } = await answer;
    expect({ status, body: declaredError(body) }).toEqual({
      status: 503,
      body: '{"code":"unavailable","message":"server is shutting down"}',
    });
    if (version === 1) expect(headers.connection).toBe("close");
    expect(kept).toEqual({ running: 0, cancelled: 1 });
  });

  test("a server that shuts down finishes a request (HTTP/1.1, connection: close)", async () => {
    const { server } = await serving();
    const socket = net.connect(server.port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    const closed = once(socket, "close");
    socket.write(`POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n`);
    await until(() => server.requests.all === 1);
    const drained = server.close(60_000);
    socket.write("{}");
    await Promise.all([closed, drained]);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close[\s\S]*\{\}$/i);
  });

  test("a server that shuts down finishes a request (HTTP/2, GOAWAY)", async () => {
    const { server } = await serving();
    const session = http2.connect(server.url);
    const stream = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/grpc" });
    const goaways: unknown[] = [];
    session.on("goaway", (code, last) => goaways.push([code, last]));
    const closed = once(session, "close");
    const trailers = once(stream, "trailers");
    stream.resume().write(framed(bytes("x")));
    await until(() => server.requests.all === 1);
    const drained = server.close(60_000);
    // Ours warns before it, and names none.
    await until(() => goaways.length > 0);
    await expect.poll(() => goaways.at(-1)).toEqual([http2.constants.NGHTTP2_NO_ERROR, stream.id]);
    stream.end();
    expect((await trailers)[0]).toMatchObject({ "grpc-status": "0" });
    await Promise.all([drained, closed]);
  });

  test("a body that completes after the deadline is too late, and is not handled", async () => {
    const { server, kept } = await serving();
    const session = http2.connect(server.url);
    onTestFinished(() => session.destroy());
    const headers = { "content-type": "application/grpc", "grpc-timeout": "10m" };
    const stream = session.request({ ":method": "POST", ":path": PATH, ...headers });
    const fields: object[] = [];
    for (const event of ["response", "trailers"]) stream.on(event, (headers) => fields.push(headers));
    const closed = once(stream, "close");
    stream.resume().write(framed(bytes("wait")));
    await new Promise((resolve) => setTimeout(resolve, 20)); // the server's clock has to go on
    stream.end();
    await closed;
    expect(Object.assign({}, ...fields)).toMatchObject({ "grpc-status": "4" });
    await until(() => kept.running === 0);
  });

  test.each([
    ["99999999H", "9999999999"],
    ["2147484S", "2147483648"], // just longer than timers
  ])(
    "a deadline beyond the maximum of a timer does not expire at once: %s, %s ms",
    async (grpcTimeout, connectTimeout) => {
      const { server } = await serving();
      const session = http2.connect(server.url);
      onTestFinished(() => session.destroy());
      const headers = { "grpc-timeout": grpcTimeout, "connect-timeout-ms": connectTimeout };
      const [grpc, json] = ["application/grpc", "application/json"].map((type) =>
        session.request({ ":method": "POST", ":path": PATH, "content-type": type, ...headers }),
      ) as [http2.ClientHttp2Stream, http2.ClientHttp2Stream];
      const [trailers, response] = [once(grpc.resume(), "trailers"), once(json.resume(), "response")];
      grpc.write(framed(bytes("x")));
      json.write("{");
      await until(() => server.requests.all === 2);
      await new Promise((resolve) => setTimeout(resolve, 20)); // the server's clock has to go on
      grpc.end();
      json.end("}");
      expect((await trailers)[0]).toMatchObject({ "grpc-status": "0" });
      expect((await response)[0]).toMatchObject({ ":status": 200 });
    },
  );

  test("a connection is reused, even after refused requests", async () => {
    const { server } = await serving();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const ports = new Set<number | undefined>();
    for (const body of ["{}", '{"fileName":', `{"fileName":"${"x".repeat(2 * MAX_BYTES)}"}`, "{}"]) {
      const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
      const request = http.request({ port: server.port, path: PATH, method: "POST", headers, agent });
      request.end(body);
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      ports.add(request.socket?.localPort);
      await response.toArray();
    }
    expect(ports.size).toBe(1);
  });

  test.each([
    ["bytes", { "x-long": "x".repeat(40_000) }],
    ["number", Object.fromEntries(Array.from({ length: 130 }, (_, n) => [`x-${n}`, "1"]))],
  ])("headers of HTTP/2 are limited in %s", async (_, headers) => {
    const { server } = await serving();
    const { status, reset } = await send(server, json(2, ["{}"], headers));
    expect({ status, reset }).toEqual({ status: undefined, reset: http2.constants.NGHTTP2_ENHANCE_YOUR_CALM });
    expect((await send(server, json(2, ["{}"], { "x-long": "x".repeat(20_000) }))).status).toBe(200);
  });
  test("headers of HTTP/1.1 are limited in bytes", async () => {
    const { server } = await serving();
    expect((await send(server, json(1, ["{}"], { "x-long": "x".repeat(40_000) }))).status).toBe(431);
    expect((await send(server, json(1, ["{}"], { "x-long": "x".repeat(20_000) }))).status).toBe(200);
  });
});
