// Frames that were right, with a few things wrong in them.

import { pick, type Random } from "../../bffs/second/random-message.ts";
import { Flag, Frame, frame, reset, settings, uint32 } from "../../proofs/corpora/attacks/rig/raw-http2.ts";

const whole = (random: Random, below: number): number => Math.floor(random() * below);
const NUMBERS = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 65_535, 70_000];
const someBytes = (random: Random, most: number): Buffer =>
  Buffer.from(Array.from({ length: whole(random, most) }, () => whole(random, 256)));

function wrongFrame(random: Random): Buffer {
  const stream = pick(random, [0, 1, 1, 3, 5, 2, 99, 0x7fff_ffff]);
  switch (whole(random, 9)) {
    case 0:
      return frame(whole(random, 12), whole(random, 256), stream, someBytes(random, 40));
    case 1:
      return settings([whole(random, 9), pick(random, NUMBERS)]);
    case 2:
      return frame(Frame.windowUpdate, 0, stream, uint32(pick(random, NUMBERS)));
    case 3:
      return reset(stream, whole(random, 20));
    case 4:
      return frame(Frame.ping, whole(random, 2), stream, Buffer.alloc(pick(random, [8, 8, 7, 0])));
    case 5:
      return frame(
        Frame.goaway,
        0,
        0,
        Buffer.concat([uint32(stream), uint32(whole(random, 14)), someBytes(random, 9)]),
      );
    case 6:
      return frame(Frame.continuation, whole(random, 256), stream, someBytes(random, 40));
    case 7:
      return frame(Frame.data, whole(random, 256), stream, someBytes(random, 300));
    default:
      return someBytes(random, 30); // no frame at all
  }
}

/** Changes one to four things. */
export function mangled(random: Random, frames: readonly Buffer[]): Buffer[] {
  const all: Buffer[] = frames.map((frame) => Buffer.from(frame));
  for (let left = 1 + whole(random, 4); left > 0; left--) {
    const at = whole(random, all.length);
    const frame = all[at] ?? Buffer.alloc(0);
    switch (whole(random, 9)) {
      case 0: // a bit anywhere
        if (frame.length > 0)
          frame[whole(random, frame.length)] = (frame[whole(random, frame.length)] ?? 0) ^ (1 << whole(random, 8));
        break;
      case 1: // a byte of its payload
        if (frame.length > 9) frame[9 + whole(random, frame.length - 9)] = whole(random, 256);
        break;
      case 2: // its kind, flags or stream
        if (frame.length > 8) frame[3 + whole(random, 6)] = whole(random, 16);
        break;
      case 3: // its length
        if (frame.length > 2) frame[2] = whole(random, 256);
        break;
      case 4:
        all.splice(at, 1);
        break;
      case 5:
        all.splice(at, 0, frame);
        break;
      case 6: {
        const other = whole(random, all.length);
        [all[at], all[other]] = [all[other] ?? frame, frame];
        break;
      }
      case 7:
        all[at] = frame.subarray(0, whole(random, frame.length + 1));
        break;
      default:
        all.splice(at, 0, wrongFrame(random));
    }
  }
  return all;
}

/** A field that needs no table. */
const FIELD = Buffer.from([0, 1, 0x78, 1, 0x79]);
const RECENT = 6;

/** Frames that are wrong for a stream, and nothing to the connection. */
function strayFrames(random: Random, stream: number): Buffer[] {
  const pieces = someBytes(random, 30);
  switch (whole(random, 7)) {
    case 0:
      return [frame(Frame.windowUpdate, 0, stream, uint32(0))];
    case 1:
      return [frame(Frame.windowUpdate, 0, stream, uint32(0x7fff_ffff))];
    case 2:
      return [frame(Frame.priority, 0, stream, pieces.length === 5 ? Buffer.alloc(4) : pieces)];
    case 3:
      return [frame(Frame.data, pick(random, [0, Flag.endStream]), stream, pieces)];
    case 4:
      return [frame(Frame.headers, Flag.endHeaders, stream, FIELD)];
    case 5:
      return [frame(Frame.headers, Flag.endHeaders | Flag.endStream, stream, FIELD)];
    default:
      return [reset(stream, whole(random, 14))];
  }
}

/**
 * Adds or removes one to three frames, each wrong only for a stream.
 *
 * @param earlier frames that were sent before
 */
export function strayed(random: Random, earlier: readonly Buffer[], frames: readonly Buffer[]): Buffer[] {
  const all = [...frames];
  for (let left = 1 + whole(random, 3); left > 0; left--) {
    const at = whole(random, all.length + 1);
    const isData = (all[at]?.[3] ?? -1) === Frame.data;
    const heads = [...earlier, ...all.slice(0, at)].filter((frame) => frame[3] === Frame.headers);
    const streams = heads.slice(-RECENT).map((frame) => frame.readUInt32BE(5));
    if (isData && random() < 0.4) all.splice(at, 1);
    else if (streams.length > 0) all.splice(at, 0, ...strayFrames(random, pick(random, streams)));
  }
  return all;
}
