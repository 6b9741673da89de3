import { FrameType, Setting, WINDOW_BYTES, writeFrameHead, writeUint32 } from "./frames.ts";
import { HEADER_BYTES } from "./header-block.ts";

/** Window of a stream and of the connection towards us, in bytes. */
export const WINDOW = 1 << 20;

/** Window of a stream whose receiver grants bytes by `allow`, in bytes. */
export const HELD_WINDOW = 1 << 16;

/** The magic words at the beginning of a client's preface. */
export const MAGIC = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/**
 * Returns a client's preface (RFC 9113, 3.4): the magic words, its settings, and the window of the connection.
 *
 * @param window of a new stream
 */
export function preface(window: number): Buffer {
  return beginning(MAGIC, [
    [Setting.HEADER_TABLE_SIZE, 0],
    [Setting.ENABLE_PUSH, 0],
    [Setting.INITIAL_WINDOW_SIZE, window],
    [Setting.MAX_HEADER_LIST_SIZE, HEADER_BYTES],
  ]);
}
/** Returns a server's preface. */
export function serverPreface(maxStreams: number, headerBytes: number): Buffer {
  return beginning(NO_MAGIC, [
    [Setting.HEADER_TABLE_SIZE, 0],
    [Setting.MAX_CONCURRENT_STREAMS, maxStreams],
    [Setting.MAX_HEADER_LIST_SIZE, headerBytes],
  ]);
}
const NO_MAGIC = Buffer.alloc(0);

function beginning(magic: Buffer, settings: readonly (readonly [setting: number, value: number])[]): Buffer {
  const out = Buffer.alloc(128);
  let at = magic.copy(out);
  at = writeFrameHead(out, at, settings.length * 6, FrameType.SETTINGS, 0, 0);
  for (const [setting, value] of settings) at = writeUint32(out, out.writeUInt16BE(setting, at), value);
  at = writeFrameHead(out, at, 4, FrameType.WINDOW_UPDATE, 0, 0);
  return out.subarray(0, writeUint32(out, at, WINDOW - WINDOW_BYTES));
}
