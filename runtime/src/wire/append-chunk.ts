import { releaseBuffer } from "./release-buffer.ts";

/**
 * The first `used` bytes of `body`, and `chunk` behind them: in the same buffer where they fit, else in a larger one, and `body` is let go. So a body that comes
 * in pieces of one byte costs at most twice its bytes, and not an object for each.
 *
 * @param expected how long it says that it becomes, in bytes; infinity when it says nothing
 * @param atOnce so many bytes are kept ready for what says that it is that long; for more, only when a quarter of it is there
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
