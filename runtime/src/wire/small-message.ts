/** Writes small messages by hand, where a writer's buffers would cost more than the bytes. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

/** A field with a text, bytes or a message in it, as pieces. */
export function delimited(field: number, ...pieces: readonly Uint8Array[]): Uint8Array[] {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return [Uint8Array.from([field * 8 + 2, ...varint(length)]), ...pieces];
}
