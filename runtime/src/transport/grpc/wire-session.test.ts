// Holds docs/runtime.md#upstream-connections
import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../clock.ts";
import { Code, type Fault } from "../../failure.ts";
import { ErrorCode } from "../../http2/error-code.ts";
import { Flag, FrameType, Setting, WINDOW_MAX } from "../../http2/frames.ts";
import { decodeHeaderBlock } from "../../http2/hpack-decoder.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import {
  type Frame,
  type FramePeer,
  FrameUpstream,
  frameOf,
  GRPC_HEADERS,
  OK_TRAILERS,
  SETTINGS_ACK,
  settingsOf,
  wordOf,
} from "../../testing/frame-upstream.ts";
import { answer, rig, underWay } from "../../testing/wire-rig.ts";
import { frame } from "../../wire/frame.ts";
import { Addresses } from "../balance/addresses.ts";
import { GrpcAttempt } from "./grpc-attempt.ts";
import type { GrpcSession } from "./grpc-session.ts";
import { RequestEncoder } from "./request-encoder.ts";
import type { SessionOwner } from "./session.ts";
import { SessionPool } from "./session-pool.ts";
import { SETTINGS_MS, WireSession } from "./wire-session.ts";

// The rules of RFC 9113, one by one; the tests in ../transport have what gRPC's client does on top of them.
// Windows, and what breaks the rules, have files of their own.

const { END_STREAM, END_HEADERS, PADDED, PRIORITY, ACK } = Flag;
const { DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION } = FrameType;

/** Sessions as the client has them, with the number of the first one's first stream. */
async function pooled(firstStream = 1, onFrame?: (peer: FramePeer, frame: Frame) => void) {
  const upstream = await new FrameUpstream(onFrame).start();
  const encoder = new RequestEncoder({ scheme: "http", authority: "a", prefix: "" });
  const url = new URL(upstream.url);
  const sessions: WireSession[] = [];
  const dial = (owner: SessionOwner<GrpcSession>) => {
    const first = sessions.length === 0 ? firstStream : 1;
    const options = { url, lookup: lookup as LookupFunction, firstStream: first };
    const session = new WireSession(options, encoder, owner, systemClock);
    sessions.push(session);
    return session;
  };
  const addresses = new Addresses([url], lookup as LookupFunction, systemClock);
  const options = { maxSessions: 8, keepAliveMs: 20_000, clock: systemClock, addresses };
  const pool = new SessionPool<GrpcSession>(dial, options);
  onTestFinished(async () => {
    await upstream.stop();
    await pool.close();
  });
  const attempts: GrpcAttempt[] = [];
  const send = (): Promise<string | Fault> => {
    const { promise, resolve } = Promise.withResolvers<string | Fault>();
    const bytes = frame(Buffer.from("x"));
    const request = { path: "/a.B/C", frame: bytes, timeoutMs: 60_000, headers: undefined, attempt: 1 };
    const attempt = new GrpcAttempt(pool, request, 1_000, {
      replied: (bytes) => resolve(Buffer.from(bytes).toString()),
      faulted: resolve,
    });
    attempts.push(attempt);
    const session = pool.take();
    if (session === undefined) attempt.wait(systemClock);
    else attempt.start(session);
    return promise;
  };
  return { upstream, sessions, attempts, send };
}
/** Resolves with the next exception that nobody catches. */
const nextUncaught = (): Promise<Error> =>
  new Promise((resolve) =>
    process.setUncaughtExceptionCaptureCallback((error) => {
      process.setUncaughtExceptionCaptureCallback(null);
      resolve(error);
    }),
  );
const headersOf = (block: Buffer): Record<string, string> => {
  const fields: Record<string, string> = {};
  decodeHeaderBlock(block, 0, block.length, (name, value) => {
    fields[name] = value;
    return true;
  });
  return fields;
};

