import { EventEmitter, once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import { closes } from "@protobff/runtime/internal/testing/ports";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Handler, ServerResponse } from "../carrier/handler.ts";
import { PendingBytes } from "../requests/pending-bytes.ts";
import { closing } from "../testing/connection-close.ts";
import { Listener, type ListenerOptions } from "./listener.ts";

const open: Listener[] = [];
async function listening(handler: Handler = ok, options: Partial<ListenerOptions> = {}): Promise<Listener> {
  const times = { handshakeTimeoutMs: 60_000, requestTimeoutMs: 300_000, idleMs: 300_000, maxConnectionAgeMs: 0 };
  const limits = { maxStreams: 250, maxBytes: 4 << 20, pending: new PendingBytes(128 << 20), fault: () => {} };
  const listener = await Listener.open(handler, { host: "127.0.0.1", port: 0, ...times, ...limits, ...options });
  open.push(listener);
  return listener;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.drain(0, () => {})));
});

const ok: Handler = (_, response) => response.end("ok");

/** Holds its responses until they are taken. */
function holding() {
  const held: ServerResponse[] = [];
  const arrivals = new EventEmitter();
  const handler: Handler = (_, response) => {
    held.push(response);
    arrivals.emit("request");
  };
  return { handler, held, arrived: () => once(arrivals, "request") };
}

/** A bare connection, and all that came by it until it was closed. */
function dial(listener: Listener) {
  const socket = net.connect(listener.port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const closed = closing(socket).then(() => Buffer.concat(chunks).toString("latin1"));
  return { socket, closed };
}

async function isServing(listener: Listener): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${listener.port}/`)).ok;
}

describe("the first bytes", () => {
  it("the first bytes may arrive one by one (HTTP/1.1)", async () => {
    const listener = await listening();
    const { socket, closed } = dial(listener);
    socket.setNoDelay(true);
    // POST begins as PRI does, and an empty line before a request is allowed.
    for (const byte of "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") {
      await new Promise((resolve) => socket.write(byte, resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await closed).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it("the first bytes may arrive one by one (HTTP/2)", async () => {
    const listener = await listening();
    const { socket } = dial(listener);
    socket.setNoDelay(true);
    const settings = "\0\0\0\x04\0\0\0\0\0";
    for (const byte of `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${settings}`) {
      await new Promise((resolve) => socket.write(byte, "latin1", resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [reply] = (await once(socket, "data")) as [Buffer];
    // The server's own SETTINGS frame.
    expect(reply[3]).toBe(4);
    socket.destroy();
  });

  it.each([
    ["text", "hello\r\n\r\n"],
    ["zeros", "\0".repeat(1000)],
    ["a TLS client's hello", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"],
    ["something that begins as HTTP/2 does", `PRI * HTTP/3.0\r\n\r\n${"x".repeat(100)}`],
    ["HTTP/2 with frames that are none", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\xff".repeat(100)}`],
  ])("the first bytes may be %s, which closes only that connection", async (_, bytes) => {
    const listener = await listening();
    const { socket, closed } = dial(listener);
    socket.write(bytes, "latin1");
    await closed;
    expect(await isServing(listener)).toBe(true);
  });

  it.each([
    ["nothing", ""],
    ["the beginning of a word", "P"],
    ["the beginning of a preface", "PRI * HTT"],
    ["a preface without settings", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ])("the connection closes if the first bytes are %s for too long", async (_, bytes) => {
    const listener = await listening(ok, { handshakeTimeoutMs: 50 });
    const { socket, closed } = dial(listener);
    socket.write(bytes, "latin1");
    await closed;
    // Others have more time, however busy the machine is: it stands still.
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    expect(await isServing(listener).finally(() => vi.useRealTimers())).toBe(true);
  });

  it.each([
    ["before them", ""],
    ["among them", "PR"],
  ])("the connection may end %s", async (_, bytes) => {
    const listener = await listening();
    const { socket, closed } = dial(listener);
    socket.end(bytes);
    expect(await closed).toBe("");
  });

  it("the first bytes may be followed by a reset", async () => {
    const listener = await listening();
    for (const bytes of ["", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\nHo"]) {
      const { socket, closed } = dial(listener);
      await once(socket, "connect");
      await new Promise((resolve) => socket.write(bytes, resolve));
      socket.resetAndDestroy();
      await closed;
    }
    expect(await isServing(listener)).toBe(true);
  });
});

it("a handler that throws results in 400 and a report", async () => {
  const faults: string[] = [];
  const fails: Handler = () => {
    throw new Error("no authority");
  };
  const listener = await listening(fails, { fault: (message, cause) => faults.push(`${message}: ${cause}`) });
  const { socket, closed } = dial(listener);
  socket.write("GET / HTTP/1.0\r\n\r\n");
  expect(await closed).toMatch(/^HTTP\/1\.1 400 Bad Request/);
  const session = http2.connect(`http://127.0.0.1:${listener.port}`);
  const [headers] = await once(session.request(), "response");
  expect(headers[":status"]).toBe(400);
  expect(faults).toEqual(Array.from({ length: 2 }, () => "cannot handle a request: Error: no authority"));
  session.destroy();
});

