// Holds docs/runtime.md#server
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Listening, type ListenOptions, listen } from "../listen.ts";
import { closing } from "../testing/connection-close.ts";
import { frame, text } from "../testing/frames-by-hand.ts";
import { type Kept, kindEndpoint, PATH } from "../testing/test-kinds.ts";
import { handleOf } from "./client-sessions.ts";

async function serving(options: ListenOptions = {}, slow = false, kept?: Kept): Promise<Listening> {
  const server = await listen([kindEndpoint(slow, kept)], options);
  onTestFinished(() => server.close(0));
  return server;
}
function connected(server: Listening): http2.ClientHttp2Session {
  const session = http2.connect(server.url).on("error", () => {});
  onTestFinished(() => session.destroy());
  return session;
}
async function dialled(server: Listening): Promise<http2.ClientHttp2Session> {
  const session = connected(server);
  await once(session, "remoteSettings");
  return session;
}
/** Stops all timers, even on a busy machine. The returned function lets a number of milliseconds pass at once. */
function stopped(): (ms: number) => void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  return (ms) => {
    vi.advanceTimersByTime(ms);
    vi.useRealTimers();
  };
}
const PATIENT = { timeout: 25_000 };
const POST = { ":method": "POST", ":path": PATH, "content-type": "application/json" };
const asking = (fileName: string) => JSON.stringify({ fileName });
async function send(session: http2.ClientHttp2Session, text: string, headers: http2.OutgoingHttpHeaders = POST) {
  const stream = session.request(headers);
  stream.end(asking(text));
  const [answer] = (await once(stream, "response")) as [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader];
  return { status: answer[":status"], body: (await stream.setEncoding("utf8").toArray()).join("") };
}

// ---- frames by hand ----

const block = (headers: Record<string, string>) =>
  Buffer.concat(
    Object.entries(headers).map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])),
  );
/** A text of 3,927 bytes. */
const LONG = Buffer.concat([Buffer.from([0x7f, 0xd8, 0x1d]), Buffer.alloc(3927, 0x65)]);
const PREFACE = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(4, 0, 0)]);
const ACK = frame(4, 1, 0);
const HEADERS = block({
  ":method": "POST",
  ":scheme": "http",
  ":path": PATH,
  ":authority": "a",
  "content-type": "application/json",
});
const request = (stream: number, body: string) => [
  frame(1, 4, stream, HEADERS),
  frame(0, 1, stream, Buffer.from(body)),
];
const reset = (stream: number) => frame(3, 0, stream, Buffer.from([0, 0, 0, 8]));

async function byHand(server: Listening, ...first: Buffer[]) {
  const socket = net.connect(server.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "connect");
  socket.write(Buffer.concat([PREFACE, ...first]));
  return { socket, got: () => Buffer.concat(chunks), closed: closing(socket) };
}

