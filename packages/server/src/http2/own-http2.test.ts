import { once } from "node:events";
import * as net from "node:net";
import { ErrorCode } from "@protobff/runtime/internal/http2";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Listening, type ListenOptions, listen } from "../listen.ts";
import { closing } from "../testing/connection-close.ts";
import { frame, HEAD, MAGIC, word } from "../testing/frames-by-hand.ts";
import { type Kept, kindEndpoint } from "../testing/test-kinds.ts";

// Tests of our own HTTP/2 only; over-node-http2.test.ts covers both implementations.

const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION] = [0, 1, 3, 4, 6, 7, 8, 9];
const [END_STREAM, ACK, END_HEADERS] = [1, 1, 4];
const PATIENT = { timeout: 25_000 };

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}
const BEGIN = Buffer.concat([MAGIC, frame(SETTINGS, 0, 0), frame(SETTINGS, ACK, 0)]);
const body = (fileName: string) => Buffer.from(JSON.stringify({ fileName }));
const request = (stream: number, fileName: string) =>
  Buffer.concat([frame(HEADERS, END_HEADERS, stream, HEAD), frame(DATA, END_STREAM, stream, body(fileName))]);

async function serving(options: ListenOptions = {}, kept?: Kept): Promise<Listening> {
  const server = await listen([kindEndpoint(false, kept)], { ...options, http2Server: "own" });
  onTestFinished(() => server.close(0));
  return server;
}
async function byHand(server: Listening, ...first: Buffer[]) {
  const socket = net.connect(server.port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  let rest: Buffer = Buffer.alloc(0);
  const frames: Frame[] = [];
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      frames.push({
        type: rest[3] ?? 0,
        flags: rest[4] ?? 0,
        stream: rest.readUInt32BE(5),
        payload: rest.subarray(9, end),
      });
      rest = rest.subarray(end);
    }
  });
  await once(socket, "connect");
  socket.write(Buffer.concat(first));
  const of = (type: number, stream?: number) =>
    frames.filter((frame) => frame.type === type && (stream === undefined || frame.stream === stream));
  const text = (stream: number) => Buffer.concat(of(DATA, stream).map(({ payload }) => payload)).toString();
  const goaways = () => of(GOAWAY).map(({ payload }) => [payload.readUInt32BE(0), payload.readUInt32BE(4)]);
  return { socket, frames, of, text, goaways, closed: closing(socket) };
}
const eventually = (what: () => unknown) => expect.poll(what, PATIENT);

test("a request that crosses the first GOAWAY is answered; a request after the second is not started", async () => {
  const kept = { running: 0, cancelled: 0 };
  const server = await serving({}, kept);
  const { socket, of, text: answer, goaways, closed } = await byHand(server, BEGIN, request(1, "wait"));
  await eventually(() => kept.running).toBe(1);
  const drained = server.close(60_000);
  await eventually(goaways).toEqual([[2 ** 31 - 1, ErrorCode.NO_ERROR]]);
  socket.write(request(3, "crossed"));
  await eventually(() => answer(3)).toContain("crossed");
  const [ping] = of(PING);
  socket.write(frame(PING, ACK, 0, ping?.payload ?? Buffer.alloc(8)));
  await eventually(goaways).toEqual([
    [2 ** 31 - 1, ErrorCode.NO_ERROR],
    [3, ErrorCode.NO_ERROR],
  ]);
  socket.write(Buffer.concat([request(5, "late"), frame(PING, 0, 0, Buffer.alloc(8))]));
  await eventually(() => of(PING).length).toBe(2); // so it has read the request
  expect([answer(5), of(RST_STREAM, 5)]).toEqual(["", []]);
  socket.write(frame(RST_STREAM, 0, 1, word(ErrorCode.CANCEL)));
  await Promise.all([closed, drained]);
});

test("headers in several frames are read; too many frames are refused, and a flood is reported once per process", async () => {
  const faults: string[] = [];
  const server = await serving({ fault: (what) => faults.push(what) });
  const pieces = [...HEAD].map((byte, i) =>
    frame(i === 0 ? HEADERS : CONTINUATION, i === HEAD.length - 1 ? END_HEADERS : 0, 1, Buffer.from([byte])),
  );
  const some = [...pieces.slice(0, 20), frame(CONTINUATION, END_HEADERS, 1, HEAD.subarray(20))];
  const good = await byHand(server, BEGIN, ...some, frame(DATA, END_STREAM, 1, body("pieces")));
  await eventually(() => good.text(1)).toContain("pieces");
  for (let i = 0; i < 3; i++) {
    const bad = await byHand(server, BEGIN, ...pieces);
    await bad.closed;
    expect(bad.goaways()).toEqual([[0, ErrorCode.ENHANCE_YOUR_CALM]]);
  }
  expect(faults).toEqual(["closed a client's connection: a header block without end"]);
});

