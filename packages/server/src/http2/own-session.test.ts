import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { MAGIC } from "@protobff/runtime/internal/http2";
import { transition } from "@protobff/runtime/internal/states";
import { expect, onTestFinished, test, vi } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../../test/support/setup/checked-states.ts";
import type { OwnStream } from "../carrier/own-stream.ts";
import { frame } from "../testing/frames-by-hand.ts";
import { OwnSession, SESSION_TRANSITIONS } from "./own-session.ts";

/** A socket that accepts written data only when the test lets it, as TLS does a moment later. */
class LateSocket extends Duplex {
  readonly encrypted = true;
  readonly got: Buffer[] = [];
  #taken: (() => void)[] = [];
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: BufferEncoding, taken: () => void): void {
    this.got.push(Buffer.from(chunk));
    this.#taken.push(taken);
  }
  takeAll(): void {
    for (const taken of this.#taken.splice(0)) taken();
  }
}

const GET = Buffer.concat([Buffer.from([0x20, 0x82, 0x86, 0x84, 0x01, 0x01]), Buffer.from("a")]);
const WIDE = Buffer.from([0, 4, 0x01, 0, 0, 0]);
const turn = () => new Promise(setImmediate);
/** Waits for both streams. Code that runs for the first time may leave data for the next turn of the event loop. */
async function read(streams: readonly OwnStream[]): Promise<void> {
  await vi.waitUntil(() => streams.length === 2, { interval: 1 });
}

interface Opened {
  readonly socket: LateSocket;
  readonly session: OwnSession;
  readonly streams: OwnStream[];
}
function opened(): Opened {
  const socket = new LateSocket();
  const streams: OwnStream[] = [];
  const session = new OwnSession(socket as unknown as Socket, {
    maxStreams: 100,
    handshakeTimeoutMs: 60_000,
    preface: Buffer.alloc(0),
    known: new Map(),
    request: (stream) => streams.push(stream),
    holds() {},
    calmed() {},
    gone() {},
  });
  return { socket, session, streams };
}

test.each([
  ["DATA", frame(0, 1, 3, Buffer.from("late"))],
  ["HEADERS", frame(1, 5, 3, Buffer.alloc(0))],
])("%s after a reset, as grpc-java sends it on cancellation, ends no other stream", async (_, late) => {
  const { socket, session, streams } = opened();
  const reset = frame(3, 0, 3, Buffer.from([0, 0, 0, 8]));
  const hello = [MAGIC, frame(4, 0, 0, Buffer.alloc(0)), frame(4, 1, 0, Buffer.alloc(0))];
  socket.push(Buffer.concat([...hello, frame(1, 5, 1, GET), frame(1, 4, 3, GET), reset, late, late]));
  await read(streams);
  streams[0]?.answer(200, [], Buffer.from("it"), undefined, false);
  for (let i = 0; i < 5; i++) {
    await turn();
    socket.takeAll();
  }
  const sent = Buffer.concat(socket.got);
  const output = frame(3, 0, 3, Buffer.from([0, 0, 0, 5]));
  expect(sent.indexOf(output)).toBeGreaterThanOrEqual(0);
  expect(sent.indexOf(output)).toBe(sent.lastIndexOf(output)); // once
  expect(sent.includes(frame(0, 1, 1, Buffer.from("it")))).toBe(true);
  expect(socket.writableEnded).toBe(false);
  session.destroy();
});

test.each([1, 2, 10, 30, 33, 50, 63, 64])(
  "two answers of %i KiB in two turns both leave, though the socket drains later and is never full",
  async (kib) => {
    const { socket, session, streams } = opened();
    const wide = frame(8, 0, 0, Buffer.from([0x01, 0, 0, 0]));
    socket.push(Buffer.concat([MAGIC, frame(4, 0, 0, WIDE), wide, frame(1, 5, 1, GET), frame(1, 5, 3, GET)]));
    await read(streams);
    for (const stream of streams) {
      stream.answer(200, [], Buffer.alloc(kib << 10), undefined, false);
      await turn();
    }
    for (let i = 0; i < 50; i++) {
      socket.takeAll();
      await turn();
    }
    expect(streams.map(({ over }) => over)).toEqual([true, true]);
    session.destroy();
  },
);