describe("a connection", () => {
  test("a connection starts with the preface, and acknowledges settings", async () => {
    const { peer } = await underWay();
    const [settings, window, ack, ...rest] = peer.frames;
    expect(settings).toMatchObject({ type: SETTINGS, flags: 0, stream: 0 });
    const settingValues = new Map<number, number>();
    const payload = settings?.payload ?? Buffer.alloc(0);
    for (let at = 0; at < payload.length; at += 6)
      settingValues.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    expect([...settingValues]).toEqual([
      [Setting.HEADER_TABLE_SIZE, 0],
      [Setting.ENABLE_PUSH, 0],
      [Setting.INITIAL_WINDOW_SIZE, 1 << 20],
      [Setting.MAX_HEADER_LIST_SIZE, 64 << 10],
    ]);
    expect(window).toMatchObject({ type: WINDOW_UPDATE, stream: 0 });
    expect(window?.payload.readUInt32BE()).toBe((1 << 20) - 65_535);
    expect(ack).toMatchObject({ type: SETTINGS, flags: ACK });
    expect(rest.map(({ type }) => type)).toEqual([HEADERS, DATA]);
  });
  test("a connection sends headers without a dynamic table, and declares that in the first block", async () => {
    const { send, peer, call } = await underWay();
    const second = send("x", { "x-id": "1", Upper: " spaced\t", "x-empty": "", "x-latin": "\xe9" });
    await peer.next(HEADERS);
    const blocks = peer.frames.filter(({ type }) => type === HEADERS).map(({ payload }) => payload);
    expect(blocks.map((block) => block[0])).toEqual([0x20, 0x83]);
    expect(headersOf(blocks[1] as Buffer)).toMatchObject({
      ":method": "POST",
      ":scheme": "http",
      ":path": "/a.B/C",
      "content-type": "application/grpc+proto",
      te: "trailers",
      "grpc-timeout": expect.stringMatching(/^\d+m$/),
      "x-id": "1",
      upper: "spaced",
      "x-empty": "",
      "x-latin": "\xe9",
    });
    peer.send(answer("1"), answer("2", 3));
    expect((await call.outcome).message).toBe("1");
    expect((await second.outcome).message).toBe("2");
  });
  test.each<[string, Record<string, string>]>([
    ["a name with a space", { "a b": "1" }],
    ["a pseudo-header", { ":path": "/" }],
    ["a header of HTTP/1", { connection: "close" }],
    ["a value of two lines", { a: "1\r\nb: 2" }],
    ["a value beyond Latin-1", { a: "中" }],
  ])("a connection does not send %s, without a fault of the upstream", async (_, headers) => {
    const { send, peer, call } = await underWay();
    expect(await send("x", headers).outcome).toMatchObject({ fault: { kind: "unsendable", code: Code.INTERNAL } });
    peer.send(answer("1"));
    expect((await call.outcome).message).toBe("1");
    expect(peer.frames.filter(({ type }) => type === HEADERS).length).toBe(1);
  });
  test("a connection sends large headers in several frames", async () => {
    const { upstream, send } = await rig();
    const value = "v".repeat(40_000);
    const { outcome } = send("x", { "x-large": value });
    const peer = await upstream.next();
    await peer.next(DATA);
    const pieces = peer.frames.filter(({ type }) => type === HEADERS || type === CONTINUATION);
    expect(pieces.map(({ type, flags }) => [type, flags])).toEqual([
      [HEADERS, 0],
      [CONTINUATION, 0],
      [CONTINUATION, END_HEADERS],
    ]);
    expect(headersOf(Buffer.concat(pieces.map(({ payload }) => payload)))).toMatchObject({ "x-large": value });
    peer.send(answer("1"));
    expect((await outcome).message).toBe("1");
  });
  test("a connection answers PING, and ignores acknowledgements", async () => {
    const { peer } = await underWay();
    peer.send(frameOf(PING, ACK, 0, Buffer.from("nothing!")), frameOf(PING, 0, 0, Buffer.from("12345678")));
    expect(await peer.next(PING)).toMatchObject({ flags: ACK, payload: Buffer.from("12345678") });
  });
  test("a connection ignores unknown frames and settings", async () => {
    const { peer, call } = await underWay();
    peer.send(
      frameOf(0x2a, 0xff, 1, Buffer.from("extension")),
      settingsOf([0x99, 7]),
      frameOf(FrameType.PRIORITY, 0, 99, Buffer.alloc(5)),
      answer("1"),
    );
    expect((await call.outcome).message).toBe("1");
  });
  test("a reset stream frees its place when the reset has been sent", async () => {
    const { sessions, attempts, send, upstream } = await pooled();
    void send();
    const peer = await upstream.next();
    await peer.next(DATA);
    attempts[0]?.cancel();
    expect(sessions[0]?.streams).toBe(1);
    await peer.next(RST_STREAM);
    while (sessions[0]?.streams !== 0) await new Promise((resolve) => setImmediate(resolve));
  });
  test("a connection with GOAWAY ends after its remaining streams", async () => {
    const { upstream, send } = await rig();
    const calls = [send("1"), send("2"), send("3")];
    const peer = await upstream.next();
    for (const _ of calls) await peer.next(DATA);
    const goaway = (last: number) => frameOf(GOAWAY, 0, 0, Buffer.from([0, 0, 0, last, 0, 0, 0, 0]));
    peer.send(frameOf(GOAWAY, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0])), goaway(3), answer("2", 3));
    expect(await calls[2]?.outcome).toMatchObject({ fault: { kind: "unprocessed" } });
    expect((await calls[1]?.outcome)?.message).toBe("2");
    const fourth = send("4");
    const next = await upstream.next();
    await next.next(DATA);
    next.send(answer("4"));
    expect((await fourth.outcome).message).toBe("4");
    peer.send(answer("1"));
    expect((await calls[0]?.outcome)?.message).toBe("1");
    expect((await peer.next(GOAWAY)).payload).toEqual(Buffer.alloc(8));
    await peer.closed;
  });
  test("a connection without acknowledged settings ends in time", async () => {
    const clock = new FakeClock();
    const { upstream, call, peer, send } = await underWay({ greeting: settingsOf(), options: { clock } });
    await clock.advance(SETTINGS_MS - 1);
    expect(peer.frames.some(({ type }) => type === GOAWAY)).toBe(false);
    await clock.advance(1);
    expect(await call.outcome).toMatchObject({ fault: { kind: "transport", code: Code.UNAVAILABLE } });
    expect((await peer.next(GOAWAY)).payload.readUInt32BE(4)).toBe(ErrorCode.SETTINGS_TIMEOUT);
    await peer.closed;
    const second = send();
    const next = await upstream.next();
    await next.next(HEADERS);
    next.send(SETTINGS_ACK, answer("2"));
    expect((await second.outcome).message).toBe("2");
    await clock.advance(SETTINGS_MS);
    const third = send();
    await next.next(HEADERS);
    next.send(answer("3", 3));
    expect((await third.outcome).message).toBe("3");
    expect(upstream.peers.length).toBe(2);
  });
  test("a connection closed before its settings are acknowledged leaves no timer", async () => {
    const clock = new FakeClock();
    const { client, peer, call } = await underWay({ greeting: settingsOf(), options: { clock } });
    peer.send(answer("1"));
    await call.outcome;
    await client.close();
    expect(clock.running).toBe(0);
  });
  test("an internal error ends the connection, and the fault is reported", async () => {
    const { upstream, sessions, attempts, send } = await pooled();
    const calls = [send(), send()];
    const peer = await upstream.next();
    for (const _ of calls) await peer.next(DATA);
    const [first] = attempts as [GrpcAttempt];
    first.response = () => {
      throw new Error("a fault");
    };
    const exception = nextUncaught();
    peer.send(answer("1"), answer("2", 3));
    expect(await exception).toEqual(new Error("a fault"));
    for (const outcome of calls) expect(await outcome).toMatchObject({ kind: "transport", code: Code.UNAVAILABLE });
    expect(sessions[0]?.ended).toBe(true);
  });
  test("a connection lost before a call was sent leaves the call unprocessed", async () => {
    const { sessions, send, upstream } = await pooled();
    const first = send();
    const peer = await upstream.next();
    await peer.next(DATA);
    const second = send(); // goes out at the end of this turn
    sessions[0]?.destroy(new Error("cut"));
    expect(await first).toMatchObject({ kind: "transport", message: "cut" });
    expect(await second).toMatchObject({ kind: "unprocessed", message: "cut" });
  });
  test("a connection without stream numbers ends with its streams; the next call uses another", async () => {
    const { upstream, send } = await pooled(WINDOW_MAX - 4, (peer, { type, flags, stream }) => {
      if (type === DATA && (flags & END_STREAM) !== 0 && stream !== WINDOW_MAX - 2) peer.send(answer("1", stream));
    });
    expect(await send()).toBe("1");
    const held = send();
    expect(await send()).toBe("1");
    expect(await send()).toBe("1");
    const [old, fresh] = upstream.peers;
    const opened = (peer: FramePeer | undefined) =>
      peer?.frames.flatMap(({ type, stream }) => (type === HEADERS ? [stream] : []));
    expect(opened(old)).toEqual([WINDOW_MAX - 4, WINDOW_MAX - 2, WINDOW_MAX]);
    expect(opened(fresh)).toEqual([1]);
    old?.send(answer("late", WINDOW_MAX - 2));
    expect(await held).toBe("late");
    await old?.closed;
  });
});

