// Chooses a client's frames on one connection of HTTP/2 at random. They are valid, and include everything that RFC 9113
// allows a client but usual clients never send. Mangled sessions are made from them.

import { pick, type Random } from "../../bffs/second/random-message.ts";
import { Flag, Frame, frame, settings, uint32 } from "../../proofs/corpora/attacks/rig/raw-http2.ts";
import { type Field, HpackEncoder } from "./hpack-encoder.ts";

/** One stream. */
export interface SessionRequest {
  readonly stream: number;
  /** Expected `:status`. */
  readonly status: string;
  /** Bytes that its answer has at least. */
  readonly bytes: number;
  /** Bytes of its body, if a header has them. */
  readonly length: number | undefined;
  /** The client has reset it: any end is allowed. */
  reset: boolean;
}
export interface Session {
  /** Frames that come in front of the server's SETTINGS. The preface is not among them. */
  readonly early: readonly Buffer[];
  /** Later frames, from the acknowledgement on. */
  readonly late: readonly Buffer[];
  readonly requests: readonly SessionRequest[];
}

const whole = (random: Random, below: number): number => Math.floor(random() * below);
const SERVICE = "/grpc.testing.TestService";
const PRIORITY = 32;
/** Bytes of all bodies together: within the initial windows of a server. */
const BODY_BYTES = 50_000;
/** Increment of the client's last WINDOW_UPDATE for the whole connection. */
const MORE = 1 << 28;
const WIDE = 1 << 20;

interface Request {
  readonly fields: readonly Field[];
  readonly body: Buffer;
  readonly status: string;
  readonly bytes: number;
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
}
const simpleRequest = (size: number, payload: number): Buffer => {
  const body = Buffer.concat([Buffer.from([0x12, ...varint(payload)]), Buffer.alloc(payload)]);
  return Buffer.from([0x10, ...varint(size), 0x1a, ...varint(body.length), ...body]);
};
const framed = (message: Buffer): Buffer => Buffer.concat([Buffer.from([0]), uint32(message.length), message]);
const post = (path: string, type: string): Field[] => [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", path],
  ["content-type", type],
];

/** @param room bytes that its body may have */
function request(random: Random, room: number): Request {
  const size = pick(random, [0, 1, 100, 20_000, 70_000]);
  const payload = Math.min(room, pick(random, [0, 10, 300, 20_000]));
  switch (whole(random, 7)) {
    case 0: {
      const fields: Field[] = [...post(`${SERVICE}/EmptyCall`, "application/grpc"), ["te", "trailers"]];
      return { fields, body: framed(Buffer.alloc(0)), status: "200", bytes: 5 };
    }
    case 1: {
      const fields: Field[] = [...post(`${SERVICE}/UnaryCall`, "application/grpc+proto"), ["te", "trailers"]];
      return { fields, body: framed(simpleRequest(size, payload)), status: "200", bytes: size + 5 };
    }
    case 2: {
      const body = Buffer.from(JSON.stringify({ responseSize: size }));
      return { fields: post(`${SERVICE}/UnaryCall`, "application/json"), body, status: "200", bytes: size };
    }
    case 3: {
      const each = Buffer.from([0x12, 3, 0x08, ...varint(1000)]);
      const count = whole(random, 8);
      const body = framed(Buffer.concat(Array<Buffer>(count).fill(each)));
      const fields = post(`${SERVICE}/StreamingOutputCall`, "application/grpc");
      return { fields, body, status: "200", bytes: count * 1000 };
    }
    case 4: {
      const fields: Field[] = [
        [":method", "GET"],
        [":scheme", "http"],
        [":path", "/healthz"],
      ];
      return { fields, body: Buffer.alloc(0), status: "200", bytes: 0 };
    }
    case 5:
      return { fields: post("/nobody", "text/plain"), body: Buffer.alloc(payload), status: "404", bytes: 0 };
    default:
      return {
        fields: post(`${SERVICE}/UnaryCall`, "application/proto"),
        body: simpleRequest(size, payload),
        status: "200",
        bytes: size,
      };
  }
}
function moreFields(random: Random, body: Buffer): Field[] {
  const all: Field[] = [[":authority", pick(random, ["localhost", "127.0.0.1:80", "bff.example"])]];
  if (random() < 0.3) all.push(["content-length", String(body.length)]);
  if (random() < 0.3) all.push(["cookie", `a=${whole(random, 99)}`], ["cookie", "b=2"]);
  if (random() < 0.3) all.push(["user-agent", "frames/1.0 (fuzz; ~|{}^\\`)"]);
  if (random() < 0.2) all.push(["accept-encoding", "identity"]);
  while (random() < 0.3) all.push([`x-${whole(random, 20)}`, "v".repeat(whole(random, 300))]);
  return all;
}

