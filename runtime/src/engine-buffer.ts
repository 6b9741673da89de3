/** Methods of Node's Buffer beyond its published types: `toString` and `write` without the look-up of an encoding. */
export type EngineBuffer = Buffer & {
  latin1Slice(from: number, to: number): string;
  utf8Slice(from: number, to: number): string;
  utf8Write(text: string, at: number): number;
  /** @param length in bytes */
  hexWrite(digits: string, at: number, length: number): number;
};

/** Returns the same bytes, not a copy. */
export function engineBuffer(bytes: Uint8Array): EngineBuffer {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer as EngineBuffer;
}