describe("an answer", () => {
  test("an answer may have padding and priority, and arrive byte by byte", async () => {
    const { peer, call, stream } = await underWay();
    const message = frame(Buffer.from("padded"));
    const bytes = Buffer.concat([
      frameOf(
        HEADERS,
        PADDED | PRIORITY,
        stream,
        Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 9]), GRPC_HEADERS.subarray(0, 4), Buffer.alloc(3)]),
      ),
      frameOf(CONTINUATION, 0, stream),
      frameOf(CONTINUATION, END_HEADERS, stream, GRPC_HEADERS.subarray(4)),
      frameOf(DATA, PADDED, stream, Buffer.concat([Buffer.from([200]), message.subarray(0, 3), Buffer.alloc(200)])),
      frameOf(DATA, 0, stream),
      frameOf(DATA, PADDED, stream, Buffer.concat([Buffer.from([0]), message.subarray(3)])),
      frameOf(
        HEADERS,
        END_STREAM | END_HEADERS | PADDED,
        stream,
        Buffer.concat([Buffer.from([255]), OK_TRAILERS, Buffer.alloc(255)]),
      ),
    ]);
    for (const byte of bytes) peer.send(Buffer.from([byte]));
    expect((await call.outcome).message).toBe("padded");
  });
  test("an answer may have headers in several frames", async () => {
    const { peer, call, stream } = await underWay();
    const pieces = [
      frameOf(HEADERS, 0, stream, GRPC_HEADERS.subarray(0, 20)),
      frameOf(CONTINUATION, 0, stream, GRPC_HEADERS.subarray(20, 30)),
      frameOf(CONTINUATION, END_HEADERS, stream, GRPC_HEADERS.subarray(30)),
      frameOf(DATA, 0, stream, frame(Buffer.from("pieces"))),
      frameOf(HEADERS, END_HEADERS | END_STREAM, stream, OK_TRAILERS),
    ];
    for (const piece of pieces) {
      peer.send(piece);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await call.outcome).message).toBe("pieces");
  });
  test("an answer may end before the request", async () => {
    const { upstream, send } = await rig({ greeting: settingsOf([Setting.INITIAL_WINDOW_SIZE, 10]) });
    const { outcome } = send("x".repeat(100));
    const peer = await upstream.next();
    await peer.next(DATA);
    peer.send(answer("enough"));
    expect((await outcome).message).toBe("enough");
    expect((await peer.next(RST_STREAM)).payload.readUInt32BE()).toBe(ErrorCode.NO_ERROR);
    expect(peer.frames.filter(({ type }) => type === DATA).length).toBe(1);
  });
  test("an answer of a cancelled stream is dropped", async () => {
    const { peer, call, send, stream } = await underWay();
    call.cancel();
    expect((await peer.next(RST_STREAM)).payload.readUInt32BE()).toBe(ErrorCode.CANCEL);
    const second = send();
    await peer.next(HEADERS);
    peer.send(answer("late", stream), wordOf(RST_STREAM, stream, 8), wordOf(WINDOW_UPDATE, stream, 5), answer("2", 3));
    expect((await second.outcome).message).toBe("2");
  });
  test("an answer reset at its start with REFUSED_STREAM is unprocessed", async () => {
    const { peer, call, stream } = await underWay();
    peer.send(wordOf(RST_STREAM, stream, ErrorCode.REFUSED_STREAM));
    expect(await call.outcome).toMatchObject({ fault: { kind: "unprocessed" } });
  });
});
