// A random session of HTTP/2, mostly valid: what a client that is broken in some way might send.
import { pick, type Random } from "../../../../bffs/second/random-message.ts";
import {
  Flag,
  Frame,
  frame,
  INDEXING,
  indexed,
  literal,
  numbers,
  PREFACE,
  reset,
  settings,
  uint32,
} from "./raw-http2.ts";

const PATHS = [
  ...["Fast", "Who", "Trees"].map((name) => `/atk.v1.AtkService/${name}`),
  ...["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch", "/healthz", "/x"],
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
];
const TYPES = [
  ...["application/grpc", "application/json", "application/proto", "application/grpc-web+proto"],
  ...["application/grpc+json", "application/connect+json", "text/plain"],
];
const SIZES = [0, 1, 100, 65_535, 0x7fff_ffff];

const whole = (random: Random, below: number): number => Math.floor(random() * below);
const bytes = (random: Random, most: number): Buffer =>
  Buffer.from(numbers(whole(random, most)).map(() => whole(random, 256)));

function block(random: Random): Buffer {
  const method = random() < 0.9 ? "POST" : pick(random, ["GET", "OPTIONS", "CONNECT", "HEAD"]);
  const all: [string, string][] = [
    [":method", method],
    [":scheme", "http"],
    [":path", pick(random, PATHS)],
    [":authority", random() < 0.95 ? "a" : "a b"],
    ["content-type", pick(random, TYPES)],
  ];
  const sometimes: [number, string, () => string][] = [
    [0.3, "te", () => "trailers"],
    [0.2, "expect", () => "100-continue"],
    [0.2, "grpc-timeout", () => pick(random, ["1S", "1m", "0n", "5u", "x"])],
    [0.2, "content-length", () => String(whole(random, 30))],
    [0.1, "grpc-encoding", () => pick(random, ["gzip", "br", "x"])],
    [0.1, "authorization", () => `t${whole(random, 5)}`],
    [0.1, `x-${whole(random, 9)}`, () => "v".repeat(whole(random, 5000))],
    [0.03, "Upper", () => "x"],
    [0.03, "connection", () => "close"],
  ];
  for (const [part, name, value] of sometimes) if (random() < part) all.push([name, value()]);
  if (random() < 0.05) all.splice(whole(random, 5), 1);
  const parts = all.map(([name, value]) => literal(name, value, random() < 0.3 ? INDEXING : 0));
  while (random() < 0.5) parts.push(indexed(62 + whole(random, 8)));
  if (random() < 0.02) parts.push(bytes(random, 20));
  return Buffer.concat(parts);
}
function payload(random: Random): Buffer {
  const kind = random();
  if (kind < 0.3) return Buffer.from('{"key":"k"}');
  if (kind < 0.4) return Buffer.from('{"key":"k","size":50000}');
  if (kind < 0.6) return bytes(random, 50);
  const message = Buffer.from([0x0a, 1, 0x6b]);
  const length = random() < 0.9 ? message.length : whole(random, 2 ** 32);
  return Buffer.concat([Buffer.from([random() < 0.1 ? whole(random, 256) : 0]), uint32(length), message]);
}
function opening(random: Random, stream: number): Buffer {
  const flags = random() < 0.1 ? Flag.endStream : 0;
  const headers = block(random);
  if (random() < 0.85) return frame(Frame.headers, Flag.endHeaders | flags, stream, headers);
  const cut = whole(random, headers.length);
  const between = random() < 0.1 ? [frame(Frame.ping, 0, 0, Buffer.alloc(8))] : [];
  const last = frame(Frame.continuation, random() < 0.9 ? Flag.endHeaders : 0, stream, headers.subarray(cut));
  return Buffer.concat([frame(Frame.headers, flags, stream, headers.subarray(0, cut)), ...between, last]);
}
function other(random: Random, stream: number): Buffer {
  switch (whole(random, 12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return frame(Frame.data, random() < 0.6 ? Flag.endStream : 0, stream, payload(random));
    case 4:
      return frame(
        Frame.data,
        Flag.padded,
        stream,
        Buffer.concat([Buffer.from([whole(random, 8)]), payload(random), Buffer.alloc(4)]),
      );
    case 5:
      return reset(stream, pick(random, [0, 2, 5, 7, 8, 11, 999]));
    case 6:
      return frame(Frame.windowUpdate, 0, random() < 0.4 ? 0 : stream, uint32(pick(random, SIZES)));
    case 7:
      return settings([pick(random, [1, 2, 3, 4, 5, 6, 8, 99]), pick(random, [...SIZES, 0xffff_ffff])]);
    case 8:
      return frame(Frame.ping, whole(random, 2), 0, random() < 0.95 ? Buffer.alloc(8) : bytes(random, 10));
    case 9:
      return frame(
        Frame.goaway,
        0,
        0,
        Buffer.concat([uint32(whole(random, 10)), uint32(whole(random, 14)), bytes(random, 10)]),
      );
    case 10:
      return frame(
        Frame.headers,
        Flag.endHeaders | Flag.endStream,
        stream,
        random() < 0.5 ? literal("x-t", "v") : block(random),
      );
    default:
      return random() < 0.8
        ? frame(whole(random, 256), whole(random, 256), stream, bytes(random, 40))
        : bytes(random, 30);
  }
}

/** All that one connection sends. */
export function sessionOf(random: Random): Buffer {
  const first =
    random() < 0.9
      ? settings(...(random() < 0.4 ? [[4, pick(random, SIZES)] as const] : []))
      : settings([4, 0x8000_0000]);
  const parts = [PREFACE, first, ...(random() < 0.8 ? [frame(Frame.settings, Flag.ack, 0)] : [])];
  const open: number[] = [];
  for (let next = 1, left = 1 + whole(random, 60); left > 0; left--) {
    if (open.length === 0 || random() < 0.35) {
      parts.push(opening(random, next));
      open.push(next);
      next += 2;
    } else {
      parts.push(other(random, random() < 0.9 ? pick(random, open) : pick(random, [0, 1, 2, next, next + 100])));
    }
  }
  return Buffer.concat(parts);
}
