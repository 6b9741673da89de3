/** Minimum size in bytes. Smaller buffers may share their memory with others, and are no burden. */
const LARGE_BYTES = 4 << 10;

/**
 * Frees the memory of an unused buffer at once, unless the buffer shares its memory. V8 counts such memory, and marks
 * its whole heap after every 8 MB to 64 MB, however little of it is in use. With a fast sequence of bodies, that is ten
 * times a second.
 *
 * @param bytes has no bytes afterwards, nor has any other view of its memory
 */
export function releaseBuffer(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (byteLength < LARGE_BYTES || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  buffer.transfer(0); // ECMA-262, 25.1.3.9 (ArrayBufferCopyAndDetach): the buffer is detached, which frees its block
}

/** Minimum size of bytes that are worth marking, in bytes. */
const WORTH_BYTES = 64 << 10;
const read = new WeakSet<ArrayBufferLike>();

/** Marks bytes that share no memory with the message that was read. */
export function markReleasable(bytes: Uint8Array): void {
  if (bytes.length >= WORTH_BYTES) read.add(bytes.buffer);
}
/**
 * Frees the bytes that a message was read from, unless the message keeps a part of them.
 *
 * @param bytes all of its memory, which has no other user
 */
export function releaseMarked(bytes: Uint8Array): void {
  if (bytes.length >= WORTH_BYTES && read.has(bytes.buffer)) releaseBuffer(bytes);
}
