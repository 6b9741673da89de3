// Upstreams that answer by hand: what no server that keeps the rules would send, chosen by the key of each request.
import { once } from "node:events";
import * as net from "node:net";
import * as zlib from "node:zlib";
import { drained } from "../../../../../runtime/src/testing/drained.ts";
import { Flag, Frame, frame, literal, numbers, uint32 } from "./raw-http2.ts";

const MAX_FRAME = 16_384;
const PREFACE_BYTES = 24;
const UNKNOWN_FRAME = 0x42;
const PUSH_PROMISE = 5;
const MESSAGE = Buffer.from("\x12\x01k", "latin1");

type Fields = readonly (readonly [name: string, value: string])[];
const block = (fields: Fields): Buffer => Buffer.concat(fields.map(([name, value]) => literal(name, value)));
const OK: Fields = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];
const begin = (id: number, ...more: Fields): Buffer =>
  frame(Frame.headers, Flag.endHeaders, id, block([...OK, ...more]));
const end = (id: number, ...fields: Fields): Buffer =>
  frame(Frame.headers, Flag.endStream | Flag.endHeaders, id, block(fields));
const refusal = (id: number, ...fields: Fields): Buffer => end(id, ...OK, ...fields);
function framed(message: Buffer, flags = 0, length = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}
const BOMB = framed(zlib.gzipSync(Buffer.alloc(200 << 20)), 1);
const data = (id: number, payload: Buffer): Buffer => frame(Frame.data, 0, id, payload);
const good = (id: number): Buffer =>
  Buffer.concat([begin(id), data(id, framed(MESSAGE)), end(id, ["grpc-status", "0"])]);
const goaway = (last: number, code: number, text = ""): Buffer =>
  frame(Frame.goaway, 0, 0, Buffer.concat([uint32(last), uint32(code), Buffer.from(text)]));
const again = (count: number, bytes: Buffer): Buffer => Buffer.concat(numbers(count).map(() => bytes));

/** Writes bytes of one answer; false: the connection is closed. */
type Send = (bytes: Buffer) => Promise<boolean>;
type Answer = (id: number, send: Send, socket: net.Socket) => unknown;
/** Writes the same bytes `count` times, as long as the client takes them. */
async function flood(send: Send, count: number, bytes: Buffer): Promise<void> {
  for (let i = 0; i < count && (await send(bytes)); i++);
}
const write =
  (bytes: (id: number) => Buffer): Answer =>
  (id, send) =>
    send(bytes(id));
/** Splits the headers: those of an answer, and then `count` further pieces. */
const continued =
  (count: number, piece: Buffer, ends = false): Answer =>
  async (id, send) => {
    await send(frame(Frame.headers, 0, id, block(OK)));
    for (let i = 0; i < count; i++) {
      const flags = ends && i === count - 1 ? Flag.endHeaders : 0;
      if (!(await send(frame(Frame.continuation, flags, id, piece)))) return;
    }
  };
/** Begins a good answer, and then writes these bytes `count` times. */
const begun =
  (count: number, bytes: (id: number) => Buffer): Answer =>
  async (id, send) => {
    await send(begin(id));
    await flood(send, count, bytes(id));
  };
const flooded =
  (count: number, bytes: (id: number) => Buffer): Answer =>
  async (id, send) => {
    await flood(send, count, bytes(id));
    await send(good(id));
  };
const status = (value: string): Answer => write((id) => refusal(id, ["grpc-status", value]));

