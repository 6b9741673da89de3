// Encodings of compressed bodies.
import * as zlib from "node:zlib";

/** Encodings that requests accept. */
export const ENCODINGS = "gzip, br, deflate";

type Unpack = (bytes: Buffer, options: zlib.ZlibOptions & zlib.BrotliOptions, done: zlib.CompressCallback) => void;

/**
 * Returns the decompressor of an encoding. Undefined for an encoding that was not requested, or for several in
 * sequence.
 */
export function unpacker(encoding: string): Unpack | undefined {
  switch (encoding.trim().toLowerCase()) {
    case "gzip":
    case "x-gzip":
      return zlib.gunzip;
    case "br":
      return zlib.brotliDecompress;
    case "deflate":
      // RFC 9110 means zlib's format; some servers send raw deflate data.
      return (bytes, options, done) =>
        ((bytes[0] ?? 0) & 0x0f) === 8 ? zlib.inflate(bytes, options, done) : zlib.inflateRaw(bytes, options, done);
    default:
      return undefined;
  }
}