describe("a connection of HTTP/2", () => {
  test("a connection keeps Node's handle until its streams are freed, because Node may abort otherwise", async () => {
    const server = http2.createServer().listen(0);
    onTestFinished(() => void server.close());
    const opened = once(server, "session") as Promise<[http2.ServerHttp2Session]>;
    const client = http2.connect(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
    onTestFinished(() => client.destroy());
    const [session] = await opened;
    expect(handleOf(session)?.constructor.name).toBe("Http2Session");
  });

  test("a connection has a maximum of streams, and further streams wait", async () => {
    const server = await serving({ maxStreams: 3 });
    const session = await dialled(server);
    expect(session.remoteSettings.maxConcurrentStreams).toBe(3);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => send(session, `x${i}`)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  });

  test("a connection without acknowledged SETTINGS ends in time, and is served before", async () => {
    const server = await serving({ handshakeTimeoutMs: 300 });
    const later = stopped();
    const { closed, got } = await byHand(server, ...request(1, asking("x")));
    await expect.poll(() => got().toString("latin1"), PATIENT).toContain('"x"');
    later(300);
    await closed;
  });

  test("a connection with acknowledged SETTINGS stays", async () => {
    const server = await serving({ handshakeTimeoutMs: 300 });
    const later = stopped();
    const session = await dialled(server);
    await send(session, "acknowledged by now");
    later(300);
    expect(await send(session, "x")).toEqual({ status: 200, body: asking("x") });
  });

  test("a client may not send oversized headers even before it has our limits", async () => {
    const server = await serving();
    const entry = Buffer.concat([Buffer.from([0x40]), text("x-e"), text("e".repeat(120))]);
    const referring = (times: number) => Buffer.concat([HEADERS, entry, Buffer.alloc(times, 0x80 | 62)]);
    const few = [frame(1, 4, 1, referring(50)), frame(0, 1, 1, Buffer.from(asking("few")))];
    const many = [frame(1, 4, 3, referring(120)), frame(0, 1, 3, Buffer.from(asking("many")))];
    const { got } = await byHand(server, ...few, ...many, ...request(5, asking("last")));
    await expect.poll(() => got().toString("latin1"), PATIENT).toContain("last");
    expect(got().toString("latin1")).toContain("few");
    expect(got().toString("latin1")).toContain("many"); // of 122 * 155 bytes
    const large = Buffer.concat([HEADERS, Buffer.from([0x40]), text("x-e"), LONG, Buffer.alloc(10, 0x80 | 62)]);
    const second = await byHand(
      server,
      frame(1, 4, 1, large),
      frame(0, 1, 1, Buffer.from(asking("large"))),
      ...request(3, asking("last")),
    );
    await expect.poll(() => second.got().toString("latin1"), PATIENT).toContain("last");
    expect(second.got().toString("latin1")).not.toContain("large");
  });

  test("a connection is closed after an idle time without a running request", async () => {
    const kept = { running: 0, cancelled: 0 };
    const server = await serving({ idleMs: 200 }, false, kept);
    const busy = connected(server);
    const waiting = busy.request(POST);
    waiting.on("error", () => {});
    waiting.end(asking("wait"));
    await expect.poll(() => kept.running, PATIENT).toBe(1);
    const idle = connected(server);
    const goaway = once(idle, "goaway") as Promise<[number]>;
    await once(idle, "close");
    expect((await goaway)[0]).toBe(http2.constants.NGHTTP2_NO_ERROR);
    expect(busy.closed).toBe(false);
    expect(kept).toEqual({ running: 1, cancelled: 0 });
    waiting.close(http2.constants.NGHTTP2_CANCEL);
    await once(busy, "close"); // now it is idle, too
  });
});

describe.each([
  ["on the fast path", false],
  ["on Connect's adapter", true],
])("reset requests, %s", (_, slow) => {
  test("requests reset at their end are not handled", async () => {
    const kept = { running: 0, cancelled: 0 };
    const server = await serving({}, slow, kept);
    const ids = Array.from({ length: 20 }, (_, i) => i * 2 + 1);
    const { got } = await byHand(
      server,
      ACK,
      ...ids.flatMap((id) => [...request(id, asking("wait")), reset(id)]),
      ...request(99, asking("x")),
    );
    await expect.poll(() => got().toString("latin1"), PATIENT).toContain('"x"');
    expect(kept).toEqual({ running: 0, cancelled: 0 });
  });

  test("many unanswered resets end the connection", async () => {
    const kept = { running: 0, cancelled: 0 };
    const server = await serving({}, slow, kept);
    const session = await dialled(server);
    const goaway = once(session, "goaway") as Promise<[number]>;
    const streams = Array.from({ length: 245 }, () => session.request(POST).on("error", () => {}));
    for (const stream of streams) stream.end(asking("wait"));
    await expect.poll(() => kept.running, PATIENT).toBe(245);
    // More may be reset each second, and a busy machine takes seconds: time stands still until they are.
    const now = vi.spyOn(performance, "now").mockReturnValue(performance.now());
    onTestFinished(() => now.mockRestore());
    for (const stream of streams) stream.close(http2.constants.NGHTTP2_CANCEL);
    expect((await goaway)[0]).toBe(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    now.mockRestore();
    expect((await send(await dialled(server), "x")).status).toBe(200);
  });

  test("occasional resets among answers are accepted", async () => {
    const server = await serving({}, slow);
    const session = await dialled(server);
    for (let i = 0; i < 400; i++) {
      const stream = session.request(POST).on("error", () => {});
      stream.end(asking("wait"));
      await send(session, "x"); // the other one has been sent before it
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
    expect(session.closed).toBe(false);
  });
});

describe.each([
  ["on the fast path", false],
  ["on Connect's adapter", true],
])("bodies, %s", (_, slow) => {
  test("bodies in one-byte pieces are read", async () => {
    const server = await serving({ maxRequestBytes: 30_000 }, slow);
    const body = asking("x".repeat(5_000));
    const { socket, got } = await byHand(server, ACK, frame(1, 4, 1, HEADERS));
    for (const byte of body) socket.write(frame(0, 0, 1, Buffer.from(byte)));
    socket.write(frame(0, 1, 1));
    await expect.poll(() => got().length, PATIENT).toBeGreaterThan(5_000);
  });

  test("the oldest bodies beyond the pending maximum are dropped; small ones are served", async () => {
    const server = await serving({ maxPendingBytes: 1 << 20 }, slow);
    const session = await dialled(server);
    const large = Array.from({ length: 12 }, () => {
      const stream = session.request(POST).on("error", () => {});
      stream.write(`{"fileName":"${"x".repeat(100_000)}`);
      return once(stream, "response") as Promise<[http2.IncomingHttpStatusHeader]>;
    });
    const [refused] = await (large[0] as (typeof large)[0]);
    expect(refused[":status"]).toBe(429);
    expect((await send(session, "x")).status).toBe(200);
  });
});
