import fc from "fast-check";
import { Flag, FrameType, WINDOW_MAX } from "../http2/frames.ts";
import { frame } from "../wire/frame.ts";
import { blockOf, type FramePeer, frameOf, GRPC_HEADERS, OK_TRAILERS, settingsOf, wordOf } from "./frame-upstream.ts";

/** The stream of most frames. */
export const TARGET = 1;

const { END_STREAM, END_HEADERS, PADDED, PRIORITY, ACK } = Flag;
const someBytes = fc.uint8Array({ maxLength: 40 });
const id = fc.oneof(
  { weight: 12, arbitrary: fc.constant(TARGET) },
  { weight: 1, arbitrary: fc.constantFrom(0, 2, 99) },
);
const flags = fc.oneof(
  fc.constantFrom(
    0,
    END_STREAM,
    END_HEADERS,
    END_STREAM | END_HEADERS,
    PADDED,
    PRIORITY,
    PADDED | PRIORITY | END_HEADERS,
  ),
  fc.nat(255),
);
const block = fc.oneof(
  fc.constant(GRPC_HEADERS),
  fc.constant(OK_TRAILERS),
  fc.constant(blockOf([[":status", "103"]])),
  fc.constant(blockOf([[":status", "500"]])),
  fc.constant(Buffer.from([0x20, 0x88])),
  someBytes,
);
const body = fc.oneof(
  someBytes.map((bytes) => frame(bytes)),
  someBytes,
  fc.constant(Buffer.alloc(300)),
  fc.constant(Buffer.alloc(0)),
);
const number = fc.oneof(fc.nat(20), fc.constantFrom(0x7fffffff, 0x80000000, 0xffffffff, 70_000), fc.nat(WINDOW_MAX));
/** Right, nearly right, and wrong. */
export const piece: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(frameOf(FrameType.HEADERS, END_HEADERS, TARGET, GRPC_HEADERS)) },
  { weight: 3, arbitrary: fc.constant(frameOf(FrameType.HEADERS, END_HEADERS | END_STREAM, TARGET, OK_TRAILERS)) },
  { weight: 3, arbitrary: body.map((bytes) => frameOf(FrameType.DATA, 0, TARGET, bytes)) },
  {
    weight: 2,
    arbitrary: fc.tuple(flags, id, body).map(([flags, id, body]) => frameOf(FrameType.DATA, flags, id, body)),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(flags, id, block).map(([flags, id, block]) => frameOf(FrameType.HEADERS, flags, id, block)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(flags, id, block)
      .map(([flags, id, block]) => frameOf(FrameType.CONTINUATION, flags, id, block)),
  },
  { weight: 2, arbitrary: fc.tuple(id, fc.nat(20)).map(([id, code]) => wordOf(FrameType.RST_STREAM, id, code)) },
  { weight: 3, arbitrary: fc.tuple(id, number).map(([id, by]) => wordOf(FrameType.WINDOW_UPDATE, id, by)) },
  { weight: 3, arbitrary: fc.array(fc.tuple(fc.nat(8), number), { maxLength: 3 }).map((all) => settingsOf(...all)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(0, ACK), id)
      .map(([flags, id]) => frameOf(FrameType.PING, flags, id, Buffer.alloc(8))),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(id, fc.nat(14))
      .map(([last, code]) => frameOf(FrameType.GOAWAY, 0, 0, Buffer.from([0, 0, 0, last, 0, 0, 0, code]))),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(20), flags, id, someBytes)
      .map(([type, flags, id, bytes]) => frameOf(type, flags, id, bytes)),
  },
  { weight: 1, arbitrary: someBytes.map((bytes) => Buffer.from(bytes)) }, // no frame at all
);
/** Sends bytes in portions, a turn each. */
export async function sendCut(peer: FramePeer, bytes: Buffer, cut: number): Promise<void> {
  const portion = Math.max(cut, Math.ceil(bytes.length / 500));
  for (let at = 0; at < bytes.length; at += portion) {
    peer.send(bytes.subarray(at, at + portion));
    if (portion < bytes.length) await new Promise((resolve) => setImmediate(resolve));
  }
}
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
const PROBE = Buffer.from("inSync?!");
/** Reports whether the connection still processes frames correctly. */
export async function inSync(peer: FramePeer): Promise<boolean> {
  const answers = () => peer.frames.some(({ type, payload }) => type === FrameType.PING && payload.equals(PROBE));
  peer.send(frameOf(FrameType.PING, 0, 0, PROBE));
  let turns = 0;
  // An unfinished frame swallows the probe: that is silence, which PING and deadlines end.
  await until(() => answers() || peer.socket.destroyed || ++turns > 300);
  return answers();
}

/** Returns the number of the last stream. */
export function lastOpened(peer: FramePeer): number {
  return Math.max(0, ...peer.frames.flatMap(({ type, stream }) => (type === FrameType.HEADERS ? [stream] : [])));
}
