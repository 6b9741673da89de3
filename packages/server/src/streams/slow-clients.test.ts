// Clients that stop reading, or stop answering: how long a server waits for them, on timers that tests move.
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { StreamService, testStream } from "@protobff/runtime/internal/testing/test-streams";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { type ListenOptions, listen } from "../listen.ts";

const PATH = "/streams.v1.StreamService/Follow";
/** More than the kernel takes of a client that does not read. */
const MUCH = "x".repeat(32 << 20);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Serves a stream of one item and its end. The item is larger than the client reads. */
async function served(options: ListenOptions = {}) {
  const ended = Promise.withResolvers<void>();
  const stream = testStream((it) => {
    if (it.text !== "") return;
    it.item(MUCH, "t1");
    it.follower.ended(undefined);
    ended.resolve();
  });
  const server = await listen([stream], { services: [StreamService], ...options });
  onTestFinished(() => server.close(0));
  return { server, stream, ended: ended.promise };
}
/** Waits until earlier writes have arrived and their effects are complete. */
const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};
const answers = (session: http2.ClientHttp2Session): Promise<void> =>
  new Promise((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));

test("an HTTP/1.1 connection that does not read the end of its stream is cut after 30 s", async () => {
  const { server, ended } = await served();
  const socket = net.connect(server.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  socket.pause();
  socket.write(`GET ${PATH}?encoding=json&message={} HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\r\n`);
  await ended;
  vi.advanceTimersByTime(29_999);
  await turns();
  expect(server.connections).toBe(1);
  vi.advanceTimersByTime(1);
  let bytes = 0;
  socket.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.resume();
  await once(socket, "close");
  expect(bytes).toBeLessThan(MUCH.length);
});

test.each(["own", "node"] as const)(
  "over HTTP/2, %s, an unread stream is reset after 30 s, and others of the connection continue",
  async (http2Server) => {
    const { server, ended } = await served({ http2Server });
    const session = http2.connect(server.url);
    onTestFinished(() => session.destroy());
    const headers = { ":method": "POST", ":path": PATH, "content-type": "application/grpc" };
    const slow = session.request(headers);
    slow.on("error", () => {});
    slow.pause();
    slow.end(Buffer.alloc(5));
    await ended;
    await answers(session); // its settings are there, which the server waits for, too
    vi.advanceTimersByTime(29_999);
    await answers(session);
    expect(slow.rstCode).toBe(0);
    vi.advanceTimersByTime(1);
    const closed = new Promise((resolve) => slow.once("close", resolve));
    slow.resume();
    await closed;
    expect(slow.rstCode).toBe(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await answers(session);
  },
);

test("a WebSocket without pongs is cut after a minute", async () => {
  const { server, stream } = await served();
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/bff.v1/follow`, "bff.v1.json", { autoPong: false });
  onTestFinished(() => socket.terminate());
  const [first] = await once(socket, "message");
  expect(String(first)).toBe('{"beat":15000}');
  let closed: number | undefined;
  socket.on("close", (code) => {
    closed = code;
  });
  socket.send(JSON.stringify({ id: 1, follow: "streams.v1.StreamService/Follow", request: { fileName: "quiet" } }));
  await stream.next();
  for (let beat = 1; beat <= 3; beat++) {
    const pinged = once(socket, "ping");
    vi.advanceTimersByTime(15_000);
    await pinged;
  }
  expect(closed).toBeUndefined();
  vi.advanceTimersByTime(15_000);
  await once(socket, "close");
  expect(closed).toBe(1006);
});