/** Answers to one request each, by name. */
export const ANSWERS: Readonly<Record<string, Answer>> = {
  "a frame that is too large": write((id) => {
    const bytes = frame(Frame.data, 0, id, Buffer.alloc(100));
    bytes.writeUIntBE(0xffffff, 0, 3);
    return bytes;
  }),
  "a header block of a million fields": continued(62, Buffer.alloc(MAX_FRAME, 0x88), true),
  "a header block that never ends": continued(3_000, literal("x-a", "v".repeat(1_000))),
  "a header block in pieces of nothing": continued(100_000, Buffer.alloc(0)),
  "5,000 references to a field of 3 kB": write((id) =>
    frame(
      Frame.headers,
      Flag.endHeaders | Flag.endStream,
      id,
      Buffer.concat([block(OK), literal("x-a", "y".repeat(3_000), 0x40), Buffer.alloc(5_000, 0xbe)]),
    ),
  ),
  "trailers of 1 MB": async (id, send) => {
    await send(Buffer.concat([begin(id), data(id, framed(MESSAGE))]));
    await send(frame(Frame.headers, Flag.endStream, id, block([["grpc-status", "0"]])));
    for (const i of numbers(60))
      await send(frame(Frame.continuation, i === 59 ? Flag.endHeaders : 0, id, literal("x-a", "v".repeat(16_000))));
  },
  "60,000 informational answers": flooded(600, (id) =>
    again(
      100,
      frame(
        Frame.headers,
        Flag.endHeaders,
        id,
        block([
          [":status", "103"],
          ["link", "x".repeat(500)],
        ]),
      ),
    ),
  ),
  "50,000 GOAWAY": flooded(500, () => again(100, goaway(2 ** 31 - 1, 0, "a".repeat(200)))),
  "GOAWAY before the request": write(() => goaway(0, 0)),
  "GOAWAY for too many pings": write(() => goaway(0, 11, "too_many_pings")),
  "100,000 SETTINGS": flooded(200, () => again(500, frame(Frame.settings, 0, 0, Buffer.from([0, 4, 0, 0, 255, 255])))),
  "100,000 PING": flooded(200, () => again(500, frame(Frame.ping, 0, 0, Buffer.alloc(8)))),
  "100,000 unknown frames": flooded(200, (id) => again(500, frame(UNKNOWN_FRAME, 0, id, Buffer.alloc(5)))),
  "300,000 empty DATA": begun(300, (id) => again(1_000, data(id, Buffer.alloc(0)))),
  "DATA of padding": begun(300, (id) =>
    again(200, frame(Frame.data, Flag.padded, id, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)]))),
  ),
  "200,000 bytes, each in a frame": async (id, send) => {
    await send(Buffer.concat([begin(id), data(id, framed(Buffer.alloc(0), 0, 200_000))]));
    await flood(send, 200, again(1_000, data(id, Buffer.alloc(1))));
    await send(end(id, ["grpc-status", "0"]));
  },
  "a message of 4 GB": write((id) => Buffer.concat([begin(id), data(id, framed(Buffer.alloc(100), 0, 2 ** 32 - 1))])),
  "a message of 16 MB that never comes whole": async (id, send) => {
    await send(Buffer.concat([begin(id), data(id, framed(Buffer.alloc(0), 0, 16_000_000))]));
    await flood(send, 900, data(id, Buffer.alloc(MAX_FRAME)));
  },
  "a message of 3 MB": async (id, send) => {
    const text = Buffer.concat([Buffer.from([0x1a, 0xc0, 0x8d, 0xb7, 0x01]), Buffer.alloc(3_000_000, 0x61)]);
    const message = framed(text);
    await send(begin(id));
    for (let at = 0; at < message.length; at += MAX_FRAME)
      if (!(await send(data(id, message.subarray(at, at + MAX_FRAME))))) return;
    await send(end(id, ["grpc-status", "0"]));
  },
  "200 MB in gzip": async (id, send) => {
    await send(begin(id, ["grpc-encoding", "gzip"]));
    for (let at = 0; at < BOMB.length; at += MAX_FRAME) await send(data(id, BOMB.subarray(at, at + MAX_FRAME)));
    await send(end(id, ["grpc-status", "0"]));
  },
  "two messages": write((id) =>
    Buffer.concat([begin(id), data(id, framed(MESSAGE)), data(id, framed(MESSAGE)), end(id, ["grpc-status", "0"])]),
  ),
  "half a message": write((id) => Buffer.concat([begin(id), data(id, framed(Buffer.alloc(100)).subarray(0, 50))])),
  "a refused stream": write((id) => frame(Frame.reset, 0, id, uint32(7))),
  "a reset without an error": write((id) => frame(Frame.reset, 0, id, uint32(0))),
  "a reset with an unknown code": write((id) => frame(Frame.reset, 0, id, uint32(2 ** 32 - 1))),
  "an answer of a stream that nobody opened": write((id) => good(id + 1_000)),
  "an answer of a stream of its own": write(() => good(2)),
  "a push": write((id) => frame(PUSH_PROMISE, Flag.endHeaders, id, Buffer.concat([uint32(2), block(OK)]))),
  "an answer three times": write((id) => again(3, good(id))),
  "a window of no bytes": write((id) => frame(Frame.windowUpdate, 0, id, uint32(0))),
  "too wide a window": write((id) => frame(Frame.windowUpdate, 0, id, uint32(2 ** 31 - 1))),
  "frames of one byte at most": write(() => frame(Frame.settings, 0, 0, Buffer.from([0, 5, 0, 0, 0, 1]))),
  ...Object.fromEntries(
    ["00", "-1", "17", "99999999999", "", " 0"].map((value) => [`the status ${JSON.stringify(value)}`, status(value)]),
  ),
  "a status twice": write((id) => refusal(id, ["grpc-status", "0"], ["grpc-status", "0"])),
  "a status in front of the message": write((id) =>
    Buffer.concat([begin(id, ["grpc-status", "0"]), frame(Frame.data, Flag.endStream, id, framed(MESSAGE))]),
  ),
  "no status": write((id) => Buffer.concat([begin(id), frame(Frame.data, Flag.endStream, id, framed(MESSAGE))])),
  "a text with lines and markup": write((id) =>
    refusal(id, ["grpc-status", "9"], ["grpc-message", "%0D%0Ax-evil: 1%00%1b[31m%E2%80%A8<script>alert(1)</script>"]),
  ),
  "a text with controls": write((id) => refusal(id, ["grpc-status", "9"], ["grpc-message", "a\x1b[2Jb\x7f\x85"])),
  "a text with a line": write((id) => refusal(id, ["grpc-status", "9"], ["grpc-message", "a\r\nx-evil: 1"])),
  "a text of 15 kB": write((id) =>
    refusal(id, ["grpc-status", "9"], ["grpc-message", `%0d%0aset-cookie: a=b é%ff${"x".repeat(15_000)}`]),
  ),
  "details that are none": write((id) =>
    refusal(id, ["grpc-status", "9"], ["grpc-status-details-bin", Buffer.alloc(9_000, 0xff).toString("base64")]),
  ),
  "a pushback beyond all numbers": write((id) =>
    refusal(id, ["grpc-status", "14"], ["grpc-retry-pushback-ms", "9".repeat(20)]),
  ),
  "a page of HTML": async (id, send) => {
    const html = block([
      [":status", "502"],
      ["content-type", "text/html"],
    ]);
    await send(frame(Frame.headers, Flag.endHeaders, id, html));
    await flood(send, 300, data(id, Buffer.alloc(16_000, 0x3c)));
  },
  "another protocol": write((id) => frame(Frame.headers, Flag.endHeaders, id, block([[":status", "101"]]))),
  "a status beyond 599": write((id) => end(id, [":status", "999"], ["content-type", "application/grpc"])),
  "a length beyond all numbers": write((id) => begin(id, ["content-length", "9".repeat(17)])),
  "names that objects have": write((id) =>
    Buffer.concat([
      begin(id, ["__proto__", "x"], ["constructor", "y"]),
      data(id, framed(MESSAGE)),
      end(id, ["__proto__", "x"], ["grpc-status", "0"]),
    ]),
  ),
  "a stream that depends on itself": write((id) =>
    frame(Frame.priority, 0, id, Buffer.concat([uint32(id), Buffer.alloc(1)])),
  ),
  "HTTP/1.1": (_, __, socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
  "a lost connection": (_, __, socket) => socket.resetAndDestroy(),
  "no answer": () => {},
};

