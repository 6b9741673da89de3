// Encodings of compressed bodies.
import * as zlib from "node:zlib";

/** What is asked for. */
export const ENCODINGS = "gzip, br, deflate";

type Unpack = (bytes: Buffer, options: zlib.ZlibOptions & zlib.BrotliOptions, done: zlib.CompressCallback) => void;

/** Undefined for an encoding that nobody has asked for, or several in turn. */
export function unpacker(encoding: string): Unpack | undefined {
  switch (encoding.trim().toLowerCase()) {
    case "gzip":
    case "x-gzip":
      return zlib.gunzip;
    case "br":
      return zlib.brotliDecompress;
    case "deflate":
      // RFC 9110 means zlib's; some send what is inside of it.
      return (bytes, options, done) =>
        ((bytes[0] ?? 0) & 0x0f) === 8 ? zlib.inflate(bytes, options, done) : zlib.inflateRaw(bytes, options, done);
    default:
      return undefined;
  }
}
