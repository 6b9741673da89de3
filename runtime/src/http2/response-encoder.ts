import { checkValue, copyBytes, fieldName, LENGTH_BYTES, NO_TABLE, trimmed, writeText } from "./hpack-writer.ts";

/** `:status` alone, of those that the static table has whole. */
const STATUS: ReadonlyMap<number, number> = new Map([
  [200, 0x88],
  [204, 0x89],
  [206, 0x8a],
  [304, 0x8b],
  [400, 0x8c],
  [404, 0x8d],
  [500, 0x8e],
]);
const STATUS_NAME = 0x08;
const STATUS_BYTES = 8;

/** Names, in lower case, and values in turn. */
type Pairs = readonly string[];

/**
 * Returns the maximum size of a block, in bytes.
 *
 * @throws TypeError for headers that HTTP/2 cannot carry
 */
export function responseBound(pairs: Pairs): number {
  let bytes = STATUS_BYTES;
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const name = pairs[i] as string;
    const value = pairs[i + 1] as string;
    checkValue(name, value);
    bytes += fieldName(name).length + LENGTH_BYTES + value.length;
  }
  return bytes;
}

/**
 * Writes a block whose `responseBound` there is room for, and gives where it ends.
 *
 * @param status undefined: of trailers
 * @param first nothing has been sent on this connection
 */
export function writeResponse(
  out: Buffer,
  from: number,
  status: number | undefined,
  pairs: Pairs,
  first: boolean,
): number {
  let at = from;
  if (first) out[at++] = NO_TABLE;
  if (status !== undefined) {
    const entry = STATUS.get(status);
    if (entry !== undefined) out[at++] = entry;
    else {
      out[at++] = STATUS_NAME;
      at = writeText(out, at, String(status));
    }
  }
  for (let i = 0; i + 1 < pairs.length; i += 2)
    at = writeText(out, copyBytes(out, at, fieldName(pairs[i] as string)), trimmed(pairs[i + 1] as string));
  return at;
}