test("connections with many requests are read in parts, in the order of their first requests", async () => {
  const began: string[] = [];
  const asking = (name: string, count: number) => {
    const socket = new LateSocket();
    const session = new OwnSession(socket as unknown as Socket, {
      maxStreams: 100,
      handshakeTimeoutMs: 60_000,
      preface: Buffer.alloc(0),
      known: new Map(),
      request: ({ id }) => {
        for (const until = performance.now() + 0.2; performance.now() < until; ); // work
        began.push(`${name} ${id}`);
      },
      holds() {},
      calmed() {},
      gone() {},
    });
    const ids = Array.from({ length: count }, (_, i) => 2 * i + 1);
    socket.push(Buffer.concat([MAGIC, frame(4, 0, 0, Buffer.alloc(0)), ...ids.map((id) => frame(1, 5, id, GET))]));
    return { session, all: ids.map((id) => `${name} ${id}`) };
  };
  const many = asking("many", 100);
  const normal = asking("normal", 2);
  await vi.waitUntil(() => began.length === 102, { interval: 1 });
  expect(began.indexOf("normal 3")).toBeLessThan(30);
  expect(began.filter((text) => text.startsWith("many"))).toEqual(many.all);
  expect(began.filter((text) => text.startsWith("normal"))).toEqual(normal.all);
  many.session.destroy();
  normal.session.destroy();
});

test("a late acknowledgement of an earlier PING does not count for the first GOAWAY, so the last stream follows later", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { socket, session, streams } = opened();
  const sent = async (): Promise<Buffer> => {
    for (let i = 0; i < 5; i++) {
      await turn();
      socket.takeAll();
    }
    return Buffer.concat(socket.got.splice(0));
  };
  const pingsIn = (bytes: Buffer): Buffer[] => {
    const pings = [];
    for (let at = 0; at < bytes.length; at += 9 + bytes.readUIntBE(at, 3))
      if (bytes[at + 3] === 6) pings.push(bytes.subarray(at + 9, at + 17));
    return pings;
  };
  const goaway = (last: number) => frame(7, 0, 0, Buffer.from([0, 0, 0, 0, 0, 0, 0, 0].with(3, last)));
  const warned = frame(7, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]));
  socket.push(
    Buffer.concat([MAGIC, frame(4, 0, 0, Buffer.alloc(0)), frame(4, 1, 0, Buffer.alloc(0)), frame(1, 5, 1, GET)]),
  );
  await vi.waitUntil(() => streams.length === 1, { interval: 1 });
  session.close();
  const before = await sent();
  expect(before.includes(warned)).toBe(false);
  vi.advanceTimersByTime(200); // its answer to that takes longer
  const behind = await sent();
  expect(behind.includes(warned)).toBe(true);
  const [first, second] = [...pingsIn(before), ...pingsIn(behind)];
  if (first === undefined || second === undefined) throw new Error("two PINGs");
  // It has not read GOAWAY yet.
  socket.push(Buffer.concat([frame(6, 1, 0, first), frame(1, 5, 3, GET)]));
  await vi.waitUntil(() => streams.length === 2, { interval: 1 });
  expect((await sent()).includes(goaway(3))).toBe(false);
  socket.push(frame(6, 1, 0, second));
  await turn();
  expect((await sent()).includes(goaway(3))).toBe(true);
  session.destroy();
});

test("a connection is over, then gone, or gone at once", async () => {
  const untaken = await untakenTransitions(SESSION_TRANSITIONS, async () => {
    const left = opened();
    left.socket.push(Buffer.concat([MAGIC, frame(4, 0, 0, Buffer.alloc(0)), frame(7, 0, 0, Buffer.alloc(8))]));
    await vi.waitUntil(() => left.session.over, { interval: 1 });
    left.session.destroy();
    const destroyed = opened();
    destroyed.session.destroy();
    destroyed.session.destroy();
    expect(destroyed.session.over).toBe(true);
  });
  expect(untaken).toEqual([]);
  for (const [from, to] of illegalTransitions(SESSION_TRANSITIONS))
    expect(() => transition(SESSION_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});
