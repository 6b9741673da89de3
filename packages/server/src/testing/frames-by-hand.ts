// For tests only: HTTP/2 as a client says it, without any of the code that is to read it (RFC 9113, 4.1; RFC 7541, 6.2.2, without Huffman).
import { PATH } from "./test-kinds.ts";

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
export const word = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
/** @throws RangeError for what is longer than one byte tells */
export function text(of: string): Buffer {
  if (of.length >= 127) throw new RangeError(`${of.length} characters`);
  return Buffer.concat([Buffer.from([of.length]), Buffer.from(of)]);
}
export const field = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.from([0]), text(name), text(value)]);

export const MAGIC = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** The headers of a request in JSON of what `kindEndpoint` serves. */
export const HEAD = Buffer.concat([
  Buffer.from([0x20, 0x83, 0x86]),
  field(":path", PATH),
  field(":authority", "a"),
  field("content-type", "application/json"),
]);