it("a connection with an immediate answer is read on (HTTP/1.1), without leftover listeners", async () => {
  const listeners: number[] = [];
  const listener = await listening((request, response) => {
    listeners.push(request.socket.listenerCount("close"));
    response.end("ok");
  });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<unknown>();
  for (let i = 0; i < 20; i++) {
    const request = http.request({ port: listener.port, agent, method: "POST" }).end("unread");
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    ports.add(response.socket.localPort);
    await response.toArray();
  }
  agent.destroy();
  expect(ports.size).toBe(1);
  expect(new Set(listeners.slice(1)).size).toBe(1);
});

describe("drain", () => {
  it("draining finishes a request (HTTP/1.1), and closes its connection", async () => {
    const { handler, held, arrived } = holding();
    const listener = await listening(handler);
    const agent = new http.Agent({ keepAlive: true });
    const request = http.get({ port: listener.port, agent });
    await arrived();
    const drained = listener.drain(60_000, () => {});
    held[0]?.end("done");
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    expect(response.headers.connection).toBe("close");
    expect((await response.toArray()).join("")).toBe("done");
    await drained;
    agent.destroy();
  });

  it("draining finishes a request (HTTP/2), and sends GOAWAY", async () => {
    const { handler, held, arrived } = holding();
    const listener = await listening(handler);
    const session = http2.connect(`http://127.0.0.1:${listener.port}`);
    const stream = session.request();
    const [goaway, closed] = [once(session, "goaway"), once(session, "close")];
    await arrived();
    const drained = listener.drain(60_000, () => {});
    await goaway;
    held[0]?.end("done");
    expect((await stream.toArray()).join("")).toBe("done");
    await Promise.all([drained, closed]);
  });

  it("draining names the last accepted request, so that later ones may be sent again", async () => {
    const { handler, held, arrived } = holding();
    const listener = await listening(handler);
    const session = http2.connect(`http://127.0.0.1:${listener.port}`);
    const stream = session.request();
    let last: unknown;
    session.on("goaway", (code, lastStream) => {
      last = [code, lastStream];
    });
    await arrived();
    const drained = listener.drain(60_000, () => {});
    // Ours warns before it, and names none.
    await expect.poll(() => last).toEqual([http2.constants.NGHTTP2_NO_ERROR, stream.id]);
    held[0]?.end();
    stream.resume();
    await drained;
  });

  it("draining accepts no new connection", async () => {
    const { handler, held, arrived } = holding();
    const listener = await listening(handler);
    const { socket } = dial(listener);
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await arrived();
    const port = listener.port;
    const drained = listener.drain(60_000, () => {});
    await closes(port);
    const [error] = await once(net.connect(port, "127.0.0.1"), "error");
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
    held[0]?.end();
    await drained;
  });

  it("draining does not wait for idle, silent or incomplete connections", async () => {
    const listener = await listening();
    const agent = new http.Agent({ keepAlive: true });
    const [response] = (await once(http.get({ port: listener.port, agent }), "response")) as [http.IncomingMessage];
    await response.toArray();
    const session = http2.connect(`http://127.0.0.1:${listener.port}`);
    await once(session, "remoteSettings");
    const silent = dial(listener);
    await once(silent.socket, "connect");
    const halfway = dial(listener);
    halfway.socket.write("GET / HTTP/1.1\r\nHo");
    // The connections above have been accepted when a later one has been served.
    await isServing(listener);
    await listener.drain(60_000, () => {});
    await Promise.all([silent.closed, halfway.closed]);
    agent.destroy();
    session.destroy();
  });

  it.each(["1.1", "2"])("draining aborts unfinished requests at its time limit (HTTP/%s)", async (version) => {
    const { handler, held, arrived } = holding();
    const listener = await listening(handler);
    const session = version === "2" ? http2.connect(`http://127.0.0.1:${listener.port}`) : undefined;
    const request = session?.request() ?? http.get({ port: listener.port });
    const failed = once(request, session === undefined ? "error" : "close");
    await arrived();
    let expired = 0;
    await listener.drain(20, () => {
      expired += 1;
    });
    expect(expired).toBe(1);
    await failed;
    expect(held[0]?.writableFinished).toBe(false);
    session?.destroy();
  });

  it("draining sends answers caused by its time limit", async () => {
    const { handler, held, arrived } = holding();
    const listener = await listening(handler);
    const answered = once(http.get({ port: listener.port }), "response");
    await arrived();
    await listener.drain(20, () => {
      held[0]?.end("too late");
    });
    const [response] = (await answered) as [http.IncomingMessage];
    expect((await response.toArray()).join("")).toBe("too late");
  });
});

describe("the last answer before a request has arrived", () => {
  const head = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1000000\r\n\r\n";
  it("its client may send the rest, and loses no answer", async () => {
    const listener = await listening();
    const socket = net.connect({ port: listener.port, host: "127.0.0.1", allowHalfOpen: true });
    const errors: Error[] = [];
    socket.on("error", (error) => errors.push(error));
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.write(head);
    await once(socket, "end");
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*ok$/);
    for (let i = 0; i < 10; i++) await new Promise((resolve) => socket.write(Buffer.alloc(100_000), resolve));
    await vi.waitUntil(() => listener.connections === 0, 5_000);
    expect(errors).toEqual([]);
    socket.destroy();
  });
  it("its connection is closed if the rest does not come", async () => {
    const listener = await listening();
    const { socket, closed } = dial(listener);
    socket.write(head);
    expect(await closed).toMatch(/ok$/);
    await vi.waitUntil(() => listener.connections === 0, 5_000);
  });
});
