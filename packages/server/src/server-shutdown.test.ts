import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import { text } from "node:stream/consumers";
import { closes } from "@protobff/runtime/internal/testing/ports";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ListenOptions, listen } from "./listen.ts";
import { echoEndpoint } from "./testing/test-echo.ts";

const PATH = "/echo.v1.EchoService/Echo";
const POST = { method: "POST", path: PATH, headers: { "content-type": "application/json" } };

async function served(options: ListenOptions) {
  const server = await listen([echoEndpoint()], options);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => {
    agent.destroy();
    return server.close(0);
  });
  /** Over one connection, as long as it is kept. */
  const send = async () => {
    const request = http.request({ port: server.port, agent, ...POST });
    request.end('"x"');
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    await response.toArray();
    return { status: response.statusCode, connection: response.headers.connection, port: request.socket?.localPort };
  };
  return { server, send: send };
}

/** A connection of HTTP/2, which tells whether it has been told to go. */
async function session(url: string) {
  const connection = http2.connect(url);
  onTestFinished(() => connection.destroy());
  await once(connection, "remoteSettings");
  const send = async () => {
    const stream = connection.request({ ":method": "POST", ":path": PATH, "content-type": "application/json" });
    stream.end('"x"');
    const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    stream.resume();
    await once(stream, "close");
    return headers[":status"];
  };
  return { connection, send: send };
}

describe("a server with a drain delay", () => {
  test("a draining server is not ready, serves new connections, and ends after its delay", async () => {
    const { server, send } = await served({ drainDelayMs: 1_500 });
    expect(await send()).toMatchObject({ status: 200, connection: "keep-alive" });
    const old = await session(server.url);
    const goaway = once(old.connection, "goaway");
    const closed = server.close(3_000);
    const later = new Promise((resolve) => setTimeout(resolve, 1_200));
    const [ready, health] = await Promise.all(["/readyz", "/healthz"].map((path) => fetch(server.url + path)));
    expect([ready?.status, health?.status]).toEqual([503, 200]);
    expect(await send()).toMatchObject({ status: 200, connection: "close" });
    expect(await send()).toMatchObject({ status: 200, connection: "close" });
    expect(await old.send()).toBe(200);
    expect(await (await session(server.url)).send()).toBe(200);
    await later; // in the last quarter of the time
    expect(await send()).toMatchObject({ status: 200, connection: "keep-alive" });
    await goaway;
    await closed;
    await expect(fetch(server.url + PATH)).rejects.toThrow();
  });
});

describe("a closing server", () => {
  /** A connection that has said nothing yet, and answers to what it says. */
  async function silent(port: number) {
    const socket = net.connect(port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    await once(socket, "connect");
    const send = async () => {
      socket.write(
        `POST ${PATH} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\n"x"`,
      );
      return (await text(socket)).toLowerCase();
    };
    return { socket, send: send };
  }
  test("a closing server answers the first request of connections that it has just accepted", async () => {
    const { server } = await served({});
    const connections = await Promise.all(Array.from({ length: 10 }, () => silent(server.port)));
    const closed = server.close(20_000);
    await closes(server.port);
    for (const answer of await Promise.all(connections.map(({ send }) => send()))) {
      expect(answer).toMatch(/^http\/1.1 200 /);
      expect(answer).toContain("connection: close");
    }
    await closed;
  });
  test("a closing server answers a recently used connection once more", async () => {
    const { server, send } = await served({});
    const { port } = await send();
    const closed = server.close(20_000);
    await closes(server.port);
    expect(await send()).toEqual({ status: 200, connection: "close", port });
    await closed;
  });
  test("a closing server accepts a new HTTP/2 connection, and ends it with GOAWAY", async () => {
    const { server } = await served({});
    const { socket } = await silent(server.port);
    const closed = server.close(20_000);
    await closes(server.port);
    const connection = http2.connect(server.url, { createConnection: () => socket });
    onTestFinished(() => connection.destroy());
    const goaway = once(connection, "goaway");
    const stream = connection.request({ ":method": "POST", ":path": PATH, "content-type": "application/json" });
    stream.end('"x"');
    const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    expect(headers[":status"]).toBe(200);
    stream.resume();
    await goaway;
    await closed;
  });
  test("a closing server soon closes silent connections", async () => {
    const { server } = await served({});
    const { socket } = await silent(server.port);
    const gone = once(socket.resume(), "close");
    await server.close(20_000);
    await gone;
  });
});

describe("an old connection", () => {
  test("an old connection ends: HTTP/1.1 with an answer, HTTP/2 by GOAWAY after its running requests", async () => {
    const { server, send } = await served({ maxConnectionAgeMs: 200 });
    const first = await send();
    const old = await session(server.url);
    const goaway = once(old.connection, "goaway");
    const [gone] = await Promise.all([goaway, old.send()]);
    expect(gone[0]).toBe(http2.constants.NGHTTP2_NO_ERROR);
    await once(old.connection, "close");
    // More than a tenth over the age by now, for the one was made before the other.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const last = await send();
    expect(last).toEqual({ status: 200, connection: "close", port: first.port });
    const next = await send();
    expect(next).toMatchObject({ status: 200, connection: "keep-alive" });
    expect(next.port).not.toBe(first.port);
  });
  test("a connection without a maximum age stays", async () => {
    const { server, send } = await served({});
    const { port } = await send();
    const other = await session(server.url);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await send()).toMatchObject({ connection: "keep-alive", port });
    expect(await other.send()).toBe(200);
    expect(other.connection.closed).toBe(false);
  });
});
