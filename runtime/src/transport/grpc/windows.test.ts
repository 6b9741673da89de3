import { describe, expect, test } from "vitest";
import { Flag, FrameType, Setting } from "../../http2/frames.ts";
import { type FramePeer, frameOf, OK_TRAILERS, settingsOf, wordOf } from "../../testing/frame-upstream.ts";
import { answer, rig, START, underWay } from "../../testing/wire-rig.ts";
import { frame } from "../../wire/frame.ts";

const { END_STREAM, END_HEADERS, PADDED } = Flag;
const { DATA, HEADERS, RST_STREAM, PING, WINDOW_UPDATE } = FrameType;

describe("windows:", () => {
  const sentOn = (peer: FramePeer, stream: number): number =>
    peer.frames.reduce(
      (sum, frame) => (frame.type === DATA && frame.stream === stream ? sum + frame.payload.length : sum),
      0,
    );
  const pinged = async (peer: FramePeer): Promise<void> => {
    peer.send(frameOf(PING, 0, 0, Buffer.alloc(8)));
    await peer.next(PING);
  };
  test("a stream without a window does not block others", async () => {
    const { upstream, send } = await rig({ greeting: settingsOf([Setting.INITIAL_WINDOW_SIZE, 200_000]) });
    const calls = [send("a".repeat(100_000)), send("b".repeat(100_000))];
    const peer = await upstream.next();
    await peer.next(HEADERS);
    await peer.next(HEADERS);
    await pinged(peer);
    expect([sentOn(peer, 1), sentOn(peer, 3)]).toEqual([65_535, 0]); // the connection's
    peer.send(settingsOf([Setting.INITIAL_WINDOW_SIZE, 10]), wordOf(WINDOW_UPDATE, 0, 1_000_000));
    await pinged(peer);
    expect([sentOn(peer, 1), sentOn(peer, 3)]).toEqual([65_535, 10]);
    peer.send(wordOf(WINDOW_UPDATE, 1, 65_525)); // up to nothing
    await pinged(peer);
    expect([sentOn(peer, 1), sentOn(peer, 3)]).toEqual([65_535, 10]);
    peer.send(wordOf(WINDOW_UPDATE, 3, 200_000));
    await pinged(peer);
    expect([sentOn(peer, 1), sentOn(peer, 3)]).toEqual([65_535, 100_005]);
    peer.send(wordOf(WINDOW_UPDATE, 1, 1));
    await pinged(peer);
    expect([sentOn(peer, 1), sentOn(peer, 3)]).toEqual([65_536, 100_005]);
    peer.send(settingsOf([Setting.INITIAL_WINDOW_SIZE, 34_479]));
    await pinged(peer);
    expect(sentOn(peer, 1)).toBe(100_005);
    peer.send(answer("1"), answer("2", 3));
    for (const [i, { outcome }] of calls.entries()) expect((await outcome).message).toBe(String(i + 1));
  });
  test("a request without a body needs no window", async () => {
    const { client, upstream } = await rig({ greeting: settingsOf([Setting.INITIAL_WINDOW_SIZE, 0]) });
    client.send("/a.B/C", Buffer.alloc(0), 60_000, undefined, 1, { replied: () => {}, faulted: () => {} });
    const peer = await upstream.next();
    expect(await peer.next(DATA)).toMatchObject({ flags: END_STREAM, payload: Buffer.alloc(0) });
  });
  test("a window may grow byte by byte, which does not count as a flood", async () => {
    const { upstream, send } = await rig({ greeting: settingsOf([Setting.INITIAL_WINDOW_SIZE, 0]) });
    const { outcome } = send("x".repeat(11_000));
    const peer = await upstream.next();
    await peer.next(HEADERS);
    peer.send(Buffer.concat(Array(11_005).fill(wordOf(WINDOW_UPDATE, 1, 1))));
    await pinged(peer);
    expect(sentOn(peer, 1)).toBe(11_005);
    peer.send(answer("1"));
    expect((await outcome).message).toBe("1");
  });
  test("a cancelled stream gets no more window", async () => {
    const { peer, call, stream } = await underWay();
    const tooMuch = Buffer.concat([frame(Buffer.alloc((1 << 19) - 10)), Buffer.alloc(10)]);
    peer.send(START);
    for (let at = 0; at < tooMuch.length; at += 1 << 14) {
      peer.send(frameOf(DATA, 0, stream, tooMuch.subarray(at, at + (1 << 14))));
    }
    expect(await call.outcome).toMatchObject({ fault: { message: "more than one message" } });
    await peer.next(RST_STREAM);
    expect(peer.frames.filter((frame) => frame.type === WINDOW_UPDATE && frame.stream === stream)).toEqual([]);
  });
  test("a stream gets more window after half of it, padding included; an ending stream does not", async () => {
    const { peer, call, stream } = await underWay();
    const message = frame(Buffer.alloc((3 << 18) - 5, "x"));
    const piece = 1 << 13;
    const windowUpdates = (id: number): number[] =>
      peer.frames.flatMap(({ type, stream, payload }) =>
        type === WINDOW_UPDATE && stream === id ? [payload.readUInt32BE()] : [],
      );
    peer.send(START);
    for (let at = 0; at < message.length; at += piece) {
      const padded = Buffer.concat([Buffer.from([255]), message.subarray(at, at + piece), Buffer.alloc(255)]);
      peer.send(frameOf(DATA, PADDED, stream, padded));
    }
    await pinged(peer);
    const half = (piece + 256) * Math.ceil((1 << 19) / (piece + 256));
    expect(windowUpdates(stream)).toEqual([half]);
    expect(windowUpdates(0).slice(1)).toEqual([half]); // after that of the preface
    peer.send(frameOf(HEADERS, END_HEADERS | END_STREAM, stream, OK_TRAILERS));
    expect((await call.outcome).message).toBe("x".repeat(message.length - 5));
    expect(windowUpdates(stream)).toEqual([half]);
  });
});
