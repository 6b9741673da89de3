// Blocks of headers without a dynamic table and without Huffman's code: what is said often is copied.
import { STATIC_TABLE } from "./hpack-static-table.ts";

/** No dynamic table is used, which has to be said before the first header of a connection. */
export const NO_TABLE = 0x20;
/** Five bytes hold the length of any text. */
export const LENGTH_BYTES = 5;

/** A literal is never to be indexed, by nobody, when it is a secret (RFC 7541, 7.1.3). */
const SECRETS = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);
/** HTTP/1's, and what only we may say. */
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

/** Of each name the first entry. */
const STATIC_NAMES = new Map<string, number>();
for (const [index, [name]] of STATIC_TABLE.entries()) if (!STATIC_NAMES.has(name)) STATIC_NAMES.set(name, index + 1);

const CACHED = 1_024;
const names = new Map<string, Buffer>();

/**
 * What a header of this name begins with; its value follows as `writeText` writes it.
 *
 * @throws TypeError for one that HTTP/2 cannot carry
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

/** As `fieldName` gives it. */
export function encodedName(name: string): Buffer {
  const kind = SECRETS.has(name) ? 0x10 : 0x00;
  const index = STATIC_NAMES.get(name);
  if (index !== undefined) return Buffer.from(index < 15 ? [kind | index] : [kind | 15, index - 15]);
  const out = Buffer.alloc(1 + LENGTH_BYTES + name.length);
  out[0] = kind;
  return Buffer.from(out.subarray(0, writeText(out, 1, name)));
}
/** HTTP/2 has no values with space around them (RFC 9113, 8.2.1), and to gRPC it says nothing. */
export function trimmed(value: string): string {
  return value.charCodeAt(0) <= SPACE || value.charCodeAt(value.length - 1) <= SPACE ? value.trim() : value;
}
const SPACE = 0x20;

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
