// Holds docs/runtime.md#upstream-connections

import { describe, expect, test } from "vitest";
import { Code } from "../../failure.ts";
import { ErrorCode } from "../../http2/error-code.ts";
import { Flag, FrameType, Setting, WINDOW_MAX } from "../../http2/frames.ts";
import { blockOf, frameOf, GRPC_HEADERS, OK_TRAILERS, settingsOf, wordOf } from "../../testing/frame-upstream.ts";
import { answer, START, underWay } from "../../testing/wire-rig.ts";
import { frame } from "../../wire/frame.ts";

// What RFC 9113 forbids, rule by rule.

const { END_STREAM, END_HEADERS, PADDED, PRIORITY, ACK } = Flag;
const { DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION, PUSH_PROMISE } = FrameType;
const fields = (...all: readonly (readonly [string, string])[]) => blockOf(all);

describe("a stream error ends only its stream:", () => {
  test.each<[string, number, Buffer[]]>([
    ["data without headers", ErrorCode.PROTOCOL_ERROR, [frameOf(DATA, 0, 1, Buffer.from("x"))]],
    ["headers without a status", ErrorCode.PROTOCOL_ERROR, [frameOf(HEADERS, END_HEADERS, 1, fields(["a", "b"]))]],
    ["101", ErrorCode.PROTOCOL_ERROR, [frameOf(HEADERS, END_HEADERS, 1, fields([":status", "101"]))]],
    [
      "103 at the end",
      ErrorCode.PROTOCOL_ERROR,
      [frameOf(HEADERS, END_HEADERS | END_STREAM, 1, fields([":status", "103"]))],
    ],
    [
      "upper case",
      ErrorCode.PROTOCOL_ERROR,
      [frameOf(HEADERS, END_HEADERS, 1, fields([":status", "200"], ["A", "b"]))],
    ],
    ["trailers that are not the end", ErrorCode.PROTOCOL_ERROR, [START, frameOf(HEADERS, END_HEADERS, 1, OK_TRAILERS)]],
    [
      "a status in trailers",
      ErrorCode.PROTOCOL_ERROR,
      [START, frameOf(HEADERS, END_HEADERS | END_STREAM, 1, GRPC_HEADERS)],
    ],
    [
      "a wrong length",
      ErrorCode.PROTOCOL_ERROR,
      [
        frameOf(HEADERS, END_HEADERS, 1, Buffer.concat([GRPC_HEADERS, fields(["content-length", "7"])])),
        frameOf(DATA, 0, 1, frame(Buffer.from("x"))),
        frameOf(HEADERS, END_HEADERS | END_STREAM, 1, OK_TRAILERS),
      ],
    ],
    [
      "too much",
      ErrorCode.PROTOCOL_ERROR,
      [
        frameOf(HEADERS, END_HEADERS, 1, Buffer.concat([GRPC_HEADERS, fields(["content-length", "3"])])),
        frameOf(DATA, 0, 1, frame(Buffer.from("x"))),
      ],
    ],
    ["a window made no wider", ErrorCode.PROTOCOL_ERROR, [wordOf(WINDOW_UPDATE, 1, 0)]],
    ["a window too wide", ErrorCode.FLOW_CONTROL_ERROR, [wordOf(WINDOW_UPDATE, 1, WINDOW_MAX)]],
    ["a priority of four bytes", ErrorCode.FRAME_SIZE_ERROR, [frameOf(FrameType.PRIORITY, 0, 1, Buffer.alloc(4))]],
  ])("%s", async (_, code, frames) => {
    const { peer, call, send, upstream } = await underWay();
    peer.send(...frames);
    expect(await call.outcome).toMatchObject({
      fault: { kind: "transport", code: code === ErrorCode.PROTOCOL_ERROR ? Code.INTERNAL : expect.any(Number) },
    });
    expect((await peer.next(RST_STREAM)).payload.readUInt32BE()).toBe(code);
    const second = send();
    await peer.next(HEADERS);
    peer.send(answer("2", 3));
    expect((await second.outcome).message).toBe("2");
    expect(upstream.peers.length).toBe(1);
  });
});