/** A window as wide as this for each stream. */
const window = (bytes: number) => frame(SETTINGS, 0, 0, Buffer.concat([Buffer.from([0, 4]), word(bytes)]));
test.each([
  ["PING: clients of gRPC are told in the words they know", 0, "too_many_pings", 10_001],
  ["SETTINGS that change the window of no stream", 0, "too many frames that bring nothing", 1_001],
  [
    "SETTINGS that change the windows of 200 streams: each is work for all of them",
    200,
    "too many frames that bring nothing",
    48,
  ],
])("a flood of %s ends the connection", async (what, streams, why, most) => {
  const server = await serving({ fault: () => {} });
  const open = Array.from({ length: streams }, (_, i) => frame(HEADERS, END_HEADERS, 2 * i + 1, HEAD));
  const { socket, of, goaways, closed } = await byHand(server, BEGIN, ...open, frame(PING, 0, 0, Buffer.alloc(8)));
  await eventually(() => of(PING).length).toBe(1);
  const [pings, acks] = [of(PING).length, of(SETTINGS).length];
  const single = (i: number) => (what.startsWith("PING") ? frame(PING, 0, 0, Buffer.alloc(8)) : window(i));
  socket.write(Buffer.concat(Array.from({ length: 10_002 }, (_, i) => single(i + 1))));
  await closed;
  expect(goaways()).toEqual([[2 * Math.max(0, streams - 1) + (streams > 0 ? 1 : 0), ErrorCode.ENHANCE_YOUR_CALM]]);
  expect(of(GOAWAY)[0]?.payload.toString("latin1", 8)).toBe(why);
  const taken = what.startsWith("PING") ? of(PING).length - pings : of(SETTINGS).length - acks;
  expect(taken).toBeLessThanOrEqual(most);
});

test("an incomplete header block ends its connection, and no other", async () => {
  const server = await serving();
  const other = await byHand(server, BEGIN);
  const half = await byHand(server, BEGIN);
  await eventually(() => [half.of(SETTINGS).length, other.of(SETTINGS).length]).toEqual([2, 2]);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  half.socket.write(Buffer.concat([frame(PING, 0, 0, Buffer.alloc(8)), frame(HEADERS, 0, 1, HEAD)]));
  while (half.of(PING).length === 0) await new Promise(setImmediate);
  vi.advanceTimersByTime(10_000);
  vi.useRealTimers();
  await half.closed;
  expect(half.goaways()).toEqual([[0, ErrorCode.ENHANCE_YOUR_CALM]]);
  other.socket.write(request(1, "well"));
  await eventually(() => other.text(1)).toContain("well");
});

test("answers wait for the client's windows of stream and connection", async () => {
  const server = await serving();
  const none = frame(SETTINGS, 0, 0, Buffer.concat([Buffer.from([0, 4]), word(0)]));
  const { socket, of, text: answer } = await byHand(server, BEGIN, none, request(1, "first"), request(3, "second"));
  await eventually(() => of(HEADERS).length).toBe(2);
  expect(of(DATA)).toEqual([]);
  socket.write(frame(WINDOW_UPDATE, 0, 3, word(1_000)));
  await eventually(() => answer(3)).toContain("second");
  expect(answer(1)).toBe("");
  socket.write(frame(WINDOW_UPDATE, 0, 1, word(5)));
  await eventually(() => answer(1)).toHaveLength(5);
});

test("connections beyond the maximum are closed at once, and reported once", async () => {
  const faults: string[] = [];
  const server = await serving({ maxConnections: 2, fault: (what) => faults.push(what) });
  const [first] = [await byHand(server, BEGIN), await byHand(server, BEGIN)];
  await (await byHand(server, BEGIN)).closed;
  await (await byHand(server, BEGIN)).closed;
  expect(faults).toEqual(["closed a connection: there are 2 (BFF_MAX_CONNECTIONS)"]);
  first?.socket.destroy();
  await first?.closed;
  await eventually(() => server.connections).toBe(1);
  const next = await byHand(server, BEGIN, request(1, "room"));
  await eventually(() => next.text(1)).toContain("room");
});
