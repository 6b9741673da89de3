// Bodies over our own HTTP/2, in pieces: what is read together is given back together, and nothing of it may be missing from a request that waits.
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { listen } from "../listen.ts";
import { frame, HEAD, MAGIC, word } from "../testing/frames-by-hand.ts";
import { KindService, kindEndpoint } from "../testing/test-kinds.ts";

const [DATA, HEADERS, SETTINGS, WINDOW_UPDATE] = [0, 1, 4, 8];
const [END_STREAM, ACK, END_HEADERS] = [1, 1, 4];

const ROOM = 1 << 24;
const BEGIN = Buffer.concat([
  MAGIC,
  frame(SETTINGS, 0, 0, Buffer.concat([Buffer.from([0, 4]), word(ROOM)])),
  frame(SETTINGS, ACK, 0),
  frame(WINDOW_UPDATE, 0, 0, word(ROOM)),
]);

/** Returns the bodies of `count` answers, by stream number. */
async function answers(port: number, bytes: Buffer, count: number): Promise<ReadonlyMap<number, string>> {
  const socket = net.connect(port, "127.0.0.1");
  await once(socket, "connect");
  const bodies = new Map<number, Buffer[]>();
  const { promise: whole, resolve, reject } = Promise.withResolvers<void>();
  let rest: Buffer = Buffer.alloc(0);
  let ended = 0;
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      const [type, flags = 0, stream] = [rest[3], rest[4], rest.readUInt32BE(5)];
      if (type === DATA) bodies.set(stream, [...(bodies.get(stream) ?? []), rest.subarray(9, end)]);
      if ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0) ended++;
      rest = rest.subarray(end);
    }
    if (ended === count) resolve();
  });
  socket.on("close", () => reject(new Error(`closed after ${ended} answers`)));
  socket.on("error", reject);
  socket.write(bytes);
  await whole;
  socket.removeAllListeners("close").destroy();
  return new Map([...bodies].map(([stream, pieces]) => [stream, Buffer.concat(pieces).toString()]));
}

/**
 * One request: the length of its only text, and the lengths of the pieces of its body. The last piece takes the rest.
 */
const requests = fc.array(
  fc.record({
    length: fc.oneof(
      fc.integer({ min: 0, max: 200 }),
      fc.integer({ min: 0, max: 60_000 }),
      fc.integer({ min: 65_000, max: 150_000 }),
    ),
    pieces: fc.array(fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 4_000, max: 16_384 })), {
      maxLength: 8,
    }),
  }),
  { minLength: 1, maxLength: 6 },
);

function framesOf(stream: number, body: Buffer, pieces: readonly number[]): readonly Buffer[] {
  const frames = [frame(HEADERS, END_HEADERS, stream, HEAD)];
  let at = 0;
  for (let i = 0; at < body.length; i++) {
    const end = Math.min(body.length, at + (pieces[i] ?? 16_384));
    frames.push(frame(DATA, end === body.length ? END_STREAM : 0, stream, body.subarray(at, end)));
    at = end;
  }
  return frames;
}
/** The frames of each in order, those of all in any. */
function mixed(all: readonly (readonly Buffer[])[], picks: readonly number[]): Buffer {
  const left = all.map((frames) => [...frames]);
  // Streams begin in the order of their numbers.
  const mix = left.flatMap((frames) => frames.splice(0, 1));
  for (let i = 0; left.some((frames) => frames.length > 0); i++) {
    const open = left.filter((frames) => frames.length > 0);
    const next = open[(picks[i % picks.length] ?? 0) % open.length]?.shift();
    if (next !== undefined) mix.push(next);
  }
  return Buffer.concat(mix);
}

test.each([
  ["the fast path", false],
  ["Connect's adapter", true],
])("bodies of several requests are read correctly, in any pieces: %s", async (_, slow) => {
  const server = await listen([kindEndpoint(slow)], { http2Server: "own" });
  onTestFinished(() => server.close(0));
  const picks = fc.array(fc.nat(10), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(requests, picks, async (requests, picks) => {
      const names = requests.map(({ length }, i) => String.fromCharCode(97 + i).repeat(length + 1));
      const frames = requests.map(({ pieces }, i) =>
        framesOf(2 * i + 1, Buffer.from(JSON.stringify({ fileName: names[i] })), pieces),
      );
      const bytes = Buffer.concat([BEGIN, mixed(frames, picks)]);
      const texts = await answers(server.port, bytes, requests.length);
      expect(names.map((_, i) => JSON.parse(texts.get(2 * i + 1) ?? "{}").fileName)).toEqual(names);
    }),
    { numRuns: 60 },
  );
});

/** Builds a reflection request with gRPC's prefix. It lists all services and has an unknown field of `length` bytes. */
function listing(length: number): Buffer {
  const message = Buffer.concat([
    Buffer.from([0x3a, 0x00, 0x7a, 0x80 | (length & 127), 0x80 | ((length >> 7) & 127), length >> 14]),
    Buffer.alloc(length, "u"),
  ]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

test("each message of one request is answered, in any pieces", async () => {
  const server = await listen([kindEndpoint(false)], { http2Server: "own", reflection: true });
  onTestFinished(() => server.close(0));
  const session = http2.connect(server.url);
  onTestFinished(() => session.destroy());
  const lengths = fc.array(fc.oneof(fc.nat(200), fc.nat(100_000)), { minLength: 1, maxLength: 4 });
  const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 4_000, max: 40_000 })), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(lengths, cuts, async (lengths, cuts) => {
      const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
      const requestHeaders = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
      const stream = session.request(requestHeaders);
      const trailers = once(stream, "trailers");
      const body = Buffer.concat(lengths.map(listing));
      let at = 0;
      for (const cut of cuts) {
        if (at + cut >= body.length) break;
        await new Promise((written) => stream.write(body.subarray(at, at + cut), written));
        at += cut;
      }
      stream.end(body.subarray(at));
      const text = Buffer.concat(await stream.toArray()).toString("latin1");
      expect((await trailers)[0]).toMatchObject({ "grpc-status": "0" });
      expect(text.split(KindService.typeName)).toHaveLength(lengths.length + 1);
    }),
    { numRuns: 30 },
  );
});
