/** Smaller ones may share their memory with others, and are no burden. */
const LARGE_BYTES = 4 << 10;

/**
 * Gives back at once what a buffer holds that nobody looks at any more; nothing happens where it shares its memory. V8 counts such memory, and marks its whole
 * heap whenever some 64 MB have come together, however little of them is in use: with bodies that come fast, ten times a second.
 *
 * @param bytes has no bytes afterwards, nor has any other view of its memory
 */
export function letGo(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (byteLength < LARGE_BYTES || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  buffer.transfer(0); // ECMA-262, 25.1.3.9 (ArrayBufferCopyAndDetach): the buffer is detached, which frees its block
}
