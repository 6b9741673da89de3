// Holds docs/runtime.md#upstream-connections
import { createHash, randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { Flag, FrameType, Setting, WINDOW_BYTES, WINDOW_MAX } from "../../http2/frames.ts";
import { answerOf, type FramePeer, FrameUpstream, settingsOf, wordOf } from "../../testing/frame-upstream.ts";
import { frame } from "../../wire/frame.ts";
import { GrpcClient } from "./grpc-client.ts";

// An upstream that does not read for a while.

const { DATA, HEADERS, SETTINGS, WINDOW_UPDATE } = FrameType;
const settle = async (turns: number): Promise<void> => {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
};

async function pausing() {
  const greeting = Buffer.concat([
    settingsOf([Setting.INITIAL_WINDOW_SIZE, WINDOW_MAX]),
    wordOf(WINDOW_UPDATE, 0, WINDOW_MAX - WINDOW_BYTES),
  ]);
  const upstream = await new FrameUpstream(
    (peer, { type, flags }) => type === SETTINGS && flags === Flag.ACK && peer.socket.pause(),
    greeting,
  ).start();
  const client = new GrpcClient(upstream.url, { http2: "own", maxConnections: 1 });
  onTestFinished(async () => {
    await upstream.stop();
    await client.close();
  });
  const send = (framed: Buffer, headers?: Record<string, string>) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const inFlight = client.send("/a.B/C", framed, 60_000, headers, 1, {
      replied: (bytes) => resolve(Buffer.from(bytes).toString()),
      faulted: ({ message }) => resolve(message),
    });
    return { outcome: promise, cancel: () => inFlight.cancel() };
  };
  return { upstream, send };
}
const count = (peer: FramePeer, type: number): number => peer.frames.filter((frame) => frame.type === type).length;

test("unread data limits writing: calls wait, and may be cancelled", async () => {
  const { upstream, send } = await pausing();
  const first = send(frame(Buffer.alloc(1)));
  const peer = await upstream.next();
  await settle(10);
  const header = "v".repeat(4_000);
  const calls = Array.from({ length: 10_000 }, () => send(frame(Buffer.alloc(1)), { "x-large": header })); // 40 MB
  await settle(50);
  for (const { cancel } of calls) cancel();
  peer.socket.resume();
  peer.send(answerOf(1, frame(Buffer.from("first"))));
  expect(await first.outcome).toBe("first");
  const last = send(frame(Buffer.alloc(1)));
  await settle(100);
  const opened = peer.frames.flatMap(({ type, stream }) => (type === HEADERS ? [stream] : []));
  expect(opened.length).toBeLessThan(5_000);
  peer.send(answerOf(Math.max(...opened), frame(Buffer.from("last"))));
  expect(await last.outcome).toBe("last");
});

test("a large request continues when the upstream reads again", async () => {
  const { upstream, send } = await pausing();
  const message = randomBytes(64 << 20);
  const framed = frame(message);
  const before = process.memoryUsage().arrayBuffers;
  const { outcome } = send(framed);
  const peer = await upstream.next();
  await settle(100);
  expect(count(peer, DATA)).toBeLessThan(100);
  // What is copied to be sent is little more than the kernel takes.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 << 20);
  peer.socket.resume();
  const pieces: Buffer[] = [];
  for (let left = message.length + 5; left > 0; ) {
    const { payload } = await peer.next(DATA);
    pieces.push(payload);
    left -= payload.length;
  }
  const digest = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
  expect(digest(Buffer.concat(pieces).subarray(5))).toBe(digest(message));
  peer.send(answerOf(1, frame(Buffer.from("read"))));
  expect(await outcome).toBe("read");
});