/** @returns its address; requests whose key is no name of `ANSWERS` have a good answer */
export async function answering(): Promise<{ readonly url: string; close(): void }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket
      .setMaxListeners(0)
      .on("error", () => {})
      .on("close", () => sockets.delete(socket));
    socket.write(frame(Frame.settings, 0, 0));
    let unread: Buffer = Buffer.alloc(0);
    let preface = PREFACE_BYTES;
    socket.on("data", (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk.subarray(preface)]);
      preface = Math.max(0, preface - chunk.length);
      while (unread.length >= 9 && unread.length >= 9 + unread.readUIntBE(0, 3)) {
        const length = 9 + unread.readUIntBE(0, 3);
        take(socket, unread.subarray(0, length));
        unread = unread.subarray(length);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
function take(socket: net.Socket, bytes: Buffer): void {
  const [type, flags = 0, id, payload] = [bytes[3], bytes[4], bytes.readUInt32BE(5), bytes.subarray(9)];
  if (type === Frame.settings && (flags & Flag.ack) === 0) socket.write(frame(Frame.settings, Flag.ack, 0));
  if (type === Frame.ping && (flags & Flag.ack) === 0) socket.write(frame(Frame.ping, Flag.ack, 0, payload));
  if (type !== Frame.data || (flags & Flag.endStream) === 0) return;
  // The message is behind gRPC's prefix: the first field, the key, has a tag and a length.
  const key = payload.toString("latin1", 7, 7 + (payload[6] ?? 0)).replace(/#.*$/, "");
  const send: Send = async (answer) => {
    if (socket.destroyed) return false;
    if (!socket.write(answer)) await drained(socket);
    return !socket.destroyed;
  };
  void Promise.resolve((ANSWERS[key] ?? write(good))(id, send, socket)).catch(() => {});
}