/** Frames of one stream, in their order; those of others may stand between, except behind the head of a header block. */
class Frames {
  readonly #random: Random;
  readonly #hpack: HpackEncoder;
  constructor(random: Random, hpack: HpackEncoder) {
    this.#random = random;
    this.#hpack = hpack;
  }
  /** HEADERS with CONTINUATION as one piece: nothing may come between. */
  head(stream: number, fields: readonly Field[], endStream: boolean): Buffer {
    const random = this.#random;
    let block = this.#hpack.block(fields);
    let flags = endStream ? Flag.endStream : 0;
    const pieces: Buffer[] = [];
    while (random() < 0.2 && pieces.length < 5) {
      const cut = whole(random, block.length + 1);
      pieces.push(block.subarray(0, cut));
      block = block.subarray(cut);
    }
    pieces.push(block);
    let [first = Buffer.alloc(0), ...rest] = pieces;
    if (random() < 0.2) {
      flags |= PRIORITY;
      first = Buffer.concat([uint32(random() < 0.5 ? 0 : stream + 2), Buffer.from([whole(random, 256)]), first]);
    }
    if (random() < 0.2) {
      flags |= Flag.padded;
      first = this.#padded(first);
    }
    const last = rest.length - 1;
    return Buffer.concat([
      frame(Frame.headers, flags | (last < 0 ? Flag.endHeaders : 0), stream, first),
      ...rest.map((piece, i) => frame(Frame.continuation, i === last ? Flag.endHeaders : 0, stream, piece)),
    ]);
  }
  data(stream: number, body: Buffer, endStream: boolean): Buffer[] {
    const random = this.#random;
    const frames: Buffer[] = [];
    let at = 0;
    do {
      const end = Math.min(body.length, at + pick(random, [1, 5, 100, 5_000, 16_000]));
      const flags = endStream && end === body.length ? Flag.endStream : 0;
      const pad = random() < 0.1;
      const piece = body.subarray(at, end);
      frames.push(frame(Frame.data, flags | (pad ? Flag.padded : 0), stream, pad ? this.#padded(piece) : piece));
      at = end;
    } while (at < body.length);
    return frames;
  }
  #padded(piece: Buffer): Buffer {
    const padding = whole(this.#random, 30);
    return Buffer.concat([Buffer.from([padding]), piece, Buffer.alloc(padding)]);
  }
}

/** Returns a frame that belongs to no stream, or to any. */
function aside(random: Random, open: readonly number[], next: number): Buffer {
  switch (whole(random, 6)) {
    case 0:
      return frame(Frame.ping, 0, 0, Buffer.alloc(8, whole(random, 256)));
    case 1:
      return settings([pick(random, [3, 0x0f0f, 0xffff]), whole(random, 1000)]);
    case 2:
      return settings([4, pick(random, [0, 1, 1000, 65_535, WIDE])]);
    case 3:
      return frame(Frame.windowUpdate, 0, 0, uint32(1 + whole(random, 1000)));
    case 4: {
      const stream = random() < 0.5 && open.length > 0 ? pick(random, open) : next + 100;
      return frame(Frame.priority, 0, stream, Buffer.concat([uint32(0), Buffer.from([whole(random, 256)])]));
    }
    default:
      return frame(0x40 + whole(random, 100), whole(random, 256), whole(random, 50), Buffer.alloc(whole(random, 50)));
  }
}

export function validSession(random: Random): Session {
  const hpack = new HpackEncoder(random);
  const frames = new Frames(random, hpack);
  const early: Buffer[] = [settings([1, 0], [4, pick(random, [0, 100, 65_535, WIDE])])];
  const late: Buffer[] = [frame(Frame.settings, Flag.ack, 0)];
  const requests: SessionRequest[] = [];
  /** Frames that remain of each stream that is being sent. */
  const rest = new Map<number, Buffer[]>();
  let to = early;
  let [stream, body] = [1, BODY_BYTES];
  const turn = 1 + whole(random, 60);
  for (let step = 0, steps = 10 + whole(random, 110); step < steps || rest.size > 0; step++) {
    if (step === turn) {
      to = late;
      hpack.close();
    }
    const open = [...rest.keys()];
    if (step < steps && (open.length === 0 || random() < 0.25)) {
      const call = request(random, Math.max(0, Math.floor(body / 4)));
      body -= call.body.length + 300; // with padding
      const trailers: Field[] = random() < 0.1 ? [["x-trailer", "t"]] : [];
      const alone = call.body.length === 0 && trailers.length === 0;
      const [pseudo, regular] = [0, 1].map((side) =>
        [...call.fields, ...moreFields(random, call.body)].filter(([name]) => Number(!name.startsWith(":")) === side),
      );
      to.push(frames.head(stream, [...(pseudo ?? []), ...(regular ?? [])], alone));
      const more = alone ? [] : frames.data(stream, call.body, trailers.length === 0);
      body -= 31 * more.length;
      if (trailers.length > 0) more.push(Buffer.alloc(0)); // made when it is its turn: of blocks the order counts
      if (more.length > 0) rest.set(stream, more);
      const length = regular?.some(([name]) => name === "content-length") ? call.body.length : undefined;
      requests.push({ stream, status: call.status, bytes: call.bytes, length, reset: false });
      stream += 2;
    } else if (open.length > 0 && random() < 0.8) {
      const streamId = pick(random, open);
      const [next, ...more] = rest.get(streamId) ?? [];
      to.push(next === undefined || next.length === 0 ? frames.head(streamId, [["x-trailer", "t"]], true) : next);
      if (more.length === 0) rest.delete(streamId);
      else rest.set(streamId, more);
    } else if (requests.length > 0 && random() < 0.15) {
      const target = pick(random, requests);
      if (target.reset) continue;
      target.reset = true;
      rest.delete(target.stream);
      to.push(frame(Frame.reset, 0, target.stream, uint32(pick(random, [0, 5, 7, 8]))));
    } else to.push(aside(random, open, stream));
  }
  // The last frames open all windows, so that none limits the answers.
  late.push(settings([4, WIDE]), frame(Frame.windowUpdate, 0, 0, uint32(MORE)));
  return { early, late, requests };
}
