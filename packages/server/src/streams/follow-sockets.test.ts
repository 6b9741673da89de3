// Holds docs/runtime.md#streams
import { once } from "node:events";
import * as http from "node:http";
import * as net from "node:net";
import { Denied } from "@protobff/runtime/internal/admission/admission";
import { Code, Failure, Reason, refusal } from "@protobff/runtime/internal/failure";
import { type TestStream, testStream } from "@protobff/runtime/internal/testing/test-streams";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { type RawData, WebSocket as WsClient } from "ws";
import { type Listening, type ListenOptions, listen } from "../listen.ts";

const RPC = "streams.v1.StreamService/Follow";
const failure = (code: Code): Failure =>
  new Failure({ code, clientCode: code, reason: Reason.UNAVAILABLE, callee: "", message: "secret" });

async function serve(stream: TestStream, options?: ListenOptions): Promise<Listening> {
  const server = await listen([stream], options);
  onTestFinished(() => server.close(0));
  return server;
}

/** The messages of a socket, one after the other. */
class MessageLog {
  readonly #messages: unknown[] = [];
  #wake: (() => void) | undefined;
  add(text: string): void {
    this.#messages.push(JSON.parse(text));
    this.#wake?.();
  }
  get count(): number {
    return this.#messages.length;
  }
  async next(): Promise<unknown> {
    while (this.#messages.length === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#messages.shift();
  }
}

/** By Node's own client, which is undici's. */
async function open(server: Listening) {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/bff.v1/follow`, ["bff.v1.json"]);
  const messageLog = new MessageLog();
  socket.addEventListener("message", ({ data }) => messageLog.add(String(data)));
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("refused")));
  });
  onTestFinished(() => socket.close());
  expect(await messageLog.next()).toEqual({ beat: 15_000 });
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve));
  return { socket, messageLog: messageLog, closed, send: (message: unknown) => socket.send(JSON.stringify(message)) };
}
interface CloseEvent {
  readonly code: number;
  readonly reason: string;
}
/** Opens a socket by ws, which may send other headers and break the rules. */
async function openRude(server: Listening, headers: Record<string, string> = {}) {
  const socket = new WsClient(`ws://127.0.0.1:${server.port}/bff.v1/follow`, ["bff.v1.json"], { headers });
  const messageLog = new MessageLog();
  socket.on("message", (data: RawData) => messageLog.add(String(data)));
  socket.on("error", () => {});
  const closed = new Promise<[number, string]>((resolve) =>
    socket.on("close", (code, reason) => resolve([code, String(reason)])),
  );
  await once(socket, "open");
  onTestFinished(() => socket.terminate());
  await messageLog.next();
  return { socket, messageLog: messageLog, closed, send: (message: unknown) => socket.send(JSON.stringify(message)) };
}
async function statusOf(server: Listening, headers: Record<string, string>): Promise<[number | undefined, string]> {
  const request = http.get(`${server.url}/bff.v1/follow`, {
    headers: {
      connection: "upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-protocol": "bff.v1.json",
      ...headers,
    },
  });
  request.on("upgrade", (_, socket) => socket.destroy());
  const [response] = (await Promise.race([once(request, "response"), once(request, "upgrade")])) as [
    http.IncomingMessage,
  ];
  return [response.statusCode, response.statusCode === 101 ? "" : String(Buffer.concat(await response.toArray()))];
}

describe("a WebSocket", () => {
  test("a WebSocket carries many follows, each with items, tokens, heartbeats and an end", async () => {
    const stream = testStream();
    const { messageLog, send } = await open(await serve(stream));
    send({ id: 1, follow: RPC, request: { fileName: "one" }, resume: "t0" });
    const testFollower = await stream.next();
    send({ id: 2, follow: RPC });
    const two = await stream.next();
    expect([testFollower.text, testFollower.resume, two.text, two.resume]).toEqual(["one", "t0", "", undefined]);
    testFollower.follower.opened(undefined);
    testFollower.item("a", "t1");
    two.item("b");
    testFollower.beat("t1");
    testFollower.beat("t2");
    testFollower.follower.ended(undefined);
    two.follower.failed(failure(Code.NOT_FOUND), "t9", undefined);
    expect(await messageLog.next()).toEqual({ id: 1, opened: true });
    expect(await messageLog.next()).toEqual({ id: 1, token: "t1", item: { fileName: "a" } });
    expect(await messageLog.next()).toEqual({ id: 2, item: { fileName: "b" } });
    expect(await messageLog.next()).toEqual({ id: 1, token: "t2" });
    expect(await messageLog.next()).toEqual({ id: 1, end: true });
    const failed = { id: 2, token: "t9", error: { code: "not_found", message: "not found" } };
    expect(await messageLog.next()).toMatchObject(failed);
  });

  test("an id may be reused after its follow has ended or was cancelled", async () => {
    const stream = testStream();
    const { messageLog, send } = await open(await serve(stream));
    send({ id: 1, follow: RPC });
    const first = await stream.next();
    send({ id: 1, cancel: true });
    expect(await first.cancelled).toBeInstanceOf(Failure);
    expect(first.item("nobody hears it")).toBe(false);
    send({ id: 1, follow: RPC });
    (await stream.next()).item("second");
    expect(await messageLog.next()).toEqual({ id: 1, item: { fileName: "second" } });
  });

  test("the source pauses after 128 unacknowledged items", async () => {
    const stream = testStream();
    const { messageLog, send } = await open(await serve(stream));
    send({ id: 7, follow: RPC });
    const follower = await stream.next();
    let count = 1;
    while (follower.item("x")) count++;
    expect(count).toBe(128);
    const ready = follower.ready();
    for (let i = 0; i < count; i++) await messageLog.next();
    send({ id: 7, ack: 64 });
    await ready;
    while (follower.item("x")) count++;
    expect(count).toBe(128 + 63); // the last one fills it again
  });

  test("a disconnect cancels all follows", async () => {
    const stream = testStream();
    const { socket, send } = await open(await serve(stream));
    send({ id: 1, follow: RPC });
    send({ id: 2, follow: RPC });
    const both = [await stream.next(), await stream.next()];
    socket.close();
    await Promise.all(both.map(({ cancelled }) => cancelled));
  });

  test("a follow that fails has a separate error, and the socket continues", async () => {
    const authenticate = () => new Denied(refusal(Code.UNAUTHENTICATED, "who?"));
    const { messageLog, send } = await open(await serve(testStream(undefined, { authenticate })));
    send({ id: 1, follow: "streams.v1.StreamService/Nothing" });
    expect(await messageLog.next()).toMatchObject({ id: 1, error: { code: "unimplemented" } });
    send({ id: 1, follow: RPC });
    expect(await messageLog.next()).toMatchObject({ id: 1, error: { code: "unauthenticated", message: "who?" } });
    const stream = testStream();
    const open2 = await open(await serve(stream, { maxFollowers: 1, maxElements: 3 }));
    open2.send({ id: 1, follow: RPC, request: { fileName: 5 } });
    expect(await open2.messageLog.next()).toMatchObject({ id: 1, error: { code: "invalid_argument" } });
    open2.send({ id: 2, follow: RPC, request: { a: [1, 2, 3, 4, 5] } });
    expect(await open2.messageLog.next()).toMatchObject({ id: 2, error: { code: "invalid_argument" } });
    open2.send({ id: 3, follow: RPC });
    await stream.next();
    open2.send({ id: 4, follow: RPC });
    expect(await open2.messageLog.next()).toMatchObject({ id: 4, error: { code: "resource_exhausted" } });
  });

  test("each follow is authenticated by the headers of the upgrade, or by its credential", async () => {
    const seen: (string | null)[] = [];
    const stream = testStream((it) => void seen.push(it.headers.get("authorization"), it.headers.get("cookie")));
    const { send } = await openRude(await serve(stream), { authorization: "Bearer a", cookie: "s=1" });
    send({ id: 1, follow: RPC });
    await stream.next();
    send({ id: 2, follow: RPC, authorization: "Bearer b" });
    const second = await stream.next();
    expect(seen).toEqual(["Bearer a", "s=1", "Bearer b", "s=1"]);
    expect(second.headers.get(":protocol")).toBe("websocket");
  });

  test("at most 100 follows run on one socket", async () => {
    const stream = testStream();
    const { messageLog, send } = await open(await serve(stream));
    for (let id = 0; id <= 100; id++) send({ id, follow: RPC });
    expect(await messageLog.next()).toMatchObject({ id: 100, error: { code: "resource_exhausted" } });
    expect(stream.followers.length).toBe(100);
  });

  test("a draining server ends all follows, closes the socket, and refuses new ones", async () => {
    const stream = testStream((it) => {
      it.item("a", "t1");
      it.drained.then(() => it.follower.failed(failure(Code.UNAVAILABLE), "t1", undefined));
    });
    const server = await serve(stream);
    const { messageLog, send, closed } = await open(server);
    const idle = await open(server);
    send({ id: 1, follow: RPC });
    await messageLog.next();
    const gone = server.close(60_000);
    expect(await messageLog.next()).toMatchObject({ id: 1, token: "t1", error: { code: "unavailable" } });
    expect((await closed).code).toBe(1001);
    expect((await idle.closed).code).toBe(1001);
    await gone;
  });

  test.each<[string, Record<string, string>, number]>([
    ["without an origin", {}, 101],
    ["of its own origin", { origin: "http://bff.example:80", host: "bff.example" }, 101],
    ["of a listed origin", { origin: "https://app.example" }, 101],
    ["of another", { origin: "https://evil.example" }, 403],
    ["of a sandbox", { origin: "null" }, 403],
    ["with another subprotocol", { "sec-websocket-protocol": "chat" }, 400],
    ["with another version", { "sec-websocket-version": "7" }, 400],
    ["without a key", { "sec-websocket-key": "" }, 400],
  ])("the status of an upgrade by a page %s", async (_, headers, status) => {
    const server = await serve(testStream(), { corsOrigins: ["https://app.example"] });
    expect((await statusOf(server, headers))[0]).toBe(status);
  });
  test("a page of the server's origin counts as same-origin, even without sec-fetch-site", async () => {
    const stream = testStream();
    const server = await serve(stream, { corsOrigins: ["https://app.example"] });
    const sameOrigin = await openRude(server, { origin: server.url });
    sameOrigin.send({ id: 1, follow: RPC });
    expect((await stream.next()).headers.get("sec-fetch-site")).toBe("same-origin");
    const listed = await openRude(server, { origin: "https://app.example", "sec-fetch-site": "cross-site" });
    listed.send({ id: 1, follow: RPC });
    expect((await stream.next()).headers.get("sec-fetch-site")).toBe("cross-site");
  });
  const PUBLIC = "https://app.example";
  test.each<[string, Record<string, string>, number]>([
    ["of the public origin", { origin: PUBLIC }, 101],
    ["of the public origin, behind a proxy that rewrites Host", { origin: PUBLIC, host: "bff:8080" }, 101],
    ["of the same host without TLS", { origin: "http://app.example", host: "app.example" }, 403],
    ["of the same host at another port", { origin: "https://app.example:8443", host: "app.example:8443" }, 403],
    ["of the host that the server has itself", { origin: "http://127.0.0.1", host: "127.0.0.1" }, 403],
    ["of a listed origin", { origin: "https://other.example", host: "other.example" }, 101],
  ])("the status with a public address, by a page %s", async (_, headers, status) => {
    const server = await serve(testStream(), { publicUrl: PUBLIC, corsOrigins: ["https://other.example"] });
    expect((await statusOf(server, headers))[0]).toBe(status);
  });
  test("with a public address, only its pages count as same-origin", async () => {
    const stream = testStream();
    const server = await serve(stream, { publicUrl: PUBLIC, corsOrigins: ["http://app.example"] });
    for (const [origin, site] of [
      [PUBLIC, "same-origin"],
      ["http://app.example", null],
    ] as const) {
      const { send } = await openRude(server, { origin, host: "app.example" });
      send({ id: 1, follow: RPC });
      expect((await stream.next()).headers.get("sec-fetch-site")).toBe(site);
    }
  });
  test("a request for another upgrade is served without it", async () => {
    const server = await serve(testStream());
    const request = http.get(`${server.url}/healthz`, {
      headers: { connection: "upgrade, http2-settings", upgrade: "h2c" },
    });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
  });
});

const UPGRADE =
  "GET /bff.v1/follow HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n" +
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: bff.v1.json\r\n\r\n";
/** A frame of text, masked with zeros (RFC 6455, 5.2). */
function masked(payload: string | Buffer): Buffer {
  const { length } = payload;
  const head = length < 126 ? [length] : [126, length >> 8, length & 0xff];
  head[0] = 0x80 | (head[0] ?? 0);
  return Buffer.concat([Buffer.from([0x81, ...head, 0, 0, 0, 0]), Buffer.from(payload)]);
}

describe("attacks on WebSockets", () => {
  /** Opens another socket. The returned function proves that it still works. */
  async function beside(stream: TestStream, server: Listening): Promise<() => Promise<void>> {
    const { messageLog, send } = await open(server);
    send({ id: 1, follow: RPC });
    const follower = await stream.next();
    return async () => {
      follower.item("still here");
      expect(await messageLog.next()).toMatchObject({ item: { fileName: "still here" } });
    };
  }

  test.each<[string, (rude: WsClient) => void, number]>([
    ["what is no JSON", (rude) => rude.send("{"), 1008],
    ["what says nothing", (rude) => rude.send("{}"), 1008],
    ["an id that is no number", (rude) => rude.send('{"id":"x","cancel":true}'), 1008],
    ["bytes", (rude) => rude.send(Buffer.alloc(3)), 1003],
    ["a huge message", (rude) => rude.send(`{"id":1,"follow":"${"x".repeat(70_000)}"}`), 1009],
    ["a flood of messages", (rude) => flood(() => rude.send('{"id":1,"cancel":true}')), 1008],
    ["a flood of follows", (rude) => flood((i) => rude.send(`{"id":${i},"follow":"${RPC}"}`)), 1008],
    ["a flood of acknowledgements", (rude) => flood(() => rude.send('{"id":1,"ack":0}')), 1008],
    ["a flood of pings", (rude) => flood(() => rude.ping()), 1008],
    ["a message in a thousand pieces", (rude) => flood(() => rude.send("", { fin: false })), 1008],
    ["an id that is in use", (rude) => flood(() => rude.send(`{"id":1,"follow":"${RPC}"}`)), 1008],
  ])("%s ends that socket only", async (_, attack, status) => {
    const stream = testStream();
    const server = await serve(stream);
    const goesOn = await beside(stream, server);
    const { socket, closed } = await openRude(server);
    attack(socket);
    expect((await closed)[0]).toBe(status);
    await goesOn();
  });
  function flood(send: (i: number) => void): void {
    for (let i = 0; i < 1000; i++) send(i);
  }

  test("a client that never reads delays its follows, and its queue is bounded", async () => {
    const stream = testStream();
    const server = await serve(stream);
    const goesOn = await beside(stream, server);
    const { socket, send } = await openRude(server);
    for (let id = 0; id < 20; id++) send({ id, follow: RPC });
    const followers = [];
    for (let id = 0; id < 20; id++) followers.push(await stream.next());
    socket.pause();
    const item = "x".repeat(50_000);
    let count = 0;
    for (const follower of followers) {
      let more = true;
      while (more) {
        more = follower.item(item);
        count++;
        await new Promise(setImmediate);
      }
    }
    // The buffers of both kernels, a quarter of a MiB, and one item for each follow.
    expect(count * item.length).toBeLessThan(20e6);
    await goesOn();
  });

  test("incomplete messages count as pending: the largest sockets end, and others continue", async () => {
    const stream = testStream();
    const server = await serve(stream, { maxPendingBytes: 500_000 });
    const goesOn = await beside(stream, server);
    const text = Buffer.from(`{"id":1,"follow":"${RPC}"}`);
    const rest = Buffer.alloc(60_000 - text.length, " ");
    const parts: ((rude: WsClient) => void)[] = [
      // A frame that is not whole, one behind a message that is, and one that others are to follow.
      (rude) => raw(rude).write(masked(Buffer.concat([text, rest])).subarray(0, -1)),
      (rude) => raw(rude).write(Buffer.concat([masked('{"id":9,"cancel":true}'), masked(rest).subarray(0, -1)])),
      (rude) => rude.send(Buffer.concat([text, rest.subarray(1)]), { fin: false, binary: false }),
    ];
    const rudes = [];
    const ended: number[] = [];
    for (let i = 0; i < 12; i++) {
      const rude = await openRude(server);
      rude.closed.then(() => ended.push(i));
      const sent = once(rude.socket, "pong");
      parts[i % 3]?.(rude.socket);
      if (i % 3 === 2)
        rude.socket.ping(); // between its frames
      else await new Promise(setImmediate);
      if (i % 3 === 2) await Promise.race([sent, rude.closed]);
      rudes.push(rude);
    }
    await expect.poll(() => ended.length).toBeGreaterThanOrEqual(4);
    await goesOn();
    expect(ended.length).toBeLessThan(8);
    expect(ended).not.toContain(11); // of equal ones the oldest end
    // A message that is complete in the end is processed, and no longer counts.
    const last = rudes.at(-1);
    last?.socket.send(" ", { fin: true });
    const follower = await stream.next();
    follower.item("heard");
    expect(await last?.messageLog.next()).toMatchObject({ item: { fileName: "heard" } });
    for (let i = 0; i < 20; i++) last?.send({ id: 2, ack: 0, filler: "x".repeat(60_000) });
    last?.send({ id: 3, follow: RPC });
    await stream.next();
    await goesOn();
    expect(ended.length).toBeLessThan(8);
  });
  const raw = (socket: WsClient): net.Socket => (socket as unknown as { _socket: net.Socket })._socket;

  test("500 damaged frames may end their socket, and others continue", async () => {
    const stream = testStream();
    const server = await serve(stream);
    const goesOn = await beside(stream, server);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), fc.nat(60), fc.nat(255), async (behind, at, byte) => {
        const socket = net.connect(server.port, "127.0.0.1");
        const closed = new Promise((resolve) => socket.on("error", () => {}).once("close", resolve));
        socket.write(UPGRADE);
        await once(socket, "data");
        const frame = masked(`{"id":1,"follow":"${RPC}"}`);
        if (at < frame.length) frame[at] = byte;
        socket.end(Buffer.concat([frame, behind]));
        socket.resume();
        await closed;
      }),
      { numRuns: 500 },
    );
    await goesOn();
  });

  test("incomplete frames and handshakes delay no other client", async () => {
    const stream = testStream();
    const server = await serve(stream);
    const half = net.connect(server.port, "127.0.0.1");
    onTestFinished(() => void half.destroy());
    half.on("error", () => {});
    await once(half, "connect");
    half.write("GET /bff.v1/follow HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\n");
    const frame = net.connect(server.port, "127.0.0.1");
    onTestFinished(() => void frame.destroy());
    frame.on("error", () => {});
    frame.write(UPGRADE);
    await once(frame, "data");
    frame.write(Buffer.from([0x81, 0xfe, 0xff])); // a text frame, masked, its length unfinished
    await (await beside(stream, server))();
    await server.close(0);
  });
});
