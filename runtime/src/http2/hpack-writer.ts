// Writes header blocks without a dynamic table and without Huffman's code. Frequent names are encoded once and copied.
import { STATIC_TABLE } from "./hpack-static-table.ts";

/** Sets the size of the dynamic table to 0, before the first header of a connection. */
export const NO_TABLE = 0x20;
/** Five bytes hold the length of any text. */
export const LENGTH_BYTES = 5;

/** Secrets are literals that are never indexed, on any hop (RFC 7541, 7.1.3). */
const SECRETS = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);
/** Headers of HTTP/1, and headers that only this package may write. */
const NOT_SENT = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "te",
  "host",
]);
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** First entry of each name. */
const STATIC_NAMES = new Map<string, number>();
for (const [index, [name]] of STATIC_TABLE.entries()) if (!STATIC_NAMES.has(name)) STATIC_NAMES.set(name, index + 1);

const CACHED = 1_024;
const names = new Map<string, Buffer>();

/**
 * Returns the encoded beginning of a header of this name; its value follows as `writeText` writes it.
 *
 * @throws TypeError for a name that HTTP/2 cannot carry
 */
export function fieldName(name: string): Buffer {
  const known = names.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (!NAME.test(name) || NOT_SENT.has(lower)) {
    throw new TypeError(`the header ${JSON.stringify(name)}, which HTTP/2 cannot carry`);
  }
  const encoded = encodedName(lower);
  if (names.size >= CACHED) names.clear();
  names.set(name, encoded);
  return encoded;
}
/** @throws TypeError for a value that HTTP/2 cannot carry */
export function checkValue(name: string, value: string): void {
  if (!VALUE.test(value)) throw new TypeError(`a value of ${JSON.stringify(name)} that HTTP/2 cannot carry`);
}

/** Encodes a name as `fieldName` does. */
export function encodedName(name: string): Buffer {
  const kind = SECRETS.has(name) ? 0x10 : 0x00;
  const index = STATIC_NAMES.get(name);
  if (index !== undefined) return Buffer.from(index < 15 ? [kind | index] : [kind | 15, index - 15]);
  const out = Buffer.alloc(1 + LENGTH_BYTES + name.length);
  out[0] = kind;
  return Buffer.from(out.subarray(0, writeText(out, 1, name)));
}
/** Trims a value: HTTP/2 forbids space around values (RFC 9113, 8.2.1), and gRPC gives it no meaning. */
export function trimmed(value: string): string {
  return value.charCodeAt(0) <= SPACE || value.charCodeAt(value.length - 1) <= SPACE ? value.trim() : value;
}
const SPACE = 0x20;

/** Copies bytes to an index of a buffer. Returns the index behind them. */
export function copyBytes(out: Buffer, at: number, bytes: Uint8Array): number {
  out.set(bytes, at);
  return at + bytes.length;
}
/** Characters below 256. */
export function writeText(out: Buffer, from: number, text: string): number {
  let at = from;
  let length = text.length;
  if (length < 127) out[at++] = length;
  else {
    out[at++] = 127;
    for (length -= 127; length >= 128; length >>>= 7) out[at++] = (length & 127) | 128;
    out[at++] = length;
  }
  if (text.length > 24) return at + out.write(text, at, "latin1");
  for (let i = 0; i < text.length; i++) out[at++] = text.charCodeAt(i); // cheaper than the way out of JavaScript
  return at;
}
