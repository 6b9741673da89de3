// Writes small messages by hand, where a library's writer would cost more than the bytes.

/** Returns the size of a number, in bytes. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}
/** Returns the size of a field of this length: a text, bytes or a message. */
export const fieldSize = (length: number): number => 1 + varintSize(length) + length;

/** Writes a number at an index. Returns the index behind it. */
export function writeVarint(out: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out[at++] = (rest % 0x80) + 0x80;
  out[at++] = rest;
  return at;
}
/** Writes the beginning of a field of this length. Returns the index behind it. */
export function writeFieldHead(out: Uint8Array, from: number, field: number, length: number): number {
  out[from] = field * 8 + 2;
  return writeVarint(out, from + 1, length);
}
/** Writes a field. Returns the index behind it. */
export function writeField(out: Uint8Array, from: number, field: number, bytes: Uint8Array): number {
  const at = writeFieldHead(out, from, field, bytes.length);
  out.set(bytes, at);
  return at + bytes.length;
}
/** Returns a field with a text, bytes or a message in it. */
export function fieldOf(field: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(fieldSize(bytes.length));
  writeField(out, 0, field, bytes);
  return out;
}
