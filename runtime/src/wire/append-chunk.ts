import { releaseBuffer } from "./release-buffer.ts";

/**
 * Appends `chunk` to the first `used` bytes of `body`: in the same buffer if it fits, else in a larger one, and `body`
 * is released. A body that arrives in pieces of one byte costs at most twice its bytes, and not an object for each.
 *
 * @param expected declared length in bytes; infinity if none is declared
 * @param atOnce bytes to reserve for a declared length; more are reserved only when a quarter of it has arrived
 */
export function appendChunk(
  body: Buffer | undefined,
  used: number,
  chunk: Buffer,
  expected: number,
  atOnce: number,
): Buffer {
  const received = used + chunk.length;
  let kept = body;
  if (kept === undefined || received > kept.length) {
    const more = body === undefined ? received : 2 * received; // mostly there is one piece
    const enough = expected <= Math.max(atOnce, 4 * received) ? expected : more;
    kept = Buffer.allocUnsafe(Math.max(received, enough));
    if (body !== undefined) {
      kept.set(body.subarray(0, used));
      releaseBuffer(body);
    }
  }
  kept.set(chunk, used);
  return kept;
}