describe("a connection error ends only its connection:", () => {
  const { PROTOCOL_ERROR, FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR, COMPRESSION_ERROR, ENHANCE_YOUR_CALM } = ErrorCode;
  const flood = (frame: Buffer, count: number): Buffer => Buffer.concat(Array(count).fill(frame));
  test.each<[string, number, Buffer[]]>([
    ["a frame that is too large", FRAME_SIZE_ERROR, [frameOf(DATA, 0, 1, Buffer.alloc(16_385))]],
    ["data of stream 0", PROTOCOL_ERROR, [frameOf(DATA, 0, 0, Buffer.from("x"))]],
    ["headers of stream 0", PROTOCOL_ERROR, [frameOf(HEADERS, END_HEADERS, 0, GRPC_HEADERS)]],
    ["a stream that was never opened", PROTOCOL_ERROR, [frameOf(HEADERS, END_HEADERS, 99, GRPC_HEADERS)]],
    ["a stream of a server", PROTOCOL_ERROR, [frameOf(HEADERS, END_HEADERS, 2, GRPC_HEADERS)]],
    ["a push", PROTOCOL_ERROR, [frameOf(PUSH_PROMISE, END_HEADERS, 1, Buffer.alloc(4))]],
    ["a reset of a stream that was never opened", PROTOCOL_ERROR, [wordOf(RST_STREAM, 3, 0)]],
    ["a reset of stream 0", PROTOCOL_ERROR, [wordOf(RST_STREAM, 0, 0)]],
    ["a reset of three bytes", FRAME_SIZE_ERROR, [frameOf(RST_STREAM, 0, 1, Buffer.alloc(3))]],
    ["a priority of stream 0", PROTOCOL_ERROR, [frameOf(FrameType.PRIORITY, 0, 0, Buffer.alloc(5))]],
    ["settings of a stream", PROTOCOL_ERROR, [frameOf(SETTINGS, 0, 1)]],
    ["settings of seven bytes", FRAME_SIZE_ERROR, [frameOf(SETTINGS, 0, 0, Buffer.alloc(7))]],
    ["an acknowledgement with settings", FRAME_SIZE_ERROR, [frameOf(SETTINGS, ACK, 0, Buffer.alloc(6))]],
    ["push turned on", PROTOCOL_ERROR, [settingsOf([Setting.ENABLE_PUSH, 1])]],
    ["an initial window too wide", FLOW_CONTROL_ERROR, [settingsOf([Setting.INITIAL_WINDOW_SIZE, WINDOW_MAX + 1])]],
    [
      "an initial window that widens another too far",
      FLOW_CONTROL_ERROR,
      [wordOf(WINDOW_UPDATE, 1, WINDOW_MAX - 65_535), settingsOf([Setting.INITIAL_WINDOW_SIZE, 70_000])],
    ],
    ["frames that are too small", PROTOCOL_ERROR, [settingsOf([Setting.MAX_FRAME_SIZE, 16_383])]],
    ["frames that are too large", PROTOCOL_ERROR, [settingsOf([Setting.MAX_FRAME_SIZE, 2 ** 24])]],
    ["a ping of a stream", PROTOCOL_ERROR, [frameOf(PING, 0, 1, Buffer.alloc(8))]],
    ["a ping of seven bytes", FRAME_SIZE_ERROR, [frameOf(PING, 0, 0, Buffer.alloc(7))]],
    ["a goodbye of a stream", PROTOCOL_ERROR, [frameOf(GOAWAY, 0, 1, Buffer.alloc(8))]],
    ["a goodbye of seven bytes", FRAME_SIZE_ERROR, [frameOf(GOAWAY, 0, 0, Buffer.alloc(7))]],
    ["a window made no wider", PROTOCOL_ERROR, [wordOf(WINDOW_UPDATE, 0, 0)]],
    ["a window too wide", FLOW_CONTROL_ERROR, [wordOf(WINDOW_UPDATE, 0, WINDOW_MAX)]],
    ["a window of three bytes", FRAME_SIZE_ERROR, [frameOf(WINDOW_UPDATE, 0, 0, Buffer.alloc(3))]],
    ["a window of a stream that was never opened", PROTOCOL_ERROR, [wordOf(WINDOW_UPDATE, 3, 1)]],
    ["a continuation of nothing", PROTOCOL_ERROR, [frameOf(CONTINUATION, END_HEADERS, 1, OK_TRAILERS)]],
    [
      "headers that are not brought to their end",
      PROTOCOL_ERROR,
      [frameOf(HEADERS, 0, 1, GRPC_HEADERS), frameOf(PING, 0, 0, Buffer.alloc(8))],
    ],
    [
      "headers that go on elsewhere",
      PROTOCOL_ERROR,
      [frameOf(HEADERS, 0, 1, GRPC_HEADERS), frameOf(CONTINUATION, END_HEADERS, 3)],
    ],
    [
      "headers without end",
      ENHANCE_YOUR_CALM,
      [frameOf(HEADERS, 0, 1, GRPC_HEADERS), flood(frameOf(CONTINUATION, 0, 1, Buffer.alloc(16_384)), 70)],
    ],
    ["headers of the dynamic table", COMPRESSION_ERROR, [frameOf(HEADERS, END_HEADERS, 1, Buffer.from([0xbe]))]],
    ["padding without a length", FRAME_SIZE_ERROR, [frameOf(DATA, PADDED, 1)]],
    ["more padding than frame", PROTOCOL_ERROR, [frameOf(DATA, PADDED, 1, Buffer.from([2, 0]))]],
    [
      "more padding than headers",
      PROTOCOL_ERROR,
      [frameOf(HEADERS, PADDED | PRIORITY | END_HEADERS, 1, Buffer.from([1, 0, 0, 0, 0, 0]))],
    ],
    ["a priority cut short", FRAME_SIZE_ERROR, [frameOf(HEADERS, PRIORITY | END_HEADERS, 1, Buffer.from([1]))]],
    ["a flood of settings", ENHANCE_YOUR_CALM, [flood(settingsOf([Setting.MAX_FRAME_SIZE, 20_000]), 11_000)]],
    ["a flood of pings", ENHANCE_YOUR_CALM, [flood(frameOf(PING, 0, 0, Buffer.alloc(8)), 11_000)]],
    ["a flood of empty data", ENHANCE_YOUR_CALM, [START, flood(frameOf(DATA, 0, 1), 11_000)]],
    ["a flood of padding", ENHANCE_YOUR_CALM, [START, flood(frameOf(DATA, PADDED, 1, Buffer.from([1, 0])), 11_000)]],
    [
      "a flood of interim responses",
      ENHANCE_YOUR_CALM,
      [flood(frameOf(HEADERS, END_HEADERS, 1, blockOf([[":status", "103"]])), 11_000)],
    ],
    ["a flood of windows", ENHANCE_YOUR_CALM, [flood(wordOf(WINDOW_UPDATE, 1, 1), 11_000)]],
    ["a flood of priorities", ENHANCE_YOUR_CALM, [flood(frameOf(FrameType.PRIORITY, 0, 1, Buffer.alloc(5)), 11_000)]],
    ["a flood of what it does not know", ENHANCE_YOUR_CALM, [flood(frameOf(0x50, 0, 0), 11_000)]],
  ])("%s", async (_, code, frames) => {
    const { upstream, send, call, peer } = await underWay();
    peer.send(...frames);
    expect(await call.outcome).toMatchObject({ fault: { kind: "transport", code: Code.UNAVAILABLE } });
    await peer.closed;
    const goodbye = peer.frames.find(({ type }) => type === GOAWAY);
    // Who still writes when the connection ends may lose what he has not read.
    if (goodbye !== undefined || code !== ENHANCE_YOUR_CALM) expect(goodbye?.payload.readUInt32BE(4)).toBe(code);
    const second = send();
    const next = await upstream.next();
    await next.next(HEADERS);
    next.send(answer("2"));
    expect((await second.outcome).message).toBe("2");
  });
});
