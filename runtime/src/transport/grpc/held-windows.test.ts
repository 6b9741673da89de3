import { describe, expect, onTestFinished, test } from "vitest";
import { Flag, FrameType } from "../../http2/frames.ts";
import { HELD_WINDOW } from "../../http2/preface.ts";
import { type FramePeer, FrameUpstream, frameOf, GRPC_HEADERS, OK_TRAILERS } from "../../testing/frame-upstream.ts";
import { TestStream } from "../../testing/stream-rig.ts";
import { START } from "../../testing/wire-rig.ts";
import { frame } from "../../wire/frame.ts";
import { GrpcClient } from "./grpc-client.ts";

// What a server stream lets its upstream send, frame by frame.

const { DATA, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE } = FrameType;
const FRAME = 1 << 14;
const HALF = HELD_WINDOW / 2;

async function rig(take: number) {
  const upstream = await new FrameUpstream().start();
  const client = new GrpcClient(upstream.url, { http2: "own", maxReplyBytes: 1 << 20 });
  const stream = new TestStream(client, take);
  onTestFinished(async () => {
    stream.cancel();
    await upstream.stop();
    await client.close();
  });
  const peer = await upstream.next();
  await peer.next(HEADERS);
  peer.send(START);
  return { peer, client, stream };
}
/** As DATA of no more than a frame each. */
function data(bytes: Uint8Array, id = 1): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += FRAME) frames.push(frameOf(DATA, 0, id, bytes.subarray(at, at + FRAME)));
  return Buffer.concat(frames);
}
/** How much more was allowed, by WINDOW_UPDATE of this stream. */
const windowUpdates = (peer: FramePeer, id = 1): number[] =>
  peer.frames.flatMap(({ type, stream, payload }) =>
    type === WINDOW_UPDATE && stream === id ? [payload.readUInt32BE()] : [],
  );
/** All that was sent has been read, and answered. */
async function pinged(peer: FramePeer): Promise<void> {
  peer.send(frameOf(PING, 0, 0, Buffer.alloc(8)));
  while (((await peer.next(PING)).flags & Flag.ACK) === 0);
}
const message = (bytes: number): Buffer => frame(Buffer.alloc(bytes - 5, "x"));

describe("the window of a stream", () => {
  test("the window of a stream is 64 KiB, and grows only as items are taken", async () => {
    const { peer, stream } = await rig(0);
    const settings = peer.frames.find(({ type }) => type === SETTINGS)?.payload;
    expect(settings?.subarray(12, 18)).toEqual(Buffer.from([0, 4, 0, 1, 0, 0]));
    peer.send(data(Buffer.concat(Array.from({ length: 64 }, () => message(1_024)))));
    await pinged(peer);
    expect(windowUpdates(peer)).toEqual([]);
    stream.take(31);
    await pinged(peer);
    expect(windowUpdates(peer)).toEqual([]);
    stream.take(1);
    await pinged(peer);
    expect(stream.items.length).toBe(32);
    expect(windowUpdates(peer)).toEqual([HALF]);
    expect(peer.frames.filter(({ type }) => type === RST_STREAM)).toEqual([]);
  });
  test("an overrun window ends the stream", async () => {
    const { peer, stream } = await rig(0);
    peer.send(data(message(HELD_WINDOW)), frameOf(DATA, 0, 1, Buffer.alloc(1)));
    expect((await peer.next(RST_STREAM)).payload.readUInt32BE()).toBe(3);
    stream.take(1); // what came within the window was all right
    expect(await stream.end).toMatchObject({ fault: { message: "more than the window of its stream" } });
    expect(stream.items.length).toBe(1);
  });
  test("the window grows for an incomplete item if that item is in demand", async () => {
    const { peer, stream } = await rig(0);
    const large = message(200_000);
    peer.send(data(large.subarray(0, HELD_WINDOW)));
    await pinged(peer);
    expect(windowUpdates(peer)).toEqual([]);
    stream.take(1);
    await pinged(peer);
    expect(windowUpdates(peer)).toEqual([HELD_WINDOW]);
    for (let at = HELD_WINDOW; at < large.length; at += HALF) {
      peer.send(data(large.subarray(at, at + HALF)));
      await pinged(peer);
    }
    await stream.came(1);
    expect(stream.items[0]).toEqual(large.subarray(5));
    expect(windowUpdates(peer).reduce((sum, bytes) => sum + bytes)).toBeGreaterThan(200_000 - HALF);
    expect(windowUpdates(peer).reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(200_000);
  });
  test("the window grows for padding", async () => {
    const { peer, stream } = await rig(0);
    const padded = Buffer.concat([Buffer.from([255]), message(5), Buffer.alloc(255)]);
    for (let i = 0; i < 200; i++) peer.send(frameOf(DATA, Flag.PADDED, 1, padded));
    await pinged(peer);
    stream.take(200);
    await stream.came(200);
    await pinged(peer);
    expect(windowUpdates(peer)).toEqual([HALF]);
  });
  test("the window of a stream does not block that of the connection", async () => {
    const { peer, client } = await rig(0);
    const others = Array.from({ length: 8 }, () => new TestStream(client, 0));
    for (const _ of others) await peer.next(HEADERS);
    for (let id = 1; id < 2 * others.length + 2; id += 2) {
      if (id > 1) peer.send(frameOf(HEADERS, Flag.END_HEADERS, id, GRPC_HEADERS));
      peer.send(data(message(HELD_WINDOW), id));
    }
    await pinged(peer);
    expect(windowUpdates(peer, 0).slice(1)).toEqual([1 << 19]); // after that of the preface
    expect(peer.frames.filter(({ type, stream }) => type === WINDOW_UPDATE && stream > 0)).toEqual([]);
    for (const other of others) other.cancel();
  });
  test("the window does not grow after the stream has ended", async () => {
    const { peer, stream } = await rig(0);
    peer.send(
      data(Buffer.concat([message(40_000), message(10)])),
      frameOf(HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1, OK_TRAILERS),
    );
    await pinged(peer);
    stream.take(2);
    expect(await stream.end).toHaveProperty("trailers");
    await pinged(peer);
    expect(windowUpdates(peer)).toEqual([]);
  });
});

test("late data of many cancelled streams does not end the connection, unless it exceeds their windows", async () => {
  const { peer, client, stream } = await rig(0);
  const others = Array.from({ length: 20 }, () => new TestStream(client, 0));
  const ids: number[] = [];
  for (const _ of others) ids.push((await peer.next(HEADERS)).stream);
  for (const other of others) other.cancel();
  for (const _ of others) await peer.next(RST_STREAM);
  const small = (id: number, frames: number): Buffer =>
    Buffer.concat(Array<Buffer>(frames).fill(frameOf(DATA, 0, id, message(64))));
  for (const id of ids) peer.send(small(id, 1_000)); // 20,000 frames that bring nothing
  await pinged(peer);
  expect(stream.events).toEqual(["opened"]);
  peer.send(small(ids[0] as number, 20_000));
  expect(await stream.end).toMatchObject({ fault: { message: expect.stringContaining("too many frames") } });
});
