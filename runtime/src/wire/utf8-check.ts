// Checks whether bytes are UTF-8 (Unicode, table 3-7), without creating a string.
import { isUtf8 } from "node:buffer";

/**
 * Length in bytes from which the engine checks a text. It checks more bytes at a time, but takes an object and two
 * calls.
 */
const LONG_BYTES = 400;
/** Maximum number of non-ASCII characters that are checked here. The engine checks the rest. */
const MAX_BEYOND = 16;
const HIGH_BITS = 0x80808080;
const NO_BYTES = Buffer.alloc(0);

const NO_VIEW = new DataView(NO_BYTES.buffer);
/**
 * Length in bytes from which eight bytes are checked at a time. If that takes an object first, `VIEW_BYTES` applies.
 */
export const EIGHTS_BYTES = 16;
const VIEW_BYTES = 64;

/** View of the bytes that were checked last: most texts of a message share a buffer. */
let viewed: Uint8Array = NO_BYTES;
let view: DataView = NO_VIEW;

export function isText(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > LONG_BYTES) return isUtf8(bytes.subarray(from, to));
  if (to - from <= VIEW_BYTES) {
    let all = 0; // without a branch for each byte: mostly they are ASCII
    for (let i = from; i < to; i++) all |= bytes[i] as number;
    if (all < 0x80) return true;
  }
  let at = from;
  for (let beyond = 0; ; beyond++) {
    at = asciiEnd(bytes, at, to);
    if (at === to) return true;
    if (beyond === MAX_BEYOND) return isUtf8(bytes.subarray(at, to));
    at = characterEnd(bytes, at, to);
    if (at < 0) return false;
  }
}
/** Lets go of the bytes. */
export function releaseText(): void {
  if (viewed === NO_BYTES) return;
  viewed = NO_BYTES;
  view = NO_VIEW;
}

/** Returns the index of the first byte that is not ASCII, or `to`. */
export function asciiEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  if (to - at >= (viewed === bytes ? EIGHTS_BYTES : VIEW_BYTES)) {
    if (viewed !== bytes) {
      viewed = bytes;
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    const four = view;
    while (at + 8 <= to && ((four.getInt32(at, true) | four.getInt32(at + 4, true)) & HIGH_BITS) === 0) at += 8;
  }
  while (at < to && (bytes[at] as number) < 0x80) at++;
  return at;
}
/** Returns the end of a character of several bytes, or a negative number if it is invalid. */
function characterEnd(bytes: Uint8Array, at: number, to: number): number {
  const first = bytes[at] as number;
  let length = 2;
  if (first >= 0xe0) length = first < 0xf0 ? 3 : 4;
  if (first < 0xc2 || first > 0xf4 || at + length > to) return -1;
  const second = bytes[at + 1] as number;
  if ((second & 0xc0) !== 0x80) return -1;
  // Rejects overlong encodings, surrogates, and code points above U+10FFFF.
  if (first === 0xe0 ? second < 0xa0 : first === 0xed && second > 0x9f) return -1;
  if (first === 0xf0 ? second < 0x90 : first === 0xf4 && second > 0x8f) return -1;
  for (let i = 2; i < length; i++) if (((bytes[at + i] as number) & 0xc0) !== 0x80) return -1;
  return at + length;
}
